from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from django.core.cache import cache

from playback import conf, heartbeat, readiness


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    cache.delete(heartbeat._KEY)
    readiness._last = None
    yield
    readiness._last = None


@pytest.fixture
def store() -> redis.Redis:
    return conf.store()


@pytest.fixture
def no_redis(settings) -> None:
    """Settings that name a port nobody listens on, with a password that must not be told."""
    settings.REDIS_URL = "redis://:CANARYpassword@127.0.0.1:1/0"
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": settings.REDIS_URL}
    }
