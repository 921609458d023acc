"""Can this installation do its work? Each part with a sentence, for ``/readyz``.

Decisions:

* **Required** is what no page or click works without: the database, the broker, and beat's tick through a worker. An
  old mirror is told and does not make us unready: pages say themselves how old a row is, and a vendor that is down for
  an hour is no reason for a load balancer to take the back-office away. ``READY_REQUIRES`` changes that.
* **Cheap.** A few small queries and two commands to Redis, kept for some seconds in each process: whoever asks a
  hundred times a second costs us nothing.
* **No secrets.** A failure is told by its type; addresses, names and passwords stay in the settings.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone
from redis.exceptions import RedisError

from playback import conf, heartbeat, staleness
from playback.heartbeat import LATE
from playback.staleness import State

KEPT = 5.0  # s


@dataclass(frozen=True)
class Part:
    ok: bool
    says: str


def database() -> Part:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return Part(False, f"The database does not answer ({type(error).__name__}).")
    return Part(True, "The database answers.")


def broker() -> Part:
    try:
        conf.store().ping()
    except RedisError as error:
        return Part(False, f"Redis does not answer ({type(error).__name__}): no task and no vendor call can be made.")
    return Part(True, "Redis answers.")


def beat() -> Part:
    try:
        age = heartbeat.age()
    except RedisError as error:
        return Part(False, f"Beat's last tick cannot be read ({type(error).__name__}).")
    if age is None:
        return Part(False, "No tick of beat ever arrived: is beat running, and a worker of the queue person?")
    if age > LATE:
        return Part(False, f"Beat's last tick is {age:.0f} s old: beat or the workers of the queue person stand still.")
    return Part(True, f"Beat's last tick was run {age:.0f} s ago.")


def sync() -> Part:
    try:
        kinds = staleness.board([name for name, kind in staleness.kinds().items() if kind.by_runs], anew=True).values()
    except DatabaseError as error:
        return Part(False, f"The sync runs cannot be read ({type(error).__name__}).")
    old = [_told(kind.kind.name, kind.news) for kind in kinds if kind.news and kind.news.state is not State.FRESH]
    if old:
        return Part(False, f"Last read to their end at the vendor: {', '.join(old)}.")
    return Part(True, "Every list was read from the vendor within its time.")


def _told(name: str, side: staleness.Side) -> str:
    limit = f"{side.limit.total_seconds():.0f} s"
    if side.at is None:
        return f"{name} never"
    return f"{name} {(timezone.now() - side.at).total_seconds():.0f} s ago ({limit} are allowed)"


PARTS: dict[str, Callable[[], Part]] = {"database": database, "broker": broker, "beat": beat, "sync": sync}
_lock = threading.Lock()
_last: tuple[float, dict[str, Part]] | None = None


def look(*, fresh: bool = False) -> dict[str, Part]:
    """All parts, at most ``KEPT`` seconds old."""
    global _last  # noqa: PLW0603 - a process's own memory: the cache may be what is lost
    with _lock:
        if fresh or _last is None or time.monotonic() - _last[0] > KEPT:
            _last = (time.monotonic(), {name: part() for name, part in PARTS.items()})
        return _last[1]
