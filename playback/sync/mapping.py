"""From the vendor's typed rows to the columns of the mirror, and the hash that tells a changed row from a known one.

A row becomes one flat tuple, and a page the columns of such tuples: natural key, payload hash, facts, and then the
*sticky* facts, which only some lists carry and which no other list may empty (the product type is the list's and not
the row's; ``version_type`` comes with call 10 alone). The hash covers the facts and not the sticky ones, so that two
lists which carry the same facts agree that nothing changed. It also covers ``MAPPING_VERSION``: raise that when a
column changes its meaning, and the next pass writes every row once. Empty the stored hashes in the same release: a full
pass would take what differs for a copy that strayed (``sides.py``).

Nothing here raises because a value is odd. A text longer than its column is cut, an address longer than its column is
dropped (a cut address is a wrong one). One strange row must not cost its page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import compress, repeat
from operator import lt
from typing import Any

import msgspec

from playback.vendor.codes import RecordingStatus
from playback.vendor.results import RecordingRow, RoomRow, column

MAPPING_VERSION = 1

ROOM_KEY = ("room_id",)
ROOM_FACTS = ("title", "starts_at", "ends_at", "created_at", "room_type", "is_long_term", "max_users")
ROOM_STICKY = ("product_type",)

# play_times is the last fact: see ``same_but_for_plays``.
VERSION_KEY = ("room_id", "session_id", "version")
VERSION_FACTS = (
    "video_id",
    "name",
    "status",
    "publish_status",
    "created_at",
    "length",
    "total_transcode_size",
    "cover_url",
    "play_times",
)
VERSION_STICKY = ("version_type",)

# A recording's facts end with those of its main version: see ``main_version_columns``.
RECORDING_KEY = ("room_id", "session_id")
RECORDING_FACTS = ("playback_id", "main_version", *VERSION_FACTS)
RECORDING_STICKY = ("product_type",)

NAME_LENGTH = 255
URL_LENGTH = 500
_INT32 = 2**31
_INT64 = 2**63

_MAIN_VERSION = len(RECORDING_KEY) + 1 + RECORDING_FACTS.index("main_version")
_NAME, _COVER = VERSION_FACTS.index("name"), VERSION_FACTS.index("cover_url")

Row = tuple[Any, ...]
Column = Sequence[Any]
Columns = Sequence[Column]  # of a table's mapped rows, in the order of their values
_encode = msgspec.msgpack.Encoder().encode


def payload_hash(facts: Sequence[object]) -> str:
    """The facts as 32 hex digits (what a UUID column takes). Times are hashed as instants, whatever their zone."""
    return _digest((MAPPING_VERSION, *facts))


def _digest(versioned: Row) -> str:
    return blake2b(_encode(versioned), digest_size=16).hexdigest()


def same_but_for_plays(known_hash: str, known_plays: int | None, facts: Sequence[object]) -> bool:
    """Is the play count, which moves all the time, the only thing that differs from the stored row?"""
    return known_hash == payload_hash((*facts[:-1], known_plays))


def text(value: str | None, length: int = NAME_LENGTH) -> str:
    """A text every database takes: no NUL (PostgreSQL refuses it), no half of a surrogate pair, at most ``length``."""
    if not value:
        return ""
    if len(value) <= length and value.isprintable():  # most are: neither of those is
        return value
    if "\x00" in value:
        value = value.replace("\x00", "")
    if not value.isascii():
        value = value.encode("utf-8", "replace").decode()
    return value[:length]


def address(value: str | None) -> str:
    cleaned = text(value, URL_LENGTH + 1)
    return cleaned if len(cleaned) <= URL_LENGTH else ""


def small(value: int | None) -> int | None:
    """A 32-bit column's value, or unknown."""
    return value if value is not None and -_INT32 <= value < _INT32 else None


def big(value: int | None) -> int | None:
    """A 64-bit column's value, or unknown (the vendor's integers are unsigned)."""
    return value if value is not None and -_INT64 <= value < _INT64 else None


def status(value: int | None) -> int:
    """A row without a status has no recording yet."""
    known = small(value)
    return RecordingStatus.NOT_RECORDED.value if known is None else known


def product(product_type: int | None) -> int | None:
    """0 asks for rows of every type, so it says nothing about a row."""
    return small(product_type) or None


# ---------------------------------------------------------------- pages, column by column
#
# Numbers need no look here: a row of the vendor's holds none that its column does not.


def _hashed(facts: Sequence[Column]) -> list[str]:
    """As ``payload_hash`` of each row."""
    return [*map(_digest, zip(repeat(MAPPING_VERSION), *facts))]


def _columns(key: Sequence[Column], facts: Sequence[Column], sticky: Column) -> Columns:
    return [*key, _hashed(facts), *facts, sticky]


def room_columns(rows: Sequence[RoomRow], product_type: int | None) -> Columns:
    listed_as = product(product_type)
    told, *others = (column(rows, name) for name in ROOM_FACTS)
    types = [product(each) or listed_as for each in column(rows, "product_type")]
    return _columns([column(rows, "room_id")], [[*map(text, told)], *others], types)


def _version_facts(rows: Sequence[RecordingRow]) -> list[Column]:
    """As ``VERSION_FACTS``; a recording's own end with its main version's."""
    facts = [column(rows, name) for name in VERSION_FACTS]
    facts[_NAME] = [*map(text, facts[_NAME])]
    facts[_COVER] = [*map(address, facts[_COVER])]
    return facts


def recording_columns(rows: Sequence[RecordingRow], product_type: int | None) -> Columns:
    key = [column(rows, name) for name in RECORDING_KEY]
    facts = [column(rows, "playback_id"), column(rows, "version"), *_version_facts(rows)]
    return _columns(key, facts, [product(product_type)] * len(rows))


def main_version_columns(recordings: Columns) -> Columns:
    """The main versions as the mapped columns of their recordings tell them, where these say which that is: their facts
    are the recording's, by the same names. The list of recordings does not say of which type they are."""
    versions = recordings[_MAIN_VERSION]
    if None in versions:
        said = [version is not None for version in versions]
        recordings = [[*compress(values, said)] for values in recordings]
        versions = recordings[_MAIN_VERSION]
    return _columns([*recordings[:2], versions], recordings[_MAIN_VERSION + 1 : -1], [None] * len(versions))


def version_columns(rows: Sequence[RecordingRow]) -> Columns:
    """Without the rows that do not say which version they are: a guess would overwrite another one."""
    if None in column(rows, "version"):
        rows = [row for row in rows if row.version is not None]
    key = [column(rows, name) for name in VERSION_KEY]
    return _columns(key, _version_facts(rows), column(rows, "version_type"))


def in_order(columns: Columns, key_width: int) -> Columns:
    """One row a key, the first of each, sorted by key.

    A list that shifts between two answers can show a row twice, and a statement may touch a row once. Sorted, so that
    two writers lock rows in the same order.
    """
    keys = [*zip(*columns[:key_width], strict=True)]
    if all(map(lt, keys, keys[1:])):
        return columns
    places = sorted(range(len(keys)), key=keys.__getitem__)
    first = [place for before, place in zip([None, *places], places) if before is None or keys[before] != keys[place]]  # noqa: B905
    return [[values[place] for place in first] for values in columns]


def first_of_each(rows: Iterable[Row], key_width: int) -> list[Row]:
    """As ``in_order``, of rows."""
    return [*zip(*in_order([*zip(*rows, strict=True)], key_width), strict=True)]
