"""Setting the main version, and putting the former one back."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from playback.demo.embedded import free_port
from playback.models import Operation, OperationItem, Recording, TrashEntry, Version
from playback.operations import execute, reasons
from playback.operations.base import OperationInvalid
from playback.sandbox.server import Sandbox
from playback.sync.single import refresh_recording

from .makers import make_user
from .vendor import LOST_AFTER, LOST_BEFORE, confirmed, drive, mirrored

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]
Outcome = OperationItem.Outcome
CALL = "set_main_version"


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    """With the original as main version, a cut, and a cut that is being transcoded."""
    made = mirrored(sandbox)
    sandbox.state.add_version(made.room_id, name="精华", length=900, play_times=7)
    sandbox.state.add_version(made.room_id, name="没好", status=20)
    from playback.conf import vendor_client
    from playback.vendor.codes import Lane

    return refresh_recording(vendor_client(Lane.PERSON), made)


def main_at_the_vendor(sandbox: Sandbox, recording: Recording) -> int:
    held = sandbox.state.recording(recording.room_id)
    assert held is not None
    return int(held["version"])


def started(sandbox: Sandbox, chief: User, recording: Recording) -> Operation:
    operation = confirmed("set_main", chief, [recording], {"version": 1})
    sandbox.calls.clear()
    return operation


def ended(operation: Operation) -> OperationItem:
    drive(operation)
    item: OperationItem = operation.items.get()
    assert item.finished_at is not None
    return item


def planned(chief: User, recording: Recording, version: Any) -> OperationItem:
    chosen = Recording.objects.filter(pk=recording.pk)
    item: OperationItem = execute.plan("set_main", chief, chosen, {"version": version}).items.get()
    return item


def test_it_works_and_is_put_back(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operation = started(sandbox, chief, recording)
    assert ended(operation).outcome == Outcome.DONE
    assert main_at_the_vendor(sandbox, recording) == 1
    recording.refresh_from_db()
    assert (recording.main_version, recording.length, recording.name) == (1, 900, "精华")
    undo = execute.plan_undo(operation, chief)
    assert undo.items.get().change == {"main_version": [1, 0]}
    execute.confirm(undo, chief)
    assert ended(undo).outcome == Outcome.DONE
    assert main_at_the_vendor(sandbox, recording) == 0


def test_the_plan_compares_the_two(chief: User, recording: Recording) -> None:
    item = planned(chief, recording, "1")
    assert item.change == {"main_version": [0, 1]}
    assert item.note["args"]["now"].startswith("v0 · 第1课 · 1:00:00 · ")
    assert item.note["args"]["then"].startswith("v1 · 精华 · 0:15:00 · ")
    assert item.note["args"]["then"].endswith("▶ 7")


@pytest.mark.parametrize(("version", "code"), [(0, "already_main"), (2, "version_not_ready"), (9, "no_such_version")])
def test_what_cannot_be_main(chief: User, recording: Recording, version: int, code: str) -> None:
    item = planned(chief, recording, version)
    assert (item.outcome, item.reason) == (Outcome.SKIPPED, reasons.reason(code, version=version))


def test_a_version_in_the_trash_cannot_be_main(chief: User, recording: Recording) -> None:
    TrashEntry.objects.create(recording=recording, version=1, put_at="2024-01-01T00:00Z", due_at="2024-01-08T00:00Z")
    assert planned(chief, recording, 1).reason["code"] == "version_in_trash"


@pytest.mark.parametrize("version", [None, "", "eins", -1, True, 2**31, "1.5"])
def test_bad_parameters(chief: User, recording: Recording, version: Any) -> None:
    with pytest.raises(OperationInvalid) as caught:
        planned(chief, recording, version)
    assert list(caught.value.errors) == ["version"]


def test_it_is_for_those_who_may(recording: Recording) -> None:
    with pytest.raises(PermissionDenied):
        planned(make_user("other", "crop_recording"), recording, 1)
    assert planned(make_user("chooser", "choose_version"), recording, 1).outcome == Outcome.PLANNED


def test_the_vendor_refuses(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operation = started(sandbox, chief, recording)
    sandbox.faults.add(CALL, "refuse", message="不行")
    item = ended(operation)
    assert (item.outcome, reasons.vendor_words(item.reason)) == (Outcome.REFUSED, "1: 不行")
    assert main_at_the_vendor(sandbox, recording) == 0


@pytest.mark.parametrize(("fault", "options"), LOST_AFTER)
def test_an_answer_lost_after_the_change(
    sandbox: Sandbox, chief: User, recording: Recording, fault: str, options: dict[str, Any]
) -> None:
    operation = started(sandbox, chief, recording)
    sandbox.faults.add(CALL, fault, times=1, **options)
    item = ended(operation)
    assert (item.outcome, item.reason["code"]) == (Outcome.DONE, "settled_done")
    assert len(sandbox.calls.of(CALL)) == 1


@pytest.mark.parametrize(("fault", "options"), LOST_BEFORE)
def test_an_answer_lost_before_the_change(
    sandbox: Sandbox, chief: User, recording: Recording, fault: str, options: dict[str, Any]
) -> None:
    operation = started(sandbox, chief, recording)
    sandbox.faults.add(CALL, fault, times=1, **options)
    assert ended(operation).outcome == Outcome.DONE
    assert main_at_the_vendor(sandbox, recording) == 1
    assert len(sandbox.calls.of(CALL)) == 2


def test_nobody_is_there(sandbox: Sandbox, chief: User, recording: Recording, settings: LazySettings) -> None:
    operation = started(sandbox, chief, recording)
    settings.BAIJIAYUN_BASE_URL = f"http://127.0.0.1:{free_port()}"
    assert ended(operation).reason["code"] == "unreachable"
    assert main_at_the_vendor(sandbox, recording) == 0


def test_undo_leaves_alone_what_was_changed_again_or_is_not_there(
    sandbox: Sandbox, chief: User, recording: Recording
) -> None:
    operation = started(sandbox, chief, recording)
    ended(operation)
    Recording.objects.filter(pk=recording.pk).update(main_version=2)
    assert execute.plan_undo(operation, chief).items.get().reason["code"] == "changed_since"
    Recording.objects.filter(pk=recording.pk).update(main_version=1)
    Version.objects.filter(recording=recording, version=0).update(gone_at="2024-01-01T00:00Z")
    assert execute.plan_undo(operation, chief).items.get().reason["code"] == "main_gone"
