"""The account's call budget, on a real store with its real clock; windows are made small to be quick."""

from __future__ import annotations

import json
import math
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from playback.demo.embedded import EmbeddedValkey
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorUnreachable
from playback.vendor.throttle import Slot, Throttle

Make = Callable[..., Throttle]


@pytest.fixture
def make(store: redis.Redis) -> Make:
    """A budget of its own, whose store has known it for longer than a window."""

    def build(limit: int, window: float, *, known: bool = True, **options) -> Throttle:  # type: ignore[no-untyped-def]
        account = secrets.token_hex(6)
        if known:
            store.set(f"vendor-budget:{{{account}}}:born", int((time.time() - 3600) * 1e6))
        return Throttle(store, account, limit=limit, window=window, **options)

    return build


def most_in_a_window(moments: list[float], window: float) -> int:
    moments = sorted(moments)
    most = first = 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - window:
            first += 1
        most = max(most, last - first + 1)
    return most


def together(jobs: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


WORKER = """
import json, os, sys, threading, time, redis
from playback.vendor.codes import Lane
from playback.vendor.throttle import Throttle
account, seconds = sys.argv[1], float(sys.argv[2])
throttle = Throttle(redis.Redis.from_url(os.environ["REDIS_URL"]), account, limit=40, window=1.0, margin=0.25)
end, granted = time.monotonic() + seconds, []
def work(lane):
    while time.monotonic() < end:
        slot = throttle.acquire(lane, 20)
        granted.append((lane.value, slot.at, time.time()))
threads = [threading.Thread(target=work, args=(lane,)) for lane in (Lane.SYNC, Lane.SYNC, Lane.OPERATION)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(json.dumps(granted))
"""


def test_several_processes_stay_within_the_window_and_use_it(make: Make, store: redis.Redis) -> None:
    throttle = make(40, 1.0, margin=0.25)
    account = throttle._keys[0].split("{")[1].split("}")[0]
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, account, "4"],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        for _ in range(3)
    ]
    granted = [grant for worker in workers for grant in json.loads(worker.communicate(timeout=60)[0])]
    stamps = sorted(at for _, at, _ in granted)
    assert most_in_a_window(stamps, 1.25) <= 40  # as the store counts: exactly
    assert most_in_a_window([seen for _, _, seen in granted], 1.0) <= 40  # as the vendor would, on arrival
    assert {lane for lane, _, _ in granted} >= {"operation"}
    # The lower lanes' share of the longer window, well used.
    middle = [at for at in stamps if stamps[0] + 1 <= at < stamps[0] + 3.5]
    assert len(middle) >= 0.9 * 2.5 * throttle.share(Lane.SYNC) / 1.25


@settings(max_examples=12, deadline=None)
@given(
    limit=st.integers(1, 12),
    lanes=st.lists(st.sampled_from(list(Lane)), min_size=1, max_size=25),
    pauses=st.lists(st.floats(0, 0.03), min_size=25, max_size=25),
)
def test_no_window_ever_holds_more_than_the_limit(limit: int, lanes: list[Lane], pauses: list[float]) -> None:
    store = redis.Redis.from_url(os.environ["REDIS_URL"])
    throttle = Throttle(store, secrets.token_hex(6), limit=limit, window=0.1)
    slots: list[tuple[Lane, Slot]] = []

    def call(lane: Lane, pause: float) -> None:
        time.sleep(pause)
        slots.append((lane, throttle.acquire(lane, 30)))

    together([lambda lane=lane, pause=pause: call(lane, pause) for lane, pause in zip(lanes, pauses, strict=False)])  # type: ignore[misc]
    assert len(slots) == len(lanes)
    assert len({slot.id for _, slot in slots}) == len(lanes)
    assert most_in_a_window([slot.at for _, slot in slots], 0.102) <= limit
    for lane in Lane:
        least = [slot.at for other, slot in slots if other == lane]
        assert most_in_a_window(least, 0.102) <= throttle.share(lane)
    assert store.zcard(throttle._keys[1]) == 0  # nobody is left in line
    store.close()


def test_the_higher_lane_goes_first(make: Make) -> None:
    throttle = make(10, 1.0)
    for _ in range(10):  # spread out, so that the room they take comes back one by one
        throttle.acquire(Lane.PERSON, 0)
        time.sleep(0.06)
    order: list[tuple[float, Lane]] = []

    def wait_for(lane: Lane) -> None:
        slot = throttle.acquire(lane, 20)
        order.append((slot.at, lane))

    threads = []
    for lane in (Lane.SYNC, Lane.SYNC, Lane.OPERATION, Lane.OPERATION, Lane.PERSON, Lane.PERSON):
        threads.append(threading.Thread(target=wait_for, args=(lane,)))
        threads[-1].start()
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    assert [lane for _, lane in sorted(order)] == [
        Lane.PERSON,
        Lane.PERSON,
        Lane.OPERATION,
        Lane.OPERATION,
        Lane.SYNC,
        Lane.SYNC,
    ]


def test_within_a_lane_first_come_is_first_served(make: Make) -> None:
    throttle = make(4, 0.4)
    for _ in range(3):
        throttle.acquire(Lane.SYNC, 5)
    order: list[tuple[float, int]] = []
    threads = []
    for number in range(5):
        threads.append(threading.Thread(target=lambda n=number: order.append((throttle.acquire(Lane.SYNC, 9).at, n))))  # type: ignore[misc]
        threads[-1].start()
        time.sleep(0.02)
    for thread in threads:
        thread.join()
    assert [number for _, number in sorted(order)] == [0, 1, 2, 3, 4]


