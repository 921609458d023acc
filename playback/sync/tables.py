"""The three statements of a mirrored table, in SQLite's and in PostgreSQL's words.

- ``settled``: which of a page's rows are stored just as they are (PostgreSQL alone compares them itself: to read a
  thousand rows, only to find that none has changed, costs the client more than the whole comparison costs it).
- ``known``: what is stored under natural keys (one read); with the facts themselves, if it is to be thorough.
- ``write``: insert or update the page's new and changed rows (one write: binary arrays on PostgreSQL, ``executemany``
  of one prepared upsert on SQLite, each the fastest of what was measured).

The write has a guard: words of the vendor that were asked for *before* the stored ones (``synced_at``), or before the
row was found gone, change nothing. So a slow page cannot undo the refresh of a recording that staff just blocked or
deleted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.db import connection, models

from playback.models import Mirror, Recording, Room, Version

from . import binary, mapping


class Settled(NamedTuple):
    """What is stored as the page has it, and how many of its rows are stored at all."""

    positions: list[int]  # in the page
    pks: list[int]  # of those that were stored before ``since``
    met: int


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

    @property
    def parent(self) -> tuple[str, ...]:
        """The part of the key by which the row's recording is found; no columns of its own."""
        return VERSION_PARENT if self.through_recording else ()

    @cached_property
    def given(self) -> dict[str, str]:
        """Column → type of what no answer tells of a new row: which row it is (of a recording) or whose (of a version),
        and when it was seen."""
        names = ("recording_id" if self.through_recording else self.pk, "first_seen_at", "synced_at")
        return {name: self.type_of(name) for name in names}

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

    def settled(
        self, arrays: Mapping[str, binary.Array], asked_at: datetime, since: datetime, *, thorough: bool = False
    ) -> Settled:
        """On PostgreSQL. ``arrays`` by column; ``thorough`` compares the columns too, and not the hash alone."""
        compared = (*self.key, "payload_hash", *(self.facts if thorough else ()), self.sticky)
        same = "t.payload_hash = v.payload_hash"
        if thorough:
            pairs = [listed([f"{side}.{column}" for column in self.facts]) for side in "tv"]
            same += f" AND ({pairs[0]}) IS NOT DISTINCT FROM ({pairs[1]})"
        statement = (
            "SELECT array_agg(position - 1) FILTER (WHERE same), array_agg(pk) FILTER (WHERE same AND old), count(*) "  # noqa: S608 - names of our own columns
            f"FROM (SELECT v.position, t.{self.pk} AS pk, t.first_seen_at < %s AS old, t.gone_at IS NULL "
            f"AND COALESCE(t.synced_at <= %s, true) AND (v.{self.sticky} IS NULL OR v.{self.sticky} = t.{self.sticky}) "
            f"AND {same} AS same FROM {self.unnested(compared)} {self._joins('v.{}'.format)}) AS met"
        )
        with binary.cursor() as cursor:
            cursor.execute(statement, [since, asked_at, *(arrays[name] for name in compared)])
            positions, pks, met = cursor.fetchone()
        return Settled(positions or [], pks or [], met)

    def known(
        self, rows: Sequence[mapping.Row], asked_at: datetime, since: datetime, *, thorough: bool = False
    ) -> list[Known]:
        if not rows:
            return []
        width = len(self.key)
        on_postgresql = connection.vendor == "postgresql"
        part: Callable[[str], str]
        if on_postgresql:
            source, part = self.unnested(self.key), "v.{}".format
            position, hashed = "v.position - 1", "encode(uuid_send(t.payload_hash), 'hex')"
        else:
            source, position, hashed = "json_each(%s) AS v", "v.key", "t.payload_hash"
            at = {column: f"json_extract(v.value, '$[{i}]')" for i, column in enumerate(self.key)}
            part = at.__getitem__
        facts = self._read_facts() if thorough else ""
        statement = (
            f"SELECT {position}, t.{self.pk}, {hashed}, {'t.play_times' if self.plays else 'NULL'}, t.{self.sticky}, "  # noqa: S608 - names of our own columns
            "COALESCE(t.synced_at > %s, false) OR COALESCE(t.gone_at > %s, false), t.gone_at IS NOT NULL, "
            f"t.first_seen_at >= %s{facts} FROM {source} {self._joins(part)}"
        )
        asked, start = stored_time(asked_at), stored_time(since)
        keys: list[Any]
        if on_postgresql:
            keys = self.arrays(self.key, [*zip(*(row[:width] for row in rows), strict=True)])
        else:
            keys = [json.dumps([row[:width] for row in rows])]
        with binary.cursor() if on_postgresql else connection.cursor() as cursor:
            cursor.execute(statement, [asked, asked, start, *keys])
            if thorough:
                return [Known._make((*row[:_WIDTH], row[_WIDTH:])) for row in cursor.fetchall()]
            return [Known(*row) for row in cursor.fetchall()]

    def write(self, rows: Sequence[mapping.Row], asked_at: datetime) -> None:
        """``rows`` are unique by key, and their rooms (a version's recordings) exist."""
        if not rows:
            return
        if connection.vendor == "postgresql":
            with binary.cursor() as cursor:
                columns = [*zip(*rows, strict=True)]
                cursor.execute(self._postgresql, [asked_at, asked_at, *self.arrays(self.columns, columns)])
            return
        with connection.cursor() as cursor:
            asked = [stored_time(asked_at), stored_time(asked_at)]
            times = [i for i, column in enumerate(self.columns) if self._is_time(column)]
            cursor.executemany(self._sqlite, [self._sqlite_row(row, times, asked) for row in rows])

    # ------------------------------------------------------------ statements

    def unnested(self, columns: Sequence[str]) -> str:
        """PostgreSQL's ``v``: the rows of as many ``arrays``, and their ``position`` from 1."""
        arrays = ", ".join(f"%b::{self.type_of(column)}[]" for column in columns)
        return f"unnest({arrays}) WITH ORDINALITY AS v({listed(columns)}, position)"

    def arrays(self, names: Sequence[str], columns: Sequence[Sequence[Any]]) -> list[binary.Array]:
        return [binary.Array(self.sent(name, column)) for name, column in zip(names, columns, strict=True)]

    def sent(self, name: str, values: Sequence[Any]) -> binary.Column:
        """A column's values as PostgreSQL is sent them."""
        return binary.Column(self.type_of(name), values)

    def _joins(self, part: Callable[[str], str]) -> str:
        """``t``: the stored row of each key. ``part`` says where a part of the key is."""
        if not self.through_recording:
            return _looked_up(self.name, "t", {column: part(column) for column in self.key})
        key = {"recording_id": "r.id", "version": part("version")}
        return f"{_parent(part)} {_looked_up(self.name, 't', key)}"

    @cached_property
    def _postgresql(self) -> str:
        """The upsert."""
        fields = ", ".join(f"v.{column}" for column in self.columns if column not in self.key)
        source = self.unnested(self.columns)
        key = ", ".join(f"v.{column}" for column in self.key)
        if self.through_recording:
            source += f" {_parent('v.{}'.format)}"
            key = "r.id, v.version"
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
        """The type as which PostgreSQL is sent a column's values."""
        if column in VERSION_PARENT:
            return "bigint"
        kind = str(self.model._meta.get_field(column).db_type(connection)).partition("(")[0]
        return "text" if kind == "varchar" else kind


VERSION_PARENT = ("room_id", "session_id")
_WIDTH = len(Known._fields) - 1  # of a row without its facts


def _parent(part: Callable[[str], str]) -> str:
    """``r``: a version's recording."""
    return _looked_up(Recording._meta.db_table, "r", {column: part(column) for column in VERSION_PARENT})


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
