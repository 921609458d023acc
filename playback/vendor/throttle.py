"""The account's call budget: at most so many calls in any window, over all processes, the more urgent lane first.

Decisions:

* **Exact.** Every call sent is an entry with its time in a sorted set; one atomic script counts those of the last
  window and grants or refuses. The clock is the store's, so machines need not agree on the time.
* **As the vendor counts.** The vendor counts on arrival, we on sending. The window is held ``margin`` longer than the
  vendor's, which covers the network's jitter; a call that was granted but sent late says so (:meth:`Throttle.sent`).
* **Lanes.** Waiting callers stand in one line, ordered by lane and then by arrival, and a caller is served only if all
  before it could be too. The lower lanes leave a few calls of the window to those above, and are spread evenly over
  it: spent in one burst, a window would leave a person waiting for its end. A waiter that dies leaves the line by
  itself.
* **Never a burst.** Without the store nothing is sent. A store that knows nothing of the past (new, emptied,
  restarted) counts as one whose last window was full.

Plain Python: the store is a redis client given by the caller (``conf.py``).
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import redis

from .codes import Lane
from .errors import VendorUnreachable

_RANKS: Final = {Lane.PERSON: 0, Lane.OPERATION: 1, Lane.SYNC: 2}
_RESERVED: Final = {Lane.PERSON: 0.0, Lane.OPERATION: 0.01, Lane.SYNC: 0.02}  # of the window, for the lanes above
_GRACE = 1.0  # s; a waiter that did not ask again by then is gone
_LONGEST_SLEEP = 0.5  # s; then it asks again: somebody before it may have left
_LATE = 0.05  # s between grant and sending from which the entry is moved

# Scores of the line: lane rank * 2e15 + arrival in µs, exact in a double (below 2^53) and ordered as the lanes are.
_ACQUIRE = """
local calls, line, seen, pace, hold, born = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local id, rank, cap, bulk = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local window, burst, grace = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local function text(number) return string.format('%.0f', number) end
local ttl = math.ceil(window / 1000) + 60000
local interval = window / bulk

-- The store's clock went back: what lies ahead of it happened just now at the latest.
for _, call in ipairs(redis.call('ZRANGEBYSCORE', calls, '(' .. text(now + 1000000), '+inf')) do
  redis.call('ZADD', calls, text(now), call)
end
redis.call('ZREMRANGEBYSCORE', calls, '-inf', text(now - window))
for _, waiter in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', text(now))) do
  redis.call('ZREM', seen, waiter)
  redis.call('ZREM', line, waiter)
end

local used = redis.call('ZCARD', calls)
local since = tonumber(redis.call('GET', born) or '')
if not since or since > now + 1000000 then
  since = now
  redis.call('SET', born, text(now))
end
local unknown = 0
if now - since < window then
  unknown = math.ceil(bulk * (1 - (now - since) / window))
  used = used + unknown
end

local place = tonumber(redis.call('ZSCORE', line, id) or '') or (rank * 2e15 + now)
local before = redis.call('ZCOUNT', line, '-inf', '(' .. text(place))
local wait = 0

local missing = used + before + 1 - cap
if missing > 0 then
  if unknown > 0 then
    wait = missing * interval
  else
    local entry = redis.call('ZRANGE', calls, missing - 1, missing - 1, 'WITHSCORES')
    wait = entry[2] and (tonumber(entry[2]) + window - now + 1) or window
  end
end

local due = now
if rank > 0 then
  due = tonumber(redis.call('GET', pace) or '') or now
  if due > now + burst + 2 * interval then due = now end
  local paced_before = redis.call('ZCOUNT', line, '2e15', '(' .. text(place))
  wait = math.max(wait, due - burst + paced_before * interval - now)
end

local held = tonumber(redis.call('HGET', hold, rank > 0 and 'bulk' or 'person') or '') or 0
if held > now and held < now + 60000000 then wait = math.max(wait, held - now) end

if wait <= 0 then
  redis.call('ZADD', calls, text(now), id)
  redis.call('PEXPIRE', calls, ttl)
  redis.call('ZREM', line, id)
  redis.call('ZREM', seen, id)
  if rank > 0 then redis.call('SET', pace, text(math.max(due, now) + interval), 'PX', ttl) end
  return {1, 0, text(now)}
end
redis.call('ZADD', line, text(place), id)
redis.call('ZADD', seen, text(now + math.min(wait, 1000000) + grace), id)
redis.call('PEXPIRE', line, ttl)
redis.call('PEXPIRE', seen, ttl)
return {0, math.ceil(wait), text(now)}
"""

_MOVE = """
local clock = redis.call('TIME')
redis.call('ZADD', KEYS[1], string.format('%.0f', tonumber(clock[1]) * 1000000 + tonumber(clock[2])), ARGV[1])
"""

_HOLD = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
for i = 1, 3, 2 do
  local old = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '') or 0
  redis.call('HSET', KEYS[1], ARGV[i], string.format('%.0f', math.max(old, now + tonumber(ARGV[i + 1]))))
end
redis.call('PEXPIRE', KEYS[1], 60000)
"""


