"""Is it fresh, and if not, why: the decision.

One **side** of a kind (its news, or all of it) is *fresh* while its last complete reading began no longer ago than the
limit; else it is *stale*; without any complete reading it is *never* read, or being read for the *first* time. A kind
is as fresh as its worse side.

Why a side is not fresh is told by the first rule that holds. The order is that of what stands in the way: what keeps
everything from being read, then what is already at work on it, then what keeps this reading from being started, then
how the last one ended.

1. ``account``: no vendor account is set up.
2. ``redis``: Redis does not answer, so that there are neither tasks nor calls.
3. ``waits``: another kind is to be read to its end first, and was not yet.
4. ``under_way``: it is being read now, by somebody whose lease is alive (``slow``: for longer than the limit).
5. ``held``: the last reading waits for a person.
6. ``beat``: beat's tick is missing, and no run of the schedule began lately. (A tick may also be missing because the
   workers of clicks are away; runs that begin show that beat is there.)
7. ``unscheduled``, ``switched_off``: no row of the schedule starts it, or that row is switched off.
8. ``workers``: tasks wait in the queue of readings and none was begun lately (``busy``: because the workers are reading
   something else).
9. ``failed``, ``incomplete``, ``died``: how the last attempt since the last complete reading ended.
10. ``rare``: the schedule is rarer than the limit.
11. ``due``: none of these; it was never begun, or not begun again, and the schedule's next turn reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from .facts import Attempt, Ending, Facts, Reading
from .kinds import Kind, Task
from .limits import limit
from .needs import Needs, Row


class State(StrEnum):
    FRESH = "fresh"
    STALE = "stale"
    FIRST = "first"
    NEVER = "never"
    NOTHING = "nothing"  # there is nothing of it to read


_BAD = (State.NEVER, State.FIRST, State.STALE)  # the worst first


@dataclass(frozen=True)
class Reason:
    """``rule`` names the rule above; ``told`` is what its sentence names; ``run``, ``schedule``: what it links to."""

    rule: str
    told: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    run: int | None = None
    schedule: int | None = None


@dataclass(frozen=True)
class Side:
    name: str  # news, full
    at: datetime | None
    limit: timedelta
    state: State
    why: Reason | None = None
    attempt: Attempt | None = None

    @property
    def badness(self) -> tuple[int, float]:
        """Of one to warn of. Sorts the worst first: by state, then by age."""
        return _BAD.index(self.state), self.at.timestamp() if self.at else 0.0


@dataclass(frozen=True)
class Standing:
    """A kind as it stands."""

    kind: Kind
    facts: Facts
    sides: tuple[Side, ...]

    @property
    def state(self) -> State:
        return self.worst.state if self.worst is not None else (State.FRESH if self.sides else State.NOTHING)

    @property
    def worst(self) -> Side | None:
        """The side to warn of; None: all is fresh."""
        for state in _BAD:
            for side in self.sides:
                if side.state is state:
                    return side
        return None

    @property
    def news(self) -> Side | None:
        return next((side for side in self.sides if side.name == "news"), None)


@dataclass(frozen=True)
class _Case:
    """What the rules look at."""

    kind: Kind
    task: Task | None
    reading: Reading
    limit: timedelta
    needs: Needs
    never_read: Callable[[str], bool]

    @property
    def attempt(self) -> Attempt | None:
        """The last one, if it is later than the last complete reading."""
        last = self.reading.attempt
        later = last is not None and (self.reading.at is None or last.began_at > self.reading.at)
        return last if later else None

    @property
    def schedule(self) -> Row | None:
        return self.needs.schedule(self.task)


def judge(kind: Kind, facts: Facts, needs: Needs, never_read: Callable[[str], bool]) -> Standing:
    """``never_read`` answers whether a kind, by its name, was never read to its end."""
    sides = []
    first = (
        facts.news is not None and facts.news.at is None
    )  # a kind's first reading is of everything, whoever starts it
    full = kind.news if first else kind.full or kind.news
    for name, reading, task in (("news", facts.news, kind.news), ("full", facts.full, full)):
        if reading is None:
            continue
        allowed = limit(kind, name)
        if reading.at is not None and needs.now - reading.at <= allowed:
            sides.append(Side(name, reading.at, allowed, State.FRESH, attempt=reading.attempt))
            continue
        case = _Case(kind, task, reading, allowed, needs, never_read)
        why = next(reason for rule in RULES if (reason := rule(case)) is not None)
        state = State.STALE if reading.at else State.FIRST if why.rule in ("under_way", "slow") else State.NEVER
        sides.append(Side(name, reading.at, allowed, state, why, reading.attempt))
    return Standing(kind, facts, tuple(sides))


def _account(case: _Case) -> Reason | None:
    return None if case.needs.account else Reason("account")


def _redis(case: _Case) -> Reason | None:
    return None if case.needs.redis else Reason("redis")


def _waits(case: _Case) -> Reason | None:
    waits = [name for name in case.kind.needs if case.never_read(name)]
    return Reason("waits", {"kinds": waits}) if waits else None


def _under_way(case: _Case) -> Reason | None:
    last = case.reading.attempt
    if last is None or last.ending is not Ending.UNDER_WAY:
        return None
    rule = "slow" if case.needs.now - last.began_at > case.limit else "under_way"
    return Reason(rule, {"at": last.began_at, "pages": last.pages}, run=last.run)


def _held(case: _Case) -> Reason | None:
    last = case.attempt
    if last is None or last.ending is not Ending.HELD:
        return None
    return Reason("held", {"at": last.began_at}, error=last.error, run=last.run)


def _beat(case: _Case) -> Reason | None:
    return None if case.needs.ticks or case.needs.runs_begin else Reason("beat", {"at": case.needs.tick})


def _schedule(case: _Case) -> Reason | None:
    row = case.schedule
    if row is None:
        return Reason("unscheduled")
    return None if row.enabled else Reason("switched_off", {"schedule": row.name}, schedule=row.pk)


def _workers(case: _Case) -> Reason | None:
    needs = case.needs
    if not needs.waiting or needs.runs_begin:
        return None
    told = {"waiting": needs.waiting, "at": needs.last_run.started_at if needs.last_run else None}
    return Reason("busy", {**told, "kinds": needs.at_work}) if needs.at_work else Reason("workers", told)


def _ended_badly(case: _Case) -> Reason | None:
    last = case.attempt
    if last is None or last.ending not in (Ending.FAILED, Ending.INCOMPLETE, Ending.DIED):
        return None
    return Reason(last.ending.value, {"at": last.began_at}, error=last.error, run=last.run)


def _rare(case: _Case) -> Reason | None:
    row = case.schedule
    if row is None or row.every is None or row.every <= case.limit:
        return None
    return Reason("rare", {"row": row, "limit": case.limit}, schedule=row.pk)


def _due(case: _Case) -> Reason:
    return Reason("due", {"row": case.schedule, "first": case.reading.at is None})


RULES: tuple[Callable[[_Case], Reason | None], ...] = (
    _account,
    _redis,
    _waits,
    _under_way,
    _held,
    _beat,
    _schedule,
    _workers,
    _ended_badly,
    _rare,
    _due,
)
