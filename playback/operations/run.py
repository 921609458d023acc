"""Running one item: begin it, call the vendor, save what came of it.

The vendor is called outside any transaction, between two conditional updates of the item. What an error means for an
item follows from its class alone (:func:`_judge`): refused calls changed nothing, unsent ones are tried again, lost
answers are settled by reading (``settle``).
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from playback.models import OperationItem
from playback.vendor.errors import (
    VendorError,
    VendorGone,
    VendorMisconfigured,
    VendorOutcomeUnknown,
    VendorRateLimited,
    VendorUnreachable,
)

from . import limits, registry, transitions
from .plan import check_permission
from .reach import client_for, refresh, target_of
from .reasons import from_vendor, reason

Outcome = OperationItem.Outcome


def run_item(item_id: int) -> None:
    """Begin one waiting item and see it through. Does nothing if it is not waiting (any more).

    An exception that is no ``VendorError`` is a defect; it goes up, and the item, still claimed, is settled by
    reading once its lease has ended: the call may have been sent.
    """
    try:
        item = transitions.begin(item_id)
    except transitions.Busy:
        transitions.wait_for_other(item_id)
        return
    if item is None:
        return
    kind = registry.get(item.operation.kind)
    try:
        check_permission(kind, item.operation.user)
    except PermissionDenied:
        transitions.finish(item, Outcome.REFUSED, reason("not_permitted"))
        return
    if item.recording is None:
        transitions.finish(item, Outcome.REFUSED, reason("gone"))
        return
    try:
        client = client_for(item)
        noted = kind.apply(client, target_of(item))
    except VendorError as error:
        _judge(item, error)
        if isinstance(error, VendorGone):
            refresh(client, item)
        return
    if transitions.finish(item, Outcome.DONE, note=noted) and kind.refreshes:
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
