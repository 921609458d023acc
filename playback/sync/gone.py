"""What a full run concludes about rows that it did not meet.

A row is a candidate when it was there before the run began, was not stored since, and no page had it. Whether a
candidate is gone depends on how the list behaved:

- it stood still (the same total in every answer, as many different rows as the total says, nothing new below the
  first page): the list is believed;
- it moved: a removed row shifts an unread one onto a page that was read already, so every candidate is looked up
  alone, up to ``LOOKUPS`` of them; more than that, and nothing may be concluded.

Then the share rule: more than ``SYNC_GONE_SHARE`` of the kind's live rows asks a person. ``FLOOR`` rows may always go
(one of three would else wait for ever), but never because of a list that is wholly empty: that is what a fault looks
like.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from playback.models import Mirror, Recording, Room, SyncRun, Version

from . import history
from .seen import Seen

LOOKUPS = 200
FLOOR = 5
_CHUNK = 500
_READ = 10_000


def candidates(model: type[Mirror], since: datetime) -> QuerySet[Any]:
    """Live rows that the run should have met. A room that only a recording told of was never in the room list."""
    untouched = Q(synced_at__lt=since)
    if model is not Room:
        untouched |= Q(synced_at=None)
    return model.objects.filter(untouched, gone_at=None, first_seen_at__lt=since)


def absent(model: type[Mirror], seen: Seen, since: datetime) -> Iterator[list[int]]:
    """Primary keys of the candidates that were not seen, in chunks, in order; flat in memory.

    Usually all were seen: long stretches of which that is known are not read.
    """
    chunk: list[int] = []
    start = 0
    for run in (*seen.runs(_READ), None):
        for pk in _keys(candidates(model, since), start, run.start if run else None):
            if pk not in seen:
                chunk.append(pk)
                if len(chunk) == _CHUNK:
                    yield chunk
                    chunk = []
        start = run.stop if run else 0
    if chunk:
        yield chunk


def _keys(rows: QuerySet[Any], start: int, stop: int | None) -> Iterator[int]:
    """Primary keys from ``start`` until before ``stop``, in order."""
    rows = rows.order_by("pk") if stop is None else rows.filter(pk__lt=stop).order_by("pk")
    last = start - 1
    while read := list(rows.filter(pk__gt=last).values_list("pk", flat=True)[:_READ]):
        yield from read
        last = read[-1]
        if len(read) < _READ:
            return


def too_many(model: type[Mirror], going: int, *, list_is_empty: bool, allowed: int) -> bool:
    """``allowed`` is what a person let go (0: nobody was asked)."""
    if going == 0 or going <= allowed:
        return False
    live = model.objects.live().count()
    bound = 0 if list_is_empty else max(FLOOR, int(live * settings.SYNC_GONE_SHARE))
    return going > bound


def mark(model: type[Mirror], keys: Sequence[int], since: datetime, run: SyncRun | None = None) -> int:
    """Mark rows as gone, unless they were stored since; a recording takes its versions along. Answers how many.

    It is history, in the same transaction: the caller's.
    """
    now = timezone.now()
    marked: int = candidates(model, since).filter(pk__in=keys).update(gone_at=now)
    if marked:
        gone = list(model.objects.filter(pk__in=keys, gone_at=now).order_by("pk").values_list("pk", flat=True))
        history.note_gone(history.TABLES[model], gone, now, run)
        if model is Recording:
            take_along(gone, now, run)
    return marked


def take_along(recordings: Sequence[int], gone_at: datetime, run: SyncRun | None = None) -> None:
    """The versions of recordings that are gone."""
    versions = Version.objects.filter(recording__in=recordings, gone_at=None)
    keys = list(versions.order_by("pk").values_list("pk", flat=True))
    Version.objects.filter(pk__in=keys, gone_at=None).update(gone_at=gone_at)
    history.note_gone(history.TABLES[Version], keys, gone_at, run, echo=True)
