"""Mirror throughput: typed pages through ``playback.sync.upsert`` against raw SQL upserts of the same rows.

The base writes the same columns of the same rows into the same three tables with the statements that one would write
by hand (one upsert a page and table: ``executemany`` on SQLite, ``unnest`` on PostgreSQL), with the values ready made:
no mapping, no hash, no comparison with what is stored.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.db import connection, transaction

from playback.models import Change, Recording, Room, Version
from playback.sync import mapping, upsert
from playback.sync.tables import stored_time
from playback.vendor.results import RecordingRow

from .report import Line, median

PAGE = 1000
START = datetime(2024, 1, 1, tzinfo=UTC)


def pages(rows: int, renamed_share: float = 0.0) -> Iterator[list[RecordingRow]]:
    """Made anew for each use: neither side gains from objects that are warm."""
    step = int(1 / renamed_share) if renamed_share else 0
    for first in range(0, rows, PAGE):
        yield [
            RecordingRow(
                room_id=24010100000000 + n // 20,
                session_id=202401010 + n % 20,
                playback_id=1_000_000 + n,
                video_id=5_000_000 + n,
                name=f"第{n}节 函数与导数{'（改）' if step and n % step == 0 else ''}",
                status=100,
                created_at=START - timedelta(minutes=n),
                length=2400 + n % 1000,
                total_transcode_size=100_000_000 + n,
                play_times=n % 300,
                cover_url=f"https://img.example.org/00-upload/image/{n}.jpg",
                publish_status=1,
                version=0,
            )
            for n in range(first, min(first + PAGE, rows))
        ]


def empty() -> None:
    with connection.cursor() as cursor:
        for model in (Change, Version, Recording, Room):
            table = model._meta.db_table
            if connection.vendor == "postgresql":
                cursor.execute(f"TRUNCATE {table} CASCADE")
            else:
                cursor.execute(f"DELETE FROM {table}")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def mirror(rows: int, *, renamed_share: float = 0.0, at: datetime = START) -> float:
    spent = 0.0
    for page in pages(rows, renamed_share):
        started = time.perf_counter()
        upsert.store_recordings(page, at, at, 1)
        spent += time.perf_counter() - started
    return spent


ROOM = ("room_id", "first_seen_at", "title", "is_long_term")
RECORDING = (
    "room_id",
    "session_id",
    "first_seen_at",
    "synced_at",
    "payload_hash",
    *mapping.RECORDING_FACTS,
    "product_type",
)
VERSION = (
    "recording_id",
    "version",
    "first_seen_at",
    "synced_at",
    "payload_hash",
    *mapping.VERSION_FACTS,
    "version_type",
)


def raw(rows: int) -> float:
    """The base. Rows as the driver wants them are made outside of the clock."""
    at = stored_time(START)
    hashed = "0" * 32
    spent = 0.0
    for page in pages(rows):
        rooms = [(room_id, at, "", False) for room_id in sorted({row.room_id for row in page})]
        recordings = []
        versions = []
        for row in page:
            made = stored_time(row.created_at) if row.created_at else None
            common = (row.video_id, row.name, row.status, row.publish_status, made)
            media = (row.length, row.total_transcode_size, row.cover_url, row.play_times)
            key = (row.room_id, row.session_id)
            recordings.append((*key, at, at, hashed, row.playback_id, 0, *common, *media, 1))
            versions.append((*key, 0, at, at, hashed, *common, *media, None))
        started = time.perf_counter()
        with transaction.atomic(), connection.cursor() as cursor:
            _upsert(cursor, Room, ROOM, ("room_id",), rooms)
            _upsert(cursor, Recording, RECORDING, ("room_id", "session_id"), recordings)
            _upsert(cursor, Version, VERSION, ("recording_id", "version"), versions)
        spent += time.perf_counter() - started
    return spent


def _upsert(cursor: Any, model: Any, columns: tuple[str, ...], key: tuple[str, ...], rows: list[Any]) -> None:
    table, parent = model._meta.db_table, Recording._meta.db_table
    renewed = ", ".join(f"{column} = excluded.{column}" for column in columns if column not in key)
    conflict = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {renewed}"
    head = f"INSERT INTO {table} ({', '.join(columns)})"
    through = columns[0] == "recording_id"
    if connection.vendor == "postgresql":
        given = ("room_id", "session_id", *columns[1:]) if through else columns
        kinds = ["bigint" if name in ("room_id", "session_id") else _kind(model, name) for name in given]
        source = f"unnest({', '.join(f'%s::{kind}[]' for kind in kinds)}) AS v({', '.join(given)})"
        picked = ", ".join("r.id" if name == "recording_id" else f"v.{name}" for name in columns)
        join = f" JOIN {parent} r ON r.room_id = v.room_id AND r.session_id = v.session_id" if through else ""
        cursor.execute(
            f"{head} SELECT {picked} FROM {source}{join} {conflict}",
            [list(column) for column in zip(*rows, strict=True)],
        )
    else:
        marks = ", ".join(["%s"] * (len(columns) - 1))
        first = f"(SELECT id FROM {parent} WHERE room_id = %s AND session_id = %s)" if through else "%s"
        cursor.executemany(f"{head} VALUES ({first}, {marks}) {conflict}", rows)


def _kind(model: Any, column: str) -> str:
    return str(model._meta.get_field(column).db_type(connection)).partition("(")[0]


def measure(rows: int, repeats: int) -> list[Line]:
    """Lines for one database. Base and mirror alternate, so that a slow minute of the machine meets both."""
    first_raw, again_raw, first, changed, same = [], [], [], [], []
    day = timedelta(days=1)

    def timed(into: list[float], work: Callable[[], float]) -> None:
        into.append(work())

    for _ in range(repeats):
        empty()
        timed(first_raw, lambda: raw(rows))
        timed(again_raw, lambda: raw(rows))
        empty()
        timed(first, lambda: mirror(rows))
        timed(changed, lambda: mirror(rows, renamed_share=0.01, at=START + day))
        timed(same, lambda: mirror(rows, renamed_share=0.01, at=START + 2 * day))
    assert Recording.objects.count() == Version.objects.count() == rows
    assert Recording.objects.filter(name__endswith="（改）").count() == -(-rows // 100)
    name = connection.vendor
    base, again = median(first_raw), median(again_raw)
    return [
        Line(f"{name}: first load", median(first), "raw upsert of new rows", base, 2.0, rows),
        Line(f"{name}: 1 % changed", median(changed), "raw upsert of the same rows again", again, 2.0, rows),
        Line(f"{name}: nothing changed", median(same), "raw upsert of the same rows again", again, 2.0, rows),
    ]


def copy_of(row: RecordingRow, **changes: Any) -> RecordingRow:
    return msgspec.structs.replace(row, **changes)
