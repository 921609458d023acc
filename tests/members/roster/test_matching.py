"""Who a row is: user id, then number, then phone; what is doubtful is said and given to nobody."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.roster import matching, reading
from members.roster.matching import Matched
from tests.members.makers import member
from tests.members.roster import files

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
HEADER = ["用户ID", "学号", "姓名", "手机"]


def matched(*rows: list[Any]) -> Matched:
    return matching.match(reading.read(files.xlsx([HEADER, *rows])).rows)


def only(found: Matched) -> tuple[str, tuple[int, ...]]:
    assert not found.lines
    (problem,) = found.problems
    return problem.kind, problem.candidates


def test_user_id_comes_before_number_before_phone() -> None:
    member(1, "甲", "S1", "13800000001")
    member(2, "乙", "S2", "13800000002")
    member(3, "丙", "", "13800000003")
    found = matched([1, None, "甲", "13800000002"], [None, "S2", "乙", None], [None, None, None, "138-0000-0003"])
    assert found.lines == {2: 1, 3: 2, 4: 3}
    assert found.by == {"user_id": 1, "user_sn": 1, "phone": 1}
    assert found.problems == []


@pytest.mark.parametrize("stored", ["13800138000", "+86 138-0013-8000", "008613800138000", "138 0013 8000"])
@pytest.mark.parametrize("written", [13800138000, "１３８００１３８０００", "+86-138 0013 8000"])
def test_phones_are_compared_by_their_digits(stored: str, written: Any) -> None:
    member(1, "甲", "", stored)
    assert matched([None, None, None, written]).lines == {2: 1}


def test_a_number_that_lost_its_zeros_finds_the_one_who_has_them() -> None:
    member(1, "甲", "007")
    assert matched([None, 7, "甲", None]).lines == {2: 1}
    assert matched([None, 7.0, "甲", None]).lines == {2: 1}


def test_a_number_that_lost_its_zeros_is_ambiguous_where_several_fit() -> None:
    member(1, "", "007")
    member(2, "", "7")
    assert only(matched([None, 7, None, None])) == ("ambiguous", (1, 2))
    assert matched([None, "007", None, None]).lines == {2: 1}
    assert matched([None, "7", None, None]).lines == {2: 2}


def test_the_same_number_or_phone_is_told_apart_by_name_or_not_at_all() -> None:
    member(1, "王小明", "", "13800138000")
    member(2, "王小红", "", "13800138000")
    assert matched([None, None, "王 小红", "13800138000"]).lines == {2: 2}
    assert only(matched([None, None, None, "13800138000"])) == ("ambiguous", (1, 2))
    assert only(matched([None, None, "李雷", "13800138000"])) == ("ambiguous", (1, 2))


def test_columns_that_name_different_people_are_given_to_neither() -> None:
    member(1, "甲", "S1")
    member(2, "乙", "S2")
    assert only(matched([1, "S2", None, None])) == ("conflict", (1, 2))
    assert only(matched([99, "S2", None, None])) == ("conflict", (2,))


def test_a_parents_phone_does_not_make_somebody_their_brother() -> None:
    member(1, "王小明", "S1", "13800138000")
    assert only(matched([None, "S9", "王小红", "13800138000"])) == ("conflict", (1,))
    assert matched([None, "S9", "王小明", "13800138000"]).lines == {2: 1}


def test_unknown_and_spoilt_rows_mean_nobody() -> None:
    member(1, "甲", "S1")
    assert only(matched([77, "S9", "甲", None])) == ("unknown", ())
    assert only(matched([None, 12345678901234567890, "甲", None])) == ("spoilt", ())
    assert only(matched([None, None, "甲", None])) == ("unknown", ())


def test_a_row_above_that_names_the_same_person_makes_a_row_doubled() -> None:
    member(1, "甲", "S1")
    found = matched([None, "S1", "甲", None], [1, None, "甲", None])
    assert found.lines == {2: 1}
    assert [(row.line, row.kind, row.first_line) for row in found.problems] == [(3, "doubled", 2)]


def test_another_name_is_said_and_counts() -> None:
    member(1, "王小明", "S1")
    found = matched([None, "S1", "王晓明", None])
    assert found.lines == {2: 1}
    assert [(row.kind, row.taken) for row in found.problems] == [("other_name", 1)]


def test_phones_are_kept_masked() -> None:
    (problem,) = matched([None, None, "甲", "138 0013 8000"]).problems
    assert problem.phone == "138****8000"


def test_matching_takes_one_query_whatever_the_length() -> None:
    for number in range(1, 40):
        member(number, f"学生{number}", f"S{number}")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = matched(*([None, f"S{number}", None, None] for number in range(1, 40)))
    assert len(found.lines) == 39
    assert len(queries) == 1
