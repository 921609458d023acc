"""The states of an item, each change one conditional UPDATE: whoever loses the race writes nothing.

planned → running → done, refused, working or unknown; unknown and working → done or refused; unknown → planned again.
A waiting item may be cancelled. ``claim`` is the right to write
the outcome: it is given to one worker, and taken from it when its lease ends (``due_at`` in the past).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.utils import timezone

from playback.models import Operation, OperationItem

from . import dispatch, limits
from .reasons import Reason

logger = logging.getLogger("playback.operations")
Outcome = OperationItem.Outcome


class Busy(Exception):
    """Another open item holds the recording."""


def begin(item_id: int) -> OperationItem | None:
    """Claim a waiting item and return it, or None if there is nothing to begin. Raises :class:`Busy`."""
    now = timezone.now()
    going = Operation.objects.filter(state__in=dispatch.GOING).values("pk")
    try:
        with transaction.atomic():
            won = OperationItem.objects.filter(
                pk=item_id, outcome=Outcome.PLANNED, finished_at=None, operation_id__in=going
            ).update(
                outcome=Outcome.RUNNING,
                claim=uuid4(),
                claimed_at=now,
                due_at=now + timedelta(seconds=limits.lease()),
                attempts=F("attempts") + 1,
            )
    except IntegrityError:
        raise Busy from None
    if not won:
        return None
    item = _read(item_id)
    Operation.objects.filter(pk=item.operation_id, state=Operation.State.QUEUED).update(state=Operation.State.RUNNING)
    return item


def begin_settling(item_id: int) -> OperationItem | None:
    """Claim an item that is unknown, or that the vendor works on, and that nobody is asking about (any more)."""
    now = timezone.now()
    won = (
        OperationItem.objects.filter(pk=item_id, outcome__in=[Outcome.UNKNOWN, Outcome.WORKING], finished_at=None)
        .filter(Q(claim=None) | Q(due_at__lte=now))
        .update(claim=uuid4(), due_at=now + timedelta(seconds=limits.lease()))
    )
    return _read(item_id) if won else None


def _read(item_id: int) -> OperationItem:
    return (
        OperationItem.objects.select_related("operation__user", "recording", "operation__undoes")
        .defer("operation__attachment", "operation__undoes__attachment")  # up to 2 MB, the same for every item
        .get(pk=item_id)
    )


def finish(
    item: OperationItem,
    outcome: str,
    reason: Reason | None = None,
    note: Reason | None = None,
    also: Callable[[], None] | None = None,
) -> bool:
    """Write how it ended. False if the claim was lost: somebody else ends it.

    ``also`` is done in the same transaction, if the item is done.
    """
    values = {
        "outcome": outcome,
        "reason": reason or {},
        "note": note or item.note,
        "finished_at": timezone.now(),
        "due_at": None,
    }
    with transaction.atomic():
        won = _write(item, values)
        if won and outcome == Outcome.DONE and also is not None:
            also()
    return won and _after(item)


def give_back(item: OperationItem, reason: Reason, wait: float) -> bool:
    """Back to waiting, to be begun again after ``wait`` seconds."""
    with transaction.atomic():
        won = _write(item, {"outcome": Outcome.PLANNED, "reason": reason, "due_at": _unheard(wait)})
        if won:
            dispatch.send(dispatch.RUN, item.operation.lane, [item.pk], wait)
    return won


def leave_working(item: OperationItem, note: Reason | None, first: float) -> bool:
    """The vendor took the call and works on it: to be looked at from time to time."""
    begun = item.claimed_at or timezone.now()
    wait = limits.poll_wait(first, (timezone.now() - begun).total_seconds())
    with transaction.atomic():
        won = _write(item, {"outcome": Outcome.WORKING, "reason": note or {}, "due_at": _unheard(wait)})
        if won:
            dispatch.send(dispatch.SETTLE, item.operation.lane, [item.pk], wait)
    return won


def leave_unknown(item: OperationItem, reason: Reason) -> bool:
    """Nobody knows what the vendor did: to be settled, soon at first and then ever more rarely."""
    begun = item.claimed_at or timezone.now()
    wait = limits.settle_wait((timezone.now() - begun).total_seconds())
    with transaction.atomic():
        won = _write(item, {"outcome": Outcome.UNKNOWN, "reason": reason, "due_at": _unheard(wait)})
        if won:
            dispatch.send(dispatch.SETTLE, item.operation.lane, [item.pk], wait)
    return won


def wait_for_other(item_id: int) -> None:
    """The recording is held by another operation: look again a little later. That costs no attempt."""
    lane = Operation.objects.filter(items=item_id).values_list("lane", flat=True).first()
    if lane is not None:
        due = _unheard(limits.CONFLICT_WAIT)
        with transaction.atomic():
            if OperationItem.objects.filter(pk=item_id, outcome=Outcome.PLANNED, finished_at=None).update(due_at=due):
                dispatch.send(dispatch.RUN, lane, [item_id], limits.CONFLICT_WAIT)


def note(item: OperationItem, noted: Reason) -> None:
    """Something beside an outcome that stands."""
    OperationItem.objects.filter(pk=item.pk).update(note=noted)


def close(operation_id: int) -> bool:
    """An operation without open items is over: done, or cancelled if somebody cancelled it. True for who closed it."""
    still_open = OperationItem.objects.filter(operation=OuterRef("pk"), finished_at=None)
    return bool(
        Operation.objects.filter(
            ~Exists(still_open), pk=operation_id, state__in=[*dispatch.GOING, Operation.State.PAUSED]
        ).update(
            state=Case(
                When(cancelled_at__isnull=False, then=Value(Operation.State.CANCELLED)),
                default=Value(Operation.State.DONE),
            ),
            finished_at=timezone.now(),
        )
    )


def _write(item: OperationItem, values: Mapping[str, Any]) -> bool:
    won = OperationItem.objects.filter(pk=item.pk, claim=item.claim, finished_at=None).update(**values, claim=None)
    logger.info(
        "operation=%s kind=%s item=%s recording=%s outcome=%s reason=%s attempts=%s%s",
        item.operation.uuid,
        item.operation.kind,
        item.pk,
        item.recording_id,
        values["outcome"],
        values["reason"].get("code", "-"),
        item.attempts,
        "" if won else " claim=lost",
    )
    return bool(won)


def _after(item: OperationItem) -> bool:
    if not close(item.operation_id) and item.position % limits.TOP_UP_EVERY == limits.TOP_UP_EVERY - 1:
        dispatch.top_up(item.operation)
    return True


def _unheard(wait: float) -> Any:
    return timezone.now() + timedelta(seconds=wait + limits.grace())
