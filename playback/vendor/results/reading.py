"""How an answer becomes typed: once, tolerantly, and naming what cannot be read.

A result is a ``msgspec.Struct`` whose annotations say it all: the field's type is how its value is read, ``name=`` is
the vendor's spelling, and the default is what an absent value means (missing, ``null``, ``""`` and PHP's zero dates
are one and the same). A field without a default must be there. ``values.py`` says which spellings a type takes.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec.structs import astuple

from ..secret import Secret
from .rows import Rows
from .values import INT64, SHOWN, Absent, flag, integer, integers, secret, sequence, text, time

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)
Read = Callable[[Any], Any]


class UnreadableAnswer(ValueError):
    """An answer of success whose data has not the documented shape. The client turns it into an unknown outcome."""


class UnreadableRow(msgspec.Struct, frozen=True):
    """A row left out. ``row`` is the vendor's id of it, or its place in the list; ``fields`` field → what is wrong."""

    row: str
    fields: dict[str, str]


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list. ``total`` is the vendor's count of all rows, not of this page.

    ``counted`` is False where the vendor gave no total (the room list has none); ``total`` then is this page's size.
    """

    total: int
    rows: Sequence[T]
    unreadable: list[UnreadableRow] = []
    counted: bool = True

    @property
    def size(self) -> int:
        """How many rows the vendor sent, readable or not."""
        return len(self.rows) + len(self.unreadable)


class RowError(ValueError):
    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name} {what}" for name, what in fields.items()))
        self.fields = fields


class Reader(Generic[S]):
    """Reads one Struct. Build once at import; ``identity`` names the keys that say which row it is."""

    def __init__(self, struct: type[S], *identity: str) -> None:
        self.struct = struct
        self.identity = identity
        hints = get_type_hints(struct, include_extras=True)
        self._plan: list[tuple[str, Any, int, int, Read, Any]] = [
            (
                field.encode_name,
                *_plain(hints[field.name]),
                _reader_for(hints[field.name]),
                field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default,
            )
            for field in msgspec.structs.fields(struct)
        ]

    def read(self, raw: object) -> S:
        """Raises :class:`RowError` that names every field that is missing or wrong."""
        if not isinstance(raw, dict):
            if raw != []:
                raise RowError({"row": "is not an object"})
            raw = {}
        values: list[Any] = []
        wrong: dict[str, str] | None = None
        get, keep = raw.get, values.append
        for name, kind, low, high, read, default in self._plan:
            value: Any = get(name)
            # Most values are spelled as documented; they are taken without a call (a page has 14,000 of them).
            if type(value) is kind and (low <= value <= high if kind is int else value and "\0" not in value):
                keep(value)
                continue
            problem = ""
            if value is not None and value != "":
                try:
                    keep(read(value))
                    continue
                except Absent:
                    pass
                except ValueError as error:
                    problem = str(error)
            if not problem and default is not msgspec.NODEFAULT:
                keep(default)
                continue
            wrong = wrong or {}
            wrong[name] = problem or "is missing"
        if wrong:
            raise RowError(wrong)
        return self.struct(*values)

    def one(self, data: object) -> S:
        """The whole data of an answer. Raises :class:`UnreadableAnswer`."""
        try:
            return self.read(data)
        except RowError as error:
            raise UnreadableAnswer(str(error)) from None

    def page(self, data: object, key: str = "list") -> Page[S]:
        """A list with its total; rows that cannot be read are named and left out.

        Raises :class:`UnreadableAnswer` where there is no list at all: an answer that lost its list must not look like
        an empty one.
        """
        if isinstance(data, dict) and key in data:
            raw_rows, total = data[key], data.get("total")
        elif isinstance(data, dict) and "total" in data:
            raw_rows, total = None, data["total"]
            if total not in (0, "0"):
                raise UnreadableAnswer(f"{key} is missing")
        elif data == []:
            raw_rows, total = [], 0
        else:
            raise UnreadableAnswer(f"{key} is missing")
        try:
            rows, unreadable = self.rows(sequence(raw_rows))
        except ValueError as error:
            raise UnreadableAnswer(f"{key} {error}") from None
        if total is None or total == "":
            return Page(len(rows) + len(unreadable), rows, unreadable, counted=False)
        try:
            return Page(integer(total), rows, unreadable)
        except ValueError as error:
            raise UnreadableAnswer(f"total {error}") from None

    def documented_page(self, answer: bytes) -> Page[S] | None:
        """The page in a whole answer of success, or None if anything about it is not spelled as documented: then
        :meth:`page` has to look. Where both can read an answer, they read the same, this in a third of the time.
        """
        return self._documented.page(answer)

    @cached_property
    def _documented(self) -> _Documented[S]:
        return _Documented(self.struct, self._plan)

    def rows(self, raw_rows: Iterable[object]) -> tuple[list[S], list[UnreadableRow]]:
        rows: list[S] = []
        unreadable: list[UnreadableRow] = []
        for place, raw in enumerate(raw_rows, 1):
            try:
                rows.append(self.read(raw))
            except RowError as error:
                unreadable.append(UnreadableRow(self._name(raw, place), error.fields))
        return rows, unreadable

    def _name(self, raw: object, place: int) -> str:
        parts = [raw.get(name) for name in self.identity] if isinstance(raw, dict) else []
        known = [
            str(part).strip()[:SHOWN] for part in parts if isinstance(part, str | int) and str(part) not in ("", "0")
        ]
        return "-".join(known) or f"row {place}"


_Value = tuple[str, type | None, int, int, Read, Any]  # a field of the plan
_NUL = b"\\u0000"


class _Documented(Generic[S]):
    """Reads a list's whole answer at once, into columns and not into objects first.

    A decoder that knows the documented types takes the text apart; what has no type of JSON's (times, flags) is read
    after that, column by column, by the same readers of single values.
    """

    def __init__(self, struct: type[S], plan: Sequence[_Value]) -> None:
        self._struct = struct
        self._columns: list[Callable[[Sequence[Any]], Sequence[Any]]] = []
        fields = []
        for place, (name, kind, low, high, read, default) in enumerate(plan):
            required = default is msgspec.NODEFAULT
            documented: Any = Any
            if kind is str:
                documented = str
            elif kind is int and high <= INT64[1]:
                documented = Annotated[int, msgspec.Meta(ge=low, le=high)]
            self._columns.append(_each(read, default) if documented is Any else _filled(default))
            held = msgspec.field(name=name) if required else msgspec.field(name=name, default=None)
            fields.append((f"f{place}", documented if required else documented | None, held))
        row = msgspec.defstruct("Row", fields, kw_only=True, gc=False)
        data = msgspec.defstruct("Data", [("list", list[row]), ("total", Annotated[int, _INT64] | None, None)])  # type: ignore[valid-type]
        self._decoder = msgspec.json.Decoder(msgspec.defstruct("Answer", [("code", Literal[0]), ("data", data)]))

    def page(self, answer: bytes) -> Page[S] | None:
        if b"\\" in answer and _NUL in answer:  # the first is found much faster, and there is often none
            return None
        try:
            data: Any = self._decoder.decode(answer).data  # type: ignore[attr-defined]
            columns = [*zip(*map(astuple, data.list), strict=True)] or [()] * len(self._columns)
            read = [column(values) for column, values in zip(self._columns, columns, strict=True)]
        except Exception:  # whatever it is, ``page`` finds it; and no traceback holds the answer, with its tokens
            return None
        total = len(data.list) if data.total is None else data.total
        return Page(total, Rows(self._struct, read), counted=data.total is not None)


_INT64 = msgspec.Meta(ge=INT64[0], le=INT64[1])


def _filled(default: Any) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """A column in which what is missing is the default."""

    def column(values: Sequence[Any]) -> Sequence[Any]:
        if default is not None and None in values:
            return [default if value is None else value for value in values]
        return values

    return column


def _each(read: Read, default: Any) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """A column of which each value has to be read."""

    def one(value: Any) -> Any:
        if value is None or value == "":
            return default
        try:
            return read(value)
        except Absent:
            return default

    def column(values: Sequence[Any]) -> Sequence[Any]:
        if None not in values and "" not in values:
            try:
                return [*map(read, values)]
            except Absent:
                pass  # one of them stands for none
        found = [one(value) for value in values]
        if default is msgspec.NODEFAULT and msgspec.NODEFAULT in found:
            raise ValueError("a value that must be there is missing")
        return found

    return column


def _plain(hint: Any) -> tuple[type | None, int, int]:
    """The type (and range) in which a value is spelled as documented, where it needs no reading at all."""
    hint = _without_none(hint)
    if hint is str:
        return str, 0, 0
    if get_origin(hint) is Annotated:
        return int, *_range(hint)
    return (int, *INT64) if hint is int else (None, 0, 0)


def _reader_for(hint: Any) -> Read:
    hint = _without_none(hint)
    if get_origin(hint) is Annotated:
        return integers(*_range(hint))
    simple: dict[Any, Read] = {int: integer, str: text, Secret: secret, bool: flag, datetime: time}
    if hint in simple:
        return simple[hint]
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return Reader(hint).read
    raise TypeError(f"no reader for {hint!r}")


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = [part for part in get_args(hint) if part is not type(None)]
    return hint


def _range(hint: Any) -> tuple[int, int]:
    meta = next(part for part in get_args(hint) if isinstance(part, msgspec.Meta))
    return int(meta.ge or 0), int(meta.lt or 0) - 1
