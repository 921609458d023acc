"""Preparing a large plan: asking the vendor about each target, in the background, before there is a plan to show.

One at a time an operation, by a key in the cache that ends by itself; what was read is kept with the items, so whoever
takes over goes on where the last one ended. In slices, so that no task runs for long.
"""

from __future__ import annotations

import time

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from playback.models import Operation, OperationItem
from playback.vendor.codes import Lane

from . import dispatch
from .asking import asked
from .plan import batched, by_ids, prepared, rule_of, store

SLICE = 45.0  # s of work a task
HELD = 150  # s, how long the key outlives a killed worker; longer than a slice with its longest call


def prepare(operation_id: int) -> None:
    """Go on asking; once all is known, make the plan. Does nothing for an operation that is not being prepared."""
    key = f"operation-preparation:{operation_id}"
    if not cache.add(key, "1", HELD):
        return
    try:
        complete = _read_some(operation_id)
    finally:
        cache.delete(key)
    if complete is False:
        with transaction.atomic():
            dispatch.send_preparation(operation_id)


def _read_some(operation_id: int) -> bool | None:
    """True when the plan was made, False when there is more to read, None when nobody wants it any more."""
    operation = _preparing(operation_id)
    if operation is None:
        return None
    rule = rule_of(operation)
    until = time.monotonic() + SLICE
    unread = operation.items.filter(outcome=OperationItem.Outcome.PLANNED, known={}).order_by("position")
    waiting = list(unread.values_list("recording_id", flat=True))
    for ids in batched(waiting, rule.kind.read_batch):
        if time.monotonic() > until:
            return False
        if _preparing(operation_id) is None:
            return None
        targets = [facts for facts in by_ids(rule.kind, ids) if facts.gone_at is None or rule.kind.takes_gone]
        found = asked(rule.kind, targets, rule.parameters, Lane.OPERATION)
        with transaction.atomic():
            for pk in ids:
                operation.items.filter(recording=pk).update(known=dict(found.get(pk, {"gone": True})))
    with transaction.atomic():
        ready = Operation.objects.filter(pk=operation.pk, state=Operation.State.PREPARING)
        if ready.update(state=Operation.State.PLANNED, planned_at=timezone.now()):
            store(operation, rule.kind, prepared(operation))
    return True


def _preparing(operation_id: int) -> Operation | None:
    found: Operation | None = (
        Operation.objects.defer("attachment")
        .select_related("undoes")
        .filter(pk=operation_id, state=Operation.State.PREPARING)
        .first()
    )
    return found
