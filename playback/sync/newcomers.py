"""New recordings with their main versions straight into PostgreSQL's tables: what a first load consists of.

A page of recordings of which none is known needs no upsert: binary COPY writes it into both tables, which costs the
database less than half. Their ids are drawn from the table's own sequence beforehand, so that the versions know theirs.
Should somebody else place one of them at the same moment (a callback, a refresh), the database refuses the whole COPY,
nothing of it stays, and the caller goes the ordinary way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from . import binary
from .batch import Batch
from .tables import RECORDINGS, VERSIONS, Table

WORTH_IT = 40  # rows; fewer are as quickly upserted
_TAKE = (
    "SELECT array_agg(nextval(s.name)) "
    "FROM (SELECT pg_get_serial_sequence(%s, %s)::regclass AS name OFFSET 0) s, generate_series(1, %s)"
)


def add(recordings: Batch, asked_at: datetime) -> bool:
    """A page of which nothing is in the tables, and whose rooms are. False where nothing was done."""
    if connection.vendor != "postgresql" or len(recordings) < WORTH_IT:
        return False
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(_TAKE, [RECORDINGS.name, RECORDINGS.pk, len(recordings)])
                (ids,) = cursor.fetchone()
            _copy(RECORDINGS, {RECORDINGS.pk: binary.Column("bigint", ids), **recordings.columns}, asked_at)
            if recordings.mains:
                _copy(VERSIONS, _of_versions(recordings, ids), asked_at)
    except IntegrityError:
        return False
    return True


def _of_versions(recordings: Batch, ids: Sequence[int]) -> dict[str, binary.Column]:
    width = len(RECORDINGS.key)
    versions = recordings.mains
    if len(versions) != len(recordings):  # both are in the order of the recordings' keys
        of_key = {row[:width]: pk for pk, row in zip(ids, recordings.rows, strict=True)}
        ids = [of_key[row[:width]] for row in versions.rows]
    own = {name: column for name, column in versions.columns.items() if name not in RECORDINGS.key}
    return {"recording_id": binary.Column("bigint", ids), **own}


def _copy(table: Table, columns: dict[str, binary.Column], asked_at: datetime) -> None:
    length = len(next(iter(columns.values())).values)
    moment = binary.Column.of_one(table.type_of("synced_at"), asked_at, length)
    binary.copy(table.name, {**columns, "first_seen_at": moment, "synced_at": moment})
