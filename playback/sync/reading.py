"""Reading one of the vendor's lists to its end, and knowing whether it stood still meanwhile.

The end is reached when as many rows came as the vendor says there are. Counting rows and not pages makes it hold for a
vendor who gives out smaller pages than asked, and for a list that grows or shrinks under the reader. An empty page
before that is no end but a fault: nothing may be concluded from what it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone


class ListEndedEarly(Exception):
    """The vendor's list gave out before its own total was reached."""


@dataclass(frozen=True)
class ReadPage:
    """One answer. ``asked_at`` is how old the vendor's words are at the most."""

    rows: list[Any]
    unreadable: list[Any]
    asked_at: datetime


@dataclass
class Reading:
    """One list while it is read. ``ask(page)`` is the vendor call; iterate ``pages()``, then look at the rest."""

    ask: Callable[[int], Any]
    page_size: int
    total: int = 0
    rows: int = 0  # as they came, doubles included
    number: int = 0
    steady: bool = True  # the total was the same in every answer
    at_end: bool = False
    newest_first: bool = True
    oldest: datetime | None = None

    def pages(self) -> Iterator[ReadPage]:
        """Raises the client's errors, and ``ListEndedEarly``."""
        while not self.at_end:
            asked_at = timezone.now()
            answer = self.ask(self.number + 1)
            self.number += 1
            came = len(answer.rows) + len(answer.unreadable)
            self.rows += came
            self.steady = self.steady and (self.number == 1 or answer.total == self.total)
            self.total = answer.total
            # A total that is just this full page is what an answer without a total looks like: ask on.
            uncounted = answer.total == came >= self.page_size
            self.at_end = self.rows >= self.total and not uncounted
            if self.at_end and self.number > 1 and self.total == came:
                self.total = self.rows  # nobody counted but we
            if came == 0 and not self.at_end:
                raise ListEndedEarly(f"page {self.number} is empty, after {self.rows} of {self.total} rows")
            self._follow_order(answer.rows)
            yield ReadPage(answer.rows, answer.unreadable, asked_at)

    def _follow_order(self, rows: list[Any]) -> None:
        for row in rows:
            at: datetime | None = row.created_at
            if at is None or (self.oldest is not None and at > self.oldest):
                self.newest_first = False
            if at is not None:
                self.oldest = at
