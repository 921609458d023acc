"""Unknown items: find out from the vendor what became of a call whose answer was lost.

A call that may be repeated is begun again if the vendor shows no change. One that may not (a delete) is never sent a
second time: the vendor gets time to finish it, and only then is it said to have changed nothing.
"""

from __future__ import annotations

from functools import partial

from django.utils import timezone

from playback.models import OperationItem
from playback.vendor.errors import VendorError, VendorGone

from . import limits, registry, transitions
from .base import OperationKind, Refusal
from .reach import client_for, refresh, target_of
from .reasons import from_vendor, reason

Outcome = OperationItem.Outcome


def settle_item(item_id: int) -> None:
    """Ask the vendor about one unknown item. Does nothing if it is not unknown, or being asked about."""
    item = transitions.begin_settling(item_id)
    if item is None:
        return
    kind = registry.get(item.operation.kind)
    if item.recording is None and not kind.targetless:
        transitions.finish(item, Outcome.UNKNOWN, reason("never_settled"))
        return
    if item.outcome == Outcome.WORKING:
        _look(item, kind)
        return
    elapsed = _elapsed(item)
    try:
        client = client_for(item)
        target = target_of(item)
        done = kind.settle(client, target)
    except VendorGone as error:
        if transitions.finish(item, Outcome.REFUSED, from_vendor("gone", error)):
            refresh(client, item)
        return
    except VendorError as error:
        if elapsed >= (kind.gives_up or limits.GIVE_UP):
            transitions.finish(item, Outcome.UNKNOWN, from_vendor("never_settled", error))
        else:
            transitions.leave_unknown(item, item.reason)
        return
    if done and kind.in_background:
        transitions.leave_working(item, reason("vendor_works"), kind.poll_seconds)
        return
    if done:
        ended = transitions.finish(item, Outcome.DONE, reason(kind.settled), also=partial(kind.ended, target))
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


def _look(item: OperationItem, kind: OperationKind) -> None:
    """Is what the vendor took done by now? A vendor that cannot be asked is asked again later."""
    elapsed = _elapsed(item)
    target = target_of(item)
    try:
        client = client_for(item)
        answer = kind.finished(client, target)
    except VendorGone as error:
        if transitions.finish(item, Outcome.REFUSED, from_vendor("gone", error)):
            refresh(client, item)
        return
    except VendorError:
        answer = False
    if isinstance(answer, Refusal):
        ended = transitions.finish(item, Outcome.REFUSED, answer.reason)
    elif answer:
        note = answer if isinstance(answer, dict) else None
        ended = transitions.finish(item, Outcome.DONE, note=note, also=partial(kind.ended, target))
    elif elapsed >= (kind.gives_up or limits.GIVE_UP):
        ended = transitions.finish(item, Outcome.UNKNOWN, reason(kind.unfinished))
    else:
        transitions.leave_working(item, item.reason, kind.poll_seconds)
        return
    if ended and kind.refreshes:
        refresh(client_for(item), item)


def _elapsed(item: OperationItem) -> float:
    """Seconds since it was begun."""
    return (timezone.now() - item.claimed_at).total_seconds() if item.claimed_at else float("inf")
