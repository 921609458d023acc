"""Recordings in the trash: blocked and entered, restored, undone; whatever the vendor does meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from playback.conf import vendor_client
from playback.demo.embedded import free_port
from playback.models import WHOLE, OperationItem, Recording, TrashEntry
from playback.operations import execute, registry, tend, transitions
from playback.operations.base import OperationInvalid
from playback.operations.reach import target_of
from playback.sandbox.server import Sandbox
from playback.sync import watching
from playback.vendor.codes import Lane

from .makers import make_recordings, make_user
from .vendor import LOST_AFTER, LOST_BEFORE, confirmed, drive, mirrored, recorded, row

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]

DAY = timedelta(days=1)


def everything() -> Any:
    return Recording.objects.order_by("pk")


def published(sandbox: Sandbox, recording: Recording) -> int:
    return (row(sandbox, recording) or {})["publish_status"]


def trashed(user: User, *recordings: Recording, days: int = 7) -> None:
    operation = confirmed("trash", user, list(recordings), {"days": days})
    drive(operation)
    assert {item.outcome for item in operation.items.all()} == {"done"}


def test_it_is_blocked_and_entered(sandbox: Sandbox, chief: User) -> None:
    recording = recorded(sandbox)
    operation = confirmed("trash", chief, [recording], {"days": 3})
    item = operation.items.get()
    assert item.change == {"trash": [None, 3], "publish_status": [1, 2]}
    drive(operation)
    entry = TrashEntry.objects.get()
    assert published(sandbox, recording) == 2
    assert Recording.objects.get().publish_status == 2
    assert (entry.recording, entry.version, entry.put_by, entry.former_publish_status) == (recording, WHOLE, chief, 1)
    assert abs(entry.due_at - timezone.now() - 3 * DAY) < timedelta(minutes=1)
    assert entry.ended_at is None


@pytest.mark.parametrize(("status", "publish_status"), [(100, 2), (20, None), (30, None), (0, None)])
def test_what_nobody_can_watch_needs_no_call(
    sandbox: Sandbox, chief: User, status: int, publish_status: int | None
) -> None:
    recording = recorded(sandbox)
    Recording.objects.update(status=status, publish_status=publish_status)
    operation = confirmed("trash", chief, [recording])
    drive(operation)
    assert operation.items.get().outcome == "done"
    assert sandbox.calls.of("set_publish_status") == []
    assert TrashEntry.objects.get().former_publish_status == publish_status


def test_the_days_are_the_settings_unless_somebody_says_otherwise(chief: User, settings: LazySettings) -> None:
    make_recordings(1)
    settings.TRASH_DAYS = 12
    assert execute.plan("trash", chief, everything(), {}).parameters == {"days": 12}
    assert execute.plan("trash", chief, everything(), {"days": "30"}).parameters == {"days": 30}


@pytest.mark.parametrize("days", [0, 91, -1, "x", "1.5", True, [1], 2.5, "²"])
def test_days_that_cannot_be_meant(chief: User, days: Any) -> None:
    make_recordings(1)
    with pytest.raises(OperationInvalid) as wrong:
        execute.plan("trash", chief, everything(), {"days": days})
    assert wrong.value.errors.keys() == {"days"}


def test_what_is_skipped(chief: User) -> None:
    make_recordings(1, held_at=timezone.now())
    make_recordings(1, gone_at=timezone.now())
    (there,) = make_recordings(1, publish_status=2)
    TrashEntry.objects.create(recording=there, put_at=timezone.now(), due_at=timezone.now())
    operation = execute.plan("trash", chief, everything(), {})
    assert [item.reason["code"] for item in operation.items.all()] == ["on_hold", "gone", "in_trash"]


def test_what_is_still_watched_is_pointed_out(chief: User) -> None:
    now = timezone.now()
    make_recordings(2, last_watched_at=now - 2 * DAY)
    make_recordings(1, last_watched_at=now - 8 * DAY)
    for kind in ("trash", "delete"):
        operation = execute.plan(kind, chief, everything(), {})
        notes = [item.note.get("code") for item in operation.items.all()]
        assert notes == ["watched_recently", "watched_recently", None]
        assert {"code": "watched_count", "args": {"count": 2}} in operation.notes


def test_a_plan_says_when_nobody_knows_who_watches(chief: User) -> None:
    make_recordings(1)
    cache.delete(watching._KEY)
    codes = [note["code"] for note in execute.plan("trash", chief, everything(), {}).notes]
    assert codes == ["watching_unread"]
    for age, expected in ((timedelta(hours=1), []), (timedelta(days=2), ["watching_stale"])):
        cache.set(watching._KEY, (timezone.now() - age).isoformat())
        assert [note["code"] for note in execute.plan("trash", chief, everything(), {}).notes] == expected


def test_permissions(sandbox: Sandbox) -> None:
    recording = recorded(sandbox)
    for kind in ("trash", "restore"):
        with pytest.raises(PermissionDenied):
            execute.plan(kind, make_user(f"other {kind}", "block_recording", "publish_recording"), everything(), {})
    trashed(make_user("right", "trash_recording"), recording)


# ---------------------------------------------------------------- restore


@pytest.mark.parametrize("former", [1, 2])
def test_restoring_gives_back_the_former_publish_state(sandbox: Sandbox, chief: User, former: int) -> None:
    recording = recorded(sandbox, publish_status=former)
    trashed(chief, recording)
    operation = confirmed("restore", chief, [recording])
    drive(operation)
    assert operation.items.get().outcome == "done"
    assert published(sandbox, recording) == Recording.objects.get().publish_status == former
    entry = TrashEntry.objects.get()
    assert (entry.ended_as, entry.ended_at is None) == ("restored", False)
    trashed(chief, recording)  # and it may go there again
    assert TrashEntry.objects.count() == 2


def test_only_what_is_in_the_trash_is_restored(chief: User) -> None:
    make_recordings(1)
    operation = execute.plan("restore", chief, everything(), {})
    assert operation.items.get().reason == {"code": "not_in_trash"}


def test_a_publish_state_that_nobody_knew_is_not_guessed(sandbox: Sandbox, chief: User) -> None:
    recording = recorded(sandbox)
    Recording.objects.update(publish_status=None)
    trashed(chief, recording)
    assert published(sandbox, recording) == 2
    operation = confirmed("restore", chief, [recording])
    assert operation.items.get().note == {"code": "stays_blocked"}
    drive(operation)
    assert published(sandbox, recording) == 2
    assert TrashEntry.objects.get().ended_as == "restored"


def test_undo_is_restoring_and_can_be_undone(sandbox: Sandbox, chief: User) -> None:
    first, second = recorded(sandbox), recorded(sandbox)
    operation = confirmed("trash", chief, [first, second], {"days": 5})
    drive(operation)
    drive(confirmed("restore", chief, [second]))
    undo = execute.plan_undo(operation, chief)
    assert [(i.outcome, i.change, i.reason) for i in undo.items.order_by("position")] == [
        ("planned", {"trash": [5, None], "publish_status": [2, 1]}, {}),
        ("skipped", {}, {"code": "not_in_trash"}),
    ]
    execute.confirm(undo, chief)
    drive(undo)
    assert published(sandbox, first) == 1
    assert not TrashEntry.objects.filter(ended_at=None).exists()
    redo = execute.plan_undo(undo, chief)
    execute.confirm(redo, chief)
    drive(redo)
    assert published(sandbox, first) == 2
    assert abs(TrashEntry.objects.get(ended_at=None).due_at - timezone.now() - 5 * DAY) < timedelta(minutes=1)


def test_nothing_in_the_trash_is_published(sandbox: Sandbox, chief: User) -> None:
    """Also not by an operation that was confirmed before it was put there; what does not publish may run."""
    recording = recorded(sandbox, publish_status=2)
    publish = confirmed("publish", chief, [recording])
    trashed(chief, recording)
    drive(publish)
    assert [(i.outcome, i.reason["code"]) for i in publish.items.all()] == [("refused", "in_trash")]
    assert published(sandbox, recording) == 2
    again = execute.plan("publish", chief, everything(), {})
    assert again.items.get().reason == {"code": "in_trash"}
    rename = confirmed("rename", chief, [recording], {"name": "新名"})
    drive(rename)
    assert rename.items.get().outcome == "done"


def test_what_was_published_at_the_vendor_is_taken_again(sandbox: Sandbox, chief: User) -> None:
    recording = recorded(sandbox, publish_status=2)
    trashed(chief, recording, days=2)
    sandbox.state.update_recording(recording.room_id, publish_status=1)
    drive(confirmed("refresh", chief, [recording]))
    trashed(chief, recording, days=9)
    entry = TrashEntry.objects.get()
    assert published(sandbox, recording) == 2
    assert entry.former_publish_status == 1
    assert entry.due_at > timezone.now() + 8 * DAY


def test_a_hold_that_came_first_wins(sandbox: Sandbox, chief: User) -> None:
    recording = recorded(sandbox)
    operation = confirmed("trash", chief, [recording])
    Recording.objects.update(held_at=timezone.now())
    drive(operation)
    assert [(i.outcome, i.reason["code"]) for i in operation.items.all()] == [("refused", "on_hold")]
    assert published(sandbox, recording) == 1
    assert not TrashEntry.objects.exists()


# ---------------------------------------------------------------- a vendor on a bad day

KINDS = ["trash", "restore"]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def prepared(sandbox: Sandbox, chief: User, kind: str) -> Any:
    recording = recorded(sandbox)
    if kind == "restore":
        trashed(chief, recording)
    sandbox.calls.clear()
    return confirmed(kind, chief, [recording])


def ended(sandbox: Sandbox, operation: Any, kind: str, *, done: bool) -> None:
    """The vendor, the trash and the outcome agree."""
    item = operation.items.get()
    assert item.finished_at is not None
    is_in = (kind == "trash") == done
    assert (published(sandbox, item.recording) == 2) == is_in
    assert TrashEntry.objects.filter(ended_at=None).count() == is_in


def test_the_vendor_refuses(sandbox: Sandbox, chief: User, kind: str) -> None:
    operation = prepared(sandbox, chief, kind)
    sandbox.faults.add("set_publish_status", "refuse", code=1, message="不行")
    drive(operation)
    assert operation.items.get().outcome == "refused"
    ended(sandbox, operation, kind, done=False)


@pytest.mark.parametrize(("fault", "options"), LOST_AFTER, ids=[fault for fault, _ in LOST_AFTER])
def test_the_answer_is_lost_after_the_change(
    sandbox: Sandbox, chief: User, kind: str, fault: str, options: dict[str, Any]
) -> None:
    operation = prepared(sandbox, chief, kind)
    sandbox.faults.add("set_publish_status", fault, **options)
    execute.run_item(operation.items.get().pk)
    assert operation.items.get().outcome == "unknown"
    sandbox.faults.clear()
    drive(operation)
    assert operation.items.get().outcome == "done"
    assert len(sandbox.calls.of("set_publish_status")) == 1
    ended(sandbox, operation, kind, done=True)


@pytest.mark.parametrize(("fault", "options"), LOST_BEFORE, ids=[fault for fault, _ in LOST_BEFORE])
def test_the_answer_is_lost_and_nothing_was_done(
    sandbox: Sandbox, chief: User, kind: str, fault: str, options: dict[str, Any]
) -> None:
    operation = prepared(sandbox, chief, kind)
    sandbox.faults.add("set_publish_status", fault, **options)
    execute.run_item(operation.items.get().pk)
    sandbox.faults.clear()
    drive(operation)
    assert operation.items.get().outcome == "done"
    assert len(sandbox.calls.of("set_publish_status")) == 2
    ended(sandbox, operation, kind, done=True)


def test_the_vendor_answers_wrongly(sandbox: Sandbox, chief: User, kind: str) -> None:
    operation = prepared(sandbox, chief, kind)
    sandbox.faults.add("set_publish_status", "wrong_types")
    drive(operation)
    assert operation.items.get().outcome == "done"
    ended(sandbox, operation, kind, done=True)


def test_the_vendor_cannot_be_reached(sandbox: Sandbox, chief: User, kind: str, settings: LazySettings) -> None:
    operation = prepared(sandbox, chief, kind)
    there, settings.BAIJIAYUN_BASE_URL = settings.BAIJIAYUN_BASE_URL, f"http://127.0.0.1:{free_port()}"
    drive(operation)
    assert (operation.items.get().outcome, operation.items.get().reason["code"]) == ("refused", "unreachable")
    settings.BAIJIAYUN_BASE_URL = there
    ended(sandbox, operation, kind, done=False)


@pytest.mark.parametrize("sent", [True, False])
def test_a_process_killed_between_block_and_entry_loses_nothing(
    sandbox: Sandbox, chief: User, kind: str, sent: bool
) -> None:
    operation = prepared(sandbox, chief, kind)
    item = transitions.begin(operation.items.get().pk)
    assert item is not None
    if sent:  # blocked at the vendor; the worker dies before the outcome and the entry are stored
        registry.get(kind).apply(vendor_client(Lane.OPERATION), target_of(item))
    OperationItem.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    tend.tend()
    drive(operation)
    assert operation.items.get().outcome == "done"
    assert len(sandbox.calls.of("set_publish_status")) == 1
    ended(sandbox, operation, kind, done=True)


# ---------------------------------------------------------------- delete now


def test_deleting_skips_what_is_held_and_closes_the_entries(sandbox: Sandbox, chief: User) -> None:
    held, doomed = recorded(sandbox), mirrored(sandbox)
    trashed(chief, doomed)
    TrashEntry.objects.create(recording=doomed, version=1, put_at=timezone.now(), due_at=timezone.now() + DAY)
    Recording.objects.filter(pk=held.pk).update(held_at=timezone.now())
    operation = execute.plan("delete", chief, everything(), {})
    assert [item.reason.get("code") for item in operation.items.order_by("position")] == ["on_hold", None]
    with pytest.raises(OperationInvalid):
        execute.confirm(operation, chief, typed_count=2)
    execute.confirm(operation, chief, typed_count=1)
    drive(operation)
    assert (row(sandbox, held) is None, row(sandbox, doomed) is None) == (False, True)
    assert set(TrashEntry.objects.values_list("ended_as", flat=True)) == {"deleted"}


def test_a_hold_that_came_first_stops_a_delete(sandbox: Sandbox, chief: User) -> None:
    recording = recorded(sandbox)
    operation = confirmed("delete", chief, [recording])
    Recording.objects.update(held_at=timezone.now())
    drive(operation)
    assert operation.items.get().reason["code"] == "on_hold"
    assert sandbox.calls.of("delete_recording") == []
    assert row(sandbox, recording) is not None
