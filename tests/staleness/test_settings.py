"""What `manage.py check` says of the limits, and that nonsense in them stops nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.checks import run_checks

from playback.staleness import kinds, limit, limits


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, []),
        ({"STALE_AFTER_SECONDS": 0}, ["playback.E050"]),
        ({"STALE_FULL_AFTER_SECONDS": -1}, ["playback.E050"]),
        ({"STALE_AFTER_SECONDS": 30}, ["playback.W050"]),
        ({"STALE_FULL_AFTER_SECONDS": 1800}, ["playback.W051"]),
        ({"STALE_AFTER_BY_KIND": {"recordings": "600", "rooms.full": "7200", "members": "60"}}, []),
        ({"STALE_AFTER_BY_KIND": {"recording": "600"}}, ["playback.E051"]),
        ({"STALE_AFTER_BY_KIND": {"rooms": "an hour"}}, ["playback.E052"]),
        ({"STALE_AFTER_BY_KIND": {"rooms": "0"}}, ["playback.E052"]),
    ],
)
def test_checks(settings: LazySettings, changed: dict[str, Any], said: list[str]) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    assert [message.id for message in limits.check()] == said


def test_the_check_is_registered(settings: LazySettings) -> None:
    settings.STALE_AFTER_SECONDS = 0
    assert "playback.E050" in {message.id for message in run_checks()}


def test_what_cannot_be_used_is_left_out(settings: LazySettings) -> None:
    settings.STALE_AFTER_SECONDS = 0
    settings.STALE_AFTER_BY_KIND = {"rooms": "an hour", "versions": "90"}
    assert limit(kinds()["rooms"], "news") == timedelta(hours=1)
    assert limit(kinds()["versions"], "news") == timedelta(seconds=90)
    assert limit(kinds()["watch_records"], "news") == timedelta(hours=3), "it is read every hour"
