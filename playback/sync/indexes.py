"""PostgreSQL's indexes and foreign keys that a first load does without, made beside the running work when it is over.

A first load writes 20,000 rows a second. The indexes of the lists would take half of the database's time for it, those
for searches by words another third; of what is left, half went into looking up each row's room and each version's
recording, which the page's own transaction has just placed. So:

- The lists' own (``Meta.indexes`` of recordings and versions) are put aside when a full pass is about to fill both
  empty tables with many rows (``put_aside``). The natural keys stay: each page is compared and written by them.
- With them go the foreign keys between rooms, recordings and versions (``REFERENCES``). Nothing of ours removes a room
  or a recording that is referred to, and when they are made again, PostgreSQL looks at every row.
- Those for searches by words are made by no migration, and only where a table has rows enough to be worth it.

``ensure`` makes whatever is missing, by one process at a time; writers wait for half a second at the most. It is called
at the end of a pass and by ``manage.py indexes``, and costs two small queries where nothing is to do: so a process
killed at any moment leaves nothing that the next pass does not mend. Until then lists and searches are right, but
slower. A build that was killed leaves an index behind which is written to and never read: it is dropped and built anew.
It wants sessions of its own: not through a pooler that gives each transaction another one.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, cast

from django.db import Error, connection, transaction
from django.db.models import ForeignKey, Index, Model
from django.utils import timezone

from playback.models import Recording, Room, SyncLease, SyncRun, Version

logger = logging.getLogger(__name__)

WORTH_IT = 5_000  # rows; fewer are read through in a few milliseconds
MANY = 20_000  # rows of a first load
PATIENCE = "10min"  # for transactions that are older than the build, and must end before it does
# Where others wait behind us; given up before the database looks for a deadlock (after 1 s): so it is us that it ends.
HASTE = "500ms"
MEMORY = "256MB"  # to sort a million keys without the disk
_LOCK = 7_120_305  # ours among advisory locks


@dataclass(frozen=True)
class ListIndex:
    """One that its model declares and a migration made."""

    model: type[Model]
    index: Index

    @property
    def name(self) -> str:
        return self.index.name

    def make(self) -> None:
        with connection.schema_editor(atomic=False) as editor:
            editor.add_index(self.model, self.index, concurrently=True)  # type: ignore[call-arg]


@dataclass(frozen=True)
class SearchIndex:
    """The pairs of characters of a column (``playback_bigrams``)."""

    name: str
    model: type[Model]
    column: str

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    def is_worth_it(self, worth_it: int) -> bool:
        return bool(self.model._default_manager.order_by().values_list("pk")[worth_it - 1 : worth_it].exists())

    def make(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {self.name} ON {self.table} "
                f"USING gin (playback_bigrams({self.column}))"
            )


@dataclass(frozen=True)
class Reference:
    """A foreign key that its model declares and a migration made. Made again, it has a name of its own."""

    model: type[Model]
    field: str
    name: str

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def column(self) -> str:
        return str(self.key.column)

    @property
    def key(self) -> ForeignKey[Any, Any]:
        return cast("ForeignKey[Any, Any]", self.model._meta.get_field(self.field))

    def drop(self) -> None:
        with connection.cursor() as cursor:
            for name in _references().get((self.table, self.column), {}):
                cursor.execute(f'ALTER TABLE {self.table} DROP CONSTRAINT "{name}"')

    def make(self) -> None:
        """Two steps: new rows are held to it at once, and then the old ones are looked at while others write."""
        present = _references().get((self.table, self.column), {})
        parent = self.key.related_model
        with transaction.atomic(), connection.cursor() as cursor:
            if not present:
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [HASTE])
                cursor.execute(
                    f'ALTER TABLE {self.table} ADD CONSTRAINT "{self.name}" FOREIGN KEY ({self.column}) '
                    f"REFERENCES {parent._meta.db_table} ({self.key.target_field.column}) "
                    "DEFERRABLE INITIALLY DEFERRED NOT VALID"
                )
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
            for name in present or (self.name,):
                cursor.execute(f'ALTER TABLE {self.table} VALIDATE CONSTRAINT "{name}"')


Piece = ListIndex | SearchIndex | Reference

REFERENCES = (
    Reference(Recording, "room", "recording_of_room"),
    Reference(Version, "recording", "version_of_recording"),
)
OF_LISTS = tuple(ListIndex(model, index) for model in (Recording, Version) for index in model._meta.indexes)
OF_SEARCHES: tuple[SearchIndex, ...] = (
    SearchIndex("recording_name_pairs", Recording, "name"),
    SearchIndex("version_name_pairs", Version, "name"),
    SearchIndex("room_title_pairs", Room, "title"),
)
EVERY: tuple[ListIndex | SearchIndex, ...] = (*OF_LISTS, *OF_SEARCHES)


def put_aside(rows: int) -> bool:
    """Before the first of ``rows`` rows is stored: all of them and the foreign keys, if both tables are empty and it is
    worth it."""
    if connection.vendor != "postgresql" or rows < MANY or connection.in_atomic_block or _are_filled():
        return False
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [HASTE])
            cursor.execute(f"LOCK TABLE {Recording._meta.db_table}, {Version._meta.db_table} IN ACCESS EXCLUSIVE MODE")
            if _are_filled():  # meanwhile: only now nobody can
                return False
            names = ", ".join(f'"{each.name}"' for each in EVERY)
            cursor.execute(f"DROP INDEX IF EXISTS {names}")
            for reference in REFERENCES:
                reference.drop()
    except Error as error:
        logger.info("the indexes stay for the first load (%s)", type(error).__name__)
        return False
    logger.info("the indexes are put aside until the first load of %s rows is over", rows)
    return True


def ensure(worth_it: int = WORTH_IT) -> list[str]:
    """Make what is missing; answers the names of those made. Trouble is logged: all works without, but slower."""
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        return []
    try:
        return _ensure(worth_it)
    except Error as error:
        logger.warning("indexes: not made (%s); tried again after the next pass", type(error).__name__)
        return []


def missing(worth_it: int = WORTH_IT) -> list[Piece]:
    """In the order in which they are to be made."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) AS name "
            "LEFT JOIN pg_index i ON i.indexrelid = to_regclass(quote_ident(name)) WHERE i.indisvalid IS NOT TRUE",
            [[each.name for each in EVERY]],
        )
        absent = {name for (name,) in cursor.fetchall()}
    put_aside: list[Piece] = [each for each in OF_LISTS if each.name in absent]
    present = _references()
    references = [each for each in REFERENCES if True not in present.get((each.table, each.column), {}).values()]
    if (put_aside or references) and _is_filling():
        put_aside, references = [], []
    of_searches = [each for each in OF_SEARCHES if each.name in absent and each.is_worth_it(worth_it)]
    return [*put_aside, *of_searches, *references]


