"""The settings as the code uses them: read when called, never frozen at import.

A setting that is missing or cannot be used raises ``VendorMisconfigured`` with a sentence that names it; the same is
said at start by ``manage.py check`` (``checks.py``).
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.urls import reverse
from redis.backoff import NoBackoff
from redis.retry import Retry

from playback.call_counts import CallCounts
from playback.vendor.client import VendorClient
from playback.vendor.codes import Lane
from playback.vendor.endpoints import ENDPOINTS, Endpoints
from playback.vendor.errors import VendorMisconfigured
from playback.vendor.throttle import Throttle
from playback.vendor.transport import Transport

DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
STORE_TIMEOUT = 2.0  # s; the store is near, or it is lost
MOST_TRASH_DAYS = 90


def vendor_client(lane: Lane, max_wait: float | None = None) -> VendorClient:
    """A client of the configured account for one lane. ``max_wait``: the longest wait for the account's call budget,
    in seconds; None is the lane's own. Raises ``VendorMisconfigured``."""
    partner_id = str(settings.BAIJIAYUN_PARTNER_ID).strip()
    partner_key = str(settings.BAIJIAYUN_PARTNER_KEY).strip()
    if not partner_id or not partner_key:
        missing = "BAIJIAYUN_PARTNER_ID" if not partner_id else "BAIJIAYUN_PARTNER_KEY"
        raise VendorMisconfigured(why=f"{missing} is not set: no vendor call can be made")
    transport = Transport(
        base_url(),
        partner_id,
        partner_key,
        throttle(),
        lane,
        timeout=settings.BAIJIAYUN_TIMEOUT,
        max_wait=max_wait,
        observer=call_counts().count,
    )
    return VendorClient(transport, endpoints())


def throttle() -> Throttle:
    """The call budget of the configured account, which all processes share."""
    partner_id = str(settings.BAIJIAYUN_PARTNER_ID).strip()
    return Throttle(store(), partner_id, limit=settings.BAIJIAYUN_CALLS_PER_WINDOW)


def call_counts() -> CallCounts:
    return CallCounts(store(), str(settings.BAIJIAYUN_PARTNER_ID).strip())


def base_url() -> str:
    """Where the vendor's API and player are: ``BAIJIAYUN_BASE_URL``, or the account's private domain. Raises
    ``VendorMisconfigured``."""
    if url := str(settings.BAIJIAYUN_BASE_URL).strip():
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
            raise VendorMisconfigured(why="BAIJIAYUN_BASE_URL is not an http or https address")
        return url.rstrip("/")
    domain = str(settings.BAIJIAYUN_PRIVATE_DOMAIN).strip()
    if not domain:
        raise VendorMisconfigured(why="neither BAIJIAYUN_PRIVATE_DOMAIN nor BAIJIAYUN_BASE_URL is set")
    if not DOMAIN.fullmatch(domain):
        raise VendorMisconfigured(
            why="BAIJIAYUN_PRIVATE_DOMAIN is the account's own part of the host name alone (letters, digits, hyphens)"
        )
    return f"https://{domain.lower()}.at.baijiayun.com"


def player_origin() -> str:
    """Scheme, host and port of the web player, for the page that frames it. Raises ``VendorMisconfigured``."""
    parts = urlsplit(base_url())
    return f"{parts.scheme}://{parts.netloc}"


def callback_keys() -> list[str]:
    """What a callback may be signed with. Several while the account's key is exchanged; none verifies nothing."""
    keys = [key.strip() for key in settings.BAIJIAYUN_CALLBACK_KEYS] or [str(settings.BAIJIAYUN_PARTNER_KEY).strip()]
    return [key for key in keys if key]


def site_url(path: str) -> str:
    """A path of ours as others reach it; empty where ``SITE_URL`` is not set."""
    site = str(settings.SITE_URL).strip().rstrip("/")
    return f"{site}{path}" if site else ""


def callback_url() -> str:
    """Where the vendor is to send callbacks; empty where ``SITE_URL`` is not set."""
    return site_url(reverse("callbacks"))


def endpoints() -> Endpoints:
    """The endpoint table with the operator's corrections. Raises ``VendorMisconfigured``."""
    try:
        return ENDPOINTS.with_overrides(settings.BAIJIAYUN_PATHS)
    except ValueError as error:
        raise VendorMisconfigured(why=f"BAIJIAYUN_PATHS: {error}") from None


def store() -> redis.Redis:
    """Redis itself: the budget, the counts, and the broker's queues (a list each)."""
    return _store(settings.REDIS_URL)


@lru_cache(maxsize=4)
def _store(url: str) -> redis.Redis:
    """One connection pool an address (redis-py's pools are safe across threads and forks)."""
    return redis.Redis.from_url(
        url,
        socket_timeout=STORE_TIMEOUT,
        socket_connect_timeout=STORE_TIMEOUT,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 1),  # a connection that went stale; more would keep a person waiting for nothing
    )
