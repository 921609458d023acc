"""A chunk that the vendor refuses because of some of its ids, narrowed to those ids by halving.

The vendor takes all ids of a call or none (assumed; the samples show no partial success). So a refusal that may be
about a single id (1001, or code 1 with "用户…不存在") is followed by the two halves, until only single ids are refused,
each with the vendor's own words. A refused call changed nothing, so this holds for calls too that must not be repeated.
A call whose answer is lost, or that was not sent, is the fate of its own ids alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from playback.vendor.codes import ErrorCode
from playback.vendor.errors import VendorError, VendorGone, VendorMisconfigured, VendorRefused

Send = Callable[[Sequence[int]], None]
Fates = dict[int, VendorError | None]  # None: it was done


def narrowed(send: Send, user_ids: Sequence[int], look: Callable[[], object]) -> Fates:
    """What became of each id. ``look`` reads the list itself: where the vendor refuses that too, the list is what is
    wrong, and not an id."""
    try:
        send(user_ids)
    except VendorError as error:
        if not about_ids(error) or len(user_ids) == 1:
            return dict.fromkeys(user_ids, error)
        if (wrong := _list_is_wrong(look)) is not None:
            return dict.fromkeys(user_ids, wrong)
        return _halves(send, user_ids)
    return dict.fromkeys(user_ids)


def about_ids(error: VendorError) -> bool:
    """May the refusal be about some of the ids, and not about the call as a whole?"""
    if not isinstance(error, VendorRefused) or isinstance(error, VendorGone | VendorMisconfigured):
        return False
    unknown_user = "不存在" in error.vendor_message and "用户" in error.vendor_message
    return error.code == ErrorCode.BAD_PARAMETER or (error.code == ErrorCode.FAILED and unknown_user)


def _halves(send: Send, user_ids: Sequence[int]) -> Fates:
    """Of a chunk of two or more that was refused."""
    middle = len(user_ids) // 2
    fates: Fates = {}
    for half in (user_ids[:middle], user_ids[middle:]):
        try:
            send(half)
        except VendorError as error:
            if about_ids(error) and len(half) > 1:
                fates |= _halves(send, half)
            else:
                fates |= dict.fromkeys(half, error)
        else:
            fates |= dict.fromkeys(half)
    return fates


def _list_is_wrong(look: Callable[[], object]) -> VendorError | None:
    """A vendor that cannot be asked just now proves nothing."""
    try:
        look()
    except VendorMisconfigured:
        return None
    except VendorRefused as error:
        return error
    except VendorError:
        return None
    return None
