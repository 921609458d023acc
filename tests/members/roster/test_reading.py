"""Files as Chinese offices write them, and what is no file of people at all."""

from __future__ import annotations

import csv
import zipfile
from io import BytesIO, StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from members.roster import columns, reading, values
from members.roster.reading import Roster, RosterUnreadable
from members.roster.template import HEADINGS, blank
from playback.admin import spreadsheet
from tests.members.roster import files

TEXT = "用户ID,学号,姓名,手机\n290001,007,王小明,138 0013 8000\n\n290002,008,李雷,13900139000\n"


def told(roster: Roster) -> list[tuple[int, str, str, str, str]]:
    return [(row.line, row.user_id.text, row.user_sn.text, row.name.text, row.phone.text) for row in roster.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_csv_is_read_in_the_encodings_that_offices_write(encoding: str) -> None:
    assert told(reading.read(TEXT.encode(encoding))) == [
        (2, "290001", "007", "王小明", "138 0013 8000"),
        (4, "290002", "008", "李雷", "13900139000"),
    ]


@pytest.mark.parametrize("sign", [",", ";", "\t", "，", "|"])
def test_the_sign_between_fields_is_found(sign: str) -> None:
    assert told(reading.read(f"学号{sign}姓名\n007{sign}王小明\n".encode())) == [(2, "", "007", "王小明", "")]


def test_a_file_is_what_is_in_it_whatever_it_is_called() -> None:
    book = files.xlsx([["user_id", "name"], [290001, "王小明"]])
    assert told(reading.read(book)) == [(2, "290001", "", "王小明", "")]


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        ("用户ID", "user_id"), ("user_id", "user_id"), ("User ID", "user_id"), ("ＵＩＤ", "user_id"),
        ("学号", "user_sn"), ("学 号", "user_sn"), ("编号", "user_sn"), ("user_sn", "user_sn"),
        ("Student No.", "user_sn"),
        ("姓名", "name"), ("name", "name"), ("手机号码", "phone"), ("手机（家长）", "phone"), ("Phone", "phone"),
        ("*学号（必填）", "user_sn"), ("班级", ""), ("备注", ""), ("", ""),
    ],
)  # fmt: skip
def test_headings_are_recognised(heading: str, column: str) -> None:
    assert columns.meaning(heading) == column


def test_a_title_above_the_header_empty_rows_and_repeated_headers_are_no_people() -> None:
    rows = [["高一（3）班名单"], [], ["序号", "学号", "姓名"], [1, "007", "王小明"], [None, None, None],
            ["序号", "学号", "姓名"], [2, "008", "李雷"], [None, "  ", None]]  # fmt: skip
    roster = reading.read(files.xlsx(rows, merge=["A1:C1"]))
    assert told(roster) == [(4, "", "007", "王小明", ""), (7, "", "008", "李雷", "")]
    assert roster.header_line == 3


def test_what_stands_in_a_merged_cell_stands_in_each_of_its_rows() -> None:
    rows = [["班级", "学号", "姓名"], ["三班", "007", "王小明"], [None, None, "王小红"], [None, "008", "李雷"]]
    roster = reading.read(files.xlsx(rows, merge=["A2:A4", "B2:B3"]))
    assert told(roster) == [(2, "", "007", "王小明", ""), (3, "", "007", "王小红", ""), (4, "", "008", "李雷", "")]


@pytest.mark.parametrize(
    ("cell", "text", "typed", "spoilt"),
    [
        (7, "7", False, False),
        (20230001.0, "20230001", False, False),
        ("007", "007", True, False),
        ("７", "7", True, False),
        ("　２０２３０００１ ", "20230001", True, False),
        ("20230001.0", "20230001", True, False),
        ("'007", "007", True, False),
        ("20\u200b23", "2023", True, False),
        (1234567890123456789, "1234567890123456789", False, True),
        (1.5, "1.5", False, False),
        ("1.70816E+13", "1.70816E+13", False, True),
        ("2.0230001E+7", "20230001", True, False),
        ("#N/A", "#N/A", False, True),
        (None, "", False, False),
        (True, "True", False, False),
    ],
)
def test_cells_are_read_as_what_was_meant(cell: Any, text: str, typed: bool, spoilt: bool) -> None:
    found = values.of_cell(cell)
    assert (found.text, found.spoilt) == (text, spoilt)
    assert found.typed == typed or spoilt


