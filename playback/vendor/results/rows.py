"""The rows of a long list, held column by column.

Whoever mirrors a list wants columns, and not a thousand objects that are taken apart again: making those costs more
than reading the whole answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any, TypeVar, overload

import msgspec

S = TypeVar("S", bound=msgspec.Struct)


class Rows(Sequence[S]):
    """Rows of one Struct, each made when it is looked at. ``columns`` are those of its fields in their order, all of
    the same length."""

    __slots__ = ("_columns", "_struct")

    def __init__(self, struct: Callable[..., S], columns: Sequence[Sequence[Any]]) -> None:
        self._struct: Any = struct
        self._columns = columns

    def column(self, name: str) -> Sequence[Any]:
        return self._columns[self._struct.__struct_fields__.index(name)]

    def __len__(self) -> int:
        return len(self._columns[0])

    def __iter__(self) -> Iterator[S]:
        return map(self._struct, *self._columns)

    @overload
    def __getitem__(self, place: int) -> S: ...

    @overload
    def __getitem__(self, place: slice) -> list[S]: ...

    def __getitem__(self, place: int | slice) -> S | list[S]:
        if isinstance(place, slice):
            return [*map(self._struct, *(column[place] for column in self._columns))]
        row: S = self._struct(*(column[place] for column in self._columns))
        return row

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rows | list) and len(self) == len(other) and [*self] == [*other]

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr([*self])


def column(rows: Sequence[Any], name: str) -> Sequence[Any]:
    """One attribute of each row."""
    return rows.column(name) if isinstance(rows, Rows) else [*map(attrgetter(name), rows)]
