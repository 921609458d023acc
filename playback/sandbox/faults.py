"""Faults to switch on: what a vendor on a bad day does, by call or path, for some times or until cleared.

A fault is named by the call (``list_recordings``), by its path (``playback/getList``, ``/web/playback/index``), by
``*`` (every call), and callback faults by ``CB1``, ``CB2``, ``CB3`` or ``callback`` (all three).

Call faults (options with their defaults):

- ``latency`` (seconds=1.0): the answer comes late; combines with all others.
- ``rate_limit`` (): refused as too frequent; nothing is done.
- ``refuse`` (code=1, message="操作失败"): refused; nothing is done.
- ``status`` (status=503): an HTTP error before anything is done. ``after_change=True``: after it was done.
- ``html`` (status=200): an HTML page in place of JSON; ``after_change`` as above, and so for the two below.
- ``broken_json`` (): text that is no JSON. ``truncated`` (): the body ends in its middle and the connection closes.
- ``drop`` (when="before" | "after"): the connection closes without an answer, before or after the change was made.
- ``timeout_after_change`` (seconds=30.0): the change is made, the answer does not come; then the connection closes.
- ``slow_body`` (seconds=2.0): the body drips in over that time.
- ``wrong_types`` (how="strings" | "nulls" | "empty_lists" | "missing"): numbers as strings; every second value of a row
  null; empty objects and lists as ``[]`` where an object belongs; every second field absent.
- ``shifting_page`` (how="add" | "remove"): after each such read a recording is added at the front or the newest one
  goes, so that the next page has moved by one.

Each of them takes ``share`` (0 to 1, default 1) too: it strikes that share of the calls, drawn by a generator whose
seed is the fault's own words: the same fault strikes the same of the calls in every run. ``times`` counts strikes.

Callback faults: ``repeat`` (count=2), ``late`` (seconds=5.0), ``reorder`` () sends it after the next one, ``never`` ().
"""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

OPTIONS: dict[str, dict[str, Any]] = {
    "latency": {"seconds": 1.0},
    "rate_limit": {},
    "refuse": {"code": 1, "message": "操作失败"},
    "status": {"status": 503, "after_change": False},
    "html": {"status": 200, "after_change": False},
    "broken_json": {"after_change": False},
    "truncated": {},
    "drop": {"when": "before"},
    "timeout_after_change": {"seconds": 30.0},
    "slow_body": {"seconds": 2.0},
    "wrong_types": {"how": "strings"},
    "shifting_page": {"how": "add"},
}
CALLBACK_OPTIONS: dict[str, dict[str, Any]] = {
    "repeat": {"count": 2},
    "late": {"seconds": 5.0},
    "reorder": {},
    "never": {},
}
_CHOICES = {"when": {"before", "after"}, "how": {"strings", "nulls", "empty_lists", "missing", "add", "remove"}}
_CALLBACK_NAMES = {"callback", "CB1", "CB2", "CB3"}


@dataclass(slots=True)
class Fault:
    """One fault that is on. ``times`` counts down; None is until cleared."""

    id: int
    target: str
    kind: str
    times: int | None
    options: dict[str, Any] = field(default_factory=dict)
    share: float = 1.0  # of the calls, until ``times`` are over


