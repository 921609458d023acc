"""Reading one of the vendor's lists to its end, and knowing whether it stood still meanwhile.

The end is reached when as many rows came as the vendor says there are. Counting rows and not pages makes it hold for a
vendor who gives out smaller pages than asked, and for a list that grows or shrinks under the reader. An empty page
before that is no end but a fault: nothing may be concluded from what it lacks.

With ``threads`` the pages are asked for ahead (``fetching.py``), up to the page where the list should end. Page 1 is
asked for alone: it says how long the list is. An ``eager`` reading then goes as far ahead as it may; another one, which
often ends after a page or two, goes half as far ahead as it has come: so many calls it wastes at the most.

Lists that are read one after the other can follow each other without a gap (``open``, ``following``): page 1 of the
next is asked for before its turn, shortly before the last pages of this one, and further pages right after those. If
that page 1 has waited for more than ``FRESH`` seconds by then, and no other page follows yet, it is asked for anew: the
list may have moved on, and what is known of lists that move rests on pages that were answered soon after each other.

With ``keys`` it looks after rows that a list which moves has lost between two pages (``shifts.py``): both pages are
read again at once and handed out with ``again``; they count in nothing here. ``whole`` is False where that came to no
rest.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import ge
from typing import Any, cast

from playback.vendor.results import column

from .fetching import HELD, NONE, Ahead, Answered, Threads, fetch
from .shifts import Shifts, Side, settles

FRESH = 1.0  # s
TRIES = 3  # readings of a boundary at which a row may be lost


class ListEndedEarly(Exception):
    """The vendor's list gave out before its own total was reached."""


@dataclass(frozen=True)
class ReadPage:
    """One answer. ``asked_at`` is how old the vendor's words are at the most; ``again``: its rows were counted."""

    answer: Any
    asked_at: datetime
    again: bool = False

    @property
    def rows(self) -> Sequence[Any]:
        return cast(Sequence[Any], self.answer.rows)

    @property
    def unreadable(self) -> list[Any]:
        return cast(list[Any], self.answer.unreadable)


