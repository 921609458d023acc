"""When a Chinese school teaches: slots in the week, and fewer classes in the holidays. Beijing time throughout."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from .state import BEIJING

WEEKDAY_STARTS = (time(18, 30), time(19, 0), time(19, 0), time(19, 30), time(20, 0))
WEEKEND_STARTS = (time(8, 30), time(9, 0), time(10, 20), time(14, 0), time(15, 30), time(19, 0))
YOUNG_STARTS = (time(17, 30), time(18, 0), time(18, 30))  # primary school goes to bed early
# First day of the lunar year; the winter holiday lies around it.
_NEW_YEARS = (
    date(2023, 1, 22),
    date(2024, 2, 10),
    date(2025, 1, 29),
    date(2026, 2, 17),
    date(2027, 2, 6),
    date(2028, 1, 26),
    date(2029, 2, 13),
    date(2030, 2, 3),
    date(2031, 1, 23),
    date(2032, 2, 11),
)

Slot = tuple[int, time]  # day of the week (Monday 0), start


def week_slots(dice: random.Random, count: int, *, young: bool) -> list[Slot]:
    """``count`` different days of a week with a start each; weekends are the likelier."""
    days = [0, 1, 2, 3, 4, 5, 5, 5, 6, 6, 6]
    dice.shuffle(days)
    chosen = list(dict.fromkeys(days))[:count]
    weekday = YOUNG_STARTS if young else WEEKDAY_STARTS
    return [(day, dice.choice(WEEKEND_STARTS if day >= 5 else weekday)) for day in chosen]


def chance(day: date) -> float:
    """How likely a planned class takes place on a day: none at New Year, few in the other holidays."""
    if any(-4 <= (day - first).days <= 8 for first in _NEW_YEARS):
        return 0.02
    if any(-16 <= (day - first).days <= 15 for first in _NEW_YEARS):
        return 0.5
    if (day.month, day.day) in {(1, 1), (5, 1), (5, 2), (5, 3)} or (day.month == 10 and day.day <= 6):
        return 0.05
    if day.month in (7, 8):
        return 0.45
    return 0.97


def backwards(dice: random.Random, slots: list[Slot], before: datetime, minutes: int) -> Iterator[datetime]:
    """Starts of classes that ended before ``before``, the latest first, without end."""
    day = before.astimezone(BEIJING).date()
    while True:
        for weekday, start in sorted(slots, reverse=True):
            if weekday != day.weekday():
                continue
            begins = datetime.combine(day, start, BEIJING)
            if begins + timedelta(minutes=minutes + 15) < before and dice.random() < chance(day):
                yield begins
        day -= timedelta(days=1)
