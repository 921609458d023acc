"""Fills an empty sandbox with a school: for the demo in all detail, or very large and bare for measuring.

The word given as ``seed`` and the clock decide everything, so the same word gives the same school. A demo has 60 rooms
and 2,000 recordings over the two years up to now. Other numbers may be asked for: while they are small enough to be
planned in memory the school has all detail, above that rooms and recordings are streamed (``seed_bulk``).
"""

from __future__ import annotations

import logging
import random
import time

from . import seed_bulk, seed_demo
from .seed_demo import Progress
from .state import State

logger = logging.getLogger(__name__)

DETAILED = 6_000  # recordings, at most, that are planned in memory
_TELL_SECONDS = 2.0
_A_ROOM = 33  # recordings of a room where only one of the numbers is given


def plant(
    state: State,
    seed: str = "demo",
    rooms: int | None = None,
    recordings: int | None = None,
    progress: Progress | None = None,
) -> bool:
    """:func:`fill`, unless the sandbox holds rooms already: a demo that is started again keeps its data.

    Progress is logged every two seconds where nobody else asks for it.
    """
    if _is_used(state):
        return False
    fill(state, seed, rooms, recordings, progress or _logged_progress())
    return True


def _logged_progress() -> Progress:
    told = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal told
        if done == total or time.monotonic() - told >= _TELL_SECONDS:
            told = time.monotonic()
            logger.info("Seeded %s of %s recordings", f"{done:,}", f"{total:,}")

    return tell


def fill(
    state: State,
    seed: str = "demo",
    rooms: int | None = None,
    recordings: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Write the school. ``progress`` is told (recordings done, recordings in all).

    ``ValueError``: the sandbox is not empty, or so many recordings do not fit into so few rooms.
    """
    if _is_used(state):
        raise ValueError("the sandbox already holds rooms: seed an empty one")
    if rooms is None:
        rooms = seed_demo.ROOMS if recordings is None else max(1, min(recordings, max(12, recordings // _A_ROOM)))
        rooms = seed_demo.ROOMS if recordings == seed_demo.RECORDINGS else rooms
    if recordings is None:
        recordings = seed_demo.RECORDINGS if rooms == seed_demo.ROOMS else rooms * _A_ROOM
    if rooms < 1 or recordings < 0:
        raise ValueError("a school has at least one room, and no fewer than 0 recordings")
    dice = random.Random(seed)  # noqa: S311 - a school to look at, not a secret
    tell = progress or (lambda done, total: None)
    if recordings <= DETAILED and rooms <= DETAILED:
        seed_demo.fill(state, dice, rooms, recordings, tell)
    else:
        seed_bulk.fill(state, dice, rooms, recordings, tell)
    state._ids.clear()  # ids were given without it: it reads the highest ones anew
    state.changed()


def _is_used(state: State) -> bool:
    return state.value("SELECT 1 FROM rooms LIMIT 1") is not None
