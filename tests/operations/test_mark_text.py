"""Mark points as people write them, and back."""

from __future__ import annotations

import csv
import unicodedata
from io import StringIO

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from playback.operations import mark_lists, mark_text
from playback.operations.mark_text import NotText, decode, read, write
from playback.operations.marks import LONGEST, Mark, format_offset, moved, parse_offset

TEXTS = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=mark_lists.LONGEST_TEXT
).filter(lambda text: text == text.strip() and text)
AWKWARD = st.one_of(
    TEXTS,
    st.tuples(st.sampled_from(list("=+-@'\"，,;；、：:＝ 1１")), TEXTS)
    .map("".join)
    .filter(lambda text: text == text.strip() and len(text) <= mark_lists.LONGEST_TEXT),
)
OFFSETS = st.integers(0, LONGEST - 1)
LISTS = st.lists(st.builds(Mark, OFFSETS, AWKWARD), min_size=1, max_size=30, unique_by=lambda mark: mark.offset)
FULL_WIDTH = str.maketrans("0123456789:", "０１２３４５６７８９：")


@given(OFFSETS)
def test_an_offset_is_read_as_it_is_written(offset: int) -> None:
    written = format_offset(offset)
    assert parse_offset(written) == parse_offset(written.translate(FULL_WIDTH)) == offset
    assert len(written) == len("00:12:30")


@given(st.text(max_size=12))
def test_nothing_else_is_an_offset(text: str) -> None:
    offset = parse_offset(text)
    if offset is not None:
        assert 0 <= offset < LONGEST
        assert parse_offset(format_offset(offset)) == offset


@given(st.lists(st.builds(Mark, st.integers(0, 5000), TEXTS), max_size=20), st.integers(0, 5000), st.integers(0, 5000))
def test_a_cut_loses_no_mark_point(marks: list[Mark], start: int, end: int) -> None:
    kept, lost = moved(marks, start, end)
    assert sorted([Mark(mark.offset + start, mark.text) for mark in kept] + lost) == sorted(marks)
    assert all(0 <= mark.offset < end - start for mark in kept)


@given(LISTS, st.sampled_from(["zh-hans", "en"]))
def test_a_csv_is_read_as_it_was_written(marks: list[Mark], language: str) -> None:
    with override(language):
        assert read(decode(write(marks))) == (marks, [])


@given(LISTS)
def test_no_cell_of_a_csv_is_a_formula(marks: list[Mark]) -> None:
    for cells in csv.reader(StringIO(write(marks).decode("utf-8-sig"))):
        assert not any(cell.startswith(tuple("=+-@＝＋－＠")) for cell in cells)


@given(
    LISTS,
    st.sampled_from([" ", "\t", ",", "，", "、", " ，", "\u3000"]),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_pasted_lines_are_read(marks: list[Mark], between: str, wide: bool, end: str) -> None:
    marks = [Mark(mark.offset, f"课{mark.text}"[:255].rstrip(" ,\t")) for mark in marks]
    lines = []
    for offset, text in marks:
        time = format_offset(offset)
        lines.append(f"{time.translate(FULL_WIDTH) if wide else time}{between}{text}")
    found = read(end.join(lines))
    assert found == ([Mark(mark.offset, mark.text.strip()) for mark in marks], [])


@given(LISTS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]))
def test_a_file_is_read_in_any_encoding(marks: list[Mark], encoding: str) -> None:
    text = "\r\n".join(f'{format_offset(mark.offset)},"课{mark.text.replace(chr(34), "")}结"' for mark in marks)
    assert decode(text.encode(encoding)).removeprefix("\ufeff") == text


