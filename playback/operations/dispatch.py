"""Bringing items to the workers: the only place that sends a task of the engine.

An operation of 20,000 items has only a window of them with the broker at a time: one that is paused, cancelled or
followed by another then matters within seconds, and a broker that is lost loses little. The window is filled again
every few items and by the tending task. Sending twice is harmless: an item is begun by whoever claims it first.
A kind whose call takes several targets gets its items in batches, a task each.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial

from celery import current_app
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from playback.models import Operation, OperationItem
from playback.vendor.codes import Lane

from . import limits, registry

logger = logging.getLogger("playback.operations")

RUN = "playback.operations.run_item"
RUN_BATCH = "playback.operations.run_batch"
SETTLE = "playback.operations.settle_item"
PREPARE = "playback.operations.prepare"
Outcome = OperationItem.Outcome
GOING = (Operation.State.QUEUED, Operation.State.RUNNING)


def send(task: str, lane: str, items: Iterable[int | list[int]], wait: float = 0.0) -> None:
    """Send a task an item after the commit. A broker that cannot be reached is logged and no more: tending sends
    again."""
    if arguments := list(items):
        transaction.on_commit(partial(_send_all, task, lane, arguments, wait))


def send_preparation(operation_id: int) -> None:
    send(PREPARE, Lane.OPERATION.value, [operation_id])


def _send_all(task: str, lane: str, items: Sequence[int | list[int]], wait: float) -> None:
    try:
        with current_app.producer_pool.acquire(block=True) as producer:
            for item in items:
                current_app.send_task(
                    task,
                    args=[item],
                    queue=lane,
                    countdown=wait or None,
                    producer=producer,
                    retry_policy={"max_retries": 1, "interval_start": 0.2},
                )
    except OperationalError as error:
        logger.error("the broker cannot be reached, %s tasks wait for the next tending: %s", len(items), error)  # noqa: TRY400


def top_up(operation: Operation) -> int:
    """Fill the operation's window; returns how many items were sent.

    An item of the window has a ``due_at`` ahead; one whose ``due_at`` has passed unheard counts as lost and is sent
    again. The rows are marked by one conditional UPDATE, so that two who fill at once send each item once.
    """
    now = timezone.now()
    kind = registry.kinds().get(operation.kind)
    batch = kind.batch if kind else 1
    waiting = OperationItem.objects.filter(
        operation=operation, operation__state__in=GOING, outcome=Outcome.PLANNED, finished_at=None
    )
    room = max(limits.WINDOW, limits.BATCHES * batch) - waiting.filter(due_at__gt=now).count()
    if room <= 0:
        return 0
    free = Q(due_at=None) | Q(due_at__lte=now)
    with transaction.atomic():
        chosen = list(
            waiting.filter(free)
            .order_by("position")
            .select_for_update(skip_locked=True, of=("self",))
            .values_list("pk", flat=True)[:room]
        )
        OperationItem.objects.filter(pk__in=chosen).update(due_at=now + timedelta(seconds=limits.grace()))
        if batch > 1:
            send(RUN_BATCH, operation.lane, [chosen[i : i + batch] for i in range(0, len(chosen), batch)])
        else:
            send(RUN, operation.lane, chosen)
    return len(chosen)
