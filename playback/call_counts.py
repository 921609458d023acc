"""How many vendor calls were made and how long they waited for the budget, over all processes.

Counted in two hashes of the store, because web and workers are many processes and the one that is asked for metrics
made few of the calls. The transport is given :meth:`CallCounts.count` as its observer and swallows what goes wrong in
it: a number that is lost costs no call. A store that was emptied starts at zero, which Prometheus takes for a restart.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import redis

from playback.vendor.transport import Attempt

BOUNDS = (0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # s of waiting
_BEYOND = "+Inf"


@dataclass
class Waits:
    """Of one lane. ``buckets``: upper bound as text → how many waited up to it (and longer than the one before)."""

    buckets: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def cumulative(self) -> list[tuple[str, float]]:
        told, so_far = [], 0
        for bound in (*map(str, BOUNDS), _BEYOND):
            so_far += self.buckets.get(bound, 0)
            told.append((bound, float(so_far)))
        return told


class CallCounts:
    """The counts of one account."""

    def __init__(self, store: redis.Redis, account: str) -> None:
        self._store = store
        self._calls = f"vendor-counts:{{{account}}}:calls"
        self._waits = f"vendor-counts:{{{account}}}:waits"

    def count(self, attempt: Attempt) -> None:
        """One way to the store and back."""
        lane = attempt.lane.value
        bound = next((str(bound) for bound in BOUNDS if attempt.waited <= bound), _BEYOND)
        pipeline = self._store.pipeline(transaction=False)
        pipeline.hincrby(self._calls, f"{attempt.call}|{attempt.outcome}", 1)
        pipeline.hincrby(self._waits, f"{lane}|{bound}", 1)
        pipeline.hincrbyfloat(self._waits, f"{lane}|seconds", attempt.waited)
        pipeline.execute()

    def calls(self) -> dict[tuple[str, str], int]:
        """(call, outcome) → how many. Raises ``RedisError``, as the next one."""
        found = {}
        for key, value in self._store.hgetall(self._calls).items():
            call, _, outcome = _text(key).partition("|")
            found[call, outcome] = int(value)
        return found

    def waits(self) -> dict[str, Waits]:
        found: dict[str, Waits] = {}
        for key, value in self._store.hgetall(self._waits).items():
            lane, _, what = _text(key).partition("|")
            waits = found.setdefault(lane, Waits())
            if what == "seconds":
                waits.seconds = float(value)
            else:
                waits.buckets[what] = int(value)
        return found


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
