"""All kinds as they stand, and one of them, for pages, health and metrics: the one source of how old data is.

Kept in each process for some seconds (not in the cache, which is Redis and may be what is lost): a list that is
opened a hundred times costs one look.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping

from .facts import Facts
from .kinds import KEPT, Kind, Load, kinds
from .needs import Needs
from .rules import Standing, judge

_lock = threading.Lock()
_kept: dict[str, tuple[float, Standing]] = {}


def standing(name: str) -> Standing:
    """One kind; for a fresh one of sync runs this is one query, for none where it was looked at just now."""
    return board([name])[name]


def board(names: Iterable[str] | None = None, *, anew: bool = False) -> dict[str, Standing]:
    """These kinds, or all. ``anew``: as it is now, but for what costs a look at every row."""
    wanted = {name: kind for name, kind in kinds().items() if names is None or name in set(names)}
    now = time.monotonic()
    with _lock:
        kept = dict(_kept)
    found = {
        name: kept[name][1]
        for name, kind in wanted.items()
        if name in kept and now - kept[name][0] < kind.kept and not (anew and kind.kept <= KEPT)
    }
    missing = [kind for name, kind in wanted.items() if name not in found]
    if missing:
        facts = load(missing)
        known: dict[str, Facts] = {name: each.facts for name, each in found.items()} | dict(facts)
        needs = Needs()

        def never_read(name: str) -> bool:
            if name not in known:
                known.update(load([kinds()[name]]))
            sides = (known[name].news, known[name].full)
            return all(side is None or side.at is None for side in sides)

        for kind in missing:
            found[kind.name] = judge(kind, facts[kind.name], needs, never_read)
        with _lock:
            _kept.update({kind.name: (now, found[kind.name]) for kind in missing})
    return {name: found[name] for name in wanted}


def load(wanted: Iterable[Kind]) -> Mapping[str, Facts]:
    """The facts; kinds of one table share a query."""
    together: dict[Load, list[str]] = {}
    for kind in wanted:
        together.setdefault(kind.load, []).append(kind.name)
    return {name: facts for read, names in together.items() for name, facts in read(names).items()}


def forget() -> None:
    """What is kept in this process."""
    with _lock:
        _kept.clear()
