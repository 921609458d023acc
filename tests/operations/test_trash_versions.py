"""Versions in the trash: only a cut that may go, and nothing is sent before its date or an administrator's word."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from playback.demo.embedded import free_port
from playback.models import Operation, Recording, TrashEntry, Version
from playback.operations import execute
from playback.operations.base import OperationInvalid
from playback.sandbox.server import Sandbox

from .makers import make_user
from .vendor import LOST_AFTER, LOST_BEFORE, confirmed, drive, mirrored

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]


@pytest.fixture
def recording(sandbox: Sandbox, chief: User) -> Recording:
    """With two cuts, 1 and 2; the original is the main version."""
    made = mirrored(sandbox)
    for name in ("上半", "下半"):
        sandbox.state.add_version(made.room_id, name=name)
    drive(confirmed("refresh", chief, [made]))
    sandbox.calls.clear()
    return Recording.objects.get(pk=made.pk)


def numbers(sandbox: Sandbox, recording: Recording) -> list[int]:
    return [version["version"] for version in sandbox.state.versions(recording.room_id)]


def planned(kind: str, user: User, parameters: dict[str, Any]) -> Any:
    return execute.plan(kind, user, Recording.objects.all(), parameters).items.get()


def in_trash() -> list[int]:
    return list(TrashEntry.objects.filter(ended_at=None).order_by("version").values_list("version", flat=True))


def test_a_cut_waits_in_the_trash_without_a_call(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operation = confirmed("trash_version", chief, [recording], {"version": 1, "days": 4})
    assert operation.items.get().change == {"version 1": [None, 4]}
    drive(operation)
    entry = TrashEntry.objects.get()
    assert (entry.recording, entry.version, entry.put_by) == (recording, 1, chief)
    assert abs(entry.due_at - timezone.now() - timedelta(days=4)) < timedelta(minutes=1)
    assert sandbox.calls == []
    assert numbers(sandbox, recording) == [0, 1, 2]


@pytest.mark.parametrize("kind", ["trash_version", "delete_version"])
@pytest.mark.parametrize(
    ("version", "code"), [(0, "version_is_original"), (9, "no_such_version"), (2, "version_is_main"), (1, None)]
)
def test_which_may_go(
    sandbox: Sandbox, chief: User, recording: Recording, kind: str, version: int, code: str | None
) -> None:
    Recording.objects.update(main_version=2)
    assert planned(kind, chief, {"version": version}).reason.get("code") == code


@pytest.mark.parametrize("kind", ["trash_version", "delete_version"])
def test_what_else_stands_against_it(sandbox: Sandbox, chief: User, recording: Recording, kind: str) -> None:
    Version.objects.filter(version=2).update(video_id=recording.video_id)  # the main version by its video
    assert planned(kind, chief, {"version": 2}).reason["code"] == "version_is_main"
    Recording.objects.update(main_version=None)
    assert planned(kind, chief, {"version": 1}).reason["code"] == "own_main_unknown"
    Recording.objects.update(main_version=0)
    Version.objects.exclude(version=1).update(gone_at=timezone.now())
    assert planned(kind, chief, {"version": 1}).reason["code"] == "version_is_last"
    Recording.objects.update(held_at=timezone.now())
    assert planned(kind, chief, {"version": 1}).reason["code"] == "on_hold"


def test_the_last_one_left_does_not_follow_the_others(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    Version.objects.filter(version=0).update(gone_at=timezone.now())
    drive(confirmed("trash_version", chief, [recording], {"version": 1}))
    assert planned("trash_version", chief, {"version": 2}).reason["code"] == "version_is_last"
    assert planned("trash_version", chief, {"version": 1}).reason["code"] == "version_trashed_already"


@pytest.mark.parametrize(
    "parameters", [{}, {"version": ""}, {"version": "x"}, {"version": -1}, {"versions": {"x": [1]}}]
)
@pytest.mark.parametrize("kind", ["trash_version", "restore_version", "delete_version"])
def test_a_version_has_to_be_named(
    sandbox: Sandbox, chief: User, recording: Recording, kind: str, parameters: dict[str, Any]
) -> None:
    with pytest.raises(OperationInvalid) as wrong:
        planned(kind, chief, parameters)
    assert wrong.value.errors.keys() == {"version"}
    assert not Operation.objects.filter(kind=kind).exists()


def test_several_are_restored_and_deleted_one_at_a_time(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    both = {"versions": {str(recording.pk): [1, 2]}}
    for number in (1, 2):
        drive(confirmed("trash_version", chief, [recording], {"version": number}))
    assert planned("delete_version", chief, both).reason["code"] == "one_version_a_time"
    drive(confirmed("restore_version", chief, [recording], both))
    assert in_trash() == []
    assert planned("restore_version", chief, both).reason["code"] == "version_not_in_trash"
    assert planned("restore_version", chief, {"versions": {}}).reason["code"] == "no_version_named"


def test_undo(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operation = confirmed("trash_version", chief, [recording], {"version": 1, "days": 6})
    drive(operation)
    undo = execute.plan_undo(operation, chief)
    assert undo.items.get().change == {"version 1": [6, None]}
    execute.confirm(undo, chief)
    drive(undo)
    assert in_trash() == []
    assert execute.plan_undo(operation, chief).items.get().reason["code"] == "version_not_in_trash"
    redo = execute.plan_undo(undo, chief)
    execute.confirm(redo, chief)
    drive(redo)
    assert in_trash() == [1]


def test_a_hold_that_came_first_wins(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operations = [confirmed(kind, chief, [recording], {"version": 1}) for kind in ("trash_version", "delete_version")]
    Recording.objects.update(held_at=timezone.now())
    drive(*operations)
    assert {operation.items.get().reason["code"] for operation in operations} == {"on_hold"}
    assert (in_trash(), numbers(sandbox, recording)) == ([], [0, 1, 2])


@pytest.mark.parametrize(
    ("kind", "permission"),
    [
        ("trash_version", "trash_recording"),
        ("restore_version", "trash_recording"),
        ("delete_version", "remove_recording"),
    ],
)
def test_permissions(sandbox: Sandbox, recording: Recording, kind: str, permission: str) -> None:
    others = {"trash_recording", "remove_recording", "choose_version"} - {permission}
    with pytest.raises(PermissionDenied):
        planned(kind, make_user("other", *others), {"version": 1})
    planned(kind, make_user("right", permission), {"version": 1})


# ---------------------------------------------------------------- deleted at the vendor


def test_deleting_one(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    drive(confirmed("trash_version", chief, [recording], {"version": 1}))
    operation = execute.plan("delete_version", chief, Recording.objects.all(), {"version": 1})
    with pytest.raises(OperationInvalid):
        execute.confirm(operation, chief)
    execute.confirm(operation, chief, typed_count=1)
    drive(operation)
    assert operation.items.get().outcome == "done"
    assert numbers(sandbox, recording) == [0, 2]
    assert Version.objects.get(version=1).gone_at is not None
    assert Recording.objects.get().gone_at is None
    assert TrashEntry.objects.get().ended_as == "deleted"


@pytest.mark.parametrize(("fault", "options"), LOST_AFTER, ids=[fault for fault, _ in LOST_AFTER])
def test_the_answer_is_lost_after_the_change(
    sandbox: Sandbox, chief: User, recording: Recording, fault: str, options: dict[str, Any]
) -> None:
    operation = confirmed("delete_version", chief, [recording], {"version": 1})
    sandbox.faults.add("delete_recording", fault, **options)
    execute.run_item(operation.items.get().pk)
    assert operation.items.get().outcome == "unknown"
    sandbox.faults.clear()
    drive(operation)
    assert (operation.items.get().outcome, len(sandbox.calls.of("delete_recording"))) == ("done", 1)
    assert numbers(sandbox, recording) == [0, 2]


@pytest.mark.parametrize(("fault", "options"), LOST_BEFORE, ids=[fault for fault, _ in LOST_BEFORE])
def test_the_answer_is_lost_and_nothing_was_done(
    sandbox: Sandbox, chief: User, recording: Recording, fault: str, options: dict[str, Any]
) -> None:
    operation = confirmed("delete_version", chief, [recording], {"version": 1})
    sandbox.faults.add("delete_recording", fault, **options)
    drive(operation)
    item = operation.items.get()
    assert (item.outcome, item.reason["code"], len(sandbox.calls.of("delete_recording"))) == (
        "refused",
        "no_change",
        1,
    )
    assert numbers(sandbox, recording) == [0, 1, 2]


def test_versions_that_cannot_be_read_settle_nothing(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operation = confirmed("delete_version", chief, [recording], {"version": 1})
    sandbox.faults.add("delete_recording", "drop", when="after")
    execute.run_item(operation.items.get().pk)
    for fault, options in (("wrong_types", {"how": "missing"}), ("wrong_types", {"how": "nulls"}), ("html", {})):
        sandbox.faults.clear()
        sandbox.faults.add("list_versions", fault, **options)
        execute.settle_item(operation.items.get().pk)
        assert (operation.items.get().outcome, operation.items.get().finished_at) == ("unknown", None)
    sandbox.faults.clear()
    drive(operation)
    assert operation.items.get().outcome == "done"


def test_the_vendor_refuses_or_has_another_main_version(
    sandbox: Sandbox, chief: User, recording: Recording, settings: LazySettings
) -> None:
    refused, main, away = (confirmed("delete_version", chief, [recording], {"version": n}) for n in (1, 2, 1))
    sandbox.faults.add("delete_recording", "refuse", code=1, message="不行", times=1)
    drive(refused)
    assert refused.items.get().reason["code"] == "refused"
    version = sandbox.state.version(recording.room_id, 0, 2)
    assert version is not None
    sandbox.state.set_main(version["playback_id"], 2)
    drive(main)
    assert main.items.get().reason["code"] == "version_is_main"
    settings.BAIJIAYUN_BASE_URL = f"http://127.0.0.1:{free_port()}"
    drive(away)
    assert away.items.get().reason["code"] == "unreachable"
    assert numbers(sandbox, recording) == [0, 1, 2]
