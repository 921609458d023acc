"""Many rows into PostgreSQL at once: by binary COPY into a temporary table, from where one statement takes them on.

Sent as arrays (``unnest``), a page's values cost the client ten times as much, for each is written out as text. The
temporary table is made by whoever needs it and stays with the database's session; as it is made in the transaction that
uses it, a pooler which gives each transaction another session does no harm. Its name tells its columns, so that a
session which outlives a release meets no table of an older shape. It is empty outside of :meth:`Stage.filled`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

from django.db import connection

Columns = Sequence[tuple[str, str]]  # name, PostgreSQL's type


def copy_rows(cursor: Any, table: str, columns: Columns, rows: Iterable[Sequence[Any]]) -> None:
    """Binary COPY into a table. Raises Django's database errors."""
    names = ", ".join(name for name, _ in columns)
    statement = f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)"
    with connection.wrap_database_errors, cursor.copy(statement) as copy:
        copy.set_types([kind for _, kind in columns])
        for row in rows:
            copy.write_row(row)


@dataclass(frozen=True)
class Stage:
    """A temporary table: ``columns`` are (name, PostgreSQL's type). PostgreSQL alone."""

    columns: tuple[tuple[str, str], ...]

    @cached_property
    def name(self) -> str:
        return f"staged_{blake2b(repr(self.columns).encode(), digest_size=8).hexdigest()}"

    @contextmanager
    def filled(self, cursor: Any, rows: Iterable[Sequence[Any]]) -> Iterator[str]:
        """The table's name, while it holds the rows. Inside a transaction."""
        cursor.execute(self._create)
        copy_rows(cursor, self.name, self.columns, rows)
        yield self.name
        cursor.execute(f"DELETE FROM {self.name}")  # noqa: S608 - our own name

    @cached_property
    def _create(self) -> str:
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns)
        return f"CREATE TEMPORARY TABLE IF NOT EXISTS {self.name} ({columns}) ON COMMIT DELETE ROWS"