@given(LISTS, LISTS)
def test_a_difference_is_the_whole_way_from_one_list_to_the_other(old: list[Mark], new: list[Mark]) -> None:
    found = mark_lists.difference(old, new)
    result = sorted(old)
    for mark in [*found.removed, *(before for before, _after in found.moved + found.renamed)]:
        result.remove(mark)
    result += [*found.added, *(after for _before, after in found.moved + found.renamed)]
    assert sorted(result) == sorted(new)
    assert all(before.text == after.text for before, after in found.moved)
    assert all(before.offset == after.offset for before, after in found.renamed)
    assert (mark_lists.token(old) == mark_lists.token(new)) == (sorted(old) == sorted(new))


@pytest.mark.parametrize(
    ("line", "mark"),
    [
        ("00:12:30 导入", Mark(750, "导入")),
        ("12:30，新课", Mark(750, "新课")),
        ("１２：３０，新课", Mark(750, "新课")),
        ("0:00 开始", Mark(0, "开始")),
        ("1:02:03\t第3题", Mark(3723, "第3题")),
        ("00:12:30,导入", Mark(750, "导入")),
        ("00:12:30,导入,,", Mark(750, "导入")),
        ("00:12:30,导入,复习", Mark(750, "导入,复习")),
        ('00:12:30,"导入, ""复习"""', Mark(750, '导入, "复习"')),
        ('"00:12:30","导入"', Mark(750, "导入")),
        ('00:12:30 "导入" 和 "新课"', Mark(750, '"导入" 和 "新课"')),
        ('00:12:30 "导入"', Mark(750, '"导入"')),
        ("00:12:30,'=1+1", Mark(750, "=1+1")),
        ("00:12:30 2024 年", Mark(750, "2024 年")),
        ("99:59 尾", Mark(5999, "尾")),
    ],
)
def test_a_line(line: str, mark: Mark) -> None:
    assert read(line) == ([mark], [])


@pytest.mark.parametrize("heading", ["time,text", "时间,内容", "时间，文字", '"Time","Text"', "\ufeff时间\t打点"])
def test_a_heading_is_passed_over(heading: str) -> None:
    assert read(f"{heading}\n00:01 一").marks == [Mark(1, "一")]


@pytest.mark.parametrize(
    ("text", "lines", "words"),
    [
        ("00:01 一\n\n导入\n12:30 二", [3], "does not begin with a time"),
        ("时间,内容\n00:01 一\n时间,内容", [3], "does not begin with a time"),  # a heading is the first line
        ("00:61 一", [1], "does not begin with a time"),
        ("12：30：三", [1], "does not begin with a time"),
        ("00:01\n00:02 二", [1], "text is missing"),
        ("00:01 一\n\n\n00:00:01 二", [4], "stands in line 1 too"),
        ("00:01 " + "字" * 256, [1], "longer than 255"),
        ("00:01 一\x07", [1], "control characters"),
        ("一\n二\n三", [1, 2, 3], "does not begin"),
        ("", [0], "no lines"),
        ("time,text\n", [0], "no lines"),
        ("\n".join(f"{format_offset(at)} 点" for at in range(501)), [0], "at most 500"),
    ],
)
def test_bad_lines_are_named(text: str, lines: list[int], words: str) -> None:
    with override("en"):
        found = read(text)
    assert found.marks == []
    assert [problem.line for problem in found.problems] == lines
    assert words in found.problems[0].sentence


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"PK\x03\x04whatever", "save it as CSV"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not a text file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "not a text file"),
        (b"00:01,\x00\x01", "not a text file"),
        (b"\xff\xfe\x00\xd8", "not a text file"),
        (b"1" * (mark_text.LARGEST_FILE + 1), "larger than 512 kB"),
    ],
)
def test_what_is_no_text_is_told(raw: bytes, words: str) -> None:
    with override("en"), pytest.raises(NotText, match=words):
        decode(raw)


def test_the_headings_that_are_written_are_known() -> None:
    for language in ("zh-hans", "en"):
        with override(language):
            time = write([]).decode("utf-8-sig").split(",")[0].strip('"')
        assert unicodedata.normalize("NFKC", time).casefold() in mark_text._HEADERS
