"""What the admin, the command line and the tasks call: plan, confirm, discard, count, run and settle an item.

Confirming is one conditional update; nothing of an operation lives outside the database, so a double click, a second
person or a killed process changes nothing about what runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from playback.models import Operation, OperationItem

from . import dispatch
from .base import OperationInvalid, OperationKind, PlanChanged
from .plan import again, check_permission, kind_of, plan, store, summary
from .run import run_item
from .settle import settle_item

if TYPE_CHECKING:
    from django.contrib.auth.models import User

__all__ = ["confirm", "counts", "discard", "plan", "plan_summary", "run_item", "settle_item"]

State = Operation.State
Outcome = OperationItem.Outcome
plan_summary = summary


def confirm(
    operation: Operation,
    user: User | AnonymousUser,
    typed_count: int | None = None,
    seen_plan: str | None = None,
) -> Operation:
    """Let a stored plan run, exactly once.

    The plan is made anew from the mirror first. If it came out otherwise, or another plan than the shown one is stored
    (``seen_plan``: its ``planned_at`` in ISO format), nothing runs: the new plan is stored and :class:`PlanChanged`
    says what is different. Raises ``PermissionDenied``, or :class:`OperationInvalid` when there is nothing to confirm
    (any more) or the typed number is wrong.
    """
    operation = Operation.objects.defer("attachment").get(pk=operation.pk)
    kind = kind_of(operation.kind)
    _check_may_decide(operation, kind, user)
    if operation.state != State.PLANNED:
        raise OperationInvalid({"": _already(operation)})
    lines, differences = again(operation, kind)
    if differences:
        with transaction.atomic():
            if not _still_planned(operation).update(planned_at=timezone.now()):
                raise OperationInvalid({"": _("Somebody else has just changed or confirmed this.")})
            store(operation, kind, lines)
        raise PlanChanged(differences)
    if seen_plan is not None and seen_plan != operation.planned_at.isoformat():
        raise PlanChanged([])
    planned = operation.items.filter(outcome=Outcome.PLANNED).count()
    if not planned:
        raise OperationInvalid({"": _("There is nothing to do: every recording is skipped.")})
    if kind.destructive and typed_count != planned:
        raise OperationInvalid({"typed_count": _("Type the number of recordings: %(count)s.") % {"count": planned}})
    with transaction.atomic():
        if not _still_planned(operation).update(
            state=State.QUEUED, confirmed_at=timezone.now(), confirmed_by_id=user.pk
        ):
            raise OperationInvalid({"": _("Somebody else has just changed or confirmed this.")})
        operation.refresh_from_db(fields=["state", "confirmed_at", "confirmed_by"])
        dispatch.top_up(operation)
    return operation


def discard(operation: Operation, user: User | AnonymousUser) -> None:
    """Throw an unconfirmed plan away. Raises as :func:`confirm` does."""
    operation = Operation.objects.defer("attachment").get(pk=operation.pk)
    _check_may_decide(operation, kind_of(operation.kind), user)
    if not Operation.objects.filter(pk=operation.pk, state=State.PLANNED).delete()[0]:
        operation.refresh_from_db(fields=["state", "confirmed_at"])
        raise OperationInvalid({"": _already(operation)})


def counts(operation: Operation) -> dict[str, int]:
    """Items by outcome, from one query; every outcome is present."""
    found = dict(operation.items.order_by().values_list("outcome").annotate(Count("id")))
    return {outcome: found.get(outcome, 0) for outcome in Outcome.values}


def _still_planned(operation: Operation) -> Any:
    """For a conditional update: the plan as it was read, unconfirmed."""
    return Operation.objects.filter(pk=operation.pk, state=State.PLANNED, planned_at=operation.planned_at)


def _check_may_decide(operation: Operation, kind: OperationKind, user: User | AnonymousUser) -> None:
    check_permission(kind, user)
    if operation.user_id != user.pk and not user.has_perm("playback.confirm_any_operation"):
        raise PermissionDenied


def _already(operation: Operation) -> str:
    if operation.state == State.PLANNED:
        return _("Somebody else has just changed or confirmed this.")
    return _("This was already confirmed.") if operation.confirmed_at else _("This was already discarded.")
