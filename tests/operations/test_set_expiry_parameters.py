"""What may be asked for: each bad parameter is a sentence at its field."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import time_machine

from playback.operations import registry
from playback.operations.base import OperationInvalid

NOW = datetime.fromisoformat("2026-03-02T10:00:00+08:00")


def clean(parameters: dict[str, Any]) -> dict[str, Any]:
    with time_machine.travel(NOW, tick=False):
        return registry.get("set_expiry").clean(parameters, None)[0]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "mode"),
        ({"mode": "never"}, "mode"),
        ({"mode": "days"}, "days"),
        *[
            ({"mode": "days", "days": days}, "days")
            for days in ("", "0", 0, -1, "1.5", 1.5, "x", "３０", 36_501, "9" * 40, True, None, [])
        ],
        ({"mode": "date"}, "date"),
        *[
            ({"mode": "date", "date": date}, "date")
            for date in (
                "",
                "tomorrow",
                "2026-02-30",
                "2026-13-01 10:00",
                "2026-03-02 10:00",  # now
                "2026-03-01",
                "0001-01-01 00:00",
                "9999-12-31 23:59",
                "9999-12-31",
                20260301,
                None,
            )
        ],
    ],
)
def test_it_is_refused_at_its_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(OperationInvalid) as refused:
        clean(given)
    assert list(refused.value.errors) == [field]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("2026-03-02 10:01", "2026-03-02T10:01:00+08:00"),
        ("2026-05-01T18:00", "2026-05-01T18:00:00+08:00"),
        ("2026-05-01 18:00:30.5", "2026-05-01T18:00:30+08:00"),
        ("2026-05-01T10:00:00Z", "2026-05-01T10:00:00+00:00"),
        ("2026-03-02", "2026-03-02T23:59:59+08:00"),  # a day means its end
    ],
)
def test_a_time_is_beijings_where_it_names_no_zone(given: str, stored: str) -> None:
    assert clean({"mode": "date", "date": given, "days": "nonsense of the hidden field"}) == {
        "mode": "date",
        "date": stored,
    }


def test_days_and_for_ever() -> None:
    assert clean({"mode": "days", "days": " 30 "}) == {"mode": "days", "days": 30}
    assert clean({"mode": "days", "days": 36_500})["days"] == 36_500
    assert clean({"mode": "forever", "days": "x"}) == {"mode": "forever"}
