"""One page of a vendor list into the mirror: read what is stored under its keys, write what differs, nothing else.

All functions take ``asked_at`` (when the page was asked for: that is how old the vendor's words are, and what
``synced_at`` becomes) and ``since`` (the start of the run, which tells rows that were created during it). They run in
one transaction; an unchanged page costs one read and no write.

A row is compared by its hash, which is what the vendor said last; ``thorough`` compares the stored columns too, and so
mends a row that somebody else wrote. What differs is written into the history (``history``), from the row's former
facts: they are read for the few rows that differ.

Who creates what: a recording's row brings its main version's along; an unknown room gets a placeholder (no title, no
``synced_at``), an unknown recording met through a version gets one too, until their own lists tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction

from playback.models import Recording, Room, SyncRun
from playback.vendor.results import RecordingRow, RoomRow

from . import binary, entries, history, mapping, newcomers
from .batch import Batch
from .entries import Draft
from .mapping import Row
from .tables import RECORDINGS, ROOMS, VERSIONS, Known, listed, marks, stored_time


@dataclass
class Stored:
    """What a page did to the mirror."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    quiet: bool = True  # nothing new but play counts
    known: list[int] = field(default_factory=list)  # primary keys of the page's rows that were there before the run


@dataclass
class Found:
    """What a page has that is not stored as it is."""

    new: list[Row] = field(default_factory=list)  # or gone, and there again
    changed: list[Row] = field(default_factory=list)  # to be written, the new ones among them
    drafts: list[Draft] = field(default_factory=list)  # for the history


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at: by the stored columns too (``thorough``), and for which run.

    ``rooms``: those that are there for certain; a page adds its own.
    """

    thorough: bool = False
    run: SyncRun | None = None
    rooms: set[int] | None = None


QUICK = Look()


def store_rooms(
    rows: Sequence[RoomRow], asked_at: datetime, since: datetime, product_type: int | None, look: Look = QUICK
) -> Stored:
    return store(Batch(ROOMS, mapping.room_columns(rows, product_type)), asked_at, since, look)


def store_recordings(
    rows: Sequence[RecordingRow], asked_at: datetime, since: datetime, product_type: int | None, look: Look = QUICK
) -> Stored:
    """Rows of call 2 without crops: each is a recording, and tells of its main version."""
    return store(Batch(RECORDINGS, mapping.recording_columns(rows, product_type)), asked_at, since, look)


def store_versions(rows: Sequence[RecordingRow], asked_at: datetime, since: datetime, look: Look = QUICK) -> Stored:
    """Rows of call 2 with crops, or of call 10: each is a version. Rows that do not say which are left out."""
    return store(Batch(VERSIONS, mapping.version_columns(rows)), asked_at, since, look)


Asked = tuple[Batch, datetime]  # a page, and when it was asked for


@transaction.atomic(savepoint=False)
def store_pages(pages: Sequence[Asked], since: datetime, look: Look, *, new: bool) -> list[Stored]:
    """Pages of one table, in their order. ``new``: it is likely that nothing of them is stored; that is tried first.

    Raises the database's errors, as ``store``.
    """
    if new and pages and pages[0][0].table is RECORDINGS:
        _place_rooms({room_id for batch, _ in pages for room_id in batch.column("room_id")}, pages[0][1], look.rooms)
        if newcomers.add(pages):
            return [Stored(created=len(batch), quiet=False) for batch, _ in pages]
    return [store(batch, asked_at, since, look) for batch, asked_at in pages]


@transaction.atomic(savepoint=False)
def store(batch: Batch, asked_at: datetime, since: datetime, look: Look) -> Stored:
    """Raises the database's errors; the transaction around it is lost then."""
    stored, found = _compare(batch, asked_at, since, look)
    if not found.changed:
        return stored
    if batch.table is not ROOMS:
        _place_rooms((row[0] for row in found.new), asked_at, look.rooms)
    if batch.table is RECORDINGS:
        _write_recordings(batch, stored, found, asked_at, since, look)
    else:
        if batch.table is VERSIONS and found.new:
            _place_recordings(found.new, asked_at)
        batch.table.write(found.changed, asked_at)
    entries.write(found.drafts, asked_at, look.run)
    return stored


def _write_recordings(
    batch: Batch, stored: Stored, found: Found, asked_at: datetime, since: datetime, look: Look
) -> None:
    """And their main versions."""
    all_new = len(batch) == stored.created  # then there are no versions to compare with
    if all_new and newcomers.add([(batch, asked_at)]):
        return
    RECORDINGS.write(found.changed, asked_at)
    if all_new:
        VERSIONS.write(batch.mains.rows, asked_at)
        return
    mains = Batch.of_rows(RECORDINGS, found.changed).mains
    _, of_versions = _compare(mains, asked_at, since, look, differs=True)
    VERSIONS.write(of_versions.changed, asked_at)
    found.drafts += of_versions.drafts


