"""New recordings with their main versions straight into PostgreSQL's tables: what a first load consists of.

A page of recordings of which none is known needs no upsert: binary COPY writes it into both tables, which costs the
database less than half. Their ids are drawn from the table's own sequence beforehand, so that the versions know theirs.
Should somebody else place one of them at the same moment (a callback, a refresh), the database refuses the whole COPY,
nothing of it stays, and the caller goes the ordinary way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from . import mapping
from .stage import copy_rows
from .tables import COPY_FROM, RECORDINGS, VERSIONS, Table

_TAKE = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"


def add(recordings: Sequence[mapping.Row], versions: Sequence[mapping.Row], asked_at: datetime) -> bool:
    """Mapped rows that are unique by key and not in the tables, and whose rooms are; each version belongs to one of the
    recordings. False where nothing was done."""
    if connection.vendor != "postgresql" or len(recordings) < COPY_FROM:
        return False
    width = len(RECORDINGS.key)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_TAKE, [RECORDINGS.name, RECORDINGS.pk, len(recordings)])
            ids = [pk for (pk,) in cursor.fetchall()]
            _copy(
                cursor,
                RECORDINGS,
                (RECORDINGS.pk, *RECORDINGS.key),
                ((pk, *row) for pk, row in zip(ids, recordings, strict=True)),
                asked_at,
            )
            of_key = {row[:width]: pk for pk, row in zip(ids, recordings, strict=True)}
            _copy(
                cursor,
                VERSIONS,
                ("recording_id", "version"),
                ((of_key[row[:width]], *row[width:]) for row in versions),
                asked_at,
            )
    except IntegrityError:
        return False
    return True


def _copy(cursor: Any, table: Table, key: tuple[str, ...], rows: Iterable[Sequence[Any]], asked_at: datetime) -> None:
    """``rows``: the key, and then as mapped."""
    names = (*key, "first_seen_at", "synced_at", "payload_hash", *table.facts, table.sticky)
    width = len(key)
    whole = ((*row[:width], asked_at, asked_at, UUID(row[width]), *row[width + 1 :]) for row in rows)
    copy_rows(cursor, table.name, [(name, table.type_of(name)) for name in names], whole)
