"""Numbers and ids as people paste them, resolved to people: by the vendor's user id, then by the school's number.

Nothing is guessed and nothing is lost: a word that fits nobody, and one that fits several people (two with the same
school number, or one's number that is another's user id), is answered as such.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from . import people
from .models import Member

MOST = 20_000  # words of one text
_CHUNK = 400  # parameters of a statement


@dataclass
class Resolved:
    """``found``: word → user id. ``ambiguous``: word → the people it fits. All in the order of the text."""

    found: dict[str, int] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    ambiguous: dict[str, list[Member]] = field(default_factory=dict)
    left_out: int = 0  # words beyond ``MOST``


def resolve(text: str) -> Resolved:
    words = list(dict.fromkeys(word for word in people.SEPARATORS.split(people.plain(text)) if word))
    resolved = Resolved(left_out=max(0, len(words) - MOST))
    words = words[:MOST]
    by_id, by_number = _by_id(words), _by_number(words)
    for word in words:
        fits = {member.pk: member for member in by_number.get(word, ())}
        if (member := by_id.get(people.number(word) or 0)) is not None:
            fits[member.pk] = member
        if not fits:
            resolved.unknown.append(word)
        elif len(fits) == 1:
            resolved.found[word] = next(iter(fits))
        else:
            resolved.ambiguous[word] = sorted(fits.values(), key=lambda member: member.pk)
    return resolved


def _by_id(words: Iterable[str]) -> dict[int, Member]:
    ids = [number for word in words if (number := people.number(word)) is not None]
    found: dict[int, Member] = {}
    for start in range(0, len(ids), _CHUNK):
        found |= {member.pk: member for member in Member.objects.filter(pk__in=ids[start : start + _CHUNK])}
    return found


def _by_number(words: list[str]) -> dict[str, list[Member]]:
    found: dict[str, list[Member]] = {}
    for start in range(0, len(words), _CHUNK):
        for member in Member.objects.filter(user_sn__in=words[start : start + _CHUNK]).order_by("pk"):
            found.setdefault(member.user_sn, []).append(member)
    return found
