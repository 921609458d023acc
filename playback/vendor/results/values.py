"""Single values in the vendor's loose spellings: numbers as text, flags as 0 and 1, PHP's zero dates, empty objects.

Each reader takes the spellings it knows and nothing else: what is none of them is a ``ValueError`` that says so, so
that a changed interface is seen and not guessed at.

Numbers are held to what a database column holds (:data:`Small` 32 bits, ``int`` 64 bits with sign): one row with a
number beyond that is unreadable by itself, where stored it would fail the whole page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any

import msgspec

from ..secret import Secret

BEIJING = timezone(timedelta(hours=8))  # Asia/Shanghai: no DST since 1991; older times do not occur
_START = datetime(2000, 1, 1)  # noqa: DTZ001
_START_IN_BEIJING = _START.replace(tzinfo=BEIJING)
Small = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]
Unsigned = Annotated[int, msgspec.Meta(ge=0, lt=2**64)]
INT64 = (-(2**63), 2**63 - 1)
_INTEGER_TEXT = re.compile(r"\s*[+-]?[0-9]{1,20}(\.0+)?\s*", re.ASCII)
_TIME_LENGTH = len("2017-08-15 11:15:10")
_NO_TIMES = ("0000-00-00", "-0001-11-30", "1970-01-01 08:00:00")  # PHP's and MySQL's ways to say "none"
_FLAGS = {True: True, False: False, "1": True, "0": False, "true": True, "false": False}
SHOWN = 60  # characters of an unreadable value


class Absent(ValueError):
    """A value that stands for none."""


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


integer = integers(*INT64)


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
        if len(value) == _TIME_LENGTH and value[10] == " " and value[4] == value[7] == "-" and value[13:17:3] == "::":
            if value.startswith(_NO_TIMES):
                raise Absent
            try:
                # Faster than replace(tzinfo=…); and of one and the same zone, times are compared without asking it.
                return _START_IN_BEIJING + (datetime.fromisoformat(value) - _START)
            except (ValueError, TypeError):
                raise ValueError(f"is not a time: {_shown(value)}") from None
        bare = value.strip()
        if bare != value:
            return time(bare)
        if value.startswith(_NO_TIMES) or not value:
            raise Absent
    try:
        seconds = _loose_integer(value)
    except ValueError:
        raise ValueError(f"is not a time: {_shown(value)}") from None
    if seconds == 0:
        raise Absent
    if not 10**8 <= seconds < 10**10:
        raise ValueError(f"is not a time: {seconds}")
    return datetime.fromtimestamp(seconds, UTC).astimezone(BEIJING)


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    shown = repr(value)
    return shown if len(shown) <= SHOWN else shown[:SHOWN] + "…"


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