class Faults:
    """The faults that are on; safe to change while the server runs."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._draws: dict[int, random.Random] = {}  # of those that strike a share of the calls
        self._lock = threading.Lock()
        self._ids = itertools.count(1)

    def add(
        self, target: str, kind: str, times: int | None = None, share: float | None = None, **options: Any
    ) -> Fault:
        """Switch one on. ``ValueError`` for an unknown kind or option, so that a misspelt fault is not a silent one."""
        known = CALLBACK_OPTIONS if target in _CALLBACK_NAMES else OPTIONS
        if kind not in known:
            raise ValueError(f"unknown fault {kind!r} for {target!r}: one of {', '.join(known)}")
        if unknown := set(options) - set(known[kind]):
            raise ValueError(f"fault {kind!r} has no option {', '.join(sorted(unknown))}")
        for name, value in options.items():
            if name in _CHOICES and value not in _CHOICES[name]:
                raise ValueError(f"option {name!r} of fault {kind!r} cannot be {value!r}")
            if not isinstance(value, type(known[kind][name])) and not (name == "seconds" and isinstance(value, int)):
                raise ValueError(f"option {name!r} of fault {kind!r} cannot be {value!r}")
        if times is not None and (not isinstance(times, int) or times < 1):
            raise ValueError("times is a number from 1, or nothing for until cleared")
        part = _part(share, known is OPTIONS)
        fault = Fault(next(self._ids), target.removeprefix("/openapi/"), kind, times, known[kind] | options, part)
        with self._lock:
            if part < 1:
                self._draws[fault.id] = random.Random(f"{fault.target} {kind} {part} {options}")  # noqa: S311 - a draw
            self._faults.append(fault)
        return fault

    def clear(self, fault_id: int | None = None) -> None:
        """Switch off one, or all."""
        with self._lock:
            self._faults = [fault for fault in self._faults if fault_id is not None and fault.id != fault_id]
            left = {fault.id for fault in self._faults}
            self._draws = {number: draw for number, draw in self._draws.items() if number in left}

    def on(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)

    def take(self, names: Iterable[str]) -> dict[str, Fault]:
        """The faults that strike now, by kind (the one added first of each); their ``times`` count down by one."""
        wanted = set(names)
        struck: dict[str, Fault] = {}
        with self._lock:
            for fault in self._faults:
                if fault.target in wanted and fault.kind not in struck and self._drawn(fault):
                    struck[fault.kind] = fault
                    if fault.times is not None:
                        fault.times -= 1
            self._faults = [fault for fault in self._faults if fault.times != 0]
        return struck

    def _drawn(self, fault: Fault) -> bool:
        draw = self._draws.get(fault.id)
        return draw is None or draw.random() < fault.share


def _part(share: Any, of_calls: bool) -> float:
    if share is None:
        return 1.0
    if not of_calls:
        raise ValueError("a share is for the faults of calls: a callback's fault strikes each one")
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise ValueError(f"share is a number from 0 to 1, and not {share!r}")
    return float(share)


def spoil(data: Any, how: str) -> Any:
    """``data`` of an answer with other types than documented, as fault ``wrong_types`` says."""
    if how == "strings":
        return _each(
            data, lambda value: str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        )
    if how == "empty_lists":
        return [] if data in ({}, None) else _emptied(data)
    return _thinned(data, drop=how == "missing")


def _each(data: Any, change: Any) -> Any:
    if isinstance(data, dict):
        return {key: _each(value, change) for key, value in data.items()}
    if isinstance(data, list):
        return [_each(value, change) for value in data]
    return change(data)


def _emptied(data: Any) -> Any:
    """The innermost objects become ``[]``, as PHP prints an empty one."""
    if isinstance(data, dict):
        inner = {key: _emptied(value) if isinstance(value, dict) else value for key, value in data.items()}
        return inner if any(isinstance(value, dict | list) for value in data.values()) else []
    return data


def _thinned(data: Any, *, drop: bool) -> Any:
    """Every second plain value of each list row is null or absent; the rows' ids stay."""
    if isinstance(data, list):
        return [_thin_row(row, drop=drop) if isinstance(row, dict) else row for row in data]
    if isinstance(data, dict):
        if any(isinstance(value, dict | list) for value in data.values()):
            return {key: _thinned(value, drop=drop) for key, value in data.items()}
        return _thin_row(data, drop=drop)
    return data


def _thin_row(row: dict[str, Any], *, drop: bool) -> dict[str, Any]:
    kept = {"room_id", "session_id", "version", "video_id", "guid", "user_id", "token"}
    doomed = [key for key in row if key not in kept][1::2]
    if drop:
        return {key: value for key, value in row.items() if key not in doomed}
    return {key: None if key in doomed else value for key, value in row.items()}
