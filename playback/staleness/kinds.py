"""The kinds of data that are read from the vendor, each with how to find out how old it is.

``playback`` registers its own here; an app above it registers its kinds when it is loaded (``AppConfig.ready``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from .facts import Facts

HOUR = 3600
KEPT = 15.0  # s; in each process

Load = Callable[[Sequence[str]], Mapping[str, Facts]]


@dataclass(frozen=True)
class Task:
    """What a row of the schedule names. Options that are false count as left out."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def is_that(self, name: str, options: Mapping[str, Any]) -> bool:
        return name == self.name and _given(options) == _given(self.options)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if value}


@dataclass(frozen=True)
class Kind:
    """``load`` answers the facts of several kinds at once, so that those of one table share a query.

    ``news_at_least`` and ``full_at_least`` (s): where a kind is meant to be read more rarely than the settings'
    default allows. ``needs``: kinds that are read to their end before this one is begun. ``by_runs``: its readings are
    sync runs. ``kept`` (s): how long an answer may be used again; more where it costs a look at every row.
    """

    name: str
    label: Any
    about: Any
    load: Load
    news: Task | None = None
    full: Task | None = None
    model: type[Model] | None = None
    news_at_least: int = 0
    full_at_least: int = 0
    needs: tuple[str, ...] = ()
    by_runs: bool = False
    kept: float = KEPT


_kinds: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    for kind in kinds:
        _kinds[kind.name] = kind


def kinds() -> dict[str, Kind]:
    """In the order in which they were registered."""
    return dict(_kinds)


def kind_of(model: type[Model]) -> Kind | None:
    return next((kind for kind in _kinds.values() if kind.model is model), None)
