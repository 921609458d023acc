"""The three lists a pass can read, and how a single row of each is looked up.

A source knows one kind: its vendor call, its table and how its rows are mapped, and how the vendor is asked about
one row alone when the list cannot be trusted to say that it is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from django.conf import settings

from playback.models import Mirror, Recording, Room, SyncRun, Version
from playback.vendor.client import VendorClient
from playback.vendor.codes import ProductType
from playback.vendor.results import Page, UnreadableRow, column

from . import lookup, mapping
from .batch import Batch
from .tables import RECORDINGS, ROOMS, VERSIONS


@dataclass(frozen=True, slots=True)
class Prepared:
    """A page's answer, and its rows ready to be stored. ``keyless``: rows without a natural key, which cannot be."""

    answer: Page[Any]
    batch: Batch
    keyless: int

    @property
    def rows(self) -> Sequence[Any]:
        return self.answer.rows

    @property
    def unreadable(self) -> list[UnreadableRow]:
        return self.answer.unreadable

    @property
    def total(self) -> int:
        return self.answer.total

    @property
    def counted(self) -> bool:
        return self.answer.counted


class Source:
    """One kind of list. ``product_type`` 0 asks for rows of every type."""

    kind: str
    model: type[Mirror]
    name: str  # for sentences, plural

    def ask(self, client: VendorClient, product_type: int, page: int, page_size: int) -> Any:
        raise NotImplementedError

    def prepare(self, answer: Page[Any], product_type: int, *, new: bool) -> Prepared:
        """``new``: most of its rows are likely to be."""
        keyed = self.keyed(answer.rows)
        batch = self.batch(keyed, product_type)
        batch.make_ready(new=new)
        return Prepared(answer, batch, len(answer.rows) - len(keyed))

    def keyed(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Those that have a natural key at all."""
        fit = [_is_whole(*key) for key in self.keys(rows)]
        return rows if all(fit) else [*compress(rows, fit)]

    def batch(self, rows: Sequence[Any], product_type: int) -> Batch:
        raise NotImplementedError

    key: tuple[str, ...]  # the vendor's of a row, whatever else it says

    def keys(self, rows: Sequence[Any]) -> Iterable[tuple[Any, ...]]:
        return zip(*(column(rows, name) for name in self.key), strict=True)

    def spared(self, room_id: int) -> list[int]:
        """Our rows that an unreadable row of this room may be: all of the room."""
        raise NotImplementedError

    def absent(self, client: VendorClient, keys: Sequence[int]) -> set[int]:
        """Which of our rows the vendor has no more, asked one by one. Raises the client's errors."""
        raise NotImplementedError


def _is_whole(room_id: int, session_id: int = 0, version: int | None = 0) -> bool:
    return room_id > 0 and session_id >= 0 and version is not None


class Rooms(Source):
    kind = SyncRun.Kind.ROOMS
    model = Room
    name = "rooms"
    key = mapping.ROOM_KEY

    def ask(self, client: VendorClient, product_type: int, page: int, page_size: int) -> Any:
        return client.list_rooms(page=page, limit=page_size, product_type=product_type)

    def batch(self, rows: Sequence[Any], product_type: int) -> Batch:
        return Batch(ROOMS, mapping.room_columns(rows, product_type))

    def spared(self, room_id: int) -> list[int]:
        return [room_id]

    def absent(self, client: VendorClient, keys: Sequence[int]) -> set[int]:
        return {room_id for room_id in keys if not lookup.room_is_there(client, room_id)}


class Recordings(Source):
    kind = SyncRun.Kind.RECORDINGS
    model = Recording
    name = "recordings"
    key = mapping.RECORDING_KEY

    def ask(self, client: VendorClient, product_type: int, page: int, page_size: int) -> Any:
        return client.list_recordings(product_type=product_type, page=page, page_size=page_size)

    def batch(self, rows: Sequence[Any], product_type: int) -> Batch:
        return Batch(RECORDINGS, mapping.recording_columns(rows, product_type))

    def spared(self, room_id: int) -> list[int]:
        return list(Recording.objects.filter(room_id=room_id).values_list("pk", flat=True))

    def absent(self, client: VendorClient, keys: Sequence[int]) -> set[int]:
        asked = Recording.objects.filter(pk__in=keys).values_list("pk", "room_id", "session_id")
        return {pk for pk, room_id, session_id in asked if lookup.recording_info(client, room_id, session_id) is None}


class Versions(Source):
    kind = SyncRun.Kind.VERSIONS
    model = Version
    name = "versions"
    key = mapping.VERSION_KEY

    def ask(self, client: VendorClient, product_type: int, page: int, page_size: int) -> Any:
        return client.list_recordings(product_type=product_type, page=page, page_size=page_size, crop_video=True)

    def batch(self, rows: Sequence[Any], product_type: int) -> Batch:
        return Batch(VERSIONS, mapping.version_columns(rows))

    def spared(self, room_id: int) -> list[int]:
        return list(Version.objects.filter(recording__room_id=room_id).values_list("pk", flat=True))

    def absent(self, client: VendorClient, keys: Sequence[int]) -> set[int]:
        wanted: dict[tuple[int, int], dict[int, int]] = {}
        columns = ("pk", "version", "recording__room_id", "recording__session_id")
        for pk, version, room_id, session_id in Version.objects.filter(pk__in=keys).values_list(*columns):
            wanted.setdefault((room_id, session_id), {})[version] = pk
        absent: set[int] = set()
        for (room_id, session_id), versions in wanted.items():
            there = lookup.versions_there(client, room_id, session_id)
            if there is not None:
                absent.update(pk for version, pk in versions.items() if version not in there)
        return absent


def product_types() -> tuple[int, ...]:
    """The lists a pass reads, from the settings; none named is the one of all types."""
    wanted = tuple(dict.fromkeys(int(each) for each in settings.BAIJIAYUN_PRODUCT_TYPES))
    return wanted or (ProductType.ALL.value,)


SOURCES: dict[str, Source] = {source.kind: source for source in (Rooms(), Recordings(), Versions())}
