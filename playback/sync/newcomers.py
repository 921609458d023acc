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

from . import binary, mapping
from .tables import RECORDINGS, VERSIONS, Table

WORTH_IT = 40  # rows; fewer are as quickly upserted
_TAKE = "SELECT array_agg(nextval(pg_get_serial_sequence(%s, %s))) FROM generate_series(1, %s)"


def add(recordings: Sequence[mapping.Row], versions: Sequence[mapping.Row], asked_at: datetime) -> bool:
    """Mapped rows that are unique by key and not in the tables, and whose rooms are; each version belongs to one of the
    recordings. False where nothing was done."""
    if connection.vendor != "postgresql" or len(recordings) < WORTH_IT:
        return False
    columns = dict(zip(RECORDINGS.columns, zip(*recordings, strict=True), strict=True))
    made = {name: binary.Column(RECORDINGS.type_of(name), values) for name, values in columns.items()}
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(_TAKE, [RECORDINGS.name, RECORDINGS.pk, len(recordings)])
                (ids,) = cursor.fetchone()
            _copy(RECORDINGS, {RECORDINGS.pk: binary.Column("bigint", ids), **made}, asked_at)
            if versions:
                _copy(VERSIONS, _of_versions(recordings, versions, ids, made), asked_at)
    except IntegrityError:
        return False
    return True


def _of_versions(
    recordings: Sequence[mapping.Row],
    versions: Sequence[mapping.Row],
    ids: Sequence[int],
    made: dict[str, binary.Column],
) -> dict[str, binary.Column]:
    """A main version's facts are its recording's: what is ready of those need not be made again."""
    width = len(RECORDINGS.key)
    names = VERSIONS.columns[width:]
    own = dict(zip(names, [*zip(*versions, strict=True)][width:], strict=True))
    if len(versions) == len(recordings):
        shared = {name: made[name] for name in mapping.VERSION_FACTS}
    else:
        of_key = {row[:width]: pk for pk, row in zip(ids, recordings, strict=True)}
        ids = [of_key[row[:width]] for row in versions]
        shared = {}
    rest = {name: binary.Column(VERSIONS.type_of(name), own[name]) for name in names if name not in shared}
    return {"recording_id": binary.Column("bigint", ids), **shared, **rest}


def _copy(table: Table, columns: dict[str, binary.Column], asked_at: datetime) -> None:
    length = len(next(iter(columns.values())).values)
    moment = binary.Column.of_one(table.type_of("synced_at"), asked_at, length)
    binary.copy(table.name, {**columns, "first_seen_at": moment, "synced_at": moment})
