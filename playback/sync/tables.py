"""The three statements of a mirrored table, in SQLite's and in PostgreSQL's words.

- ``known``: what is stored under a page's natural keys (one read); with the facts themselves, if it is to be thorough.
- ``write``: insert or update the page's new and changed rows (one write: binary COPY on PostgreSQL, ``unnest`` there
  for a few rows, ``executemany`` of one prepared upsert on SQLite, each the fastest of what was measured).

The write has a guard: words of the vendor that were asked for *before* the stored ones (``synced_at``), or before the
row was found gone, change nothing. So a slow page cannot undo the refresh of a recording that staff just blocked or
deleted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.db import connection, models

from playback.models import Mirror, Recording, Room, Version

from . import mapping
from .stage import Stage


class Known(NamedTuple):
    """One stored row, as far as the comparison with a page needs it."""

    position: int  # in the page
    pk: int
    payload_hash: str | None
    plays: int | None
    sticky: int | None
    newer: bool  # stored, or found gone, after this page was asked for
    gone: bool
    fresh: bool  # first stored since ``since``
    facts: tuple[Any, ...] | None = None  # as ``Table.as_read`` has them; read if asked for


@dataclass(frozen=True)
class Table:
    """One mirrored table. ``key`` is the vendor's key; a version's recording is found by its own two parts."""

    model: type[Mirror]
    key: tuple[str, ...]
    facts: tuple[str, ...]
    sticky: str
    plays: bool
    through_recording: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Of a mapped row, in its order."""
        return (*self.key, "payload_hash", *self.facts, self.sticky)

    @cached_property
    def name(self) -> str:
        return self.model._meta.db_table

    @cached_property
    def pk(self) -> str:
        return str(self.model._meta.pk.column)

    @cached_property
    def _fact_times(self) -> tuple[int, ...]:
        return tuple(i for i, column in enumerate(self.facts) if self._is_time(column))

    def as_read(self, rows: Sequence[mapping.Row]) -> list[tuple[Any, ...]]:
        """Mapped rows' facts as ``known`` reads them: times as what the database makes of them at the least cost (a
        driver's ``datetime`` costs more than all the rest of a row)."""
        width, times = len(self.key) + 1, self._fact_times
        moment = datetime.timestamp if connection.vendor == "postgresql" else sqlite_time
        found = []
        for row in rows:
            values = [*row[width:-1]]
            for i in times:
                if values[i] is not None:
                    values[i] = moment(values[i])
            found.append(tuple(values))
        return found

    def _read_facts(self) -> str:
        """The columns for ``as_read``, after others."""
        as_read = "extract(epoch FROM t.{})::float8" if connection.vendor == "postgresql" else "t.{} || ''"
        columns = [
            as_read.format(column) if i in self._fact_times else f"t.{column}" for i, column in enumerate(self.facts)
        ]
        return "".join(f", {column}" for column in columns)

    def known(
        self, rows: Sequence[mapping.Row], asked_at: datetime, since: datetime, *, thorough: bool = False
    ) -> list[Known]:
        if not rows:
            return []
        width = len(self.key)
        if connection.vendor == "postgresql":
            source = f"unnest({marks(width, '%s::bigint[]')}) WITH ORDINALITY AS v({listed(self.key)}, position)"
            position, hashed = "v.position - 1", "encode(uuid_send(t.payload_hash), 'hex')"
            part = {column: f"v.{column}" for column in self.key}
            # Array literals of our own: whole numbers need no quoting, and the driver takes ten times as long.
            keys = [f"{{{','.join([str(row[i]) for row in rows])}}}" for i in range(width)]
        else:
            source, position, hashed = "json_each(%s) AS v", "v.key", "t.payload_hash"
            part = {column: f"json_extract(v.value, '$[{i}]')" for i, column in enumerate(self.key)}
            keys = [json.dumps([row[:width] for row in rows])]
        if self.through_recording:
            key = {"recording_id": "r.id", "version": part["version"]}
            parent = {"room_id": part["room_id"], "session_id": part["session_id"]}
            joins = f"{_looked_up(Recording._meta.db_table, 'r', parent)} {_looked_up(self.name, 't', key)}"
        else:
            joins = _looked_up(self.name, "t", part)
        facts = self._read_facts() if thorough else ""
        statement = (
            f"SELECT {position}, t.{self.pk}, {hashed}, {'t.play_times' if self.plays else 'NULL'}, t.{self.sticky}, "  # noqa: S608 - names of our own columns
            "COALESCE(t.synced_at > %s, false) OR COALESCE(t.gone_at > %s, false), t.gone_at IS NOT NULL, "
            f"t.first_seen_at >= %s{facts} FROM {source} {joins}"
        )
        asked, start = stored_time(asked_at), stored_time(since)
        with connection.cursor() as cursor:
            cursor.execute(statement, [asked, asked, start, *keys])
            if thorough:
                return [Known._make((*row[:_WIDTH], row[_WIDTH:])) for row in cursor.fetchall()]
            return [Known(*row) for row in cursor.fetchall()]

    def write(self, rows: Sequence[mapping.Row], asked_at: datetime) -> None:
        """``rows`` are unique by key, and their rooms (a version's recordings) exist."""
        if not rows:
            return
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql" and len(rows) >= COPY_FROM:
                with self.stage.filled(cursor, rows) as staged:
                    cursor.execute(self._from(staged), [asked_at, asked_at])
            elif connection.vendor == "postgresql":
                asked = [asked_at, asked_at]
                cursor.execute(self._unnested, [*asked, *([*column] for column in zip(*rows, strict=True))])
            else:
                asked = [stored_time(asked_at), stored_time(asked_at)]
                times = [i for i, column in enumerate(self.columns) if self._is_time(column)]
                cursor.executemany(self._sqlite, [self._sqlite_row(row, times, asked) for row in rows])

    # ------------------------------------------------------------ statements

    @cached_property
    def stage(self) -> Stage:
        """The hash is text on its way: rows hold it as hex digits, which no binary UUID is made from."""
        hashed = "payload_hash"
        return Stage(tuple((column, "text" if column == hashed else self.type_of(column)) for column in self.columns))

    @cached_property
    def _unnested(self) -> str:
        values = ", ".join(f"%s::{self.type_of(column)}[]" for column in self.columns)
        return self._from(f"unnest({values})")

    def _from(self, rows: str) -> str:
        """The upsert of what ``rows`` gives in the order of ``columns``."""
        fields = ", ".join(
            "v.payload_hash::uuid" if column == "payload_hash" else f"v.{column}"
            for column in self.columns
            if column not in self.key
        )
        source = f"{rows} AS v({listed(self.columns)})"
        if self.through_recording:
            key = "r.id, v.version"
            parent = {"room_id": "v.room_id", "session_id": "v.session_id"}
            source += f" {_looked_up(Recording._meta.db_table, 'r', parent)}"
        else:
            key = ", ".join(f"v.{column}" for column in self.key)
        return f"{self._head} SELECT {key}, %s, %s, {fields} FROM {source} WHERE true {self._conflict}"  # noqa: S608

    @cached_property
    def _sqlite(self) -> str:
        if self.through_recording:
            key = f"(SELECT id FROM {Recording._meta.db_table} WHERE room_id = %s AND session_id = %s), %s"  # noqa: S608
        else:
            key = marks(len(self.key))
        return f"{self._head} VALUES ({key}, %s, %s, {marks(len(self.columns) - len(self.key))}) {self._conflict}"

    @property
    def _target(self) -> tuple[str, ...]:
        """The columns of the unique constraint."""
        return ("recording_id", "version") if self.through_recording else self.key

    @property
    def _head(self) -> str:
        columns = (*self._target, "first_seen_at", "synced_at", "payload_hash", *self.facts, self.sticky)
        return f"INSERT INTO {self.name} ({listed(columns)})"

    @property
    def _conflict(self) -> str:
        renewed = ", ".join(f"{column} = excluded.{column}" for column in ("synced_at", "payload_hash", *self.facts))
        return (
            f"ON CONFLICT ({listed(self._target)}) DO UPDATE SET {renewed}, gone_at = NULL, "
            f"{self.sticky} = COALESCE(excluded.{self.sticky}, {self.name}.{self.sticky}) "
            f"WHERE ({self.name}.synced_at IS NULL OR {self.name}.synced_at <= excluded.synced_at) "
            f"AND ({self.name}.gone_at IS NULL OR {self.name}.gone_at <= excluded.synced_at)"
        )

    def _sqlite_row(self, row: mapping.Row, times: Sequence[int], asked: list[Any]) -> list[Any]:
        values = [*row]
        for i in times:
            if values[i] is not None:
                values[i] = sqlite_time(values[i])
        width = len(self.key)
        return [*values[:width], *asked, *values[width:]]

    def _is_time(self, column: str) -> bool:
        return column not in VERSION_PARENT and isinstance(self.model._meta.get_field(column), models.DateTimeField)

    def type_of(self, column: str) -> str:
        """PostgreSQL's type of a column, without its length."""
        if column in VERSION_PARENT:
            return "bigint"
        return str(self.model._meta.get_field(column).db_type(connection)).partition("(")[0]


