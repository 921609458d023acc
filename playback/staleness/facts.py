"""What is known of one kind's readings: as of when, and how the last attempt ended. Plain values, no judgement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Ending(StrEnum):
    UNDER_WAY = "under way"
    GOOD = "good"
    FAILED = "failed"
    INCOMPLETE = "incomplete"
    HELD = "held"
    DIED = "died"  # its worker: it never said how it ended


@dataclass(frozen=True)
class Attempt:
    """One reading. ``run``: the id of its sync run, where it is one."""

    began_at: datetime
    ending: Ending
    error: str = ""
    pages: int = 0
    run: int | None = None


@dataclass(frozen=True)
class Reading:
    """``at``: what is shown here is at least as new as the vendor was then; None: it was never read to its end."""

    at: datetime | None
    attempt: Attempt | None = None


@dataclass(frozen=True)
class Facts:
    """``news``: what was added and changed lately. ``full``: everything, down to what is gone. Either may not apply.

    ``alone``: how many parts cannot be read although the others are; ``alone_error``: what one of them says.
    """

    news: Reading | None
    full: Reading | None = None
    alone: int = 0
    alone_error: str = ""
