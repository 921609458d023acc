"""Parts, class times and marks as values: whatever is given, a part is sound or its row is named."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playback.operations import registry
from playback.operations.base import OperationInvalid
from playback.operations.kinds import class_times, parts
from playback.operations.kinds.class_times import Node
from playback.operations.kinds.parts import Cut, Part
from playback.operations.marks import Mark, format_offset, moved, parse_offset

registry.load()  # the reasons' sentences
DAY = 24 * 3600
offsets = st.integers(0, DAY)
names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
anything = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=12))
rows = st.lists(
    st.one_of(
        st.fixed_dictionaries({"start": offsets, "end": offsets, "name": names}),
        st.fixed_dictionaries({"start": anything, "end": anything, "name": anything}),
        anything,
    ),
    max_size=6,
)


@given(rows)
def test_parts_are_sound_or_their_rows_are_named(given_rows: list[Any]) -> None:
    errors: dict[str, str] = {}
    cleaned: list[Part] = []
    try:
        cleaned = parts.clean(given_rows)
    except OperationInvalid as invalid:
        errors = invalid.errors
    assert bool(errors) != bool(cleaned)
    if errors:
        assert all(errors.values())
        places = {int(field.removeprefix("parts.")) for field in errors if field != "parts"}
        assert places <= set(range(len(given_rows)))
        return
    assert len(cleaned) == len(given_rows) > 0
    for part in cleaned:
        assert part.length >= 1
        assert part.name.strip()
    for before, after in itertools.pairwise(cleaned):
        assert before.end <= after.start


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), min_size=1, max_size=8))
def test_overlapping_is_seen_in_any_order(spans: list[tuple[int, int]]) -> None:
    wanted = [{"start": start, "end": start + length, "name": "段"} for start, length in spans]
    seconds = [second for start, length in spans for second in range(start, start + length)]
    overlapping = len(seconds) != len(set(seconds))
    try:
        parts.clean(wanted)
    except OperationInvalid:
        assert overlapping
    else:
        assert not overlapping


@pytest.mark.parametrize(
    "row",
    [
        {"start": "00:10:00", "end": "00:05:00", "name": "a"},
        {"start": "00:10:00", "end": "00:10:00", "name": "a"},
        {"start": "00:10:00", "end": "00:20:00", "name": "  "},
        {"start": "", "end": "00:20:00", "name": "a"},
        {"start": "00:10", "end": "20分", "name": "a"},
        {"start": "00:10", "end": "00:70", "name": "a"},
        {"start": -1, "end": 5, "name": "a"},
        {"start": True, "end": 5, "name": "a"},
        {"start": 0, "end": 5, "name": "a\nb"},
        {"start": 0, "end": 5, "name": "a" * 256},
        "x",
    ],
)
def test_what_is_wrong_stands_beside_the_row(row: Any) -> None:
    good = {"start": 3600, "end": 3700, "name": "好的"}
    with pytest.raises(OperationInvalid) as caught:
        parts.clean([good, row])
    assert list(caught.value.errors) == ["parts.1"]


def test_times_are_read_as_people_type_them() -> None:
    (part,) = parts.clean('[{"start": "05：30", "end": "1:05：30", "name": " 导入 "}]')
    assert part == Part(330, 3930, "导入")


@pytest.mark.parametrize("given_parts", [None, [], "", "no json", {"start": 1}, [{"start": 0, "end": 1}] * 101])
def test_what_is_no_list_of_parts_is_refused(given_parts: Any) -> None:
    with pytest.raises(OperationInvalid) as caught:
        parts.clean(given_parts)
    assert list(caught.value.errors) == ["parts"]


# ---------------------------------------------------------------- which version became of a part


@given(st.lists(st.sampled_from(["甲", "乙", "丙"]), min_size=1, max_size=5), st.randoms())
def test_each_part_finds_a_version_of_its_own(wanted: list[str], dice: Any) -> None:
    pieces = [Part(n * 10, n * 10 + 10, name) for n, name in enumerate(wanted)]
    there = [Cut(0, "原来的", 100, 3600), *[Cut(n + 1, name, 20, None) for n, name in enumerate(wanted)]]
    dice.shuffle(there)
    found = parts.made(pieces, there, {0})
    assert [cut.name for cut in found if cut] == wanted
    assert len({cut.number for cut in found if cut}) == len(wanted)


def test_a_version_that_was_there_before_is_not_taken() -> None:
    there = [Cut(0, "第1课", 100, 3600), Cut(1, "第1课", 100, 60)]
    assert parts.made([Part(0, 60, "第1课")], there, {0, 1}) == [None]


def test_names_that_the_vendor_changed_are_told_by_length() -> None:
    there = [Cut(0, "第1课", 100, 3600), Cut(4, "甲(裁剪)", 100, 61), Cut(5, "乙(裁剪)", 20, None)]
    wanted = [Part(0, 60, "甲"), Part(60, 600, "乙")]
    assert [cut and cut.number for cut in parts.made(wanted, there, {0})] == [4, 5]
    assert parts.made([Part(0, 600, "甲"), wanted[1]], there, {0}) == [None, None]


# ---------------------------------------------------------------- class times


@st.composite
def held(draw: Any) -> tuple[list[Node], int, int, int]:
    """A recording that really began at ``begun``, with class in it, made within a quarter of an hour of its end."""
    begun = 1_704_441_600 + draw(st.integers(0, DAY))
    length = draw(st.integers(600, 4 * 3600))
    bounds = sorted(draw(st.sets(st.integers(0, length), min_size=2, max_size=6)))
    spans = list(zip(bounds[::2], bounds[1::2], strict=False))
    made_at = begun + length + draw(st.integers(0, class_times.LATE))
    return [Node(begun + start, begun + end) for start, end in spans], length, begun, made_at


@given(held(), st.booleans())
def test_no_second_of_class_is_cut_off(recording: tuple[list[Node], int, int, int], told: bool) -> None:
    nodes, length, begun, made_at = recording
    runs = class_times.place(nodes, length, made_at if told else None)
    if isinstance(runs, dict):
        assert runs["code"] in {"class_is_whole", "class_place_unknown"}
        return
    for node in nodes:
        assert any(run.start <= node.start - begun and node.end - begun <= run.end for run in runs)
    assert all(0 <= run.start < run.end <= length for run in runs)
    assert all(before.end < after.start for before, after in itertools.pairwise(runs))
    assert [node for run in runs for node in run.nodes] == nodes


@given(held())
def test_who_knows_where_class_begins_gets_exact_parts(recording: tuple[list[Node], int, int, int]) -> None:
    nodes, length, begun, made_at = recording
    runs = class_times.place(nodes, length, made_at, begins_at=nodes[0].start - begun)
    if isinstance(runs, dict):
        assert runs["code"] in {"class_is_whole", "class_place_unknown"}
        return
    assert runs[0].start == nodes[0].start - begun
    assert runs[-1].end == nodes[-1].end - begun


@pytest.mark.parametrize(
    ("nodes", "made_at", "code"),
    [
        ([], 5000, "no_class_times"),
        ([Node(1000, 1000)], 5000, "class_times_wrong"),
        ([Node(1000, 9000)], 9500, "class_outside"),  # class is longer than the recording
        ([Node(1000, 4500)], 4700, "class_is_whole"),
        ([Node(1000, 3000)], None, "class_place_unknown"),
        ([Node(1000, 3000)], 90_000, "class_too_early"),
    ],
)
def test_why_there_are_no_parts(nodes: list[Node], made_at: int | None, code: str) -> None:
    answer = class_times.place(nodes, 3600, made_at)
    assert isinstance(answer, dict)
    assert answer["code"] == code


def test_class_that_lies_before_the_recording_is_outside() -> None:
    answer = class_times.place([Node(1000, 2000), Node(9000, 9500)], 3600, None, begins_at=0)
    assert isinstance(answer, dict)
    assert answer["code"] == "class_outside"


# ---------------------------------------------------------------- marks


marks = st.lists(st.builds(Mark, offsets, names), max_size=12)


@given(marks, offsets, offsets)
def test_marks_move_with_the_cut_and_none_vanishes(all_marks: list[Mark], one: int, other: int) -> None:
    start, end = sorted((one, other))
    kept, lost = moved(all_marks, start, end)
    assert sorted([*[Mark(mark.offset + start, mark.text) for mark in kept], *lost]) == sorted(all_marks)
    assert all(0 <= mark.offset < end - start for mark in kept)
    assert all(not start <= mark.offset < end for mark in lost)


@given(st.integers(0, 100 * 3600 - 1))
def test_an_offset_reads_as_it_is_written(seconds: int) -> None:
    assert parse_offset(format_offset(seconds)) == seconds
