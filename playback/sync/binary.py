"""Many rows to PostgreSQL at once, in its binary form: as arrays for one statement (``Array``), or by COPY (``copy``).

Written out as text, or by the driver value by value, a page's rows cost more than all that is done with them. Here they
go column by column, so that the work is done by a few calls in C for each column. The types are those of mirrored
tables; times are aware.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from struct import Struct, calcsize, pack
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg.adapt import Dumper
from psycopg.pq import Format

from playback.vendor.results import BEIJING

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL's
_EPOCH_IN_BEIJING = _EPOCH.astimezone(BEIJING)
_INT = Struct(">i").pack
_NULL = _INT(-1)
_ARRAY = Struct(">iiiii").pack  # dimensions, may hold NULL, type, length, first index
_COPY_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_COPY_END = pack(">h", -1)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A type: its number in PostgreSQL, and how ``struct`` writes it (nothing: it has no fixed size)."""

    oid: int
    code: str = ""
    size: int = 0


_KINDS = {
    "bigint": _Kind(20, "q", 8),
    "integer": _Kind(23, "i", 4),
    "boolean": _Kind(16, "?", 1),
    "timestamp with time zone": _Kind(1184, "q", 8),
    "uuid": _Kind(2950, "16s", 16),
    "text": _Kind(25),
}


class Column:
    """One column's values, ready to be sent. A ``uuid`` is given as its 32 hex digits. Raises ``struct.error`` where a
    number is too large for the type."""

    __slots__ = ("kind", "null", "values")

    def __init__(self, kind: str, values: Sequence[Any]) -> None:
        self.kind = _KINDS[kind]
        self.null = None in values
        if kind == "timestamp with time zone":
            values = [None if value is None else microseconds(value) for value in values]
        elif kind == "uuid":
            values = [None if value is None else bytes.fromhex(value) for value in values]
        elif not self.kind.code:
            values = [None if value is None else value.encode() for value in values]
        self.values = values

    @classmethod
    def empty(cls, kind: str, length: int) -> Column:
        """Zeros, of a type of fixed size."""
        column = cls(kind, ())
        column.values = (0,) * length
        return column

    @property
    def fixed(self) -> bool:
        """Are all values, with their lengths, of the same size?"""
        return bool(self.kind.code) and not self.null

    def pieces(self) -> list[Iterable[bytes]]:
        """Of one that is not ``fixed``, what stands beside each other for each value: its length and the value itself,
        or both in one."""
        values, kind = self.values, self.kind
        if kind.code:
            one = Struct(f">i{kind.code}").pack
            return [[_NULL if value is None else one(kind.size, value) for value in values]]
        if self.null:
            return [[_NULL if value is None else _INT(len(value)) + value for value in values]]
        return [map(_INT, map(len, values)), values]


def microseconds(moment: datetime) -> int:
    """As PostgreSQL counts them."""
    # Within one zone of a fixed offset the difference is had without asking it.
    since = moment - (_EPOCH_IN_BEIJING if moment.tzinfo is BEIJING else _EPOCH)
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def _packed(columns: Sequence[Column], head: str = "") -> bytearray:
    """The rows of fixed columns, each value with its length before it, each row after ``head`` bytes of zero.

    One call packs them all, with gaps; the lengths (of four bytes one is not zero) are put there by one more a column.
    """
    length = len(columns[0].values)
    row = head + "".join(f"4x{column.kind.code}" for column in columns)
    values = [column.values for column in columns]
    flat = values[0] if len(values) == 1 else chain.from_iterable(zip(*values, strict=True))
    block = bytearray(pack(">" + row * length, *flat))
    step = at = calcsize(">" + head)
    step += sum(4 + column.kind.size for column in columns)
    for column in columns:
        block[at + 3 :: step] = bytes([column.kind.size]) * length
        at += 4 + column.kind.size
    return block


# ---------------------------------------------------------------- as a parameter


class Array:
    """A column as a parameter of a statement: ``%b::bigint[]``."""

    __slots__ = ("data",)

    def __init__(self, column: Column) -> None:
        values, kind = column.values, column.kind
        if not values:
            self.data = pack(">iii", 0, 0, kind.oid)
            return
        head = _ARRAY(1, int(column.null), kind.oid, len(values), 1)
        self.data = head + (_packed([column]) if column.fixed else _side_by_side(column.pieces()))


class _ArrayDumper(Dumper):
    format = Format.BINARY
    oid = 0  # the statement says it

    def dump(self, obj: Array) -> bytes:
        return obj.data


def cursor() -> Any:
    """Django's, but one whose parameters travel apart from the statement, as binary ones must (the usual one writes
    them into it). Raises Django's database errors; inside a transaction."""
    own = psycopg.Cursor(connection.connection)
    own.adapters.register_dumper(Array, _ArrayDumper)
    return CursorWrapper(own, connection)


# ---------------------------------------------------------------- COPY


class Sheet:
    """Rows for COPY, written out but for what is known only when they are sent: ``later``, columns of fixed size
    without NULL (name → type), which are filled in by ``fill``. There must be a row."""

    __slots__ = ("_block", "_later", "_tails", "columns", "length")

    def __init__(self, columns: Mapping[str, Column], later: Mapping[str, str] | None = None) -> None:
        fixed = {name: column for name, column in columns.items() if column.fixed}
        others = {name: column for name, column in columns.items() if name not in fixed}
        self.length = len(next(iter(columns.values())).values)
        empty = {name: Column.empty(kind, self.length) for name, kind in (later or {}).items()}
        leading = [*empty.values(), *fixed.values()]
        self._block = _packed(leading, "2x") if leading else bytearray(2 * self.length)
        count = pack(">h", len(leading) + len(others))
        step = len(self._block) // self.length
        self._block[0::step], self._block[1::step] = count[:1] * self.length, count[1:] * self.length
        self._later: dict[str, tuple[int, _Kind]] = {}
        at = 2
        for name, column in empty.items():
            self._later[name] = at + 4, column.kind
            at += 4 + column.kind.size
        pieces = [piece for column in others.values() for piece in column.pieces()]
        self._tails = [*map(b"".join, zip(*pieces, strict=True))] if pieces else [b""] * self.length
        self.columns = (*empty, *fixed, *others)

    def fill(self, name: str, values: Iterable[Any]) -> None:
        """One of the ``later`` columns. It may be filled again."""
        at, kind = self._later[name]
        told = pack(f">{self.length}{kind.code}", *values)
        step = len(self._block) // self.length
        for i in range(kind.size):
            self._block[at + i :: step] = told[i :: kind.size]

    def rows(self) -> bytes:
        whole = bytes(self._block)
        step = len(whole) // self.length
        heads = (whole[start : start + step] for start in range(0, len(whole), step))
        return _side_by_side([heads, self._tails])


def copy(table: str, sheets: Iterable[Sheet]) -> None:
    """Rows into a table. Raises Django's database errors; inside a transaction."""
    alike: dict[tuple[str, ...], list[bytes]] = {}
    for sheet in sheets:
        alike.setdefault(sheet.columns, []).append(sheet.rows())
    for columns, rows in alike.items():
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        with cursor() as own, connection.wrap_database_errors, own.copy(statement) as stream:
            stream.write(b"".join([_COPY_HEAD, *rows, _COPY_END]))


def _side_by_side(pieces: Iterable[Iterable[bytes]]) -> bytes:
    return b"".join(chain.from_iterable(zip(*pieces, strict=True)))
