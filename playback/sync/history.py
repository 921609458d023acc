"""What changed behind our back, noticed and written down: one entry a row and kind of change, in the transaction that
stores it.

The comparison itself is in ``sides``. What is *not* history:

- a row that is new, and what a placeholder learns;
- play counts;
- a recording on its way: as long as it has never been ready, its status moves on and its facts are filled in;
- what a callback told ahead of the list (status, video, length, size, cover), when the list says it too, and what the
  callback did not know. That a callback changed a *ready* recording is history, written when the callback is believed
  (``told``).

Every way by which the vendor's words come in writes here (``upsert``, ``single``, ``told``, ``gone``), from the row as
it was locked before its write. Whatever is stored is the *from* of the next comparison, so no change is written twice.

An effect of our own operation is history too, marked as such: a pass may well meet it before the operation's own
reading does. How an entry is made of a difference is in ``entries``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count
from django.utils import timezone

from playback.models import Change, Mirror, Recording, Room, SyncRun, Version

from . import sides
from .entries import TOLD, Draft, Former, write
from .tables import RECORDINGS, ROOMS, VERSIONS, Table, listed, marks

Kind = Change.Kind
KEEP = timedelta(days=400)
PLAYS = "play_times"
TABLES: dict[type[Mirror], Table] = {Room: ROOMS, Recording: RECORDINGS, Version: VERSIONS}
_FOREGROUND = {"echo": False, "own": False}


def formers(table: Table, keys: Iterable[int]) -> dict[int, Former]:
    """The stored rows, locked until the transaction's end. All writers lock in this order."""
    key = ("recording_id", "version") if table is VERSIONS else table.key
    columns = (table.pk, "synced_at", "gone_at", "payload_hash", *key, *table.facts)
    wanted = [*keys]
    if not wanted:
        return {}
    rows: Iterable[tuple[Any, ...]]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {listed(columns)} FROM {table.name} WHERE {table.pk} IN ({marks(len(wanted))}) "  # noqa: S608
                f"ORDER BY {table.pk} FOR UPDATE",
                wanted,
            )
            rows = cursor.fetchall()
    else:  # where the ORM makes times of what the database holds
        rows = table.model.objects.filter(pk__in=wanted).order_by("pk").values_list(*columns)
    width = 4 + len(key)
    return {
        row[0]: Former(row[0], row[1], row[2], row[3].hex if row[3] else None, row[width:], row[4:width])
        for row in rows
    }


def former_of(table: Table, row: Any) -> Former:
    """Of an instance that was locked when it was read."""
    key = (row.recording_id, row.version) if table is VERSIONS else tuple(getattr(row, name) for name in table.key)
    pinned = row.payload_hash.hex if row.payload_hash else None
    return Former(row.pk, row.synced_at, row.gone_at, pinned, facts_of(table, row), key)


def facts_of(table: Table, row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in table.facts)


def drafts(table: Table, moved: Sequence[tuple[int, Sequence[Any]]], asked_at: datetime) -> list[Draft]:
    """What is to be written down of rows that the vendor's words are about to change: primary key and the facts it
    tells now. Call before the write, in its transaction, and ``write`` them after it."""
    if not moved:
        return []
    before = formers(table, [pk for pk, _ in moved])
    found: list[Draft] = []
    for pk, facts in moved:
        former = before.get(pk)
        # The write's own guard: words older than the stored ones change nothing.
        if former is not None and not _later(former.synced_at, asked_at) and not _later(former.gone_at, asked_at):
            found.extend(drafts_of(table, former, facts))
    return found


def note_alone(table: Table, former: Former, facts: Sequence[Any], asked_at: datetime) -> None:
    """One row that was asked about by itself."""
    write(drafts_of(table, former, facts), asked_at, None)


def drafts_of(table: Table, former: Former, facts: Sequence[Any]) -> list[Draft]:
    """What differs from the vendor's facts, by kind."""
    if former.gone_at is not None:
        return [Draft(table, former, Kind.BACK, _differences(table, former.facts, facts))]
    if former.synced_at is None:
        return []
    if former.pinned is None:
        fields = _differences(table, former.facts, facts)
        learned = {name for name, (was, _) in fields.items() if name in TOLD or was is None or was == ""}
        by_kind = {Kind.VENDOR: {name: pair for name, pair in fields.items() if name not in learned}}
    else:
        by_kind = {}
        for i, kind in sides.of_fields(former.facts, facts, former.pinned).items():
            if table.facts[i] != PLAYS:
                by_kind.setdefault(Kind(kind), {})[table.facts[i]] = [former.facts[i], facts[i]]
    return [Draft(table, former, kind, fields) for kind, fields in by_kind.items() if fields]


def note_told(table: Table, former: Former, facts: Sequence[Any], seen_at: datetime) -> None:
    """What a callback changed of a row that had the vendor's words already."""
    fields = _differences(table, former.facts, facts)
    if former.synced_at is not None and former.gone_at is None and fields:
        write([Draft(table, former, Kind.VENDOR, fields)], seen_at, None)


def note_gone(
    table: Table, keys: Iterable[int], gone_at: datetime, run: SyncRun | None = None, *, echo: bool = False
) -> None:
    """Rows that were just marked as gone. ``echo``: versions that went along with their recording."""
    gone = [Draft(table, former, Kind.GONE, {}, echo=echo) for former in formers(table, keys).values()]
    write(gone, gone_at, run)


def note_back(table: Table, keys: Iterable[int], asked_at: datetime) -> None:
    """Gone rows that are there again, though their own facts are not told yet. Call before they are written."""
    gone = [former for former in formers(table, keys).values() if former.gone_at is not None]
    write([Draft(table, former, Kind.BACK, {}) for former in gone], asked_at, None)


def _differences(table: Table, old: Sequence[Any], new: Sequence[Any]) -> dict[str, list[Any]]:
    return {
        name: [was, now] for name, was, now in zip(table.facts, old, new, strict=True) if was != now and name != PLAYS
    }


def _later(stored_at: datetime | None, asked_at: datetime) -> bool:
    return stored_at is not None and stored_at > asked_at


# ---------------------------------------------------------------- over time


def summary(since: datetime) -> dict[str, int]:
    """How many rows changed behind our back since then, by kind; every kind is present."""
    counted = Change.objects.filter(seen_at__gte=since, **_FOREGROUND).order_by().values_list("kind")
    found = dict(counted.annotate(Count("pk")))
    return {kind: found.get(kind, 0) for kind in Kind.values}


def forget_old() -> int:
    """Entries of long ago."""
    removed: int = Change.objects.filter(seen_at__lt=timezone.now() - KEEP).delete()[0]
    return removed
