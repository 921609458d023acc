"""An impatient engine: one attempt a call, no waiting between a lost answer and the question."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User

from playback.vendor import transport


@pytest.fixture
def impatient(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's own repeating is the client's test: here each fault is to reach the engine."""
    settings.BAIJIAYUN_TIMEOUT = 0.5
    settings.OPERATION_PATIENCE_SECONDS = 0.0
    settings.OPERATION_SETTLE_SECONDS = 0.0
    for lane, policy in transport.POLICIES.items():
        monkeypatch.setitem(transport.POLICIES, lane, replace(policy, attempts=1))


@pytest.fixture
def chief(db: None) -> User:
    return User.objects.create_superuser("chief")
