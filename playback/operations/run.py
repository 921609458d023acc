"""Running items: begin one, call the vendor, save what came of it; or several, where a call takes several.

The vendor is called outside any transaction, between two conditional updates of the item. What an error means for an
item follows from its class alone (:func:`_judge`): refused calls changed nothing, unsent ones are tried again, lost
answers are settled by reading (``settle``).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from django.core.exceptions import PermissionDenied

from playback.models import WHOLE, OperationItem, TrashEntry
from playback.vendor.client import VendorClient
from playback.vendor.errors import (
    VendorError,
    VendorGone,
    VendorMisconfigured,
    VendorOutcomeUnknown,
    VendorRateLimited,
    VendorUnreachable,
)

from . import limits, registry, transitions
from .base import Answer, OperationKind, Refusal, Target, Working
from .plan import check_permission
from .reach import client_for, refresh, target_of
from .reasons import from_vendor, reason

Outcome = OperationItem.Outcome


def run_item(item_id: int) -> None:
    """Begin one waiting item and see it through. Does nothing if it is not waiting (any more).

    An exception that is no ``VendorError`` is a defect; it goes up, and the item, still claimed, is settled by
    reading once its lease has ended: the call may have been sent.
    """
    run_batch([item_id])


def run_batch(item_ids: Sequence[int]) -> None:
    """As :func:`run_item`, for items of one operation that go in one call."""
    items = [item for item_id in item_ids if (item := _begun(item_id)) is not None]
    if not items:
        return
    kind = registry.get(items[0].operation.kind)
    try:
        client = client_for(items[0])
    except VendorError as error:
        for item in items:
            _judge(item, error)
        return
    if kind.batch > 1:
        _call(client, kind, items)
    else:
        for item in items:
            _call(client, kind, [item])


def _begun(item_id: int) -> OperationItem | None:
    """The item, claimed, unless it ends before its call."""
    try:
        item = transitions.begin(item_id)
    except transitions.Busy:
        transitions.wait_for_other(item_id)
        return None
    if item is None:
        return None
    operation = item.operation
    kind = registry.get(operation.kind)
    if not operation.automatic:
        try:
            check_permission(kind, operation.user, undoing=operation.undoes_id is not None)
        except PermissionDenied:
            transitions.finish(item, Outcome.REFUSED, reason("not_permitted"))
            return None
    if item.recording is None and not kind.targetless:
        transitions.finish(item, Outcome.REFUSED, reason("gone"))
        return None
    if not kind.takes_trashed and _is_trashed(item):
        transitions.finish(item, Outcome.REFUSED, reason("in_trash"))
        return None
    return item


def _is_trashed(item: OperationItem) -> bool:
    """It may have been put there since the plan was confirmed."""
    return TrashEntry.objects.filter(recording=item.recording_id, version=WHOLE, ended_at=None).exists()


def _call(client: VendorClient, kind: OperationKind, items: Sequence[OperationItem]) -> None:
    targets = [target_of(item) for item in items]
    answers: Sequence[Answer | VendorError]
    try:
        answers = kind.apply_batch(client, targets) if kind.batch > 1 else [kind.apply(client, targets[0])]
    except VendorError as error:
        answers = [error] * len(items)
    for item, target, answer in zip(items, targets, answers, strict=True):
        if not isinstance(answer, VendorError):
            _answered(client, kind, item, target, answer)
            continue
        _judge(item, answer)
        if isinstance(answer, VendorGone):
            refresh(client, item)


def _answered(client: VendorClient, kind: OperationKind, item: OperationItem, target: Target, answer: Answer) -> None:
    if isinstance(answer, Working):
        transitions.leave_working(item, answer.note or reason("vendor_works"), kind.poll_seconds)
        return
    if isinstance(answer, Refusal):
        ended = transitions.finish(item, Outcome.REFUSED, answer.reason)
    else:
        ended = transitions.finish(item, Outcome.DONE, note=answer, also=partial(kind.ended, target))
    if ended and kind.refreshes:
        refresh(client, item)


def _judge(item: OperationItem, error: VendorError) -> None:
    """What an error of the vendor call means for the item."""
    match error:
        case VendorRateLimited() | VendorUnreachable():  # nothing was done
            limited = isinstance(error, VendorRateLimited)
            if item.attempts >= limits.ATTEMPTS:
                why = from_vendor("rate_limited" if limited else "unreachable", error)
                transitions.finish(item, Outcome.REFUSED, why)
            else:
                transitions.give_back(item, reason("waiting_unreachable"), limits.back_off(item.attempts))
        case VendorOutcomeUnknown():
            transitions.leave_unknown(item, from_vendor("answer_lost", error))
        case VendorGone():
            transitions.finish(item, Outcome.REFUSED, from_vendor("gone", error))
        case VendorMisconfigured():
            transitions.finish(item, Outcome.REFUSED, from_vendor("misconfigured", error))
        case _:
            transitions.finish(item, Outcome.REFUSED, from_vendor("refused", error))