def _references() -> dict[tuple[str, str], dict[str, bool]]:
    """Table and column → the names of its foreign keys → whether PostgreSQL has looked at every row."""
    found: dict[tuple[str, str], dict[str, bool]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.relname, a.attname, c.conname, c.convalidated FROM pg_constraint c "
            "JOIN pg_attribute a ON a.attrelid = c.conrelid AND c.conkey = ARRAY[a.attnum] "
            "JOIN pg_class t ON t.oid = c.conrelid WHERE c.contype = 'f' AND c.conrelid = ANY(%s::regclass[])",
            [sorted({each.table for each in REFERENCES})],
        )
        for table, column, name, validated in cursor.fetchall():
            found.setdefault((table, column), {})[name] = validated
    return found


def _ensure(worth_it: int) -> list[str]:
    if not missing(worth_it):
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return []  # somebody else is at it
        try:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [PATIENCE])
            cursor.execute("SELECT set_config('maintenance_work_mem', %s, false)", [MEMORY])
            return _make(missing(worth_it))
        finally:
            cursor.execute("RESET lock_timeout")
            cursor.execute("RESET maintenance_work_mem")
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _make(wanted: list[Piece]) -> list[str]:
    """One that cannot be made keeps none of the others back. Answers the names of those made."""
    made = [each for each in wanted if _makes(each)]
    with connection.cursor() as cursor:
        # How many rows have which value, or pair: what lists and searches decide by.
        for table in sorted({each.model._meta.db_table for each in made}):
            cursor.execute(f"ANALYZE {table}")
    return [each.name for each in made]


def _makes(each: Piece) -> bool:
    try:
        if not isinstance(each, Reference):
            with connection.cursor() as cursor:
                cursor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{each.name}"')
        each.make()
    except Error as error:
        logger.warning("indexes: %s is not made (%s); tried again after the next pass", each.name, type(error).__name__)
        return False
    logger.info("indexes: %s is made", each.name)
    return True


def _are_filled() -> bool:
    return Recording.objects.exists() or Version.objects.exists()


def _is_filling() -> bool:
    """A pass over the recordings is under way; it calls ``ensure`` itself when it is over."""
    held = SyncLease.objects.filter(kind=SyncRun.Kind.RECORDINGS, expires_at__gt=timezone.now())
    return held.exists()
