"""Which side moved, told from three rows of which one is only known by its hash."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playback.models import Change
from playback.sync import mapping, sides

Kind = Change.Kind
LAST = (7, "第1讲", 100, 1, datetime(2024, 3, 1, tzinfo=UTC), 600, False, None, 0)


def moved(**values: Any) -> tuple[Any, ...]:
    at = {"id": 0, "name": 1, "status": 2, "publish": 3, "length": 5, "empty": 7, "plays": 8}
    row = [*LAST]
    for name, value in values.items():
        row[at[name]] = value
    return tuple(row)


def told(mirror: tuple[Any, ...], vendor: tuple[Any, ...]) -> dict[int, str]:
    return sides.of_fields(mirror, vendor, mapping.payload_hash(LAST))


@pytest.mark.parametrize(
    ("mirror", "vendor", "expected"),
    [
        (LAST, LAST, {}),
        (LAST, moved(name="新"), {1: Kind.VENDOR}),
        (LAST, moved(name="新", length=601), {1: Kind.VENDOR, 5: Kind.VENDOR}),
        (moved(name="走样"), LAST, {1: Kind.STRAYED}),
        (moved(name="走样", publish=2), LAST, {1: Kind.STRAYED, 3: Kind.STRAYED}),
        (moved(name="走样"), moved(publish=2), {1: Kind.STRAYED, 3: Kind.VENDOR}),
        (
            moved(name="走样", empty=5),
            moved(publish=2, plays=9),
            {1: "strayed", 3: "vendor", 7: "strayed", 8: "vendor"},
        ),
        (moved(name="走样"), moved(name="新"), {1: Kind.BOTH}),
        (moved(name="走样"), moved(name="新", publish=2), {1: Kind.BOTH, 3: Kind.BOTH}),
        (moved(publish=2), moved(publish=2), {}),  # both alike: nothing differs, so there is nothing to tell
    ],
)
def test_each_field_has_its_side(mirror: tuple[Any, ...], vendor: tuple[Any, ...], expected: dict[int, str]) -> None:
    assert told(mirror, vendor) == expected


def test_more_fields_than_are_tried_are_told_as_both() -> None:
    last = tuple(range(12))
    mirror = (*[100] * 5, *last[5:])
    vendor = (*last[:5], *[200] * 5, *last[10:])
    found = sides.of_fields(mirror, vendor, mapping.payload_hash(last))
    assert found == dict.fromkeys(range(10), Kind.BOTH)


@given(st.lists(st.sampled_from(["same", "vendor", "ours"]), min_size=1, max_size=8))
def test_whatever_moved_on_one_side_is_told_exactly(moves: list[str]) -> None:
    last = tuple(f"{i}" for i in range(len(moves)))
    mirror = tuple(f"{value}!" if move == "ours" else value for value, move in zip(last, moves, strict=True))
    vendor = tuple(f"{value}?" if move == "vendor" else value for value, move in zip(last, moves, strict=True))
    kinds = {"vendor": Kind.VENDOR, "ours": Kind.STRAYED}
    expected = {i: kinds[move] for i, move in enumerate(moves) if move in kinds}
    assert sides.of_fields(mirror, vendor, mapping.payload_hash(last)) == expected
