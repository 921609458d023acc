"""A mirror that is in order: an account, a beat that ticks, and each list read a minute ago."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.core.cache import cache
from django.utils import timezone

from playback import conf, heartbeat, staleness
from playback.models import SyncLease, SyncRun
from playback.staleness import Reason, Standing
from tests.factories import SyncRunFactory

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def in_order(db: None, settings: Any, store: redis.Redis) -> None:
    """Everything that readings need; nothing was read yet."""
    settings.BAIJIAYUN_PARTNER_ID, settings.BAIJIAYUN_PARTNER_KEY = "1", "k"
    settings.BAIJIAYUN_PRIVATE_DOMAIN = "school"
    heartbeat.tick()


@pytest.fixture
def store() -> Iterator[redis.Redis]:
    """With an empty queue of readings, and no tick of an earlier test."""
    store = conf.store()
    store.delete("sync")
    cache.delete(heartbeat._KEY)
    yield store
    store.delete("sync")


@pytest.fixture
def no_redis(settings: Any) -> None:
    settings.REDIS_URL = "redis://:CANARYpassword@127.0.0.1:1/0"
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": settings.REDIS_URL}
    }


def ran(kind: str = "recordings", *, ago: timedelta = MINUTE, full: bool = True, **fields: Any) -> SyncRun:
    """A run that began so long ago; complete unless a state is given."""
    return SyncRunFactory(kind=kind, full=full, started_at=timezone.now() - ago, **fields)


def alive(run: SyncRun) -> None:
    """Somebody is at this run: its lease holds."""
    token = "00000000-0000-0000-0000-000000000001"
    SyncLease.objects.create(kind=run.kind, run=run, token=token, expires_at=timezone.now() + MINUTE)


def now(kind: str = "recordings") -> Standing:
    """As it stands, past what is kept."""
    staleness.forget()
    return staleness.standing(kind)


def why(kind: str = "recordings", side: str = "news") -> Reason:
    [found] = [each for each in now(kind).sides if each.name == side]
    assert found.why is not None
    return found.why
