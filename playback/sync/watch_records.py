"""A day of the account's watch records (call 37) into our own, page by page, from where the last reading broke off.

The reading that began last has the day: it writes its token into the day's row, and whoever finds another's there when
about to store a page stops. So nobody waits for a lease of a killed worker, and an older answer never overwrites a
newer one. A page, its sums and the next page's number are stored in one transaction.

A day is complete when the vendor's last page was met and we have as many of it as the vendor counts. Where rows moved
between the pages it may end short: a resumed reading then begins again once; if that too is short, the day says so.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from playback.models import WatchDay, WatchRecord
from playback.vendor.client import VendorClient
from playback.vendor.codes import SearchTimeType
from playback.vendor.errors import VendorError

from .watch_store import store_page

RESUMABLE = timedelta(hours=6)  # a day that was begun earlier is read from its first page again
_LAST_SECOND = timedelta(days=1) - timedelta(seconds=1)


class TakenOver(Exception):
    """Another reading of the day began meanwhile."""


@dataclass
class DayRead:
    """What a reading of one day met. ``resumed_at``: the page it began with."""

    day: date
    resumed_at: int = 1
    pages: int = 0
    viewings: int = 0
    written: int = 0
    moved: int = 0
    unreadable: int = 0
    total: int = 0
    complete: bool = False


OnPage = Callable[[DayRead], None]


def read_day(client: VendorClient, day: date, told: DayRead, on_page: OnPage | None = None) -> None:
    """Read to the end what is left of the day. ``told`` is kept up to date, also when this raises the client's
    ``VendorError`` s, or ``TakenOver``; what was read until then is stored, and the next reading goes on there."""
    told.resumed_at = _read(client, day, told, on_page, afresh=False)
    if not told.complete and told.resumed_at > 1:
        _read(client, day, told, on_page, afresh=True)


def _read(client: VendorClient, day: date, told: DayRead, on_page: OnPage | None, *, afresh: bool) -> int:
    token, first = _begin(day, afresh=afresh)
    mine = WatchDay.objects.filter(day=day, token=token)
    start = timezone.make_aware(datetime.combine(day, datetime.min.time()))
    number = first
    try:
        for page in client.pages(
            client.account_watch_records,
            page=first,
            start_time=start,
            end_time=start + _LAST_SECOND,
            search_time_type=SearchTimeType.BEGIN,
            page_size=settings.SYNC_PAGE_SIZE,
        ):
            number += 1
            with transaction.atomic():
                row = mine.select_for_update().first()
                if row is None:
                    raise TakenOver
                stored = store_page(day, page.rows)
                row.next_page, row.pages, row.total = number, number - 1, page.total
                row.unreadable += len(page.unreadable)
                row.save(update_fields=["next_page", "pages", "total", "unreadable"])
            told.pages += 1
            told.total = page.total
            told.viewings += len(page.rows)
            told.unreadable += len(page.unreadable)
            told.written += stored.written
            told.moved += stored.moved
            if on_page is not None:
                on_page(told)
    except VendorError as error:
        mine.update(state=WatchDay.State.FAILED, error=str(error)[:500])
        raise
    _end(day, token, told)
    return first


def _begin(day: date, *, afresh: bool) -> tuple[uuid.UUID, int]:
    """Take the day over; answers our token and the page to begin with."""
    now, token = timezone.now(), uuid.uuid4()
    with transaction.atomic():
        row, _created = WatchDay.objects.select_for_update().get_or_create(day=day)
        broken_off = row.state in (WatchDay.State.READING, WatchDay.State.FAILED)
        recent = row.started_at is not None and now - RESUMABLE < row.started_at <= now
        if afresh or not broken_off or not recent or row.page_size != settings.SYNC_PAGE_SIZE:
            row.next_page, row.pages, row.unreadable, row.total, row.started_at = 1, 0, 0, None, now
        row.state, row.token, row.page_size, row.error = WatchDay.State.READING, token, settings.SYNC_PAGE_SIZE, ""
        row.save()
    return token, row.next_page


def _end(day: date, token: uuid.UUID, told: DayRead) -> None:
    with transaction.atomic():
        row = WatchDay.objects.select_for_update().filter(day=day, token=token).first()
        if row is None:
            raise TakenOver
        have = WatchRecord.objects.filter(day=day).count() + row.unreadable
        told.complete = have >= (row.total or 0)
        row.state = WatchDay.State.COMPLETE if told.complete else WatchDay.State.SHORT
        row.read_at, row.token, row.next_page = row.started_at, None, 1
        row.error = "" if told.complete else f"The vendor counts {row.total}, {have} were met."
        row.save()
