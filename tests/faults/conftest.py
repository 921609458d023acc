"""A school whose mirror may be broken off, and the ends that every test of this folder has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User

from playback.models import SyncRun
from playback.sandbox.server import Sandbox
from playback.sync import passes
from playback.sync.freshness import COMPLETE
from playback.vendor import transport

from .equality import assert_mirror_is_vendor
from .kept import StaffsWork

LONG_AGO = datetime(2024, 3, 1, 8, 0, tzinfo=UTC)
PAGE = 5
QUEUES = ("person", "operation", "sync", "callbacks")
LEFT = (*QUEUES, "unacked", "unacked_index", "unacked_mutex")  # what a killed worker had in hand, too


@pytest.fixture
def vendor(sandbox: Sandbox, settings: Any) -> Iterator[Sandbox]:
    """Small pages, two kinds of rooms, no limit; and a broker that holds no task of an earlier test."""
    settings.SYNC_PAGE_SIZE = PAGE
    settings.BAIJIAYUN_PRODUCT_TYPES = [1, 2]
    settings.BAIJIAYUN_CALLS_PER_WINDOW = 1_000_000
    settings.OPERATION_PATIENCE_SECONDS = 0.0
    settings.OPERATION_SETTLE_SECONDS = 0.0
    sandbox.window.limit = 0
    with redis.Redis.from_url(settings.REDIS_URL) as store:
        store.delete(*LEFT)
        yield sandbox
        store.delete(*LEFT)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client repeats as often as ever, without pauses between."""
    clock = transport.time
    unhurried = SimpleNamespace(monotonic=clock.monotonic, time=clock.time, sleep=lambda _seconds: None)
    monkeypatch.setattr(transport, "time", unhurried)


class School:
    """What the vendor has: rooms of two product types, recordings in all states, cuts. Everything differs from row to
    row, so that a fact in the wrong place is a difference."""

    def __init__(self, vendor: Sandbox) -> None:
        self.vendor = vendor
        self.rooms = [
            vendor.state.add_room(
                f"高{n}数学",
                is_long_term=True,
                product_type=n,
                created_at=LONG_AGO + timedelta(days=n),
                starts_at=LONG_AGO + timedelta(days=n, hours=1),
                max_users=100 + n,
                room_type=n,
            )
            for n in (1, 2)
        ]
        self.made = 0

    def add(self, count: int, *, cuts: bool = True) -> None:
        """As many recordings more, each newer than the last; each third has a cut, each sixth shows it."""
        for _ in range(count):
            n = self.made
            self.made += 1
            key = self.key(n)
            status = 100 if n % 7 else (100, 0, 10, 20, 30)[n // 7 % 5]
            at = LONG_AGO + timedelta(hours=n)
            self.vendor.state.add_recording(
                *key, name=f"第{n}节", created_at=at, length=600 + n, status=status, play_times=n
            )
            if cuts and n % 3 == 0:
                self.vendor.state.add_version(*key, name=f"第{n}节·上", created_at=at, is_main=n % 6 == 0)

    def key(self, number: int) -> tuple[int, int]:
        return self.rooms[number % 2], 202403010 + number

    def lives_on(self) -> None:
        """One of each thing that a vendor's list can do between two passes."""
        state = self.vendor.state
        state.update_recording(*self.key(1), name="改了名")
        state.update_recording(*self.key(2), publish_status=2)
        state.remove_recording(*self.key(4))
        state.add_version(*self.key(5), name="新的剪辑", is_main=True)
        state.update_recording(*self.key(8), play_times=999)
        self.add(3)


@pytest.fixture
def school(vendor: Sandbox) -> School:
    return School(vendor)


@pytest.fixture
def chief(db: None) -> User:
    return User.objects.create_superuser("chief")


def mirror_all(*, full: bool = True, tries: int = 1) -> list[SyncRun]:
    """The passes that the schedule starts, one after the other; all must come to their end. ``tries``: after an
    incomplete one comes the next, which the schedule would start later."""
    runs = []
    for kind in ("rooms", "recordings", "versions"):
        for _ in range(tries):
            run = passes.run_pass(kind, full=full)
            if run.state != SyncRun.State.INCOMPLETE:
                break
        assert run.state in COMPLETE, f"{run.kind}: {run.state} {run.error}"
        runs.append(run)
    return runs


@pytest.fixture
def staffs_work(school: School, chief: User, settings: Any) -> Callable[[], StaffsWork]:
    """The mirror is the vendor, and staff did their work on it."""

    def begin() -> StaffsWork:
        mirror_all()
        work = StaffsWork(chief)
        mirror_all()
        assert_mirror_is_vendor(school.vendor)
        with redis.Redis.from_url(settings.REDIS_URL) as store:
            store.delete(*LEFT)  # the tasks of what is done
        return work

    return begin
