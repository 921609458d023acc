"""Unknown items: find out from the vendor what became of a call whose answer was lost.

A call that may be repeated is begun again if the vendor shows no change. One that may not (a delete) is never sent a
second time: the vendor gets time to finish it, and only then is it said to have changed nothing.
"""

from __future__ import annotations

from django.utils import timezone

from playback.models import OperationItem
from playback.vendor.errors import VendorError, VendorGone

from . import limits, registry, transitions
from .reach import client_for, refresh, target_of
from .reasons import from_vendor, reason

Outcome = OperationItem.Outcome


def settle_item(item_id: int) -> None:
    """Ask the vendor about one unknown item. Does nothing if it is not unknown, or being asked about."""
    item = transitions.begin_settling(item_id)
    if item is None:
        return
    kind = registry.get(item.operation.kind)
    if item.recording is None:
        transitions.finish(item, Outcome.UNKNOWN, reason("never_settled"))
        return
    elapsed = (timezone.now() - item.claimed_at).total_seconds() if item.claimed_at else limits.GIVE_UP
    try:
        client = client_for(item)
        done = kind.settle(client, target_of(item))
    except VendorGone as error:
        if transitions.finish(item, Outcome.REFUSED, from_vendor("gone", error)):
            refresh(client, item)
        return
    except VendorError as error:
        if elapsed >= limits.GIVE_UP:
            transitions.finish(item, Outcome.UNKNOWN, from_vendor("never_settled", error))
        else:
            transitions.leave_unknown(item, item.reason)
        return
    if done:
        ended = transitions.finish(item, Outcome.DONE, reason(kind.settled))
    elif kind.repeatable and item.attempts < limits.ATTEMPTS:
        transitions.give_back(item, reason("answer_lost"), limits.back_off(item.attempts))
        return
    elif kind.repeatable:
        ended = transitions.finish(item, Outcome.REFUSED, reason("no_change_after_tries"))
    elif elapsed < limits.patience():
        transitions.leave_unknown(item, item.reason)
        return
    else:
        ended = transitions.finish(item, Outcome.REFUSED, reason("no_change"))
    if ended and kind.refreshes:
        refresh(client, item)