@dataclass
class Reading:
    """One list while it is read. ``ask(page)`` is the vendor call, which has to stand ``threads`` where there are any;
    iterate ``pages()``, then look at the rest. Who stops early closes the iterator, and whoever made the threads closes
    those."""

    ask: Callable[[int], Any]
    page_size: int
    threads: Threads = NONE
    eager: bool = False
    keys: Callable[[Sequence[Any]], Iterable[Hashable]] | None = None  # of rows, the vendor's
    following: Reading | None = None
    total: int = 0
    rows: int = 0  # as they came, doubles included
    number: int = 0
    steady: bool = True  # the total was the same in every answer
    whole: bool = True  # no row that was there all along can have been missed
    unsettled: bool = False  # a row may be lost before the page handed out last; what comes next looks for it
    at_end: bool = False
    more: bool = False  # the next page has come already
    newest_first: bool = True
    oldest: datetime | None = None
    _counted: bool = True
    _page_rows: int = 0  # of a full page, as the vendor gives them out
    _shifts: Shifts = field(default_factory=Shifts)
    _reread: Side | None = None
    _ahead: Ahead | None = None

    def open(self) -> None:
        """Ask for page 1 before this reading's turn. It is wanted in any case."""
        self._ahead = self._ahead or Ahead(self.ask, self.threads)
        self._ahead.reach(1)

    def pages(self) -> Generator[ReadPage, None, None]:
        """Raises the client's errors, and ``ListEndedEarly``."""
        with self._begun() as ahead:
            while not self.at_end:
                answered = ahead.take(self._reach())
                boundary = self._count(answered)
                if self.eager and not self.at_end:
                    ahead.reach(self._reach())
                if self.following is not None:
                    self._prepare(self.following)
                self.more = self.eager and ahead.is_waiting()
                yield ReadPage(answered.answer, answered.asked_at)
                self.more = False
                if boundary is not None and self.unsettled:
                    yield from self._settle(*boundary)

    def _begun(self) -> Ahead:
        if self._ahead is not None:
            first = self._ahead.peek()
            if first is None or self._ahead.has_gone_on or first.age <= FRESH:
                return self._ahead
            self._ahead.close()
        return Ahead(self.ask, self.threads)

    def _prepare(self, following: Reading) -> None:
        """Let the next list begin if the end of this one is in sight, and go on if nothing is left to ask for here."""
        left = 0 if self.at_end else self._pages_in_all() - self._reach()
        if self.at_end or (self._counted and left <= self.threads.most):
            following.open()
            if left == 0 and following.eager:
                following.go_on()

    def go_on(self) -> None:
        """Ask for a page a thread after the first, if that has just come."""
        if self._ahead is not None and (first := self._ahead.peek()) is not None and first.age <= FRESH:
            came = len(first.answer.rows) + len(first.answer.unreadable)
            self._ahead.reach(min(-(-first.answer.total // came), self.threads.most) if came else 1)

    def _count(self, answered: Answered) -> tuple[Side, Side] | None:
        """Take the page in. Answers it and the one before, as far as shifts are looked after."""
        answer = answered.answer
        self.number += 1
        came = len(answer.rows) + len(answer.unreadable)
        self.rows += came
        self.steady = self.steady and (self.number == 1 or answer.total == self.total)
        self.total = answer.total
        self._counted = getattr(answer, "counted", True)
        self._page_rows = self._page_rows or came
        # A total that is just this full page is what an answer without a total looks like: ask on.
        uncounted = answer.total == came >= self.page_size
        self.at_end = self.rows >= self.total and not uncounted
        if self.at_end and self.number > 1 and self.total == came:
            self.total = self.rows  # nobody counted but we
        if came == 0 and not self.at_end:
            raise ListEndedEarly(f"page {self.number} is empty, after {self.rows} of {self.total} rows")
        self._follow_order(answer.rows, self._shifts.last)
        if self.keys is None or not self._counted:
            return None
        before, page = self._shifts.last, Side.of(answered, self.keys)
        self.unsettled = self._shifts.doubtful(page) and self.whole
        return (before, page) if before is not None else None

    def _reach(self) -> int:
        """The last page that may be asked for ahead."""
        if self.number == 0:
            return 1
        within = self.number + (HELD * self.threads.most if self.eager else max(1, self.number // 2))
        return min(within, self._pages_in_all()) if self._page_rows else self.number

    def _pages_in_all(self) -> int:
        return -(-self.total // self._page_rows) if self._page_rows else 0

    def _settle(self, old_low: Side, old_high: Side) -> Iterator[ReadPage]:
        """Read two neighbours again, one after the other, until they hold what may be lost between them."""
        keys = self.keys
        assert keys is not None  # noqa: S101
        for _ in range(TRIES):
            low = self._reread if self._reread is not None and self._reread.number == old_low.number else None
            self._reread = None
            if low is None:
                answered = fetch(self.ask, old_low.number)
                low = Side.of(answered, keys)
                yield ReadPage(answered.answer, answered.asked_at, again=True)
            answered = fetch(self.ask, old_high.number)
            high = Side.of(answered, keys)
            settled = settles(low, high, old_low, old_high, self._page_rows)
            if settled:
                self._reread, self.unsettled = high, False
            yield ReadPage(answered.answer, answered.asked_at, again=True)
            if settled:
                return
        self.whole = self.unsettled = False

    def _follow_order(self, rows: Sequence[Any], before: Side | None) -> None:
        """Rows that the page before showed too say nothing: others were added, which pushed them onto this one."""
        if not self.newest_first:
            return
        times: Sequence[datetime | None] = column(rows, "created_at")
        if None in times:
            self.newest_first = False
            return
        told = cast(list[datetime], times)
        if self.keys is not None and before is not None and self.oldest is not None and told and told[0] > self.oldest:
            told = [time for key, time in zip(self.keys(rows), told, strict=True) if key not in before.keys]
        if self.oldest is not None:
            told = [self.oldest, *told]
        self.newest_first = all(map(ge, told, told[1:]))
        if told:
            self.oldest = told[-1]
