"""What the admin, the command line and the tasks call: plan, confirm, discard, steer, run and settle.

Confirming is one conditional update; nothing of an operation lives outside the database, so a double click, a second
person or a killed process changes nothing about what runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from playback.models import Operation, OperationItem

from . import dispatch, registry
from .base import OperationInvalid, OperationKind, PlanChanged
from .control import cancel, may_steer, outlook, pause, resume
from .plan import again, check_permission, kind_of, plan, plan_retry, plan_undo, store, summary
from .prepare import prepare
from .run import run_batch, run_item
from .settle import settle_item

if TYPE_CHECKING:
    from django.contrib.auth.models import User

__all__ = [
    "cancel",
    "confirm",
    "counts",
    "discard",
    "may_steer",
    "outlook",
    "pause",
    "plan",
    "plan_anew",
    "plan_retry",
    "plan_summary",
    "plan_undo",
    "prepare",
    "resume",
    "run_automatically",
    "run_batch",
    "run_item",
    "settle_item",
    "undoable",
    "unread",
]

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
    operation = _read(operation)
    kind = kind_of(operation.kind)
    _check_may_decide(operation, kind, user)
    if operation.state != State.PLANNED:
        raise OperationInvalid({"": _already(operation)})
    lines, differences = again(operation)
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
    if kind.destructive and not operation.undoes_id and typed_count != planned:
        raise OperationInvalid({"typed_count": _("Type the number of recordings: %(count)s.") % {"count": planned}})
    _start(operation, user.pk)
    return operation


def plan_anew(operation: Operation, user: User | AnonymousUser) -> Operation:
    """An unconfirmed plan once more, asking the vendor for what it did not tell when the plan was made. Raises as
    :func:`confirm` does."""
    operation = _read(operation)
    kind = kind_of(operation.kind)
    _check_may_decide(operation, kind, user)
    at_once = operation.items.count() <= kind.read_batch
    lines = again(operation)[0] if at_once else []
    with transaction.atomic():
        state = State.PLANNED if at_once else State.PREPARING
        if not _still_planned(operation).update(planned_at=timezone.now(), state=state):
            raise OperationInvalid({"": _already(operation)})
        if at_once:
            store(operation, kind, lines)
        else:
            unread(operation).update(outcome=Outcome.PLANNED, known={}, reason={}, finished_at=None)
            dispatch.send_preparation(operation.pk)
    operation.refresh_from_db(fields=["state", "planned_at"])
    return operation


def unread(operation: Operation) -> QuerySet[OperationItem]:
    """What a plan skips because the vendor could not be asked about it."""
    return operation.items.filter(outcome=Outcome.SKIPPED, known__has_key="unread")


def run_automatically(operation: Operation) -> Operation | None:
    """Start what the schedule planned (``automatic``) at once; None where there was nothing to do."""
    if not operation.automatic:
        raise PermissionDenied
    if not operation.items.filter(outcome=Outcome.PLANNED).exists():
        operation.delete()
        return None
    _start(operation, None)
    return operation


def _start(operation: Operation, user_id: int | None) -> None:
    with transaction.atomic():
        if not _still_planned(operation).update(
            state=State.QUEUED, confirmed_at=timezone.now(), confirmed_by_id=user_id
        ):
            raise OperationInvalid({"": _("Somebody else has just changed or confirmed this.")})
        operation.refresh_from_db(fields=["state", "confirmed_at", "confirmed_by"])
        dispatch.top_up(operation)


def discard(operation: Operation, user: User | AnonymousUser) -> None:
    """Throw an unconfirmed plan away. Raises as :func:`confirm` does."""
    operation = _read(operation)
    _check_may_decide(operation, kind_of(operation.kind), user)
    if not Operation.objects.filter(pk=operation.pk, state__in=[State.PLANNED, State.PREPARING]).delete()[0]:
        operation.refresh_from_db(fields=["state", "confirmed_at"])
        raise OperationInvalid({"": _already(operation)})


def counts(operation: Operation) -> dict[str, int]:
    """Items by outcome, from one query; every outcome is present."""
    found = dict(operation.items.order_by().values_list("outcome").annotate(Count("id")))
    return {outcome: found.get(outcome, 0) for outcome in Outcome.values}


def undoable(operation: Operation) -> bool:
    """Has it done anything that can be put back, as far as the kind goes?"""
    kind = registry.kinds().get(operation.kind)
    over = operation.state in (State.DONE, State.CANCELLED)
    return bool(kind and kind.undoable and over and operation.items.filter(outcome=Outcome.DONE).exists())


def _read(operation: Operation) -> Operation:
    read: Operation = Operation.objects.defer("attachment").select_related("undoes").get(pk=operation.pk)
    return read


def _still_planned(operation: Operation) -> Any:
    """For a conditional update: the plan as it was read, unconfirmed."""
    return Operation.objects.filter(pk=operation.pk, state=State.PLANNED, planned_at=operation.planned_at)


def _check_may_decide(operation: Operation, kind: OperationKind, user: User | AnonymousUser) -> None:
    check_permission(kind, user, undoing=operation.undoes_id is not None)
    if operation.user_id != user.pk and not user.has_perm("playback.confirm_any_operation"):
        raise PermissionDenied


def _already(operation: Operation) -> str:
    if operation.state == State.PREPARING:
        return _("The plan is not ready yet.")
    if operation.state == State.PLANNED:
        return _("Somebody else has just changed or confirmed this.")
    return _("This was already confirmed.") if operation.confirmed_at else _("This was already discarded.")
