"""Steering an operation that runs: pause, go on, cancel what has not started. And how long it will still take.

Each is a conditional update of the operation; items that are under way end as they do. A paused operation's tasks find
nothing to begin.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from playback.models import Operation, OperationItem

from . import dispatch, registry, transitions
from .base import OperationInvalid

if TYPE_CHECKING:
    from django.contrib.auth.models import User

State = Operation.State
Outcome = OperationItem.Outcome
BUDGET_SECONDS = 10.0  # the vendor counts calls in any ten seconds
OPEN = (*dispatch.GOING, State.PAUSED)


def may_steer(operation: Operation, user: User | AnonymousUser) -> bool:
    """Whoever asked for it, whoever confirmed it, and those who decide for others."""
    own = user.pk in (operation.user_id, operation.confirmed_by_id)
    return bool(user.is_active and (own or user.has_perm("playback.confirm_any_operation")))


def pause(operation: Operation, user: User | AnonymousUser) -> None:
    """Begin no further item. Raises ``PermissionDenied``, or :class:`OperationInvalid` if it does not run."""
    _check(operation, user)
    if not Operation.objects.filter(pk=operation.pk, state__in=dispatch.GOING).update(state=State.PAUSED):
        raise OperationInvalid({"": _("It is not running any more.")})


def resume(operation: Operation, user: User | AnonymousUser) -> None:
    """Go on. Raises as :func:`pause` does."""
    _check(operation, user)
    with transaction.atomic():
        if not Operation.objects.filter(pk=operation.pk, state=State.PAUSED).update(state=State.RUNNING):
            raise OperationInvalid({"": _("It is not paused.")})
        # Their tasks came while it was paused, and were dropped.
        operation.items.filter(outcome=Outcome.PLANNED, finished_at=None).update(due_at=None)
        dispatch.top_up(operation)
    transitions.close(operation.pk)


def cancel(operation: Operation, user: User | AnonymousUser) -> int:
    """Cancel what has not started; returns how many items those were. Raises as :func:`pause` does."""
    _check(operation, user)
    now = timezone.now()
    with transaction.atomic():
        if not Operation.objects.filter(pk=operation.pk, state__in=OPEN).update(
            state=State.RUNNING, cancelled_at=now, cancelled_by=user.pk
        ):
            raise OperationInvalid({"": _("It is not running any more.")})
        cancelled = operation.items.filter(outcome=Outcome.PLANNED, finished_at=None).update(
            outcome=Outcome.CANCELLED, finished_at=now, due_at=None, reason={}
        )
    transitions.close(operation.pk)
    return cancelled


def _check(operation: Operation, user: User | AnonymousUser) -> None:
    if not may_steer(operation, user):
        raise PermissionDenied


class Outlook(NamedTuple):
    """What is still to be done: vendor calls, and when it should be over (None: nobody can tell)."""

    calls: int
    seconds: float
    end: datetime | None


def outlook(operation: Operation, open_items: int, finished: int = 0) -> Outlook:
    """``seconds`` is what the account's call budget alone takes; the end also heeds the pace so far."""
    kind = registry.kinds().get(operation.kind)
    calls = ceil(open_items * (kind.calls_a_target if kind else 1))
    seconds = calls * BUDGET_SECONDS / max(settings.BAIJIAYUN_CALLS_PER_WINDOW, 1)
    if not open_items or operation.state not in dispatch.GOING or operation.confirmed_at is None:
        return Outlook(calls, seconds, None)
    left = seconds
    if finished >= 20:
        so_far = (timezone.now() - operation.confirmed_at).total_seconds()
        left = max(left, so_far * open_items / finished)
    return Outlook(calls, seconds, timezone.now() + timedelta(seconds=left))
