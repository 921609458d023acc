"""How long the vendor keeps recordings (call 29), read in batches and stored in the mirror.

No list carries it, so it is read by itself: every night for all recordings (the longest unread first), every few
minutes for those never asked about, and by the operation that changes it. What it is about is the main version's
video. The vendor knows expiry for recordings made after 2022-11-23 alone, so only those are asked about. A video that
its answer leaves out is stored as asked about and untold; the account's default is not guessed in its place.

The rows of one answer are stored before the next is asked for: an error ends the reading, and what was read stays.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F, Q
from django.utils import timezone

from playback.models import Recording
from playback.vendor.client import VendorClient
from playback.vendor.codes import ProductType
from playback.vendor.errors import VendorError
from playback.vendor.results import Expiry

from .tables import marks, stored_time

logger = logging.getLogger("playback.sync")

BATCH = 200  # videos a call. The vendor names no most; four columns of so many rows fit one SQLite statement
SINCE = datetime(2022, 11, 22, 16, 0, tzinfo=UTC)  # 2022-11-23 in Beijing
STALE = timedelta(hours=20)  # read again each night, and not twice in one
SLICE = 20_000  # recordings a task: a hundred calls, well within the broker's patience
_MOST_DAYS = 2**31 - 1


class Kept(NamedTuple):
    """How long a recording is kept, as the mirror's two columns say it.

    ``valid_days``: days from its making, 0 for ever, None where a fixed time is set. ``expires_at``: the end that
    follows; None where there is none, or none is known.
    """

    valid_days: int | None
    expires_at: datetime | None


UNTOLD = Kept(None, None)
FOR_EVER = Kept(0, None)


class Asked(NamedTuple):
    """A recording to be asked about; the vendor goes by its main version's video."""

    id: int
    video_id: int
    product_type: int | None
    created_at: datetime


@dataclass
class Reading:
    """What came of reading many. ``more``: there are others that have not been read lately."""

    asked: int = 0
    dated: int = 0
    for_ever: int = 0
    untold: int = 0
    unreadable: int = 0
    error: str = ""
    more: bool = False

    def __str__(self) -> str:
        counts = (
            f"asked about {self.asked}: {self.dated} with a date, {self.for_ever} for ever, "
            f"{self.untold} the vendor says nothing about"
        )
        if self.unreadable:
            counts += f", {self.unreadable} unreadable"
        return f"{counts} ({self.error})" if self.error else counts


def can_expire(video_id: int | None, created_at: datetime | None) -> bool:
    """Does the vendor know expiry for it at all?"""
    return video_id is not None and created_at is not None and created_at >= SINCE


def after_days(created_at: datetime, days: int) -> Kept:
    """Days as the vendor counts them: from the recording's making; 0 is for ever."""
    if days == 0:
        return FOR_EVER
    try:
        return Kept(days, created_at + timedelta(days=days))
    except OverflowError:  # beyond the calendar
        return Kept(days, None)


def read(client: VendorClient, asked: Sequence[Asked]) -> dict[int, Kept]:
    """Ask about these recordings and store what the vendor says; by the recording's id, without the unreadable ones.

    Raises the client's ``VendorError`` s; what was read until then is stored.
    """
    return dict(chain.from_iterable(found.items() for _batch, found in _read(client, asked)))


def _read(client: VendorClient, asked: Sequence[Asked]) -> Iterator[tuple[Sequence[Asked], dict[int, Kept]]]:
    """Batch by batch, with what was found; stored by then."""
    for product_type, alike in by_product_type(asked).items():
        for start in range(0, len(alike), BATCH):
            batch = alike[start : start + BATCH]
            asked_at = timezone.now()
            answer = client.expiry(product_type, list(dict.fromkeys(row.video_id for row in batch)))
            unreadable = {str(bad.row) for bad in answer.unreadable}
            found = {row.id: _kept(answer, row) for row in batch if str(row.video_id) not in unreadable}
            _store(batch, found, asked_at)
            yield batch, found


def by_product_type(asked: Sequence[Asked]) -> dict[int, list[Asked]]:
    """The vendor's calls are about one product type each. Rows that no typed list told of come last, as any type: a
    vendor who refuses that spares the others."""
    alike: dict[int, list[Asked]] = defaultdict(list)
    for row in sorted(asked, key=lambda row: (row.product_type is None, row.product_type or 0)):
        alike[ProductType.ALL.value if row.product_type is None else row.product_type].append(row)
    return alike


def _kept(answer: Expiry, row: Asked) -> Kept:
    """A fixed time wins over days."""
    if (moment := answer.fixed_times.get(row.video_id)) is not None:
        return Kept(None, moment)
    days = answer.days.get(row.video_id)
    if days is None or not 0 <= days <= _MOST_DAYS:
        return UNTOLD
    return after_days(row.created_at, days)


def _store(batch: Sequence[Asked], found: Mapping[int, Kept], asked_at: datetime) -> None:
    """One statement, in the words of both databases. A recording whose main video changed meanwhile, or that was read
    again later, keeps what it has."""
    rows = [(row.id, row.video_id, *found[row.id]) for row in batch if row.id in found]
    if not rows:
        return
    # PostgreSQL takes the columns' types from the first row.
    first = "%s::bigint, %s::bigint, %s::integer, %s::timestamptz" if connection.vendor == "postgresql" else marks(4)
    values = ", ".join([f"({first})", *[f"({marks(4)})"] * (len(rows) - 1)])
    table = Recording._meta.db_table
    statement = (
        f"UPDATE {table} SET valid_days = v.column3, expires_at = v.column4, expiry_read_at = %s "  # noqa: S608
        f"FROM (VALUES {values}) AS v WHERE {table}.id = v.column1 AND {table}.video_id = v.column2 "
        f"AND ({table}.expiry_read_at IS NULL OR {table}.expiry_read_at <= %s)"
    )
    parameters: list[Any] = [stored_time(asked_at)]
    for pk, video_id, days, moment in rows:
        parameters += [pk, video_id, days, None if moment is None else stored_time(moment)]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, stored_time(asked_at)])


def read_stale(client: VendorClient, *, only_new: bool = False, most: int = SLICE) -> Reading:
    """Read what was not read lately, the longest unread first. Vendor trouble ends it, and is said in the answer.

    ``only_new``: those alone that were never asked about.
    """
    reading = Reading()
    never = Q(expiry_read_at=None)
    stale = never if only_new else never | Q(expiry_read_at__lt=timezone.now() - STALE)
    rows = (
        Recording.objects.filter(stale, gone_at=None, video_id__isnull=False, created_at__gte=SINCE)
        .order_by(F("expiry_read_at").asc(nulls_first=True), "pk")
        .values_list("pk", "video_id", "product_type", "created_at")
    )
    waiting = [Asked(*row) for row in rows[:most]]
    stored = 0
    try:
        for batch, found in _read(client, waiting):
            reading.asked += len(batch)
            reading.unreadable += len(batch) - len(found)
            reading.untold += sum(kept == UNTOLD for kept in found.values())
            reading.for_ever += sum(kept == FOR_EVER for kept in found.values())
            stored += len(found)
    except VendorError as error:
        reading.error = str(error)
    reading.dated = stored - reading.untold - reading.for_ever
    reading.more = not reading.error and stored > 0 and len(waiting) == most
    if waiting:
        logger.log(logging.WARNING if reading.error else logging.INFO, "expiry: %s", reading)
    return reading