def test_a_number_that_is_shown_with_zeros_has_them() -> None:
    roster = reading.read(files.xlsx([["学号", "姓名"], [7, "王小明"]], formats={"A2": "000"}))
    assert told(roster) == [(2, "", "007", "王小明", "")]


def test_the_way_to_keep_zeros_in_a_csv_is_understood() -> None:
    roster = reading.read(b'user_sn,name\n"=""007""",Wang\n')
    assert told(roster) == [(2, "", "007", "Wang", "")]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"  \n",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        b"PK\x03\x04 no archive at all",
        "姓名,班级\n王小明,三班\n".encode(),
        "学号,姓名\n".encode(),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0",
        b"\xff\xfe\x00",
        "随便写了几个字".encode(),
    ],
)
def test_what_is_no_roster_is_a_sentence(content: bytes) -> None:
    with pytest.raises(RosterUnreadable) as raised:
        reading.read(content)
    assert str(raised.value)


def test_archives_that_are_no_workbooks_or_unpack_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    stuffed = BytesIO()
    with zipfile.ZipFile(stuffed, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 3_000_000)
    with pytest.raises(RosterUnreadable):
        reading.read(stuffed.getvalue())
    monkeypatch.setattr(reading, "MOST_UNPACKED", 1000)
    with pytest.raises(RosterUnreadable, match=r"unpacked|解压"):
        reading.read(files.xlsx([["学号"], ["007"]]))


def test_size_and_rows_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    three = "user_sn\n" + "\n".join(f"n{number}" for number in range(3))
    assert len(reading.read(three.encode()).rows) == 3
    with pytest.raises(RosterUnreadable):
        reading.read(f"{three}\nn3".encode())
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    with pytest.raises(RosterUnreadable):
        reading.read(three.encode())


def test_of_several_sheets_the_first_with_people_is_read() -> None:
    book = Workbook()
    book.active.title = "说明"
    book.active.append(["请填写第二张表"])
    sheet = book.create_sheet("名单")
    sheet.append(["学号"])
    sheet.append(["007"])
    content = BytesIO()
    book.save(content)
    roster = reading.read(content.getvalue())
    assert (roster.sheet, roster.other_sheets) == ("名单", ["说明"])
    assert told(roster) == [(2, "", "007", "", "")]


@pytest.mark.parametrize("language", HEADINGS)
def test_the_template_has_every_column_and_keeps_zeros(language: str) -> None:
    assert set(columns.find(HEADINGS[language])) == {"user_id", "user_sn", "name", "phone"}
    with pytest.raises(RosterUnreadable):
        reading.read(blank(language))  # nobody is in it yet


# Texts as names and numbers have them: what a person can type, of any script.
words = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="'#"), min_size=1, max_size=20)
people = st.lists(st.tuples(st.integers(1, 10**14), words, words), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(people)
def test_what_was_written_is_read_back(rows: list[tuple[int, str, str]]) -> None:
    """From our own XLSX (texts stay texts, whatever they begin with) and from a CSV in each encoding."""
    header = ["用户ID", "学号", "姓名"]
    meant = [(str(number), values.of_text(sn).text, values.of_text(name).text) for number, sn, name in rows]
    book = spreadsheet.workbook("名单", header, rows)
    assert _people(reading.read(book)) == meant
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        out = StringIO()
        csv.writer(out).writerows([header, *rows])
        assert _people(reading.read(out.getvalue().encode(encoding))) == meant


def _people(roster: Roster) -> list[tuple[str, str, str]]:
    return [(row.user_id.text, row.user_sn.text, row.name.text) for row in roster.rows]
