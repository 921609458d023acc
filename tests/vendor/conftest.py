"""A client in front of a server of our own, with a call budget that no test shares."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator

import pytest
import redis

from playback.vendor.client import VendorClient
from playback.vendor.codes import Lane
from playback.vendor.throttle import Throttle
from playback.vendor.transport import Policy, Transport

from .wire import Wire

PARTNER_ID = "12345678"
PARTNER_KEY = "CANARY-partner-key-5f3a/+=="
QUICK = Policy(attempts=3, total=20.0, max_wait=5.0)

MakeClient = Callable[..., VendorClient]


@pytest.fixture(scope="session")
def store() -> Iterator[redis.Redis]:
    connection = redis.Redis.from_url(os.environ["REDIS_URL"])
    yield connection
    connection.close()


@pytest.fixture
def roomy(store: redis.Redis) -> Throttle:
    """A budget that never makes a test wait."""
    return Throttle(store, secrets.token_hex(6), limit=1_000_000)


@pytest.fixture
def wire() -> Iterator[Wire]:
    server = Wire()
    yield server
    server.close()


@pytest.fixture
def make_client(wire: Wire, roomy: Throttle) -> MakeClient:
    def make(
        lane: Lane = Lane.PERSON, *, base_url: str = "", throttle: Throttle | None = None, **options
    ) -> VendorClient:  # type: ignore[no-untyped-def]
        options.setdefault("policy", QUICK)
        options.setdefault("timeout", 5.0)
        transport = Transport(base_url or wire.base_url, PARTNER_ID, PARTNER_KEY, throttle or roomy, lane, **options)
        return VendorClient(transport)

    return make


@pytest.fixture
def client(make_client: MakeClient) -> VendorClient:
    return make_client()
