"""Deleting at the vendor what is due in the trash: looked for every few minutes, deleted by the engine like all else.

Nothing is deleted here. What is due and has nothing in its way becomes an ``automatic`` operation, whose items look at
the vendor once more before their call: an entry that was restored, held or published meanwhile is left alone. A delete
that failed is tried again after an hour, then two, at most a day apart; the trash page says why.

A recording that had no publish state yet when it was put into the trash is published by the vendor as soon as its
transcoding succeeds. It is blocked then, and its days in the trash begin anew: nobody could look at it before.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from playback.models import WHOLE, Recording, TrashEntry, Version
from playback.vendor.codes import PublishStatus

from . import execute, trash
from .plan import batched

logger = logging.getLogger("playback.operations")
MOST = 500  # entries a kind and round


def tend_trash() -> None:
    """One round. Two at a time do no harm."""
    now = timezone.now()
    _close_gone(now)
    still = TrashEntry.objects.filter(ended_at=None, recording__gone_at=None, recording__held_at=None)
    whole = still.filter(version=WHOLE)
    published = Q(recording__publish_status=PublishStatus.PUBLISHED, recording__synced_at__gte=F("put_at"))
    if unblocked := _ready(whole.filter(published, former_publish_status=None), "trash_unblocked", now):
        _begin("trash", unblocked, {})
    if due := _ready(whole.filter(due_at__lte=now).exclude(published), "trash_due", now):
        _begin("delete", due, {"due": True})
    versions = still.filter(due_at__lte=now).exclude(version=WHOLE)
    versions = versions.exclude(version=F("recording__main_version"))
    if due := _one_each(_ready(versions, "trash_due", now)):
        _begin("delete_version", due, {"due": True, "versions": {str(e.recording_id): [e.version] for e in due}})


def _close_gone(now: datetime) -> None:
    """What the vendor no longer has needs no delete: the entry has come to its end."""
    gone_version = Version.objects.filter(
        recording=OuterRef("recording"), version=OuterRef("version"), gone_at__isnull=False
    )
    due = TrashEntry.objects.filter(ended_at=None, due_at__lte=now)
    gone = due.filter(Q(recording__gone_at__isnull=False) | Exists(gone_version))
    gone.update(ended_at=now, ended_as=TrashEntry.End.DELETED)


def _ready(found: QuerySet[TrashEntry], code: str, now: datetime) -> list[TrashEntry]:
    """Those that stand so, the longest due first. Failing ones in front do not hide the others."""
    ready: list[TrashEntry] = []
    for some in batched(found.select_related("recording").order_by("due_at", "pk").iterator(chunk_size=MOST), MOST):
        standing = trash.standings(some, now)
        ready += [entry for entry in some if standing[entry.pk].code == code]
        if len(ready) >= MOST:
            break
    return ready[:MOST]


def _one_each(entries: Sequence[TrashEntry]) -> list[TrashEntry]:
    """One version a recording: an item is one call. The others' turn comes in the next round."""
    first: dict[int, TrashEntry] = {}
    for entry in entries:
        first.setdefault(entry.recording_id, entry)
    return list(first.values())


def _begin(kind: str, entries: Sequence[TrashEntry], parameters: Mapping[str, Any]) -> None:
    """Plan and start it, marked on the entries, all or nothing. Entries that somebody else is at are left to them."""
    seen = {entry.pk: entry.operation_id for entry in entries}
    with transaction.atomic():
        locked = TrashEntry.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk__in=seen, ended_at=None)
        ours = [entry for entry in locked if entry.operation_id == seen[entry.pk]]
        if not ours:
            return
        recordings = Recording.objects.filter(pk__in=[entry.recording_id for entry in ours]).order_by("pk")
        operation = execute.plan(kind, None, recordings, parameters, automatic=True)
        TrashEntry.objects.filter(pk__in=[entry.pk for entry in ours]).update(operation=operation)
        begun = execute.run_automatically(operation)
    if begun is not None:
        logger.info("trash: %s for %s entries, operation=%s", kind, len(ours), begun.uuid)
