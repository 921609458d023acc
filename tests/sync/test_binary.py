"""Values in PostgreSQL's binary form: what is sent is what is there, whatever it is."""

from __future__ import annotations

import struct
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from playback.sync import binary
from playback.vendor.results import BEIJING

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
ZONES = [UTC, BEIJING, timezone(timedelta(hours=-3, minutes=-30)), ZoneInfo("America/New_York")]
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "boolean": st.booleans(),
    "timestamp with time zone": st.datetimes(
        datetime(1900, 1, 1),  # noqa: DTZ001
        datetime(9000, 1, 1),  # noqa: DTZ001
        timezones=st.sampled_from(ZONES),
        allow_imaginary=False,
    ),
    "uuid": st.uuids().map(lambda value: value.hex),
    "text": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
}


@pytest.fixture(autouse=True)
def _postgresql() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL's binary form")


@st.composite
def tables(draw: st.DrawFn) -> dict[str, tuple[str, list[Any]]]:
    """Column → its type and values; some columns hold none but NULL, some hold it here and there."""
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=7))
    length = draw(st.integers(0, 5))
    found: dict[str, tuple[str, list[Any]]] = {}
    for number, kind in enumerate(kinds):
        value = draw(st.sampled_from([KINDS[kind], KINDS[kind] | st.none(), st.none()]))
        found[f"c{number}"] = (kind, draw(st.lists(value, min_size=length, max_size=length)))
    return found


def rows(table: dict[str, tuple[str, list[Any]]]) -> list[tuple[Any, ...]]:
    columns = [
        [None if value is None else uuid.UUID(value) for value in values] if kind == "uuid" else values
        for kind, values in table.values()
    ]
    return [*zip(*columns, strict=True)]


@settings(max_examples=60, deadline=None)
@given(tables())
def test_what_goes_in_comes_out(table: dict[str, tuple[str, list[Any]]]) -> None:
    columns = {name: binary.Column(kind, values) for name, (kind, values) in table.items()}
    arrays = ", ".join(f"%b::{kind}[]" for kind, _ in table.values())
    declared = ", ".join(f"{name} {kind}" for name, (kind, _) in table.items())
    with transaction.atomic(), binary.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE told (n bigserial, {declared}) ON COMMIT DROP")
        if rows(table):
            binary.copy("told", [binary.Sheet(columns)])
        cursor.execute(f"SELECT {', '.join(table)} FROM told ORDER BY n")  # noqa: S608
        assert cursor.fetchall() == rows(table)
        cursor.execute(f"SELECT * FROM unnest({arrays})", list(map(binary.Array, columns.values())))  # noqa: S608
        assert cursor.fetchall() == rows(table)


def test_columns_can_be_filled_in_later_and_again() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    names = binary.Column("text", ["甲", None])
    later = {"n": "bigint", "at": "timestamp with time zone"}
    sheet = binary.Sheet({"name": names, "small": binary.Column("integer", [7, -8])}, later)
    with transaction.atomic(), binary.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE told (n bigint, at timestamptz, name text, small int) ON COMMIT DROP")
        for ids in ([1, 2], [-(2**63), 2**63 - 1]):
            sheet.fill("n", ids)
            sheet.fill("at", [binary.microseconds(now)] * 2)
            binary.copy("told", [sheet])
        cursor.execute("SELECT * FROM told")
        low, high = -(2**63), 2**63 - 1
        assert cursor.fetchall() == [
            (1, now, "甲", 7), (2, now, None, -8), (low, now, "甲", 7), (high, now, None, -8),
        ]  # fmt: skip


def test_sheets_that_hold_null_elsewhere_go_together() -> None:
    sheets = [
        binary.Sheet({"a": binary.Column("integer", first), "b": binary.Column("integer", second)})
        for first, second in (([1], [2]), ([None], [3]), ([4], [None]), ([5], [6]), ([None, 7], [None, 8]))
    ]
    with transaction.atomic(), binary.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE told (b int, a int) ON COMMIT DROP")
        binary.copy("told", sheets)
        cursor.execute("SELECT a, b FROM told ORDER BY b, a")
        assert cursor.fetchall() == [(1, 2), (None, 3), (5, 6), (7, 8), (4, None), (None, None)]


def test_a_number_too_large_for_its_type_is_refused_before_it_is_sent() -> None:
    with pytest.raises(struct.error):
        binary.Array(binary.Column("integer", [2**31]))


def test_what_the_database_refuses_is_djangos_error() -> None:
    twice = {"a": binary.Column("bigint", [1, 1])}
    with transaction.atomic(), binary.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE told (a bigint PRIMARY KEY) ON COMMIT DROP")
        with pytest.raises(IntegrityError), transaction.atomic():
            binary.copy("told", [binary.Sheet(twice)])
        with pytest.raises(DataError), transaction.atomic(), binary.cursor() as other:
            other.execute("SELECT 1 / 0")
        cursor.execute("SELECT count(*) FROM told")
        assert cursor.fetchone() == (0,)
