"""Pages into PostgreSQL without the network, against bare COPY of the same rows.

Ours is what a first load does, but for the vendor and the threads: eight pages a transaction with a pass's settings,
the lists' indexes and foreign keys put aside; the vendor's typed rows mapped, hashed and written, each recording a row
of ``playback_recording`` and one of ``playback_version``, with their keys. *Bare COPY* is the driver's own binary COPY
of the same two rows a recording, with their values ready made, into the same tables as the first load finds them, as
many rows a transaction: what ours would take if nothing had to be mapped, hashed or looked at. Making the indexes and
foreign keys afterwards is in neither.

What the tables' keys cost is shown beside it, without an aim, by the same COPY into fresh tables of the same columns
without any key, which no upsert could be made into.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from playback.models import Recording, Room, Version
from playback.sync import indexes, lock, mapping, upsert
from playback.sync.batch import Batch
from playback.sync.passes import AT_ONCE
from playback.sync.tables import RECORDINGS

from . import mirror
from .report import Line, Share, median

AIM = 0.5
RECORDING = ("id", *mirror.RECORDING)
VERSION = ("id", *mirror.VERSION)


def measure(rows: int, repeats: int) -> list[Share | Line]:
    if connection.vendor != "postgresql":
        return []
    keyless, bare, ours = [], [], []
    for _ in range(repeats):
        mirror.empty()
        assert indexes.put_aside(max(rows, indexes.MANY))
        keyless.append(_without_keys(rows))
        bare.append(_bare(rows))
        mirror.empty()
        ours.append(_ours(rows))
    indexes.ensure()
    assert Recording.objects.count() == Version.objects.count() == rows
    base, without, speed = median(bare), median(keyless), median(ours)
    what = f"{connection.vendor}: upserts of new rows ({2 * rows / speed:,.0f} rows/s in two tables)"
    return [
        Share(what, base / speed, f"bare COPY into the same tables ({2 * rows / base:,.0f} rows/s)", AIM),
        Line(
            what, speed, f"the time of COPY into tables without keys ({2 * rows / without:,.0f} rows/s)", without, None
        ),
    ]


Rows = list[tuple[Any, ...]]


def _pages(rows: int) -> list[tuple[Rows, Rows]]:
    """Recordings and versions as COPY wants them, made outside of the clock."""
    hashed = UUID(int=0)
    at = datetime(2024, 1, 1, tzinfo=UTC)
    made: list[tuple[Rows, Rows]] = []
    number = 0
    for page in mirror.pages(rows):
        recordings: Rows = []
        versions: Rows = []
        for row in page:
            number += 1
            common = (row.video_id, row.name, row.status, row.publish_status, row.created_at)
            media = (row.length, row.total_transcode_size, row.cover_url, row.play_times)
            recordings.append(
                (number, row.room_id, row.session_id, at, at, hashed, row.playback_id, 0, *common, *media, 1)
            )
            versions.append((number, number, 0, at, at, hashed, *common, *media, None))
        made.append((recordings, versions))
    return made


def _without_keys(rows: int) -> float:
    pages = _pages(rows)
    with connection.cursor() as cursor:
        for model in (Recording, Version):
            cursor.execute(f"CREATE TABLE keyless_{model._meta.model_name} (LIKE {model._meta.db_table})")
    try:
        started = time.perf_counter()
        with transaction.atomic():
            _copy(Recording, "keyless_recording", RECORDING, [row for recordings, _ in pages for row in recordings])
            _copy(Version, "keyless_version", VERSION, [row for _, versions in pages for row in versions])
        return time.perf_counter() - started
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE keyless_recording, keyless_version")


def _ours(rows: int) -> float:
    spent = 0.0
    look = upsert.Look(thorough=True, rooms=set())
    pages = mirror.pages(rows)
    while group := [*islice(pages, AT_ONCE)]:
        started = time.perf_counter()
        with transaction.atomic():
            lock.for_pages()
            asked = [(Batch(RECORDINGS, mapping.recording_columns(page, 1)), mirror.START) for page in group]
            stored = upsert.store_pages(asked, mirror.START, look, new=True)
            assert [page.created for page in stored] == [*map(len, group)]
        spent += time.perf_counter() - started
    return spent


def _bare(rows: int) -> float:
    spent = 0.0
    at = datetime(2024, 1, 1, tzinfo=UTC)
    pages = iter(_pages(rows))
    while group := [*islice(pages, AT_ONCE)]:
        recordings = [row for page, _ in group for row in page]
        versions = [row for _, page in group for row in page]
        rooms = {row[1] for row in recordings}
        started = time.perf_counter()
        with transaction.atomic():
            lock.for_pages()
            Room.objects.bulk_create(
                [Room(room_id=room_id, first_seen_at=at) for room_id in rooms], ignore_conflicts=True
            )
            _copy(Recording, Recording._meta.db_table, RECORDING, recordings)
            _copy(Version, Version._meta.db_table, VERSION, versions)
        spent += time.perf_counter() - started
    return spent


def _copy(model: Any, table: str, columns: Sequence[str], rows: Rows) -> None:
    kinds = [
        str(model._meta.get_field(name.removesuffix("_id") if name in ("recording_id",) else name).db_type(connection))
        for name in columns
    ]
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types([kind.partition("(")[0] for kind in kinds])
        for row in rows:
            copy.write_row(row)
