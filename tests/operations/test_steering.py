"""Pause, go on, cancel; undo; try again what failed: each as stored outcomes against the sandbox."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from playback.models import Operation, Recording
from playback.operations import execute
from playback.operations.base import OperationInvalid
from playback.sandbox.server import Sandbox

from .makers import make_user
from .vendor import confirmed, drive, recorded, row

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]

State = Operation.State


def outcomes(operation: Operation) -> list[str]:
    return list(operation.items.order_by("position").values_list("outcome", flat=True))


def state(operation: Operation) -> str:
    return str(Operation.objects.values_list("state", flat=True).get(pk=operation.pk))


def run_first(operation: Operation) -> None:
    execute.run_item(operation.items.order_by("position").first().pk)  # type: ignore[union-attr]


def test_a_paused_operation_begins_nothing_and_goes_on(sandbox: Sandbox, chief: User) -> None:
    operation = confirmed("block", chief, [recorded(sandbox) for _ in range(3)])
    run_first(operation)
    execute.pause(operation, chief)
    for item in operation.items.all():
        execute.run_item(item.pk)
    assert (outcomes(operation), state(operation)) == (["done", "planned", "planned"], State.PAUSED)
    execute.resume(operation, chief)
    drive(operation)
    assert (outcomes(operation), state(operation)) == (["done"] * 3, State.DONE)


@pytest.mark.parametrize("paused", [False, True])
def test_cancelling_keeps_what_was_done(sandbox: Sandbox, chief: User, paused: bool) -> None:
    recordings = [recorded(sandbox) for _ in range(3)]
    operation = confirmed("block", chief, recordings)
    run_first(operation)
    if paused:
        execute.pause(operation, chief)
    assert execute.cancel(operation, chief) == 2
    assert (outcomes(operation), state(operation)) == (["done", "cancelled", "cancelled"], State.CANCELLED)
    assert [(row(sandbox, recording) or {})["publish_status"] for recording in recordings] == [2, 1, 1]
    operation.refresh_from_db()
    assert operation.cancelled_by == chief
    with pytest.raises(OperationInvalid):
        execute.cancel(operation, chief)


def test_an_unknown_item_is_settled_after_cancelling(sandbox: Sandbox, chief: User) -> None:
    operation = confirmed("block", chief, [recorded(sandbox), recorded(sandbox)])
    sandbox.faults.add("set_publish_status", "drop", when="after", times=1)
    run_first(operation)
    execute.cancel(operation, chief)
    assert (outcomes(operation), state(operation)) == (["unknown", "cancelled"], State.RUNNING)
    drive(operation)
    assert (outcomes(operation), state(operation)) == (["done", "cancelled"], State.CANCELLED)


def test_only_those_who_may_steer(sandbox: Sandbox, chief: User) -> None:
    operation = confirmed("block", make_user("owner", "block_recording"), [recorded(sandbox)])
    for steer in (execute.pause, execute.resume, execute.cancel):
        with pytest.raises(PermissionDenied):
            steer(operation, make_user(f"other {steer.__name__}", "block_recording", "view_operation"))
    assert state(operation) == State.QUEUED
    execute.pause(operation, chief)
    assert state(operation) == State.PAUSED


def test_undo_puts_back_what_nobody_changed_since(sandbox: Sandbox, chief: User) -> None:
    recordings = [recorded(sandbox) for _ in range(3)]
    sandbox.faults.add("set_publish_status", "refuse", code=1, message="不行", times=1)
    operation = confirmed("block", chief, recordings)
    drive(operation)
    assert outcomes(operation) == ["refused", "done", "done"]
    sandbox.state.update_recording(recordings[2].room_id, publish_status=1)
    Recording.objects.filter(pk=recordings[2].pk).update(publish_status=1)

    undo = execute.plan_undo(operation, chief)
    assert [(i.recording_id, i.outcome, i.change, i.reason) for i in undo.items.order_by("position")] == [
        (recordings[1].pk, "planned", {"publish_status": [2, 1]}, {}),
        (recordings[2].pk, "skipped", {}, {"code": "changed_since"}),
    ]
    execute.confirm(undo, chief)
    drive(undo)
    assert outcomes(undo) == ["done", "skipped"]
    assert (row(sandbox, recordings[1]) or {})["publish_status"] == 1

    redo = execute.plan_undo(undo, chief)  # an undo is an operation, and can be undone
    assert [(i.recording_id, i.change) for i in redo.items.all()] == [(recordings[1].pk, {"publish_status": [1, 2]})]


def test_undo_is_planned_anew_at_its_confirmation(sandbox: Sandbox, chief: User) -> None:
    from playback.operations.base import PlanChanged

    recording = recorded(sandbox, name="旧名")
    operation = confirmed("rename", chief, [recording], {"name": "新名"})
    drive(operation)
    undo = execute.plan_undo(operation, chief)
    assert undo.items.get().change == {"name": ["新名", "旧名"]}
    Recording.objects.filter(pk=recording.pk).update(name="别人的名")
    with pytest.raises(PlanChanged) as changed:
        execute.confirm(undo, chief)
    assert len(changed.value.differences) == 1
    assert undo.items.get().outcome == "skipped"


def test_undoing_a_block_needs_the_right_to_publish(sandbox: Sandbox) -> None:
    user = make_user("blocker", "block_recording")
    operation = confirmed("block", user, [recorded(sandbox)])
    drive(operation)
    with pytest.raises(PermissionDenied):
        execute.plan_undo(operation, user)


def test_what_has_no_inverse_is_not_undone(sandbox: Sandbox, chief: User) -> None:
    operation = confirmed("refresh", chief, [recorded(sandbox)])
    drive(operation)
    assert not execute.undoable(operation)
    with pytest.raises(OperationInvalid):
        execute.plan_undo(operation, chief)


def test_trying_again_takes_the_failures_alone(sandbox: Sandbox, chief: User) -> None:
    recordings = [recorded(sandbox, name=f"课{n}") for n in range(3)]
    sandbox.faults.add("update_recording", "refuse", code=1, message="不行", times=2)
    operation = confirmed("rename", chief, recordings, {"name": "新名"})
    drive(operation)
    assert outcomes(operation) == ["refused", "refused", "done"]
    retry = execute.plan_retry(operation, chief)
    assert (retry.retries, retry.parameters) == (operation, {"name": "新名"})
    assert list(retry.items.order_by("position").values_list("recording_id", flat=True)) == [
        recordings[0].pk,
        recordings[1].pk,
    ]
    execute.confirm(retry, chief)
    drive(retry)
    assert {(row(sandbox, recording) or {})["name"] for recording in recordings} == {"新名"}
    with pytest.raises(OperationInvalid):
        execute.plan_retry(retry, chief)
