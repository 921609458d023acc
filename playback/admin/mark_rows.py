"""The rows of the mark points' editor: as they were typed, until they are good enough to be mark points.

A row that cannot be one keeps what was typed and says what is wrong with it; blank rows are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self

from django.utils.translation import gettext as _

from playback.operations import mark_lists
from playback.operations.marks import LONGEST, Mark, format_offset, parse_offset

_SHIFT = re.compile(r"([+＋\-－−]?)\s*([\d:：]+)")


class Row(NamedTuple):
    time: str = ""
    text: str = ""
    problem: str = ""

    @property
    def is_blank(self) -> bool:
        return not self.time.strip() and not self.text.strip()


class Rows(list[Row]):
    """The rows in the order of the page."""

    @classmethod
    def typed(cls, times: Iterable[str], texts: Iterable[str]) -> Self:
        return cls(Row(time, text) for time, text in zip(times, texts, strict=False))

    @classmethod
    def of(cls, marks: Iterable[Mark]) -> Self:
        return cls(Row(format_offset(mark.offset), mark.text) for mark in marks)

    def drop_blank(self) -> None:
        self[:] = [row for row in self if not row.is_blank]

    def marks(self) -> list[Mark] | None:
        """What the rows say; None where some cannot be mark points, which then tell it themselves."""
        self.drop_blank()
        unread = {}
        marks = []
        for at, row in enumerate(self):
            offset = parse_offset(row.time)
            if offset is None:
                unread[at] = _("This is not a time like 00:12:30.")
            marks.append(Mark(-1 - at if offset is None else offset, row.text.strip()))
        problems = mark_lists.problems(marks) | unread
        self.blame(problems)
        return None if problems else marks

    def blame(self, problems: Mapping[int, str]) -> None:
        """Say what is wrong beside the rows, by their places from 0."""
        self[:] = [row._replace(problem=problems.get(at, "")) for at, row in enumerate(self)]

    def by_time(self) -> None:
        """In order of time; what has none that can be read comes last."""

        def place(row: Row) -> int:
            offset = parse_offset(row.time)
            return LONGEST if offset is None else offset

        self.sort(key=place)

    def take_over(self, marks: Iterable[Mark]) -> int:
        """Add what is not there already; answers how many. Rows that then share a time are marked, not decided."""
        known = {(parse_offset(row.time), row.text.strip()) for row in self}
        new = [mark for mark in marks if (mark.offset, mark.text) not in known]
        self += Rows.of(new)
        self.by_time()
        self.marks()
        return len(new)

    def shift(self, seconds: int) -> bool:
        """Move all; False where some cannot be moved, which then say so, and nothing is moved."""
        marks = self.marks()
        if marks is None:
            return False
        outside = {}
        for at, mark in enumerate(marks):
            if mark.offset + seconds < 0:
                outside[at] = _("It would be before the start.")
            elif mark.offset + seconds >= LONGEST:
                outside[at] = _("The time is out of range.")
        if outside:
            self.blame(outside)
            return False
        self[:] = Rows.of(Mark(mark.offset + seconds, mark.text) for mark in marks)
        return True


def parse_shift(text: str) -> int | None:
    """Seconds of ``+00:01:30`` or ``-10:00``; None for anything else."""
    found = _SHIFT.fullmatch(text.strip())
    seconds = parse_offset(found[2]) if found else None
    if found is None or seconds is None:
        return None
    return -seconds if found[1] in {"-", "－", "−"} else seconds
