"""Whatever the vendor does between, and during, the passes: in the end the mirror is the vendor.

A state machine plays a vendor's life (recordings made, renamed, blocked, deleted, made again, cut) and passes at any
moment, also passes during which the list moves or breaks off. After each full sync of a vendor that stands still, the
mirror is compared with it fact by fact; at every moment, nothing that the vendor has is gone from the mirror for good.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from playback.models import Recording, Room, SyncLease, SyncRun, Version
from playback.sandbox.server import Sandbox
from playback.sync import passes
from playback.vendor import transport

from .conftest import LONG_AGO, sync

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
FINE = (SyncRun.State.DONE, SyncRun.State.NOTHING_NEW)
NUMBERS = st.integers(0, 11)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


class Life(RuleBasedStateMachine):
    vendor: Sandbox

    def __init__(self) -> None:
        super().__init__()
        self.vendor.forget()
        self.vendor.window.limit = 0
        self.vendor.state.set_account("41624064", "sandbox/key+of=the-tests")
        for model in (SyncLease, SyncRun, Version, Recording, Room):
            model._default_manager.all().delete()
        self.rooms = [
            self.vendor.state.add_room(f"教室{n}", is_long_term=True, product_type=n + 1, created_at=LONG_AGO)
            for n in range(2)
        ]
        self.clock = 0
        for number in range(0, 12, 3):
            for each in (number, number + 1):
                self.vendor.state.add_recording(*self.key(each), created_at=self.now())
        sync("recordings")
        sync("versions")

    def key(self, number: int) -> tuple[int, int]:
        return self.rooms[number % 2], 202403010 + number

    def there(self, number: int) -> bool:
        return self.vendor.state.recording(*self.key(number)) is not None

    def now(self) -> Any:
        self.clock += 1
        return LONG_AGO + timedelta(minutes=self.clock)

    # ------------------------------------------------------------ the vendor's life

    @rule(number=NUMBERS, name=NAMES, status=st.sampled_from([0, 10, 20, 30, 100]), backdated=st.booleans())
    def make(self, number: int, name: str, status: int, backdated: bool) -> None:
        if not self.there(number):
            at = LONG_AGO - timedelta(days=number) if backdated else self.now()
            self.vendor.state.add_recording(*self.key(number), name=name, status=status, created_at=at)

    @rule(number=NUMBERS, name=NAMES, blocked=st.booleans(), plays=st.integers(0, 3))
    def change(self, number: int, name: str, blocked: bool, plays: int) -> None:
        if self.there(number):
            self.vendor.state.update_recording(
                *self.key(number), name=name, publish_status=2 if blocked else 1, play_times=plays
            )

    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        self.vendor.state.remove_recording(*self.key(number))

    @rule(number=NUMBERS, main=st.booleans())
    def cut(self, number: int, main: bool) -> None:
        if self.there(number):
            self.vendor.state.add_version(*self.key(number), is_main=main, created_at=self.now())

    @rule(number=NUMBERS, version=st.integers(0, 3))
    def delete_version(self, number: int, version: int) -> None:
        self.vendor.state.remove_version(*self.key(number), version)

    # ------------------------------------------------------------ passes at any moment

    @rule(kind=st.sampled_from(["rooms", "recordings", "versions"]), full=st.booleans())
    def pass_over(self, kind: str, full: bool) -> None:
        run = sync(kind, full=full)
        assert run.state in (*FINE, SyncRun.State.HELD)
        self.what_went_is_gone(run)

    @rule(
        kind=st.sampled_from(["recordings", "versions"]),
        how=st.sampled_from(["add", "remove"]),
        times=st.integers(1, 3),
    )
    def pass_over_a_moving_list(self, kind: str, how: str, times: int) -> None:
        self.vendor.faults.add("list_recordings", "shifting_page", times=times, how=how)
        try:
            run = sync(kind, full=True)
        finally:
            self.vendor.faults.clear()
        self.what_went_is_gone(run)

    def what_went_is_gone(self, run: SyncRun) -> None:
        """No pass marks a row that the vendor has."""
        for recording in Recording.objects.filter(gone_at__gte=run.started_at):
            assert self.vendor.state.recording(recording.room_id, recording.session_id) is None
        for version in Version.objects.filter(gone_at__gte=run.started_at).select_related("recording"):
            parent = version.recording
            assert self.vendor.state.version(parent.room_id, parent.session_id, version.version) is None

    @rule(kind=st.sampled_from(["recordings", "versions"]), fault=st.sampled_from(["html", "drop", "status"]))
    def pass_that_breaks_off(self, kind: str, fault: str) -> None:
        before = Recording.objects.live().count(), Version.objects.live().count()

        def break_off(run: SyncRun) -> None:
            self.vendor.faults.add("*", fault)

        try:
            run = sync(kind, full=True, on_page=break_off)
        finally:
            self.vendor.faults.clear()
        assert run.state == SyncRun.State.INCOMPLETE
        assert Recording.objects.live().count() >= before[0]
        assert Version.objects.live().count() >= before[1]

    @precondition(lambda self: self.clock % 3 == 0)
    @rule()
    def settle(self) -> None:
        """A vendor that stands still, read in full: the mirror is the vendor."""
        for kind in ("rooms", "recordings", "versions"):
            run = sync(kind, full=True)
            if run.state == SyncRun.State.HELD:
                run = passes.release(run, None)
            assert run.state in FINE, (kind, run.state, run.error)
        assert mirrored_recordings() == vendor_recordings(self.vendor)
        assert mirrored_versions() == vendor_versions(self.vendor)
        assert all(sync(kind, full=True).state == SyncRun.State.NOTHING_NEW for kind in ("recordings", "versions"))

    def teardown(self) -> None:
        self.settle()

    @invariant()
    def one_row_each_and_no_lease_left(self) -> None:
        assert not SyncLease.objects.exists()
        assert not SyncRun.objects.filter(state=SyncRun.State.RUNNING).exists()


FACTS = ("room_id", "session_id", "name", "status", "publish_status", "play_times", "created_at")


def vendor_rows(vendor: Sandbox, *, crops: bool) -> Iterator[dict[str, Any]]:
    yield from vendor.state.rows(
        "SELECT v.*, r.publish_status FROM versions v JOIN recordings r USING (playback_id) WHERE v.is_main OR ?",
        (crops,),
    )


def vendor_facts(row: dict[str, Any]) -> tuple[Any, ...]:
    return (*(row[name] for name in FACTS[:-1]), int(row["created_at"]))


def vendor_recordings(vendor: Sandbox) -> set[tuple[Any, ...]]:
    return {
        (*vendor_facts(row), row["version"], row["playback_id"], row["product_type"])
        for row in vendor_rows(vendor, crops=False)
    }


def vendor_versions(vendor: Sandbox) -> set[tuple[Any, ...]]:
    return {(*vendor_facts(row), row["version"]) for row in vendor_rows(vendor, crops=True)}


def mirrored_recordings() -> set[tuple[Any, ...]]:
    rows = Recording.objects.live().values_list(*FACTS, "main_version", "playback_id", "product_type")
    return {(*row[:6], int(row[6].timestamp()), *row[7:]) for row in rows}


def mirrored_versions() -> set[tuple[Any, ...]]:
    parents = ("recording__room_id", "recording__session_id")
    rows = Version.objects.live().values_list(*parents, *FACTS[2:], "version")
    return {(*row[:6], int(row[6].timestamp()), *row[7:]) for row in rows}


def test_the_mirror_ends_as_the_vendor(vendor: Sandbox, settings: Any, monkeypatch: Any) -> None:
    settings.BAIJIAYUN_PRODUCT_TYPES = [1, 2]
    settings.SYNC_PAGE_SIZE = 2
    monkeypatch.setattr(transport.Transport, "_pause", lambda *args: None)
    Life.vendor = vendor
    run_state_machine_as_test(Life, settings=quick)


quick = settings(
    max_examples=5,
    stateful_step_count=12,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
