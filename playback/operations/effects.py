"""Which changes at the vendor are our own operations' doing: what ``sync.entries`` asks before it writes them down.

An item explains a change if its call may have been what the vendor shows now: it was begun before these words were
asked for, and not over long before the row's former words (the vendor's lists may lag behind its calls: ``GRACE``; one
that was reported as not shown waits for it as long as it takes).

Where the kind foretells the value (``shows``), the value has to be that one, and it is explained once: who does the
same again is somebody else. Where it only names columns that change (``touches``), they may change in steps, and
"former words" are the last at which the row was known to hold, which is narrower. What was refused did nothing; what
ended unknown may have done it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q

from playback.models import Change, OperationItem
from playback.sync.entries import Question, explain_by
from playback.sync.tables import marks

from . import registry
from .base import OperationKind

Outcome = OperationItem.Outcome
GRACE = timedelta(minutes=10)
# Its call was made, or may have been.
CALLED = (Outcome.RUNNING, Outcome.WORKING, Outcome.DONE, Outcome.UNKNOWN)


Told = tuple[int, int | None, int, str]  # recording, version, operation, field


class Begun(NamedTuple):
    operation_id: int
    kind: OperationKind
    change: Mapping[str, Sequence[Any]]
    begun_at: datetime
    finished_at: datetime | None
    missing: Mapping[str, Any] | None

    def reaches(self, moment: datetime | None) -> bool:
        """Was it not over long before then?"""
        return moment is None or self.finished_at is None or self.finished_at + GRACE >= moment


def explain(questions: Sequence[Question]) -> list[dict[str, int]]:
    """Three queries for all of them; a small one where nothing of ours was done to any of these recordings."""
    recordings = {question.recording_id for question in questions}
    if not _were_operated_on(recordings):
        return [{} for _ in questions]
    begun = _begun(recordings, questions)
    told = _told(begun)
    return [_answer(question, begun.get(question.recording_id, ()), told) for question in questions]


def _were_operated_on(recordings: set[int]) -> bool:
    """Written by hand: most pages of a pass ask only this, a thousand times a pass."""
    wanted = marks(len(recordings))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT 1 FROM {OperationItem._meta.db_table} WHERE recording_id IN ({wanted}))",  # noqa: S608
            [*recordings],
        )
        return bool(cursor.fetchone()[0])


def listen() -> None:
    explain_by(explain)


def _begun(recordings: set[int], questions: Sequence[Question]) -> dict[int, list[Begun]]:
    """The items that may explain any of it, by recording, the latest first."""
    items = OperationItem.objects.filter(
        recording__in=recordings, outcome__in=CALLED, claimed_at__lte=max(each.asked_at for each in questions)
    )
    known = [each.synced_at for each in questions if each.synced_at is not None]
    if len(known) == len(questions):
        lately = Q(finished_at=None) | Q(finished_at__gte=min(known) - GRACE)
        items = items.filter(lately | Q(missing__isnull=False))
    columns = ("recording_id", "operation_id", "operation__kind", "change", "claimed_at", "finished_at", "missing")
    found: dict[int, list[Begun]] = {}
    kinds = registry.kinds()
    for recording, operation, name, *rest in items.order_by("-claimed_at", "-pk").values_list(*columns):
        if name in kinds:  # not one of an earlier release
            found.setdefault(recording, []).append(Begun(operation, kinds[name], *rest))
    return found


def _told(begun: Mapping[int, Sequence[Begun]]) -> set[Told]:
    """What the history says of these operations already."""
    if not begun:
        return set()
    operations = {item.operation_id for items in begun.values() for item in items}
    changes = Change.objects.filter(operation__in=operations, recording__in=begun).order_by()
    columns = ("recording_id", "version__version", "operation_id", "kind", "fields")
    return {
        (recording, version, operation, name)
        for recording, version, operation, kind, fields in changes.values_list(*columns)
        for name in (fields if kind == Change.Kind.VENDOR else ("gone",))
    }


def _answer(question: Question, items: Sequence[Begun], told: set[Told]) -> dict[str, int]:
    ours: dict[str, int] = {}
    for item in items:
        if item.begun_at > question.asked_at or not (item.missing or item.reaches(question.synced_at)):
            continue
        shows = item.kind.shows(item.change)
        touches = item.kind.touches(item.change) if item.reaches(question.last_seen) else ()
        for name, value in question.fields.items():
            # A version shows its recording's publish state and, if it is the main one, its name.
            foretold = [shows[place] for place in ((None, name), (question.version, name)) if place in shows]
            before = (question.recording_id, question.version, item.operation_id, name) in told
            if (value in foretold and not before) or name in touches:
                ours.setdefault(name, item.operation_id)
    return ours
