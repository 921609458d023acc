"""One turn at the members' lists: as many as there is time for, each by itself, so that the next turn goes on there.

Trouble with one list is kept with it (``MemberList.error``) and does not keep the others from being read; only where
nothing can be read at all (the vendor is away, the account is refused) the turn ends early.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.core.cache import cache

from playback.conf import vendor_client
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError, VendorGone, VendorMisconfigured, VendorRefused

from ..lists import ListOf
from . import store
from .due import due
from .reading import ListRead, read_list

logger = logging.getLogger(__name__)
SLICE = 50.0  # s of work a turn
MOST = 500  # lists a turn
HOPELESS = 3  # lists in a row that the vendor did not answer about
KEY = "members:reading"
HELD = 170  # s: how long a killed turn keeps the others out


@dataclass
class Turn:
    """What a turn did. ``error`` is why it ended before its time."""

    read: int = 0
    failed: int = 0
    people: int = 0
    joined: int = 0
    left: int = 0
    orphans: int = 0
    seconds: float = 0.0
    out_of_time: bool = False
    error: str = ""


OnList = Callable[[ListRead], None]


def take_turn() -> Turn | None:
    """The scheduled reading. None where another turn is at it."""
    if not cache.add(KEY, "1", HELD):
        logger.info("lists of members: another turn is at it")
        return None
    try:
        turn = read_lists(due(MOST), seconds=SLICE)
    finally:
        cache.delete(KEY)
    return turn


def read_lists(lists: Iterable[ListOf], *, seconds: float | None = None, on_list: OnList | None = None) -> Turn:
    """Read these lists one after the other, in the sync lane."""
    turn = Turn()
    began = time.monotonic()
    hopeless = 0
    try:
        client = vendor_client(Lane.SYNC)
    except VendorError as error:
        turn.error = str(error)
        logger.warning("lists of members: nothing was read: %s", turn.error)
        return turn
    for which in lists:
        if seconds is not None and time.monotonic() - began > seconds:
            turn.out_of_time = True
            break
        read = read_list(client, which)
        _count(turn, read)
        if on_list is not None:
            on_list(read)
        hopeless = hopeless + 1 if _concerns_all(read.failure) else 0
        if hopeless >= HOPELESS:
            turn.error = read.error
            break
    turn.orphans = store.sweep()
    turn.seconds = time.monotonic() - began
    logger.log(logging.WARNING if turn.failed or turn.error else logging.INFO, "lists of members: %s", summary(turn))
    return turn


def _count(turn: Turn, read: ListRead) -> None:
    turn.read += read.complete
    turn.failed += not read.complete
    turn.people += read.counts.people
    turn.joined += read.counts.joined
    turn.left += read.counts.left


def _concerns_all(failure: VendorError | None) -> bool:
    """Not a refusal that is about this room or recording alone."""
    if failure is None or isinstance(failure, VendorGone):
        return False
    return isinstance(failure, VendorMisconfigured) or not isinstance(failure, VendorRefused)


def summary(turn: Turn) -> str:
    """One line for logs and the command."""
    told = f"{turn.read} read, {turn.failed} not complete, people written {turn.people}, joined {turn.joined}"
    told += f", left {turn.left}, on no list any more {turn.orphans}, {turn.seconds:.1f} s"
    if turn.out_of_time:
        told += ", more to read next time"
    return f"{told} ({turn.error})" if turn.error else told
