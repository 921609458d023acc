"""Mark points as values: offsets in whole seconds, and how a list moves when its recording is cut.

The vendor writes an offset as ``HH:MM:SS`` from the start of a version (calls 21, 32) and takes a list as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_OFFSET = re.compile(r"(?:(\d{1,3})[:：])?(\d{1,3})[:：](\d{1,2})")
LONGEST = 100 * 3600  # s; two digits of hours


class Mark(NamedTuple):
    """A named time offset: seconds from the version's start."""

    offset: int
    text: str


def parse_offset(text: str) -> int | None:
    """Seconds of ``H:MM:SS``, ``MM:SS`` (also with full-width colons); None for anything else."""
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    if seconds > 59 or (found[1] is not None and minutes > 59):
        return None
    offset = hours * 3600 + minutes * 60 + seconds
    return offset if offset < LONGEST else None


def format_offset(offset: int) -> str:
    """As the vendor writes it: ``HH:MM:SS``."""
    minutes, seconds = divmod(offset, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}"


def moved(marks: Iterable[Mark], start: int, end: int) -> tuple[list[Mark], list[Mark]]:
    """The marks of the part from ``start`` to ``end`` (s), moved to its own start; and those that it leaves out.

    A mark at the very end is outside: a player that jumps there has nothing to show.
    """
    kept: list[Mark] = []
    lost: list[Mark] = []
    for mark in sorted(marks):
        if start <= mark.offset < end:
            kept.append(Mark(mark.offset - start, mark.text))
        else:
            lost.append(mark)
    return kept, lost
