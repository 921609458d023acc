"""A worker is killed (-9) while the vendor's answer is under way: whoever comes next completes what it was at."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.utils import timezone

from playback.conf import vendor_client
from playback.models import OperationItem, Recording, SyncRun, WatchDay, WatchRecord
from playback.operations import tend
from playback.sync import passes
from playback.sync.watch_records import DayRead, read_day
from playback.vendor.codes import Lane
from tests.operations.vendor import confirmed, drive
from tests.sync.test_watch_records import check_against

from .conftest import PAGE, School, mirror_all
from .equality import assert_mirror_is_vendor
from .kept import StaffsWork
from .processes import Process, asked, command, lease_runs_out, worker

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(300),  # a machine may be busy
    pytest.mark.portable,
    pytest.mark.skipif(not hasattr(os, "killpg"), reason="no process groups here"),
]
State = SyncRun.State
SLOW = 0.6  # s that a page takes: time to be killed in


def killed_in_the_second_page(process: Process, school: School) -> SyncRun:
    """The first page is stored, the second one's body is dripping in."""
    running = SyncRun.objects.filter(kind="recordings", state=State.RUNNING, pages=1)
    process.until(lambda: running.exists() and asked(school.vendor, "list_recordings", 2))
    process.kill()
    school.vendor.faults.clear()
    return SyncRun.objects.get(kind="recordings", state=State.RUNNING)


def test_a_first_load(school: School, settings: Any) -> None:
    school.add(14)
    school.vendor.faults.add("list_recordings", "slow_body", seconds=SLOW)
    with worker(settings, "sync") as process:
        current_app.send_task("playback.sync_kind", kwargs={"kind": "recordings"}, queue="sync")
        dead = killed_in_the_second_page(process, school)
    assert (dead.pages, Recording.objects.count()) == (1, PAGE)

    assert passes.run_pass("recordings", full=False).state == State.BUSY  # nobody knows yet that it is dead
    lease_runs_out()
    run = passes.run_pass("recordings", full=False)
    assert (run.state, run.full, run.unchanged) == (State.DONE, True, PAGE)  # nothing counts as read that was not
    dead.refresh_from_db()
    assert (dead.state, "died" in dead.error) == (State.FAILED, True)
    mirror_all(full=False)
    assert_mirror_is_vendor(school.vendor)


def test_a_full_pass_over_what_changed(
    school: School, settings: Any, staffs_work: Callable[[], StaffsWork], hasty: None
) -> None:
    school.add(14)
    work = staffs_work()
    school.lives_on()
    school.vendor.calls.clear()
    school.vendor.faults.add("list_recordings", "slow_body", seconds=SLOW)
    before = Recording.objects.live().count()
    with command(settings, "sync", "--full", "--kind", "recordings") as process:
        dead = killed_in_the_second_page(process, school)
    assert Recording.objects.live().count() >= before, "nothing is gone because a worker died"
    lease_runs_out()
    mirror_all()
    dead.refresh_from_db()
    assert dead.state == State.FAILED
    assert_mirror_is_vendor(school.vendor)
    work.check()


def test_a_day_of_watch_records_goes_on_at_its_page(school: School, settings: Any) -> None:
    school.add(3)
    mirror_all()
    rows = school.vendor.state.rows("SELECT playback_id, video_id FROM versions WHERE status = 100")
    morning = datetime(2024, 5, 6, 1, tzinfo=UTC)
    for n in range(13):
        video = rows[n % len(rows)]
        school.vendor.state.add_watch_record(
            video["playback_id"], video["video_id"], morning + timedelta(minutes=n), guid=f"G{n:02}", user_number=n % 4
        )
    school.vendor.faults.add("account_watch_records", "slow_body", seconds=SLOW)
    with command(settings, "watch_records", "--from", "2024-05-06", "--to", "2024-05-06") as process:
        process.until(
            lambda: asked(school.vendor, "account_watch_records", 2) and WatchDay.objects.filter(next_page=2).exists()
        )
        process.kill()
    school.vendor.faults.clear()
    assert WatchRecord.objects.count() == PAGE
    school.vendor.calls.clear()
    told = DayRead(morning.date())
    read_day(vendor_client(Lane.SYNC), told.day, told)
    assert (told.resumed_at, told.complete) == (2, True)
    assert [call.params["page"] for call in school.vendor.calls.of("account_watch_records")] == ["2", "3"]
    check_against(school.vendor)
    assert_mirror_is_vendor(school.vendor)


def test_an_item_of_an_operation_is_settled_and_not_repeated(
    school: School, settings: Any, chief: User, staffs_work: Callable[[], StaffsWork], hasty: None
) -> None:
    """The vendor did what it was asked; who asked is dead, and two more items wait in the queue."""
    school.add(9)
    work = staffs_work()
    chosen = list(Recording.objects.live().filter(status=100, held_at=None, trash_entries=None)[:3])
    school.vendor.calls.clear()
    school.vendor.faults.add("update_recording", "timeout_after_change", times=1, seconds=4)
    operation = confirmed("rename", chief, chosen, {"pattern": "{name}（复习）"})
    names = {item.recording_id: item.change["name"][1] for item in operation.items.all()}

    def renamed() -> bool:
        rows = school.vendor.state.rows("SELECT name FROM versions")
        return not set(names.values()).isdisjoint(row["name"] for row in rows)

    with worker(settings, "operation,person") as process:
        process.until(renamed)
        process.kill()
    item = OperationItem.objects.get(operation=operation, outcome="running")
    OperationItem.objects.filter(pk=item.pk).update(due_at=timezone.now() - timedelta(seconds=1))  # its lease is over
    tend.tend()
    drive(operation)
    tend.tend()
    operation.refresh_from_db()
    assert operation.state == "done"
    assert set(operation.items.values_list("outcome", flat=True)) == {"done"}
    item.refresh_from_db()
    assert (item.attempts, item.reason["code"]) == (1, "settled_done")
    for recording in chosen:
        calls = [
            call
            for call in school.vendor.calls.of("update_recording")
            if (call.params["room_id"], call.params["session_id"])
            == (str(recording.room_id), str(recording.session_id))
        ]
        assert len(calls) == 1
        assert Recording.objects.get(pk=recording.pk).name == names[recording.pk]
    mirror_all()
    assert_mirror_is_vendor(school.vendor)
    work.check()
