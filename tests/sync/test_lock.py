"""One pass of a kind at a time, and what becomes of a run whose process dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection
from django.utils import timezone

from playback.models import Recording, SyncLease, SyncRun
from playback.sandbox.server import Sandbox
from playback.sync import lock, passes

from .conftest import sync

State = SyncRun.State
pytestmark = [pytest.mark.portable, pytest.mark.django_db]
real = pytest.mark.django_db(transaction=True)  # other connections take part
ROOT = Path(__file__).parents[2]


def running(kind: str = "recordings") -> SyncRun:
    return SyncRun.objects.create(kind=kind, started_at=timezone.now())


def expire(kind: str = "recordings") -> None:
    """As if its holder had been silent for longer than the lease lasts."""
    SyncLease.objects.filter(kind=kind).update(expires_at=timezone.now() - timedelta(seconds=1))


def test_a_second_run_of_a_kind_is_busy(vendor: Sandbox, school: Callable[..., int]) -> None:
    school(3)
    first = lock.acquire("recordings", running())
    vendor.calls.clear()
    run = sync()
    assert (run.state, run.seen, run.finished_at is not None) == (State.BUSY, 0, True)
    assert len(vendor.calls) == 0
    assert sync("rooms").state == State.DONE  # another kind is another lease
    first.release()
    assert sync().state == State.DONE


def test_a_dead_run_is_closed_by_whoever_takes_over(vendor: Sandbox, school: Callable[..., int]) -> None:
    school(3)
    dead = running()
    lock.acquire("recordings", dead)
    expire()
    assert sync().state == State.DONE
    dead.refresh_from_db()
    assert (dead.state, dead.finished_at is not None) == (State.FAILED, True)
    assert "died" in dead.error


def test_a_run_that_lost_its_lease_writes_no_more(vendor: Sandbox, school: Callable[..., int]) -> None:
    school(12)

    def taken_over(run: SyncRun) -> None:
        if run.kind == "recordings" and run.pages == 1:
            expire()
            other = lock.acquire("recordings", running())
            SyncLease.objects.filter(token=other.token).update(expires_at=timezone.now() + timedelta(hours=1))

    run = sync(on_page=taken_over)
    assert (run.state, run.pages, run.created) == (State.FAILED, 1, 5)
    assert Recording.objects.count() == 5
    assert "died" in run.error  # the words of the run that took over stand
    assert SyncLease.objects.count() == 1  # and the lease is still the other's


def test_a_lease_is_renewed_with_every_transaction(
    vendor: Sandbox, school: Callable[..., int], monkeypatch: Any
) -> None:
    monkeypatch.setattr(passes, "AT_ONCE", 1)
    school(12)
    ends = []

    def look(run: SyncRun) -> None:
        ends.append(SyncLease.objects.get().expires_at)
        time.sleep(0.002)

    sync(on_page=look)
    assert len(ends) == 3
    assert ends == sorted(set(ends))


@real
def test_a_slow_page_keeps_its_lease(vendor: Sandbox, school: Callable[..., int], monkeypatch: Any) -> None:
    """The heart beats from a thread with a connection of its own."""
    monkeypatch.setattr(lock, "HEARTBEAT", 0.02)
    monkeypatch.setattr(lock, "TTL", timedelta(seconds=0.5))
    school(3)
    vendor.faults.add("list_recordings", "latency", times=1, seconds=1.2)
    assert sync().state == State.DONE


@real
def test_a_hanging_run_gives_its_lease_up(monkeypatch: Any) -> None:
    monkeypatch.setattr(lock, "HEARTBEAT", 0.01)
    monkeypatch.setattr(lock, "TTL", timedelta(seconds=0.3))
    monkeypatch.setattr(lock, "SILENCE", timedelta(seconds=0.1))
    lease = lock.acquire("recordings", running())
    with lease.heartbeat():
        time.sleep(0.6)
        assert lock.acquire("recordings", running()).token != lease.token


def test_many_that_want_it_at_once_get_one(tmp_path: Path) -> None:
    first = running()
    won = 0
    for _ in range(5):
        try:
            lock.acquire("recordings", first)
            won += 1
        except lock.Busy:
            pass
    assert won == 1


def database_url() -> str:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


@real
def test_a_killed_worker_costs_nothing_but_time(vendor: Sandbox, school: Callable[..., int], settings: Any) -> None:
    """A real process, killed while it waits for page 2; the next run takes over and completes."""
    school(12)
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "BAIJIAYUN_PARTNER_ID": settings.BAIJIAYUN_PARTNER_ID,
        "BAIJIAYUN_PARTNER_KEY": settings.BAIJIAYUN_PARTNER_KEY,
        "BAIJIAYUN_BASE_URL": settings.BAIJIAYUN_BASE_URL,
        "BAIJIAYUN_PRODUCT_TYPES": "1",
        "SYNC_PAGE_SIZE": "5",
        "BAIJIAYUN_CALLS_PER_WINDOW": "1000000",
    }
    vendor.faults.add("list_recordings", "latency", seconds=1.5)  # every page: room to kill it between two
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "sync", "--full", "--kind", "recordings"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 40
        while not SyncRun.objects.filter(pages=1).exists():
            assert worker.poll() is None, "the worker ended by itself"
            assert time.monotonic() < deadline
            time.sleep(0.05)
        worker.send_signal(signal.SIGKILL)
    finally:
        worker.kill()
        worker.wait()
    vendor.faults.clear()
    dead = SyncRun.objects.get()
    assert (dead.state, dead.pages, Recording.objects.count()) == (State.RUNNING, 1, 5)

    assert sync().state == State.BUSY  # its lease is not over yet
    expire()
    run = sync()
    assert (run.state, run.full, run.created, run.unchanged) == (State.DONE, True, 7, 5)
    dead.refresh_from_db()
    assert (dead.state, "died" in dead.error) == (State.FAILED, True)
