"""New recordings with their main versions straight into PostgreSQL's tables: what a first load consists of.

Pages of recordings of which none is known need no upsert: binary COPY writes them into both tables, which costs the
database less than half. Ids are drawn from the table's own sequence beforehand, so that the versions know theirs.
Should somebody else place one of them at the same moment (a callback, a refresh), the database refuses the whole COPY,
nothing of it stays, and the caller goes the ordinary way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from . import binary
from .batch import Batch
from .tables import RECORDINGS, VERSIONS

WORTH_IT = 40  # rows; fewer are as quickly upserted
_TAKE = (
    "SELECT array_agg(nextval(s.name)) "
    "FROM (SELECT pg_get_serial_sequence(%s, %s)::regclass AS name OFFSET 0) s, generate_series(1, %s)"
)


def add(pages: Sequence[tuple[Batch, datetime]]) -> bool:
    """Pages of recordings, each with when it was asked for, of which nothing is in the tables, and whose rooms are.
    False where nothing was done."""
    pages = [(recordings, asked_at) for recordings, asked_at in pages if len(recordings)]
    rows = sum(len(recordings) for recordings, _ in pages)
    if connection.vendor != "postgresql" or rows < WORTH_IT:
        return False
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(_TAKE, [RECORDINGS.name, RECORDINGS.pk, rows])
                (ids,) = cursor.fetchone()
            _copy(pages, ids)
    except IntegrityError:
        return False
    return True


def _copy(pages: Sequence[tuple[Batch, datetime]], ids: Sequence[int]) -> None:
    versions = []
    start = 0
    for recordings, asked_at in pages:
        own = ids[start : start + len(recordings)]
        start += len(own)
        _fill(recordings, RECORDINGS.pk, own, asked_at)
        if len(recordings.mains):
            _fill(recordings.mains, "recording_id", _of_versions(recordings, own), asked_at)
            versions.append(recordings.mains.sheet)
    binary.copy(RECORDINGS.name, [recordings.sheet for recordings, _ in pages])
    binary.copy(VERSIONS.name, versions)


def _fill(batch: Batch, column: str, ids: Sequence[int], asked_at: datetime) -> None:
    batch.sheet.fill(column, ids)
    moments = [binary.microseconds(asked_at)] * len(batch)
    batch.sheet.fill("first_seen_at", moments)
    batch.sheet.fill("synced_at", moments)


def _of_versions(recordings: Batch, ids: Sequence[int]) -> Sequence[int]:
    versions = recordings.mains
    if len(versions) == len(recordings):  # both are in the order of the recordings' keys
        return ids
    of_key = dict(zip(recordings.keys, ids, strict=True))
    return [of_key[key[:-1]] for key in versions.keys]
