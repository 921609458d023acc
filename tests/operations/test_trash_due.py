"""What happens to the trash when the date comes: deleted once, unless something stands in the way; and it is shown."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from config.celery import app
from playback.models import WHOLE, Operation, OperationItem, Recording, TrashEntry, Version
from playback.operations import due, execute, trash
from playback.sandbox.server import Sandbox

from .vendor import confirmed, drive, mirrored, recorded, row

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]

HOUR = timedelta(hours=1)


def in_trash(sandbox: Sandbox, chief: User, count: int = 1, **facts: Any) -> list[Recording]:
    """In the trash, and their date has come."""
    recordings = [recorded(sandbox, **facts) for _ in range(count)]
    drive(confirmed("trash", chief, recordings))
    TrashEntry.objects.update(put_at=timezone.now() - 8 * 24 * HOUR, due_at=timezone.now() - HOUR)
    return recordings


def automatic() -> Any:
    return Operation.objects.filter(automatic=True).order_by("pk")


def standing(entry: TrashEntry | None = None) -> trash.Standing:
    found = entry or TrashEntry.objects.select_related("recording").get()
    return trash.standings([found])[found.pk]


def test_what_is_due_is_deleted_by_the_schedule(sandbox: Sandbox, chief: User) -> None:
    recordings = in_trash(sandbox, chief, 2)
    later = recorded(sandbox)
    drive(confirmed("trash", chief, [later]))
    due.tend_trash()
    (operation,) = automatic()
    assert (operation.kind, operation.user, operation.items.count()) == ("delete", None, 2)
    entries = TrashEntry.objects.filter(recording__in=recordings).select_related("recording")
    assert {entry.operation for entry in entries} == {operation}
    assert standing(entries[0]).code == "trash_going"
    due.tend_trash()  # the next round leaves them alone
    assert automatic().count() == 1
    drive(operation)
    assert [row(sandbox, recording) for recording in recordings] == [None, None]
    assert row(sandbox, later) is not None
    assert {entry.ended_as for entry in entries.all()} == {"deleted"}
    assert standing(entries.all()[0]).code == "trash_deleted"
    due.tend_trash()
    assert automatic().count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_rounds_at_once_delete_once(sandbox: Sandbox, chief: User) -> None:
    in_trash(sandbox, chief, 4)
    together = threading.Barrier(3)

    def round_of() -> None:
        together.wait(10)
        try:
            due.tend_trash()
        finally:
            connection.close()

    threads = [threading.Thread(target=round_of) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert OperationItem.objects.filter(operation__automatic=True).count() == 4
    drive(*automatic())
    assert len(sandbox.calls.of("delete_recording")) == 4


def test_what_is_on_hold_stays_and_gets_its_time_again(sandbox: Sandbox, chief: User) -> None:
    (recording,) = in_trash(sandbox, chief)
    drive(confirmed("hold", chief, [recording], {"reason": "诉讼保全"}))
    due.tend_trash()
    assert not automatic().exists()
    assert standing().code == "trash_held"
    assert standing().stays
    release = confirmed("release_hold", chief, [recording])
    assert release.items.get().note == {"code": "trash_time_anew", "args": {"days": 7}}
    drive(release)
    due.tend_trash()
    assert not automatic().exists()
    assert TrashEntry.objects.get().due_at > timezone.now() + 6 * 24 * HOUR


def test_a_hold_that_came_after_the_round_wins(sandbox: Sandbox, chief: User) -> None:
    in_trash(sandbox, chief)
    due.tend_trash()
    Recording.objects.update(held_at=timezone.now())
    drive(*automatic())
    assert automatic().get().items.get().reason["code"] == "on_hold"
    assert sandbox.calls.of("delete_recording") == []
    assert standing().code == "trash_held"


def test_what_somebody_published_at_the_vendor_is_not_deleted(sandbox: Sandbox, chief: User) -> None:
    (recording,) = in_trash(sandbox, chief)
    sandbox.state.update_recording(recording.room_id, publish_status=1)
    due.tend_trash()  # the mirror does not know it yet: the item's own look at the vendor does
    drive(*automatic())
    assert automatic().get().items.get().reason["code"] == "published_since"
    assert sandbox.calls.of("delete_recording") == []
    assert standing().code == "trash_published"  # the refresh told the mirror
    due.tend_trash()
    assert automatic().count() == 1
    assert row(sandbox, recording) is not None


def test_the_mirrors_older_words_do_not_count_as_published(sandbox: Sandbox, chief: User) -> None:
    (recording,) = in_trash(sandbox, chief)
    entry = TrashEntry.objects.get()
    Recording.objects.update(publish_status=1, synced_at=entry.put_at - HOUR)
    assert standing().code == "trash_due"
    due.tend_trash()
    drive(*automatic())
    assert row(sandbox, recording) is None


def test_what_was_restored_after_the_round_is_not_deleted(sandbox: Sandbox, chief: User) -> None:
    (recording,) = in_trash(sandbox, chief)
    due.tend_trash()
    restore = confirmed("restore", chief, [recording])
    drive(restore)
    assert restore.items.get().outcome == "done"
    drive(*automatic())
    assert automatic().get().items.get().reason["code"] == "restored_since"
    assert (row(sandbox, recording) or {})["publish_status"] == 1


def test_a_refused_delete_is_tried_again_ever_more_rarely(sandbox: Sandbox, chief: User) -> None:
    (recording,) = in_trash(sandbox, chief)
    sandbox.faults.add("delete_recording", "refuse", code=1, message="今天不行", times=2)
    for number, wait in enumerate((1, 2), start=1):
        due.tend_trash()
        drive(*automatic())
        now = standing()
        assert (now.code, now.why and now.why["vendor"]["message"]) == ("trash_again", "今天不行")
        assert now.again_at is not None
        assert abs(now.again_at - timezone.now() - wait * HOUR) < timedelta(minutes=1)
        due.tend_trash()
        assert automatic().count() == number
        OperationItem.objects.update(finished_at=timezone.now() - wait * HOUR - timedelta(seconds=1))
        assert standing().code == "trash_due"
    due.tend_trash()
    drive(*automatic())
    assert row(sandbox, recording) is None
    assert TrashEntry.objects.get().ended_as == "deleted"


def test_a_lost_answer_is_settled_and_never_sent_twice(sandbox: Sandbox, chief: User) -> None:
    (recording,) = in_trash(sandbox, chief)
    due.tend_trash()
    sandbox.faults.add("delete_recording", "drop", when="after")
    drive(*automatic())
    assert automatic().get().items.get().reason["code"] == "settled_gone"
    assert len(sandbox.calls.of("delete_recording")) == 1
    assert row(sandbox, recording) is None
    assert TrashEntry.objects.get().ended_as == "deleted"


def test_what_the_vendor_no_longer_has_leaves_the_trash(sandbox: Sandbox, chief: User) -> None:
    (recording,) = in_trash(sandbox, chief)
    sandbox.state.remove_recording(recording.room_id)
    due.tend_trash()
    drive(*automatic())
    assert (automatic().get().items.get().outcome, sandbox.calls.of("delete_recording")) == ("refused", [])
    assert standing().code == "trash_gone"
    due.tend_trash()
    assert TrashEntry.objects.get().ended_as == "deleted"


def test_what_the_vendor_published_by_default_is_blocked_again(sandbox: Sandbox, chief: User) -> None:
    """It was still transcoding when it was put there: it had no publish state to block."""
    recording = recorded(sandbox)
    Recording.objects.update(status=20, publish_status=None)
    drive(confirmed("trash", chief, [recording]))
    assert (row(sandbox, recording) or {})["publish_status"] == 1  # its transcoding has ended
    assert standing().code == "trash_unblocked"
    due.tend_trash()
    assert standing().code == "trash_blocking"
    drive(*automatic())
    assert automatic().get().kind == "trash"
    assert (row(sandbox, recording) or {})["publish_status"] == 2
    entry = TrashEntry.objects.get()
    assert (entry.former_publish_status, entry.put_by, standing().code) == (1, chief, "trash_waiting")
    due.tend_trash()
    assert automatic().count() == 1


def test_a_version_is_deleted_when_its_date_comes(sandbox: Sandbox, chief: User) -> None:
    recording = mirrored(sandbox)
    for _ in range(2):
        sandbox.state.add_version(recording.room_id)
    drive(confirmed("refresh", chief, [recording]))
    for number in (1, 2):
        TrashEntry.objects.create(
            recording=recording, version=number, put_at=timezone.now() - 2 * HOUR, due_at=timezone.now() - HOUR
        )
    due.tend_trash()
    assert automatic().get().items.count() == 1  # an item is one call: the other's turn is in the next round
    drive(*automatic())
    due.tend_trash()
    drive(*automatic())
    assert [version["version"] for version in sandbox.state.versions(recording.room_id)] == [0]
    assert set(TrashEntry.objects.values_list("ended_as", flat=True)) == {"deleted"}


def test_a_version_that_became_the_main_one_stays(sandbox: Sandbox, chief: User) -> None:
    recording = mirrored(sandbox)
    sandbox.state.add_version(recording.room_id)
    drive(confirmed("refresh", chief, [recording]))
    entry = TrashEntry.objects.create(
        recording=recording, version=1, put_at=timezone.now() - 2 * HOUR, due_at=timezone.now() - HOUR
    )
    playback_id = (row(sandbox, recording) or {})["playback_id"]
    sandbox.state.set_main(playback_id, 1)
    due.tend_trash()  # the mirror does not know it yet
    drive(*automatic())
    assert automatic().get().items.get().reason["code"] == "version_is_main"
    assert sandbox.calls.of("delete_recording") == []
    now = TrashEntry.objects.select_related("recording").get(pk=entry.pk)
    assert standing(now).code == "trash_main"
    due.tend_trash()
    assert automatic().count() == 1


def test_a_version_goes_with_its_recording(sandbox: Sandbox, chief: User) -> None:
    (recording,) = in_trash(sandbox, chief)
    Version.objects.create(recording=recording, version=1, first_seen_at=timezone.now())
    entry = TrashEntry.objects.create(
        recording=recording, version=1, put_at=timezone.now() - HOUR, due_at=timezone.now() - HOUR
    )
    TrashEntry.objects.filter(version=WHOLE).update(due_at=timezone.now() + HOUR)
    due.tend_trash()
    assert not automatic().exists()
    assert standing(entry).code == "trash_with_whole"


def test_a_cancelled_round_comes_again(sandbox: Sandbox, chief: User) -> None:
    in_trash(sandbox, chief)
    due.tend_trash()
    execute.cancel(automatic().get(), chief)
    assert standing().code == "trash_again"
    due.tend_trash()
    assert automatic().count() == 1


def test_the_schedule_runs_tasks_that_exist() -> None:
    app.loader.import_default_modules()
    for name, queue in (("Trash: delete what is due", "operation"), ("Sync: who watched", "sync")):
        task = PeriodicTask.objects.get(name=name)
        assert task.task in app.tasks
        assert (task.enabled, task.queue) == (True, queue)