def test_a_person_hardly_waits_while_a_full_sync_runs(make: Make) -> None:
    throttle = make(200, 10.0)
    running = threading.Event()
    running.set()
    counted: list[float] = []

    def sync() -> None:
        while running.is_set():
            counted.append(throttle.acquire(Lane.SYNC, 30).at)

    threads = [threading.Thread(target=sync) for _ in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(1.5)
    waits = []
    for _ in range(12):  # more than what is kept free for people
        waits.append(throttle.acquire(Lane.PERSON, 5).waited)
        time.sleep(0.02)
    running.clear()
    for thread in threads:
        thread.join()
    assert max(waits) < 0.5
    # and the sync is spread out: after its first few calls, at the pace that fills a window
    spread = [at for at in counted if at > min(counted) + 0.5]
    assert most_in_a_window(spread, 0.5) <= math.ceil(0.5 * 200 / 10) + 12


def test_a_waiter_that_died_leaves_the_line(make: Make) -> None:
    class Killed(BaseException):
        pass

    def die(_: float) -> None:
        raise Killed

    throttle = make(1, 0.3)
    throttle.acquire(Lane.PERSON, 5)
    doomed = Throttle(throttle._store, "", limit=1, window=0.3, sleep=die)
    doomed._keys = throttle._keys
    with pytest.raises(Killed):
        doomed.acquire(Lane.PERSON, 5)
    began = time.monotonic()
    throttle.acquire(Lane.SYNC, 10)
    assert 0.5 < time.monotonic() - began < 3.0


def test_a_wait_that_would_be_too_long_is_refused_at_once(make: Make) -> None:
    throttle = make(1, 5.0)
    throttle.acquire(Lane.PERSON, 5)
    began = time.monotonic()
    with pytest.raises(VendorUnreachable, match=r"within 2 s \(lane person\); nothing was sent"):
        throttle.acquire(Lane.PERSON, 2)
    assert time.monotonic() - began < 1
    assert throttle._store.zcard(throttle._keys[1]) == 0


def test_a_store_without_memory_counts_as_a_full_window(make: Make) -> None:
    """A store that was emptied or restarted does not know what was sent in the last window."""
    throttle = make(50, 1.0, known=False)
    stamps = []
    first = time.time()
    while time.time() < first + 0.5:
        try:
            stamps.append(throttle.acquire(Lane.PERSON, 0).at)
        except VendorUnreachable:
            time.sleep(0.01)
    bulk, span = throttle.share(Lane.SYNC), 1.02
    for count, at in enumerate(stamps, 1):
        assert count <= 50 - bulk * (1 - (at - first) / span) + 1
    assert len(stamps) > 15


def test_two_accounts_have_two_budgets(make: Make) -> None:
    one, other = make(1, 60.0), make(1, 60.0)
    one.acquire(Lane.PERSON, 0)
    other.acquire(Lane.PERSON, 0)
    with pytest.raises(VendorUnreachable):
        one.acquire(Lane.PERSON, 0.1)


def test_backing_off_holds_the_lower_lanes_longer(make: Make) -> None:
    throttle = make(100, 1.0)
    throttle.back_off(0.8)
    began = time.monotonic()
    throttle.acquire(Lane.PERSON, 5)
    person = time.monotonic() - began
    throttle.acquire(Lane.SYNC, 5)
    assert 0.15 < person < 0.6
    assert time.monotonic() - began > 0.75


def test_a_call_that_left_late_counts_from_when_it_left(make: Make) -> None:
    throttle = make(1, 0.5)
    slot = throttle.acquire(Lane.PERSON, 1)
    time.sleep(0.3)
    throttle.sent(slot)
    left = time.monotonic()
    throttle.acquire(Lane.PERSON, 5)
    assert time.monotonic() - left > 0.45


def test_a_call_that_left_in_time_costs_no_second_look(make: Make) -> None:
    throttle = make(10, 10.0)
    slot = throttle.acquire(Lane.PERSON, 1)
    before = throttle._store.info("commandstats").get("cmdstat_zadd", {}).get("calls", 0)
    throttle.sent(slot, slot.granted + 0.001)
    assert throttle._store.info("commandstats")["cmdstat_zadd"]["calls"] == before


def test_a_clock_that_went_back_blocks_nobody(make: Make) -> None:
    throttle = make(2, 0.3)
    future = int((time.time() + 3600) * 1e6)
    throttle._store.zadd(throttle._keys[0], {"a": future, "b": future})
    throttle._store.set(throttle._keys[3], future)
    began = time.monotonic()
    throttle.acquire(Lane.SYNC, 5)
    assert time.monotonic() - began < 2


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(tmp_path / "valkey").start()
    yield server
    if server.process is not None:
        server.stop()


def test_a_store_that_is_lost_sends_nothing(mortal: EmbeddedValkey) -> None:
    throttle = Throttle(redis.Redis.from_url(mortal.url, socket_timeout=1, socket_connect_timeout=1), "x", limit=50)
    slot = throttle.acquire(Lane.PERSON, 5)
    mortal.stop()
    began = time.monotonic()
    for lane in Lane:
        with pytest.raises(VendorUnreachable, match="the account's call budget cannot be read"):
            throttle.acquire(lane, 5)
    assert time.monotonic() - began < 5
    throttle.sent(slot, slot.granted + 10)  # the answer is not lost with the store
    throttle.back_off(1)
