"""PostgreSQL's indexes for searches by words: made when the first load is over, and again when one is found broken.

They would take about a third off the speed of a first load, so no migration makes them. ``ensure`` is called at the end
of each full pass and by ``manage.py search_indexes``; where nothing is to do it costs one small query a table. They are
built beside the running work (``CONCURRENTLY``), by one process at a time. A build that was killed leaves an index
behind which is written to and never read: it is dropped and built anew. Small tables need none.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.db import Error, connection
from django.db.models import Model

from playback.models import Recording, Room, Version

logger = logging.getLogger(__name__)

WORTH_IT = 5_000  # rows; fewer are read through in a millisecond
PATIENCE = "10min"  # for transactions that are older than the build, and must end before it does
_LOCK = 7_120_305  # ours among advisory locks


@dataclass(frozen=True)
class SearchIndex:
    name: str
    model: type[Model]
    column: str

    @property
    def table(self) -> str:
        return self.model._meta.db_table


INDEXES = (
    SearchIndex("recording_name_pairs", Recording, "name"),
    SearchIndex("version_name_pairs", Version, "name"),
    SearchIndex("room_title_pairs", Room, "title"),
)


def ensure(worth_it: int = WORTH_IT) -> list[str]:
    """Make what is missing; answers the names of those made. Trouble is logged: searches work without, but slower."""
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        return []
    try:
        return _ensure(worth_it)
    except Error as error:
        logger.warning("search indexes: not made (%s); tried again after the next full pass", type(error).__name__)
        return []


def missing(worth_it: int = WORTH_IT) -> list[SearchIndex]:
    return [index for index in INDEXES if not _valid(index) and _has_rows(index, worth_it)]


def _ensure(worth_it: int) -> list[str]:
    if not missing(worth_it):
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return []  # somebody else is at it
        try:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [PATIENCE])
            return [index.name for index in missing(worth_it) if _build(index)]
        finally:
            cursor.execute("RESET lock_timeout")
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _build(index: SearchIndex) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}")
        cursor.execute(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {index.name} ON {index.table} "
            f"USING gin (playback_bigrams({index.column}))"
        )
        # How many rows have which pair: what a search decides by.
        cursor.execute(f"ANALYZE {index.table}")
    logger.info("search indexes: %s is made", index.name)
    return True


def _valid(index: SearchIndex) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [index.name])
        row = cursor.fetchone()
    return bool(row and row[0])


def _has_rows(index: SearchIndex, many: int) -> bool:
    return bool(index.model._default_manager.order_by().values_list("pk")[many - 1 : many].exists())