COPY_FROM = 40  # rows; fewer are sent as arrays
VERSION_PARENT = ("room_id", "session_id")
_WIDTH = len(Known._fields) - 1  # of a row without its facts


def _looked_up(table: str, alias: str, key: Mapping[str, str]) -> str:
    """Joins the row of a key, found by its index for each row before it.

    That is said to both databases, and not left to their statistics: those of a table that is being filled tell
    PostgreSQL to read all of it for each page. ``OFFSET 0`` keeps the subquery as it is; SQLite's ``CROSS JOIN`` keeps
    the order.
    """
    matches = " AND ".join(f"{alias}.{column} = {value}" for column, value in key.items())
    if connection.vendor == "postgresql":
        return f"CROSS JOIN LATERAL (SELECT * FROM {table} AS {alias} WHERE {matches} OFFSET 0) AS {alias}"  # noqa: S608
    return f"CROSS JOIN {table} AS {alias} ON {matches}"


def listed(columns: Sequence[str]) -> str:
    return ", ".join(columns)


def marks(count: int, mark: str = "%s") -> str:
    return ", ".join([mark] * count)


def stored_time(value: datetime) -> Any:
    """As the database's driver wants it: SQLite stores UTC without a zone, as text."""
    return value if connection.vendor == "postgresql" else sqlite_time(value)


def sqlite_time(value: datetime) -> str:
    """What Django's ``adapt_datetimefield_value`` gives, without the look-ups that took a third of a first load."""
    return str(value.astimezone(UTC).replace(tzinfo=None))


ROOMS = Table(Room, mapping.ROOM_KEY, mapping.ROOM_FACTS, mapping.ROOM_STICKY[0], plays=False)
RECORDINGS = Table(Recording, mapping.RECORDING_KEY, mapping.RECORDING_FACTS, mapping.RECORDING_STICKY[0], plays=True)
VERSIONS = Table(
    Version,
    mapping.VERSION_KEY,
    mapping.VERSION_FACTS,
    mapping.VERSION_STICKY[0],
    plays=True,
    through_recording=True,
)