@dataclass(frozen=True, slots=True)
class Slot:
    """Leave to send one call, now."""

    id: str
    at: float  # when it was granted: unix seconds of the store's clock
    granted: float  # when we learned of it: monotonic
    waited: float  # s


class Throttle:
    """The budget of one account. Cheap to make; threads and processes share it through the store.

    ``account`` tells budgets of one store apart; ``limit`` calls in any ``window`` seconds.
    """

    def __init__(
        self,
        store: redis.Redis,
        account: str,
        *,
        limit: int = 200,
        window: float = 10.0,
        margin: float | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if limit < 1:
            raise ValueError("the call budget is at least one call")
        self._store = store
        self._sleep = sleep
        self.limit = limit
        self.window = window
        self.margin = window * 0.02 if margin is None else margin
        prefix = f"vendor-budget:{{{account}}}"
        names = ("calls", "line", "seen", "pace", "hold", "born")
        self._keys = [f"{prefix}:{name}" for name in names]
        self._acquire = store.register_script(_ACQUIRE)
        self._move = store.register_script(_MOVE)
        self._hold = store.register_script(_HOLD)

    def share(self, lane: Lane) -> int:
        """How many calls of a window the lane may see in use and still be served."""
        return max(1, self.limit - math.ceil(self.limit * _RESERVED[lane]))

    def used(self) -> int:
        """How many calls of the running window are in use, over all processes. Raises ``RedisError``."""
        return int(self._store.zcount(self._keys[0], f"({self._now() - (self.window + self.margin) * 1e6:.0f}", "+inf"))

    def waiting(self) -> dict[Lane, int]:
        """How many callers of each lane stand in line now. Raises ``RedisError``."""
        alive = set(self._store.zrangebyscore(self._keys[2], f"({self._now():.0f}", "+inf"))
        line: Any = self._store.zrange(self._keys[1], 0, -1, withscores=True)
        ranks = [int(place // 2e15) for waiter, place in line if waiter in alive]
        return {lane: ranks.count(rank) for lane, rank in _RANKS.items()}

    def _now(self) -> float:
        seconds, microseconds = self._store.time()
        return float(seconds) * 1e6 + float(microseconds)

    def acquire(self, lane: Lane, max_wait: float) -> Slot:
        """Wait for leave to send one call; at most ``max_wait`` seconds.

        Raises ``VendorUnreachable`` as soon as it is clear that it would take longer, and when the store is lost.
        """
        waiter = secrets.token_hex(8)
        started = time.monotonic()
        span = (self.window + self.margin) * 1e6
        bulk = self.share(Lane.SYNC)
        arguments = [waiter, _RANKS[lane], self.share(lane), bulk, int(span), int(span * 0.05), int(_GRACE * 1e6)]
        while True:
            granted, microseconds, at = self._run(self._acquire, self._keys, arguments)
            now = time.monotonic()
            if granted:
                return Slot(waiter, int(at) / 1e6, now, now - started)
            wait = max(int(microseconds) / 1e6, 0.001)
            if now - started + wait > max_wait:
                self._leave(waiter)
                raise VendorUnreachable(
                    why=f"no room in the account's call budget within {max_wait:g} s (lane {lane.value}); "
                    "nothing was sent"
                )
            self._sleep(min(wait, _LONGEST_SLEEP))

    def sent(self, slot: Slot, at: float | None = None) -> None:
        """The call has just left. ``at`` (monotonic) is when. Moves its entry where that was late: the vendor counts
        from its arrival. A store that is lost by now is no reason to lose the answer."""
        if (time.monotonic() if at is None else at) - slot.granted > _LATE * self.window / 10:
            try:
                self._move(keys=self._keys[:1], args=[slot.id])
            except redis.RedisError:
                return

    def back_off(self, seconds: float) -> None:
        """The vendor says that the account is over its limit (others may use it too): all lanes pause, a person a
        quarter as long. A lost store is met by the next :meth:`acquire`."""
        try:
            self._hold(
                keys=self._keys[4:5], args=["person", int(seconds * 0.25e6), "bulk", int(min(seconds, 30.0) * 1e6)]
            )
        except redis.RedisError:
            return

    def _leave(self, waiter: str) -> None:
        try:
            self._store.zrem(self._keys[1], waiter)
            self._store.zrem(self._keys[2], waiter)
        except redis.RedisError:
            return  # it leaves by itself

    def _run(self, script: Any, keys: list[str], arguments: list[Any]) -> list[int]:
        try:
            return script(keys=keys, args=arguments)
        except redis.RedisError as error:
            raise VendorUnreachable(
                why=f"the account's call budget cannot be read ({type(error).__name__}); nothing was sent"
            ) from None
