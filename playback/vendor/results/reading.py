"""How an answer becomes typed: once, tolerantly, and naming what cannot be read.

A result is a ``msgspec.Struct`` whose annotations say it all: the field's type is how its value is read, ``name=`` is
the vendor's spelling, and the default is what an absent value means (missing, ``null``, ``""`` and PHP's zero dates
are one and the same). A field without a default must be there. The readers take the vendor's loose spellings
(numbers as text, flags as 0 and 1, ``[]`` for an empty object) and nothing else: what is none of them is a
named error, so that a changed interface is seen and not guessed at.

Numbers are held to what a database column holds (:data:`Small` 32 bits, ``int`` 64 bits with sign): one row with a
number beyond that is unreadable by itself, where stored it would fail the whole page.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from ..secret import Secret

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)
Read = Callable[[Any], Any]

BEIJING = timezone(timedelta(hours=8))  # Asia/Shanghai: no DST since 1991; older times do not occur
Small = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]
Unsigned = Annotated[int, msgspec.Meta(ge=0, lt=2**64)]
_INT64 = (-(2**63), 2**63 - 1)
_INTEGER_TEXT = re.compile(r"\s*[+-]?[0-9]{1,20}(\.0+)?\s*", re.ASCII)
_TIME_LENGTH = len("2017-08-15 11:15:10")
_NO_TIMES = ("0000-00-00", "-0001-11-30", "1970-01-01 08:00:00")  # PHP's and MySQL's ways to say "none"
_FLAGS = {True: True, False: False, "1": True, "0": False, "true": True, "false": False}
_SHOWN = 60  # characters of an unreadable value


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
    rows: list[T]
    unreadable: list[UnreadableRow] = []
    counted: bool = True

    @property
    def size(self) -> int:
        """How many rows the vendor sent, readable or not."""
        return len(self.rows) + len(self.unreadable)


class _Absent(ValueError):
    """A value that stands for none."""


class RowError(ValueError):
    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name} {what}" for name, what in fields.items()))
        self.fields = fields


# ---------------------------------------------------------------- single values


def integers(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if type(value) is not int:
            value = _loose_integer(value)
        if low <= value <= high:
            return value
        raise ValueError(f"is out of range: {value}")

    return read


def _loose_integer(value: object) -> int:
    if isinstance(value, int):  # also a flag
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _INTEGER_TEXT.fullmatch(value):
        return int(value.partition(".")[0])
    raise ValueError(f"is not a whole number: {_shown(value)}")


integer = integers(*_INT64)


def text(value: object) -> str:
    if type(value) is str:
        return value.replace("\0", "") if "\0" in value else value  # PostgreSQL stores no NUL
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"is not text: {_shown(value)}")


def secret(value: object) -> Secret:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return Secret(value)
    raise ValueError("is not text")  # without the value


def flag(value: object) -> bool:
    if isinstance(value, bool | int | str):
        known = _FLAGS.get(value.strip().lower() if isinstance(value, str) else value)
        if known is not None:
            return known
    raise ValueError(f"is not a flag: {_shown(value)}")


def time(value: object) -> datetime:
    """Beijing time as text, or unix seconds. Aware, in Beijing time."""
    if type(value) is str:
        if len(value) == _TIME_LENGTH and value[4] == "-" and value[10] == " " and value[13] == ":":
            if value.startswith(_NO_TIMES):
                raise _Absent
            try:
                return datetime.fromisoformat(value + "+08:00")  # four times as fast as replace(tzinfo=…)
            except ValueError:
                raise ValueError(f"is not a time: {_shown(value)}") from None
        value = value.strip()
        if value.startswith(_NO_TIMES) or not value:
            raise _Absent
        if len(value) == _TIME_LENGTH and value[10] == " ":
            return time(value)
    try:
        seconds = _loose_integer(value)
    except ValueError:
        raise ValueError(f"is not a time: {_shown(value)}") from None
    if seconds == 0:
        raise _Absent
    if not 10**8 <= seconds < 10**10:
        raise ValueError(f"is not a time: {seconds}")
    return datetime.fromtimestamp(seconds, UTC).astimezone(BEIJING)


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"


# ---------------------------------------------------------------- containers


def mapping(value: object) -> Mapping[str, Any]:
    """An object; ``[]``, ``null`` and ``""`` are PHP's empty ones."""
    if isinstance(value, dict):
        return value
    if value is None or value in ([], ""):
        return {}
    raise ValueError("is not an object")


def sequence(value: object) -> Iterable[Any]:
    """A list; also PHP's list with holes (an object whose keys are numbers), ``null`` and ``""``."""
    if isinstance(value, list):
        return value
    if value is None or value == "":
        return ()
    if isinstance(value, dict) and all(key.isdigit() for key in value):
        return value.values()
    raise ValueError("is not a list")


# ---------------------------------------------------------------- rows


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
                except _Absent:
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
            str(part).strip()[:_SHOWN] for part in parts if isinstance(part, str | int) and str(part) not in ("", "0")
        ]
        return "-".join(known) or f"row {place}"


def _plain(hint: Any) -> tuple[type | None, int, int]:
    """The type (and range) in which a value is spelled as documented, where it needs no reading at all."""
    hint = _without_none(hint)
    if hint is str:
        return str, 0, 0
    if get_origin(hint) is Annotated:
        return int, *_range(hint)
    return (int, *_INT64) if hint is int else (None, 0, 0)


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
