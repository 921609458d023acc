"""The engine's housekeeping, every few seconds: whatever was lost on the way is taken up again.

Tasks and brokers may be lost at any moment; what is to be done stands in the database. An item is taken up when
nothing was heard of it until its ``due_at``.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.utils import timezone

from playback.models import Operation, OperationItem

from . import dispatch, limits, transitions
from .reasons import reason

logger = logging.getLogger("playback.operations")
Outcome = OperationItem.Outcome


def tend() -> None:
    """Look after every open item once. Two at a time do no harm."""
    now = timezone.now()
    unheard = OperationItem.objects.filter(finished_at=None, due_at__lte=now)
    lost = unheard.filter(outcome=Outcome.RUNNING).update(
        outcome=Outcome.UNKNOWN, claim=None, due_at=now, reason=reason("worker_lost")
    )
    if lost:
        logger.warning("%s items lost their worker", lost)
    _settle_again(now)
    for operation in Operation.objects.filter(state__in=dispatch.GOING).defer("attachment"):
        if not transitions.close(operation.pk):
            dispatch.top_up(operation)
    for operation_id in Operation.objects.filter(state=Operation.State.PREPARING).values_list("pk", flat=True):
        dispatch.send_preparation(operation_id)
    Operation.objects.filter(
        state__in=[Operation.State.PLANNED, Operation.State.PREPARING],
        planned_at__lt=now - timedelta(seconds=limits.KEEP_PLANS),
    ).delete()


def _settle_again(now: datetime) -> None:
    asked = OperationItem.objects.filter(
        outcome__in=[Outcome.UNKNOWN, Outcome.WORKING], finished_at=None, due_at__lte=now
    )
    by_lane: dict[str, list[int]] = {}
    for pk, lane in asked.order_by("due_at").values_list("pk", "operation__lane")[: limits.WINDOW]:
        by_lane.setdefault(lane, []).append(pk)
    for lane, items in by_lane.items():
        # A dead asker's claim ends here too: the question may be put again.
        asked.filter(pk__in=items).update(due_at=timezone.now() + timedelta(seconds=limits.grace()), claim=None)
        dispatch.send(dispatch.SETTLE, lane, items)
