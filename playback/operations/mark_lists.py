"""Lists of mark points: what the vendor has, what it takes, and how two lists differ.

The vendor takes a list as a whole (call 32), so whoever writes one must have read all of the present one: an answer
that can only be read in part counts as not read (:func:`ask`), for what was not seen would be deleted.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from playback.vendor.client import VendorClient
from playback.vendor.errors import VendorOutcomeUnknown
from playback.vendor.results import MarkPoint

from .marks import LONGEST, Mark, format_offset, parse_offset

MOST = 500  # ours: neither the vendor's reference nor its player says
LONGEST_TEXT = 255  # assumed, as for names
Stored = list[list[Any]]  # [[seconds, text], …], as it stands in an operation


class Difference(NamedTuple):
    """How one list becomes another: ``moved`` keeps the text, ``renamed`` the time; both are pairs of old and new."""

    added: list[Mark]
    removed: list[Mark]
    moved: list[tuple[Mark, Mark]]
    renamed: list[tuple[Mark, Mark]]


def ask(client: VendorClient, room_id: int, session_id: int = 0, version: int | None = None) -> list[Mark]:
    """The present list of a version, by time; of the main one where ``version`` is None. Raises ``VendorError`` s."""
    page = client.mark_points(room_id, session_id, version)
    marks = []
    for point in page.rows:
        offset = parse_offset(point.time_offset)
        if offset is not None:
            marks.append(Mark(offset, point.desc))
    if len(marks) < max(page.size, page.total if page.counted else 0):
        raise VendorOutcomeUnknown(call="mark_points", why="some of the mark points cannot be read")
    return sorted(marks)


def content(marks: Iterable[Mark]) -> list[MarkPoint]:
    """As call 32 takes them."""
    return [MarkPoint(format_offset(offset), text) for offset, text in marks]


def stored(marks: Iterable[Mark]) -> Stored:
    return [[offset, text] for offset, text in sorted(marks)]


def of_stored(pairs: Iterable[Sequence[Any]]) -> list[Mark]:
    return [Mark(int(offset), str(text)) for offset, text in pairs]


def token(marks: Iterable[Mark]) -> str:
    """Tells one list from another: goes with an editor, so that it is seen when the list changed meanwhile."""
    words = json.dumps(stored(marks), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


# ---------------------------------------------------------------- what can be saved


def text_problem(text: str) -> str:
    """Why this cannot be a mark point's text, in the reader's language; empty if it can."""
    if not text.strip():
        return _("The text is missing.")
    if len(text) > LONGEST_TEXT:
        return _("The text is longer than %(limit)d characters.") % {"limit": LONGEST_TEXT}
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        return _("The text must be one line without control characters.")
    return ""


def problems(marks: Sequence[Mark], lines: Sequence[int] = ()) -> dict[int, str]:
    """What keeps a list from being saved: place in the list (from 0) → sentence. ``lines`` is what their lines are
    called where they stand in a text."""
    found: dict[int, str] = {}
    first: dict[int, int] = {}
    for place, mark in enumerate(marks):
        problem = text_problem(mark.text)
        if not 0 <= mark.offset < LONGEST:
            problem = _("The time is out of range.")
        elif mark.offset in first:
            problem = _("Its time stands in line %(line)d too.") % {"line": first[mark.offset]}
        first.setdefault(mark.offset, lines[place] if lines else place + 1)
        if problem:
            found[place] = problem
    return found


def beyond_end(marks: Iterable[Mark], present: Iterable[Mark], length: int) -> list[Mark]:
    """The new ones at or after the end (s). What the vendor has there already may stay: it is not made here."""
    known = set(present)
    return sorted(mark for mark in marks if mark.offset >= length and mark not in known)


# ---------------------------------------------------------------- telling


def difference(old: Iterable[Mark], new: Iterable[Mark]) -> Difference:
    gone, come = sorted(old), sorted(new)
    for mark in list(gone):
        if mark in come:
            gone.remove(mark)
            come.remove(mark)
    renamed = _paired(gone, come, 0)
    moved = _paired(gone, come, 1)
    return Difference(come, gone, moved, renamed)


def _paired(gone: list[Mark], come: list[Mark], by: int) -> list[tuple[Mark, Mark]]:
    """Takes out of both lists what agrees in that field, in order of time."""
    pairs = []
    for mark in list(gone):
        other = next((candidate for candidate in come if candidate[by] == mark[by]), None)
        if other is not None:
            gone.remove(mark)
            come.remove(other)
            pairs.append((mark, other))
    return pairs


def told(marks: Sequence[Mark], most: int = 6) -> str:
    """A few mark points in a line; the others are counted."""
    words = _("; ").join(f"{format_offset(offset)} {text}" for offset, text in marks[:most])
    if len(marks) > most:
        words += " " + _("… and %(count)d more") % {"count": len(marks) - most}
    return words