def _compare(
    batch: Batch, asked_at: datetime, since: datetime, look: Look, *, differs: bool = False
) -> tuple[Stored, Found]:
    """The page against what is stored. ``differs``: it is likely that each row does."""
    table = batch.table
    width = len(table.key)
    stored = Stored()
    settled = None
    if len(batch) and connection.vendor == "postgresql" and not differs:
        settled = table.settled(batch.arrays, asked_at, since, thorough=look.thorough)
        stored.known.extend(settled.pks)
        stored.unchanged = len(settled.positions)
        if stored.unchanged == len(batch):
            return stored, Found()
        done = set(settled.positions)
        rest = [row for position, row in enumerate(batch.rows) if position not in done]
    else:
        rest = batch.rows
    by_position: list[Known | None] = [None] * len(rest)
    if settled is None or settled.met > stored.unchanged:
        for known in table.known(rest, asked_at, since, thorough=look.thorough):
            by_position[known.position] = known
            if not known.fresh:
                stored.known.append(known.pk)
    found = Found()
    moved: list[tuple[int, Row]] = []
    told: Sequence[Row | None] = [None] * len(rest)
    if look.thorough and any(by_position):
        told = table.as_read(rest)
    for row, facts, entry in zip(rest, told, by_position, strict=True):
        if entry is None:
            stored.created += 1
            stored.quiet = False
            found.new.append(row)
            found.changed.append(row)
            continue
        same = entry.payload_hash == row[width] and entry.facts == facts
        if entry.newer or (same and not entry.gone and (row[-1] is None or row[-1] == entry.sticky)):
            stored.unchanged += 1
            continue
        stored.updated += 1
        found.changed.append(row)
        if entry.gone:
            found.new.append(row)
        plays_only = (
            table.plays
            and not entry.gone
            and entry.payload_hash is not None
            and (facts is None or entry.facts is None or entry.facts[:-1] == facts[:-1])
            and mapping.same_but_for_plays(entry.payload_hash, entry.plays, row[width + 1 : -1])
        )
        stored.quiet = stored.quiet and plays_only
        if entry.gone or not (same or plays_only):
            moved.append((entry.pk, row[width + 1 : -1]))
    found.drafts = history.drafts(table, moved, asked_at)
    return stored, found


def _place_rooms(rooms: Iterable[int], asked_at: datetime, there: set[int] | None) -> None:
    """A room that nobody told us of, so that its recording has one."""
    wanted = sorted(set(rooms).difference(there or ()))
    if not wanted:
        return
    if there is not None:
        there.update(wanted)
    seen_at = stored_time(asked_at)
    table = Room._meta.db_table
    head = f"INSERT INTO {table} (room_id, first_seen_at, title, is_long_term)"
    if connection.vendor == "postgresql":
        # Most rooms are there: looking first (by the index: OFFSET 0) spares an attempt to insert each.
        statement = (
            f"{head} SELECT v.room_id, %s, '', false FROM unnest(%b::bigint[]) AS v(room_id) "  # noqa: S608
            f"WHERE NOT EXISTS (SELECT FROM {table} r WHERE r.room_id = v.room_id OFFSET 0) "
            "ON CONFLICT (room_id) DO NOTHING"
        )
        with binary.cursor() as cursor:
            cursor.execute(statement, [seen_at, binary.Array(binary.Column("bigint", wanted))])
    else:
        values = [(room_id, seen_at, "", False) for room_id in wanted]
        with connection.cursor() as cursor:
            cursor.executemany(f"{head} VALUES (%s, %s, %s, %s) ON CONFLICT (room_id) DO NOTHING", values)


PLACED = ("video_id", "name", "status", "publish_status", "created_at", "length", "cover_url")


def _place_recordings(versions: Iterable[Row], asked_at: datetime) -> None:
    """The recordings of new versions: made where unknown, with the facts of the lowest version met and no hash, so
    that their own list writes them in any case; brought back where they were found gone before this was asked."""
    seen_at = stored_time(asked_at)
    versions = list(versions)
    keys = {row[:2] for row in versions}
    gone = Recording.objects.filter(room_id__in={key[0] for key in keys}, gone_at__lte=asked_at)
    found = gone.values_list("pk", "room_id", "session_id")
    history.note_back(RECORDINGS, [pk for pk, *key in found if tuple(key) in keys], asked_at)
    lowest: dict[Row, Row] = {}
    for row in versions:
        lowest.setdefault(row[:2], row)  # sorted: the lowest version comes first
    table = Recording._meta.db_table
    columns = ("room_id", "session_id", "first_seen_at", *PLACED)
    head = f"INSERT INTO {table} ({listed(columns)})"
    conflict = (
        "ON CONFLICT (room_id, session_id) DO UPDATE SET gone_at = NULL, payload_hash = NULL "
        f"WHERE {table}.gone_at <= excluded.first_seen_at"
    )
    at = {column: i for i, column in enumerate(VERSIONS.columns)}
    placed = [[row[at[column]] for row in lowest.values()] for column in PLACED]
    if connection.vendor == "postgresql":
        statement = (
            f"{head} SELECT v.room_id, v.session_id, %s, {listed([f'v.{fact}' for fact in PLACED])} "  # noqa: S608
            f"FROM {RECORDINGS.unnested((*RECORDINGS.key, *PLACED))} WHERE true {conflict}"
        )
        given = RECORDINGS.arrays((*RECORDINGS.key, *PLACED), [*zip(*lowest, strict=True), *placed])
        with binary.cursor() as cursor:
            cursor.execute(statement, [seen_at, *given])
        return
    created_at = PLACED.index("created_at")
    placed[created_at] = [None if moment is None else stored_time(moment) for moment in placed[created_at]]
    values = [(*key, seen_at, *facts) for key, *facts in zip(lowest, *placed, strict=True)]
    with connection.cursor() as cursor:
        cursor.executemany(f"{head} VALUES ({marks(len(columns))}) {conflict}", values)
