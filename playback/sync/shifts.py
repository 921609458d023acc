"""Which boundaries between two pages may have lost a row, because the list changed between their answers.

A list of pages is no snapshot: page *p* shows the list at one moment, page *p + 1* at another, and with pages asked
ahead the later page may even show the earlier moment. This is what can be known from the answers alone.

*What is assumed.* One answer shows one moment, its total too. Rows keep their order. What is added comes before all
rows in question, as the newest does in a list that is newest first. Fewer than a page of rows come and go while the
answers that were under way together are made. Page 1 is the first that was answered, at most ``reading.FRESH`` seconds
before others were asked for.

*What a loss is.* A row was there all along and no page showed it: then there is a page *p* that it came after (its
place was beyond *p*'s last), and at the moment of page *p + 1* it came before that page's first. Take the first such
boundary. Between the two moments, rows before it went (*p* was the earlier one), or were added (*p + 1* was).

1. *p* was answered earlier. Rows before it went, and more of them than were added; rows behind it may have gone. So the
   total **fell** from *p* to *p + 1*.
2. *p + 1* was answered earlier. In between, *a* rows were added, fewer rows before it went (*b*), and *c* behind it.
   The total of *p* is that of *p + 1* plus *a - b - c*: unless *c* hides what *a - b* shows, it **fell** again from *p*
   to *p + 1*. If *c* hides it, a row behind ours went between these two moments. Page 1 was answered before that
   moment and page *p* after it, so there is an earlier boundary, *q* to *q + 1*, which that moment lies between. The
   row that went was behind page *q* (ours is, and it was behind ours). Say *k* rows were added there and *m* of those
   up to page *q*'s last went; then the total grew by less than *k - m*. If it did not fall, *k - m* is positive, and so
   many rows of page *q* were pushed onto page *q + 1* and stand on both. So **more rows are doubled at q than the
   total grew by**, and page *p + 1* was begun before page *q + 1* came.

So a boundary is doubtful where the total fell, and where its second page was begun before a page came that doubled more
rows than its total grew by. Nothing else can have lost a row: a list whose totals stay the same and of which no row is
doubled lost none. Rows that are doubled because others were added, the usual case, raise no doubt.

*How a doubt is settled* (``settles``). The lost row came after every row of page *p* as answered, and before every row
of *p + 1*. So read *p* and *p + 1* again, one after the other. If the total does not fall from one to the other, no row
is lost between *these* two (case 1), they are one piece of the list; and if that piece holds a row of the old page *p*
(or begins the list) and one of the old page *p + 1* (or ends it), it holds all that is between them. Nothing is counted
here, so any number of changes may have come in between. If it does not come to rest so, the reading is not whole.

*What is not seen:* a row that is dated back far enough to come in behind the ones in question, in the very moment in
which another row before them goes; a list that tells no total. The conclusion about gone rows has its own guard against
the former (something new below the first page), and the next full pass meets the row.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .fetching import Answered


@dataclass(frozen=True, slots=True)
class Side:
    """A page as one side of a boundary."""

    number: int
    total: int
    rows: int
    keys: frozenset[Hashable]
    began: float
    came: float

    @classmethod
    def of(cls, answered: Answered, keys_of: Callable[[Sequence[Any]], Iterable[Hashable]]) -> Side:
        answer = answered.answer
        keys = frozenset([*keys_of(answer.rows), *(bad.row for bad in answer.unreadable)])
        came = len(answer.rows) + len(answer.unreadable)
        return cls(answered.number, answer.total, came, keys, answered.began, answered.came)


@dataclass(slots=True)
class Shifts:
    """Is told the pages in their order."""

    last: Side | None = None
    doubt_until: float = field(default=float("-inf"))  # pages begun before then are doubtful

    def doubtful(self, page: Side) -> bool:
        """May a row be lost between this page and the one before it?"""
        before, self.last = self.last, page
        if before is None:
            return False
        grown = page.total - before.total
        doubtful = grown < 0 or page.began < self.doubt_until
        if len(page.keys & before.keys) > grown:
            self.doubt_until = max(self.doubt_until, page.came)
        return doubtful


def settles(low: Side, high: Side, old_low: Side, old_high: Side, page_rows: int) -> bool:
    """Do the two pages, read again one after the other, hold all that lies between the old ones?"""
    keys = low.keys | high.keys
    from_below = low.number == 1 or not keys.isdisjoint(old_low.keys)
    to_above = high.rows < page_rows or not keys.isdisjoint(old_high.keys)
    return high.total >= low.total and from_below and to_above
