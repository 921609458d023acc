"""When did beat's last tick arrive? Beat sends a task every minute; the worker that runs it writes the time down.

The rows of the schedule have a ``last_run_at``, but beat saves those only every few minutes, and they say nothing of
what became of the task. A tick that was *run* says that beat sends, the broker carries, and a worker of the queue that
people wait for takes. It is kept in the cache and ends by itself.
"""

from __future__ import annotations

import time

from django.core.cache import cache

BEAT = "playback.heartbeat"  # the task
LATE = 180.0  # s; two ticks may be lost
_KEY = "heartbeat:ticked"
_KEPT = 7 * 24 * 3600  # s; so that an old tick can still be told from none


def tick() -> None:
    cache.set(_KEY, time.time(), _KEPT)


def age() -> float | None:
    """Seconds since the last tick ran; None: none is known. Raises ``RedisError``."""
    at = cache.get(_KEY)
    return None if at is None else max(0.0, time.time() - float(at))
