"""A page's rows as they are stored: mapped, one for each key, in the order of the keys.

The threads that ask for the pages make them (``Source.prepare``), while the one that writes waits for the database:
mapping, hashing and the columns' binary form are most of a page's work and need nothing but the answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from django.db import connection

from . import binary, mapping
from .tables import RECORDINGS, VERSIONS, Table


class Batch:
    """Rows of one table. What PostgreSQL is sent of all of them is made once, when it is first asked for."""

    def __init__(self, table: Table, rows: Iterable[mapping.Row]) -> None:
        self.table = table
        self.rows = mapping.first_of_each(rows, len(table.key))

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def columns(self) -> dict[str, binary.Column]:
        """Empty where there is no row."""
        return {
            name: self.table.sent(name, values)
            for name, values in zip(self.table.columns, zip(*self.rows, strict=True), strict=bool(self.rows))
        }

    @cached_property
    def arrays(self) -> dict[str, binary.Array]:
        return {name: binary.Array(column) for name, column in self.columns.items()}

    @cached_property
    def mains(self) -> Batch:
        """The main versions that a list of recordings tells of."""
        return Batch(VERSIONS, mapping.main_version_rows(self.rows))

    def make_ready(self, *, new: bool) -> None:
        """Make what will be sent: recordings that are ``new`` by COPY with their versions, others to be compared."""
        if connection.vendor != "postgresql" or not self.rows:
            return
        if not new:
            self.arrays  # noqa: B018 - made and kept
        elif self.table is RECORDINGS:
            self.columns  # noqa: B018
            self.mains.columns  # noqa: B018
