"""How a measurement is shown: a time, its base, their ratio, and the ratio that is aimed at."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    what: str
    seconds: float
    base: str
    base_seconds: float
    aim: float | None  # at most; None: shown without an aim
    rows: int = 0

    @property
    def ratio(self) -> float:
        return self.seconds / self.base_seconds

    @property
    def met(self) -> bool:
        return self.aim is None or self.ratio <= self.aim

    def __str__(self) -> str:
        speed = f" ({self.rows / self.seconds:,.0f} rows/s)" if self.rows else ""
        aim = "" if self.aim is None else f", aim ≤ {self.aim:g}: {'met' if self.met else 'MISSED'}"
        return f"{self.what}{speed}: {self.ratio:.2f} × {self.base}{aim}"


@dataclass(frozen=True)
class Count:
    what: str
    value: int
    aim: int

    @property
    def met(self) -> bool:
        return self.value <= self.aim

    def __str__(self) -> str:
        return f"{self.what}: {self.value}, aim ≤ {self.aim}: {'met' if self.met else 'MISSED'}"


@dataclass(frozen=True)
class Share:
    """A part of what is allowed: the more the better, but never over it."""

    what: str
    share: float
    base: str
    aim: float
    over: bool = False

    @property
    def met(self) -> bool:
        return self.share >= self.aim and not self.over

    def __str__(self) -> str:
        return f"{self.what}: {self.share:.3f} of {self.base}, aim ≥ {self.aim:g}: {'met' if self.met else 'MISSED'}"


def median(values: Sequence[float]) -> float:
    return statistics.median(values)
