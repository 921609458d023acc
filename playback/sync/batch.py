"""A page's rows as they are stored: mapped, one for each key, in the order of the keys, column by column.

The threads that ask for the pages make them (``Source.prepare``), while the one that writes waits for the database:
mapping, hashing and the columns' binary form are most of a page's work and need nothing but the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.db import connection

from . import binary, mapping
from .tables import RECORDINGS, VERSIONS, Table


class Batch:
    """Rows of one table. What PostgreSQL is sent of all of them is made once, when it is first asked for."""

    def __init__(
        self, table: Table, columns: mapping.Columns, ready: Mapping[str, binary.Column] | None = None
    ) -> None:
        """``ready``: columns of which the binary form is made already."""
        self.table = table
        self.columns = mapping.in_order(columns, len(table.key))
        self._ready = ready or {}

    @classmethod
    def of_rows(cls, table: Table, rows: Iterable[mapping.Row]) -> Batch:
        return cls(table, [*zip(*rows, strict=True)] or [()] * len(table.columns))

    def __len__(self) -> int:
        return len(self.columns[0])

    def column(self, name: str) -> Sequence[Any]:
        return self.columns[self.table.columns.index(name)]

    @property
    def keys(self) -> list[mapping.Row]:
        return [*zip(*self.columns[: len(self.table.key)], strict=True)]

    @cached_property
    def rows(self) -> list[mapping.Row]:
        return [*zip(*self.columns, strict=True)]

    @cached_property
    def sent(self) -> dict[str, binary.Column]:
        """As PostgreSQL is sent them."""
        columns = zip(self.table.columns, self.columns, strict=True)
        return {name: self._ready.get(name) or self.table.sent(name, values) for name, values in columns}

    @cached_property
    def arrays(self) -> dict[str, binary.Array]:
        """To be compared."""
        return {name: binary.Array(column) for name, column in self.sent.items()}

    @cached_property
    def sheet(self) -> binary.Sheet:
        """To be written by COPY, but for ``Table.given``. There must be a row."""
        own = {name: column for name, column in self.sent.items() if name not in self.table.parent}
        return binary.Sheet(own, self.table.given)

    @cached_property
    def mains(self) -> Batch:
        """The main versions that a list of recordings tells of."""
        columns = mapping.main_version_columns(self.columns)
        all_tell = connection.vendor == "postgresql" and len(columns[0]) == len(self)
        shared = {name: self.sent[name] for name in mapping.VERSION_FACTS} if all_tell else None
        return Batch(VERSIONS, columns, shared)

    def make_ready(self, *, new: bool) -> None:
        """Make what will be sent: recordings that are ``new`` by COPY with their versions, others to be compared."""
        if connection.vendor != "postgresql" or not len(self):
            return
        if not new:
            self.arrays  # noqa: B018 - made and kept
        elif self.table is RECORDINGS:
            self.sheet  # noqa: B018
            if len(self.mains):
                self.mains.sheet  # noqa: B018
