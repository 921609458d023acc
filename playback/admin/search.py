"""What staff paste into the search box: the vendor's ids in whatever shape they had them at hand.

Recognised: ``17081558148393`` (room), ``17081558148393-201912010`` (room and session), a session, video or playback
id, the player's or the vendor's address with ``classid``/``room_id`` and ``session_id``; several of them separated by
spaces, commas (also Chinese ones) or lines. If one word of the input is none of these, the whole input is text.

An id of nine digits or more is looked up as an id alone, through the indexes. A shorter number may as well be part of
a name (``数学20231105``), so it is looked for in names too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from django.db.models import Q

from playback.models import Recording, Version

from . import words

MOST = 200  # ids of one search; what is beyond is ignored
_LARGEST = 2**63 - 1
_SEPARATORS = re.compile(r"[\s,;，；、]+")
_PAIR = re.compile(r"([0-9]{1,19})-([0-9]{1,19})")
_NUMBER = re.compile(r"[0-9]{1,19}")
_TOKEN = re.compile(
    r"(?<![a-z])(limited_)?token(=|%3d)[^\s&#,;，；、]*?(?=$|[\s&#,;，；、]|%26)(&|%26)?", re.IGNORECASE
)


@dataclass(slots=True)
class Ids:
    """Numbers of unknown kind, and room and session pairs."""

    numbers: set[int] = field(default_factory=set)
    pairs: set[tuple[int, int]] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.numbers or self.pairs)

    @property
    def rooms(self) -> set[int]:
        return self.numbers | {room for room, _ in self.pairs}

    @property
    def could_be_words(self) -> list[str]:
        return [str(number) for number in self.numbers if number < 10**8]


def parse(term: str) -> Ids | None:
    """The ids of a pasted text, or None when it is a text to look for."""
    ids = Ids()
    for word in _SEPARATORS.split(term.strip())[:MOST]:
        if not word:
            continue
        found = _address(word) or _plain(word)
        if found is None:
            return None
        room, session = found
        if room > _LARGEST or (session or 0) > _LARGEST:
            continue
        if session:
            ids.pairs.add((room, session))
        else:
            ids.numbers.add(room)
    return ids or None


def without_tokens(term: str) -> str:
    """An address as people paste it carries the right to watch; no search needs that."""
    return _TOKEN.sub("", term).strip() if "token" in term.lower() else term


def _plain(word: str) -> tuple[int, int | None] | None:
    if pair := _PAIR.fullmatch(word):
        return int(pair[1]), int(pair[2])
    if _NUMBER.fullmatch(word):
        return int(word), None
    return None


def _address(word: str) -> tuple[int, int | None] | None:
    """The ids in an address or in the tail of one (``classid=…&session_id=…``)."""
    if "=" not in word:
        return None
    try:
        query = urlsplit(word).query or word.lstrip("?&")
    except ValueError:
        return None
    values = {key.lower(): value[-1] for key, value in parse_qs(query).items()}
    room = values.get("classid") or values.get("room_id") or ""
    session = values.get("session_id", "")
    if not _NUMBER.fullmatch(room):
        return None
    return int(room), int(session) if _NUMBER.fullmatch(session) else None


def recordings(term: str) -> Q:
    """What a search over recordings means."""
    ids = parse(term)
    if ids is None:
        return words.recordings(term.split())
    return recordings_by_ids(ids) | words.recordings(ids.could_be_words, words.either)


def recordings_by_ids(ids: Ids) -> Q:
    """By the ids alone, which indexes answer: no sub-query among them, which would make the table be read whole."""
    sessions = Q(session_id__in=ids.numbers - {0}, session_id__gt=0)  # the index has no zeros, and must be told so
    condition = Q(room_id__in=ids.numbers) | sessions | Q(video_id__in=ids.numbers) | Q(playback_id__in=ids.numbers)
    # A cut has a video id of its own.
    cuts = Version.objects.filter(video_id__in=ids.numbers).order_by().values_list("recording_id", flat=True)
    return condition | Q(pk__in=set(cuts[: MOST * 10])) | _pairs(ids, "")


def versions(term: str) -> Q:
    ids = parse(term)
    if ids is None:
        return words.versions(term.split())
    found = Recording.objects.filter(
        Q(room_id__in=ids.numbers)
        | Q(session_id__in=ids.numbers - {0}, session_id__gt=0)
        | Q(playback_id__in=ids.numbers)
        | _pairs(ids, "")
    )
    mine = words.few(found)
    by_recording = Q(recording__in=found.order_by().values("pk") if mine is None else mine)
    names = words.version_names(ids.could_be_words, words.either)
    return Q(video_id__in=ids.numbers) | by_recording | names


def rooms(term: str) -> Q:
    ids = parse(term)
    if ids is None:
        return words.rooms(term.split())
    return Q(room_id__in=ids.rooms) | words.rooms(ids.could_be_words, words.either)


def deliveries(term: str) -> Q:
    """By the vendor's ids; whatever is none is a delivery's own id. A qid is longer than any of the others."""
    qids = [word for word in _SEPARATORS.split(term.strip()) if word][:MOST]
    condition = Q(qid__in=qids)
    if (ids := parse(term)) is not None:
        condition |= Q(room_id__in=ids.numbers) | Q(session_id__in=ids.numbers - {0}) | Q(video_id__in=ids.numbers)
        condition |= _pairs(ids, "")
    return condition


def _pairs(ids: Ids, prefix: str) -> Q:
    condition = Q()
    for room, session in ids.pairs:
        condition |= Q(**{f"{prefix}room_id": room, f"{prefix}session_id": session})
    return condition
