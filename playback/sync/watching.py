"""Which days of watch records are read every hour, and when that was last done to the end.

Each reading begins with the day before the last complete one, so that a viewing which was reported late is met; the
first one, or one after a long silence, goes back ``MOST_DAYS``. Days of that time which were read before are read again
once a day, for what comes later still. When the last complete one was stands in the cache: losing it costs a longer
reading and nothing else. Nothing is read before the mirror is whole: ``last_read_at`` is what plans rely on, and a
viewing of a recording that the mirror lacks is not told of by them.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.cache import cache
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from playback.models import SyncRun, WatchDay
from playback.vendor.client import VendorClient
from playback.vendor.errors import VendorError

from .freshness import last_complete_start
from .watch_records import DayRead, TakenOver, read_day
from .watch_store import link

logger = logging.getLogger("playback.sync")

MOST_DAYS = 7  # before today
_KEY = "watching:read-at"
_KEPT = 60 * 86_400  # s
_AGAIN = timedelta(hours=20)


@dataclass
class Watched:
    """What a reading met. ``error``: it ended early; what was read until then is stored."""

    days: int = 0
    viewings: int = 0
    waits: bool = False  # for the mirror's first complete passes
    unreadable: int = 0
    written: int = 0  # new or changed
    moved: int = 0  # a recording's time, once a page that has a later one
    linked: int = 0  # records of before, whose recording is known now
    short: int = 0  # days of which the vendor counts more than were met
    error: str = ""

    def __str__(self) -> str:
        told = f"{self.viewings} viewings of {self.days} days, {self.written} new or changed, {self.linked} linked"
        if self.short:
            told += f", {self.short} days short"
        if self.unreadable:
            told += f", {self.unreadable} unreadable"
        return f"{told} ({self.error})" if self.error else told


def last_read_at() -> datetime | None:
    """The start of the last complete reading."""
    kept = cache.get(_KEY)
    return parse_datetime(kept) if kept else None


def read_watched(client: VendorClient) -> Watched:
    """Read what was not read yet. Vendor trouble is said in the answer."""
    now = timezone.now()
    result = Watched()
    if any(last_complete_start(kind) is None for kind in (SyncRun.Kind.RECORDINGS, SyncRun.Kind.VERSIONS)):
        result.waits = True
        return result
    try:
        for day in _days(now):
            _read(client, day, result)
        result.linked = link()
    except VendorError as error:
        result.error = str(error)
    except TakenOver:
        result.error = "another reading took over"
    else:
        cache.set(_KEY, now.isoformat(), _KEPT)
    logger.log(logging.WARNING if result.error else logging.INFO, "watched: %s", result)
    return result


def _days(now: datetime) -> list[date]:
    today = timezone.localdate(now)
    earliest = first = today - timedelta(days=MOST_DAYS)
    if (read_at := last_read_at()) is not None:
        first = max(first, min(timezone.localdate(read_at), today) - timedelta(days=1))
    window = {first + timedelta(days=n) for n in range((today - first).days + 1)}
    stale = WatchDay.objects.filter(day__gte=earliest, day__lt=first, read_at__lt=now - _AGAIN)
    return sorted(window.union(stale.values_list("day", flat=True)))


def _read(client: VendorClient, day: date, result: Watched) -> None:
    told = DayRead(day)
    try:
        read_day(client, day, told)
    finally:
        result.viewings += told.viewings
        result.unreadable += told.unreadable
        result.written += told.written
        result.moved += told.moved
    result.days += 1
    result.short += not told.complete
