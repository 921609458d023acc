"""For whom a link is and for how long: what may be asked for, and the sentence for what may not.

Whatever a person typed comes through here, so that pages and commands give the same answers.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from playback.models import PlayLink
from playback.player import Viewer

MOST_VIEWERS = 50  # links of one recording at once: a call each
LONGEST_NAME = 64  # characters; ours, well below what an address can hold
LARGEST_NUMBER = 2**63 - 1  # what the ledger's column holds; the vendor's own numbers have up to 19 digits too
LONGEST = timedelta(days=3650)
ONE_TIME = timedelta(hours=24)  # the vendor's: a one-time token opens nothing after that
FOR_EVER = 0  # the vendor's expires_in of a token that never ends

_BETWEEN = re.compile(r"[,，;；、\t]")
_NAME_AND_NUMBER = re.compile(r"(?P<name>.*\S)\s+(?P<number>\d+)")


class TermsInvalid(ValueError):
    """Something that was typed cannot be taken; the text is a sentence for the person."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long the links are good: ``seconds`` from their making (0 for ever), or for one opening."""

    kind: PlayLink.Kind
    seconds: int = FOR_EVER

    @property
    def for_ever(self) -> bool:
        return self.kind == PlayLink.Kind.TIMED and self.seconds == FOR_EVER

    def until(self, made_at: datetime) -> datetime | None:
        """When a link made then ends at the latest; None for never."""
        if self.kind == PlayLink.Kind.ONE_TIME:
            return made_at + ONE_TIME
        return None if self.for_ever else made_at + timedelta(seconds=self.seconds)


def for_a_time(span: timedelta) -> Terms:
    """Raises :class:`TermsInvalid` for no time at all and for more than ten years."""
    if not timedelta(minutes=1) <= span <= LONGEST:
        raise TermsInvalid(
            _("A link is good for at least a minute and at most %(days)s days.") % {"days": LONGEST.days}
        )
    return Terms(PlayLink.Kind.TIMED, round(span.total_seconds()))


def viewer(name: str, number: str = "") -> Viewer:
    """Who will watch, as the vendor's watch records will show it. Both may be empty. Raises :class:`TermsInvalid`."""
    name = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if len(name) > LONGEST_NAME:
        raise TermsInvalid(_("A name has at most %(most)s characters.") % {"most": LONGEST_NAME})
    digits = unicodedata.normalize("NFKC", number).strip()  # full-width digits of a Chinese keyboard
    if not digits:
        return Viewer(name)
    if not re.fullmatch(r"[0-9]+", digits):
        raise TermsInvalid(_("A viewer's number consists of digits only."))
    if not 0 < int(digits[:30]) <= LARGEST_NUMBER:
        raise TermsInvalid(_("A viewer's number is between 1 and %(most)s.") % {"most": LARGEST_NUMBER})
    return Viewer(name, int(digits))


def viewers(text: str) -> list[Viewer]:
    """One viewer a line: a name, a number, or both (``王芳 2023001``, ``王芳，2023001``, two cells of a spreadsheet).
    No line at all is one viewer without a name. Raises :class:`TermsInvalid`, which names the line."""
    found: list[Viewer] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        if len(found) == MOST_VIEWERS:
            raise TermsInvalid(_("At most %(most)s links are made at once: one a line.") % {"most": MOST_VIEWERS})
        try:
            found.append(_viewer_of(line.strip()))
        except TermsInvalid as invalid:
            raise TermsInvalid(_("Line %(line)s: %(what)s") % {"line": number, "what": invalid}) from None
    return found or [Viewer()]


def _viewer_of(line: str) -> Viewer:
    parts = [part.strip() for part in _BETWEEN.split(line)]
    if len(parts) > 2:
        raise TermsInvalid(_("A line is a name and a number, with one comma between them."))
    if len(parts) == 2:
        return viewer(*parts)
    if line.isdecimal():
        return viewer("", line)
    if both := _NAME_AND_NUMBER.fullmatch(line):
        return viewer(both["name"], both["number"])
    return viewer(line)
