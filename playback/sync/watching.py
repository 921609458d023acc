"""When was each recording last watched: out of the account's watch records (call 37), a Beijing day at a time.

A viewing names its video, which is a version's or (the main one's) the recording's. Only the time of the latest one
is kept here. Each reading begins with the day before the last complete one, so that a viewing which was reported late
is met; the first one, or one after a long silence, goes back ``MOST_DAYS``. When the last complete one was stands in
the cache: losing it costs a longer reading and nothing else. Nothing is read before the mirror is whole: viewings
of a recording that it lacks would be lost.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from playback.models import Recording, SyncRun, Version
from playback.vendor.client import VendorClient
from playback.vendor.codes import SearchTimeType
from playback.vendor.errors import VendorError

from .freshness import last_complete_start
from .tables import stored_time

logger = logging.getLogger("playback.sync")

MOST_DAYS = 7  # before today
_KEY = "watching:read-at"
_KEPT = 60 * 86_400  # s
_CHUNK = 200  # rows of a statement: three columns of so many fit an SQLite statement
_LAST_SECOND = timedelta(days=1) - timedelta(seconds=1)


@dataclass
class Watched:
    """What a reading met. ``error``: it ended early; what was read until then is stored."""

    days: int = 0
    viewings: int = 0
    waits: bool = False  # for the mirror's first complete passes
    unreadable: int = 0
    moved: int = 0  # a recording's time, once a page that has a later one
    error: str = ""

    def __str__(self) -> str:
        told = f"{self.viewings} viewings of {self.days} days, {self.moved} times moved on"
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
            _read_day(client, day, result)
            result.days += 1
    except VendorError as error:
        result.error = str(error)
    else:
        cache.set(_KEY, now.isoformat(), _KEPT)
    logger.log(logging.WARNING if result.error else logging.INFO, "watched: %s", result)
    return result


def _days(now: datetime) -> Iterator[date]:
    today = timezone.localdate(now)
    first = today - timedelta(days=MOST_DAYS)
    if (read_at := last_read_at()) is not None:
        first = max(first, min(timezone.localdate(read_at), today) - timedelta(days=1))
    return (first + timedelta(days=n) for n in range((today - first).days + 1))


def _read_day(client: VendorClient, day: date, result: Watched) -> None:
    """All of one day's viewings, stored a page at a time."""
    start = timezone.make_aware(datetime.combine(day, datetime.min.time()))
    for page in client.pages(
        client.account_watch_records,
        start_time=start,
        end_time=start + _LAST_SECOND,
        search_time_type=SearchTimeType.BEGIN,
        page_size=settings.SYNC_PAGE_SIZE,
    ):
        latest: dict[int, datetime] = {}
        for row in page.rows:
            at = row.ended_at or row.began_at
            if row.video_id is not None and at is not None:
                latest[row.video_id] = max(at, latest.get(row.video_id, at))
        result.viewings += len(page.rows)
        result.unreadable += len(page.unreadable)
        result.moved += store(latest)


def store(latest: Mapping[int, datetime]) -> int:
    """``latest``: video → when it was last watched. Answers how many recordings have a later time now."""
    changed = 0
    for videos in _chunks(latest):
        times: dict[int, datetime] = {}
        columns = ("video_id", "recording_id"), ("video_id", "pk")
        found: list[Any] = [
            *Version.objects.filter(video_id__in=videos).values_list(*columns[0]),
            *Recording.objects.filter(video_id__in=videos).values_list(*columns[1]),
        ]
        for video, recording in found:
            times[recording] = max(latest[video], times.get(recording, latest[video]))
        for keys in _chunks(times):
            changed += _write([(pk, times[pk]) for pk in sorted(keys)])
    return changed


def _write(rows: list[tuple[int, datetime]]) -> int:
    """One statement, in the words of both databases; a time never goes back."""
    first = "(%s::bigint, %s::timestamptz)" if connection.vendor == "postgresql" else "(%s, %s)"
    values = ", ".join([first, *["(%s, %s)"] * (len(rows) - 1)])
    table = Recording._meta.db_table
    statement = (
        f"UPDATE {table} SET last_watched_at = v.column2 FROM (VALUES {values}) AS v "  # noqa: S608 - our own names
        f"WHERE {table}.id = v.column1 AND ({table}.last_watched_at IS NULL OR {table}.last_watched_at < v.column2)"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [value for pk, at in rows for value in (pk, stored_time(at))])
        return int(cursor.rowcount)


def _chunks(keys: Iterable[int]) -> Iterator[list[int]]:
    left = iter(keys)
    while some := list(islice(left, _CHUNK)):
        yield some
