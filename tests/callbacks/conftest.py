"""The queue is the table: tests take up by hand, and no waking of an earlier test is left over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.cache import cache

from playback.vendor import transport


@pytest.fixture(autouse=True)
def _nobody_woke() -> None:
    cache.delete("callbacks:woken")


@pytest.fixture
def impatient(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's own repeating is the client's test."""
    settings.BAIJIAYUN_TIMEOUT = 0.5
    settings.OPERATION_SETTLE_SECONDS = 0.0
    for lane, policy in transport.POLICIES.items():
        monkeypatch.setitem(transport.POLICIES, lane, replace(policy, attempts=1))
