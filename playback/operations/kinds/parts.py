"""Parts of a recording: what may be cut out (checked before the vendor is called), and which new version each became.

A part is given as times (``HH:MM:SS``, ``MM:SS``) or as whole seconds, and a name. What is wrong is said a row: the
errors are named ``parts.0``, ``parts.1`` and so on, by the row's place in what was given.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from ..base import OperationInvalid
from ..marks import LONGEST, format_offset, parse_offset
from . import names

MOST = 100  # parts in a call; ours, the vendor's limit is not documented
SHORTEST = 1  # s
NEAR = 10  # s; the vendor cuts where its film can be cut, so a part's length may differ from what was asked for


class Part(NamedTuple):
    """From ``start`` to ``end``, in seconds from the recording's start. The vendor names it where ``name`` is empty."""

    start: int
    end: int
    name: str = ""

    @property
    def length(self) -> int:
        return self.end - self.start

    @property
    def span(self) -> str:
        return f"{format_offset(self.start)}–{format_offset(self.end)}"


class Cut(NamedTuple):
    """One version as call 10 tells of it."""

    number: int
    name: str
    status: int
    length: int | None  # s; none before it is ready


# ---------------------------------------------------------------- what was asked for


def clean(given: object, length: int | None = None) -> list[Part]:
    """The parts in the order in which they run. Raises :class:`OperationInvalid`: a sentence a row. ``length`` is the
    recording's, where it is known already."""
    rows = _rows(given)
    errors: dict[str, str] = {}
    parts: list[tuple[Part, int]] = []
    for place, row in enumerate(rows):
        try:
            parts.append((_one(row), place))
        except OperationInvalid as invalid:
            errors[f"parts.{place}"] = next(iter(invalid.errors.values()))
    parts.sort()
    furthest: tuple[Part, int] | None = None
    for part, place in parts:
        if length and part.end > length:
            errors[f"parts.{place}"] = _("It ends after the recording, which is %(length)s long.") % {
                "length": format_offset(length)
            }
        if furthest is not None and part.start < furthest[0].end:
            errors[f"parts.{place}"] = _("It overlaps with “%(name)s” (%(span)s).") % {
                "name": furthest[0].name,
                "span": furthest[0].span,
            }
        if furthest is None or part.end > furthest[0].end:
            furthest = part, place
    if errors:
        raise OperationInvalid(errors)
    return [part for part, _place in parts]


def beyond(parts: Sequence[Part], length: int) -> Part | None:
    """The first part that the recording is too short for."""
    return next((part for part in parts if part.end > length), None)


def _rows(given: object) -> list[Any]:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            raise _wrong(_("The parts are a JSON list of start, end and name.")) from None
    if not isinstance(given, list):
        raise _wrong(_("The parts are a JSON list of start, end and name.") if given else _("Give at least one part."))
    if not given:
        raise _wrong(_("Give at least one part."))
    if len(given) > MOST:
        raise _wrong(_("At most %(most)s parts at a time.") % {"most": MOST})
    return given


def _one(row: object) -> Part:
    if not isinstance(row, Mapping):
        raise _wrong(_("A part has a start, an end and a name."))
    start, end = _offset(row.get("start"), _("start")), _offset(row.get("end"), _("end"))
    if end < start:
        raise _wrong(_("It ends before it starts."))
    if end - start < SHORTEST:
        raise _wrong(_("It is shorter than one second."))
    name = names.clean_text("parts", row.get("name") or "")
    if not name:
        raise _wrong(_("The part has no name."))
    return Part(start, end, name)


def _offset(value: object, what: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        if 0 <= value < LONGEST:
            return value
    elif isinstance(value, str):
        if not value.strip():
            raise _wrong(_("The %(what)s is missing.") % {"what": what})
        offset = parse_offset(value)
        if offset is not None:
            return offset
    elif value is None:
        raise _wrong(_("The %(what)s is missing.") % {"what": what})
    raise _wrong(_("The %(what)s is not a time such as 05:30 or 1:05:30.") % {"what": what})


def _wrong(sentence: str) -> OperationInvalid:
    return OperationInvalid({"parts": sentence})


# ---------------------------------------------------------------- what became of it


def made(parts: Sequence[Part], there: Iterable[Cut], before: Collection[int]) -> list[Cut | None]:
    """For each part the new version that it became, as far as there is one; ``before`` were there already.

    By name, which the vendor keeps. Where it did not, or gives the names itself (a split), the new versions are the
    parts in their order, if there are as many.
    """
    fresh = sorted(cut for cut in there if cut.number not in before)
    if all(part.name for part in parts):
        left = list(fresh)
        found: list[Cut | None] = []
        for part in parts:
            own = next((cut for cut in left if cut.name.strip() == part.name), None)
            if own is not None:
                left.remove(own)
            found.append(own)
        alike = len(fresh) == len(parts) and all(_fits(part, cut) for part, cut in zip(parts, fresh, strict=True))
        return list(fresh) if not all(found) and alike else found
    return [*fresh[: len(parts)], *[None] * (len(parts) - len(fresh))]


def already(parts: Iterable[Part], there: Iterable[Cut]) -> list[Cut]:
    """The cuts that are there under a part's name and with its length, whatever made them."""
    left = [cut for cut in there if cut.number and not _failed(cut)]
    found = []
    for part in parts:
        own = next((cut for cut in left if cut.name.strip() == part.name and _fits(part, cut)), None)
        if own is not None:
            left.remove(own)
            found.append(own)
    return found


def _fits(part: Part, cut: Cut) -> bool:
    return not cut.length or abs(cut.length - part.length) <= NEAR


def _failed(cut: Cut) -> bool:
    return cut.status == 30
