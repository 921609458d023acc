"""Reading one list to its end, and what may be concluded from whom it does not name.

Somebody is marked as no longer on a list only by a reading that reached the last page of a list that stood still: the
same total in every answer, and as many different people as the total says. That is not enough for a list of several
pages, where one who leaves and one who joins between two answers cancel out and push a third from one page to the
other, nor for a list that is suddenly empty, which is what a fault looks like: those are read a second time, and only
who is missing in both is gone. Otherwise what was met is kept, nobody is marked, and ``MemberList.error`` says why.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from playback.sync.reading import ListEndedEarly, Reading
from playback.vendor.client import VendorClient
from playback.vendor.errors import VendorError

from ..lists import ListOf
from ..models import MemberList
from . import store
from .store import Counts, KnownList

logger = logging.getLogger(__name__)
ERROR_LENGTH = 500


@dataclass
class ListRead:
    """What came of it. ``ids`` are the people met; who is not among them is off the list only if it is ``complete``."""

    which: ListOf
    started_at: datetime
    ids: set[int] = field(default_factory=set)
    counts: Counts = field(default_factory=Counts)
    pages: int = 0
    total: int = 0
    complete: bool = False
    error: str = ""
    failure: VendorError | None = None
    too_long: bool = False  # more pages than were asked for


def read_list(client: VendorClient, which: ListOf, *, most_pages: int | None = None) -> ListRead:
    """Read it and store what it says. The vendor's trouble is in the answer (``failure``), not raised.

    ``most_pages``: somebody waits; a longer list is left to the schedule.
    """
    read = ListRead(which, timezone.now())
    kept = which.kept()
    known = KnownList.load(which)
    try:
        steady = _once(client, read, known, read.ids, most_pages)
        if read.too_long:
            MemberList.objects.filter(pk=kept.pk).update(wanted_at=kept.wanted_at or read.started_at)
            return read
        if not read.error:
            _conclude(client, read, known, steady, most_pages)
    except VendorError as error:
        read.failure, read.error = error, str(error)
    except ListEndedEarly as error:
        read.error = str(error)
    _keep(kept, read)
    return read


def _once(client: VendorClient, read: ListRead, known: KnownList, met: set[int], most_pages: int | None) -> bool:
    """All pages once, into ``met``. Did the list stand still?"""
    size = settings.SYNC_PAGE_SIZE
    reading = Reading(lambda page: read.which.ask(client, page, size), size)
    unreadable = 0
    for page in reading.pages():
        stored = store.store_page(read.which, known, page.rows, page.asked_at, read.started_at, read.counts)
        met.update(stored)
        unreadable += len(page.unreadable) + len([row for row in page.rows if row.user_id not in met])
        read.pages += 1
        read.total = reading.total
        if most_pages is not None and reading.number >= most_pages and not reading.at_end:
            read.too_long = True
            return False
    if unreadable:
        read.error = f"{unreadable} rows could not be read, so it is unknown who is not on the list any more"
    return reading.steady and len(met) + unreadable == reading.total == reading.rows


def _conclude(client: VendorClient, read: ListRead, known: KnownList, steady: bool, most_pages: int | None) -> None:
    missing = [pk for pk, gone_at in known.gone.items() if gone_at is None and pk not in read.ids]
    if not steady:
        read.error = "the list changed while it was read: nobody was marked as gone from it"
        return
    if missing and (read.pages > 1 or not read.ids):
        again: set[int] = set()
        if not _once(client, read, known, again, most_pages):
            read.error = read.error or "the list changed while it was read again: nobody was marked as gone from it"
            return
        missing = [pk for pk in missing if pk not in again]
        read.ids |= again
    read.complete = True
    if missing:
        read.counts.left += store.part(read.which, missing, read.started_at)


def _keep(kept: MemberList, read: ListRead) -> None:
    """How the reading ended, unless a later one was stored meanwhile."""
    mine = MemberList.objects.filter(pk=kept.pk)
    values: dict[str, object] = {"tried_at": read.started_at, "error": read.error[:ERROR_LENGTH]}
    if read.complete:
        values |= {"read_at": read.started_at, "total": read.total}
        mine.filter(Q(wanted_at__lte=read.started_at)).update(wanted_at=None)
        mine = mine.filter(Q(read_at=None) | Q(read_at__lte=read.started_at))
    mine.update(**values)
    level = logging.WARNING if read.error else logging.INFO
    logger.log(level, "list of members of %s %s: %s", read.which.of, read.which.key, summary(read))


def summary(read: ListRead) -> str:
    """One line for logs and the command; it names no person."""
    counts = f"pages {read.pages}, on it {len(read.ids)}, joined {read.counts.joined}, left {read.counts.left}"
    return f"{counts} ({read.error})" if read.error else counts


def want(which: ListOf, at: datetime | None = None) -> None:
    """It changed at the vendor, or somebody waits for it: it is read before the others."""
    MemberList.objects.filter(pk=which.kept().pk).update(wanted_at=at or timezone.now())
