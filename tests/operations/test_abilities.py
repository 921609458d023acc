"""What a kind may ask of the engine: reading for the plan, batches, work in the background, no recording at all.

The kinds here are the tests' own, each with one ability, so that it is the engine that is tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from playback.models import Operation, OperationItem, Recording
from playback.operations import execute, limits, registry, tend
from playback.operations.base import (
    Answer,
    Facts,
    OperationInvalid,
    OperationKind,
    Planned,
    Refusal,
    Skipped,
    Target,
    Working,
)
from playback.operations.reasons import reason
from playback.sandbox.server import Sandbox
from playback.vendor.client import VendorClient
from tests.factories import person

from .makers import make_recordings
from .vendor import confirmed, drive, recorded, row

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]


class Reading(OperationKind):
    """Renames a recording to what the vendor calls it, and ``!``."""

    kind, title, verb, will = "reading", "Read", "Read", "will be read"
    permission = "playback.rename_recording"
    call = "update_recording"
    reads = True

    def read(
        self, client: VendorClient, targets: Sequence[Facts], parameters: Mapping[str, Any]
    ) -> Mapping[int, dict[str, Any]]:
        return {facts.id: {"name": client.recording_info(**facts.key).name} for facts in targets}

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        return Planned({"name": [facts.known["name"], f"{facts.known['name']}!"]}, {})

    def apply(self, client: VendorClient, target: Target) -> Answer:
        client.update_recording(**target.key, name=target.change["name"][1])
        return None


class Batching(OperationKind):
    """Blocks three at a time, refusing whatever has an odd place among them."""

    kind, title, verb, will = "batching", "Batch", "Batch", "will be batched"
    permission = "playback.block_recording"
    call = "set_publish_status"
    batch = 3
    refreshes = False
    taken: list[int]

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        return Planned({"publish_status": [1, 2]}, {})

    def apply_batch(self, client: VendorClient, targets: Sequence[Target]) -> Sequence[Answer]:
        self.taken.append(len(targets))
        for target in targets[::2]:
            client.set_publish_status(**target.key, status=2)
        return [None if place % 2 == 0 else Refusal(reason("refused")) for place, _ in enumerate(targets)]

    def settle(self, client: VendorClient, target: Target) -> bool:
        return client.recording_info(**target.key).publish_status == 2


class Background(OperationKind):
    """Renames at once and is done when the test says so."""

    kind, title, verb, will = "background", "Work", "Work", "will be worked on"
    permission = "playback.rename_recording"
    call = "convert_to_video"  # not repeatable
    in_background = True
    refreshes = False
    answers: list[bool | Refusal]

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        return Planned({}, {})

    def apply(self, client: VendorClient, target: Target) -> Answer:
        client.update_recording(**target.key, name="在做")
        return Working()

    def settle(self, client: VendorClient, target: Target) -> bool:
        return client.recording_info(**target.key).name == "在做"

    def finished(self, client: VendorClient, target: Target) -> bool | Refusal:
        client.recording_info(**target.key)
        return self.answers.pop(0)


class Alone(OperationKind):
    """Makes a call that is about no recording."""

    kind, title, verb, will = "alone", "Alone", "Do", "will be done"
    permission = "playback.rename_recording"
    call = "list_rooms"
    targetless = True
    refreshes = False

    def plan_alone(self, parameters: Mapping[str, Any]) -> tuple[str, Planned]:
        return "the account", Planned({}, {})

    def apply(self, client: VendorClient, target: Target) -> Answer:
        client.list_rooms(product_type=1)
        return None


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.load()
    for cls in (Reading, Batching, Background, Alone):
        monkeypatch.setitem(registry._kinds, cls.kind, cls())
    monkeypatch.setattr(Batching, "taken", [], raising=False)
    monkeypatch.setattr(Background, "answers", [], raising=False)


def everything() -> Any:
    return Recording.objects.order_by("pk")


def outcomes(operation: Operation) -> list[str]:
    return list(operation.items.order_by("position").values_list("outcome", flat=True))


class TestReading:
    def test_one_is_read_at_once(self, sandbox: Sandbox, chief: User) -> None:
        recorded(sandbox, name="第1课")
        operation = execute.plan("reading", chief, everything(), {})
        assert operation.state == Operation.State.PLANNED
        assert operation.items.get().change == {"name": ["第1课", "第1课!"]}

    def test_it_is_read_again_when_confirmed(self, sandbox: Sandbox, chief: User) -> None:
        from playback.operations.base import PlanChanged

        recording = recorded(sandbox, name="第1课")
        operation = execute.plan("reading", chief, everything(), {})
        sandbox.state.update_recording(recording.room_id, name="改了")
        with pytest.raises(PlanChanged):
            execute.confirm(operation, chief)
        assert operation.items.get().change == {"name": ["改了", "改了!"]}

    def test_what_cannot_be_read_is_skipped_with_the_vendors_words(self, sandbox: Sandbox, chief: User) -> None:
        recorded(sandbox)
        sandbox.faults.add("recording_info", "refuse", code=7, message="读不了")
        item = execute.plan("reading", chief, everything(), {}).items.get()
        assert (item.outcome, item.reason["code"], item.reason["vendor"]["message"]) == (
            "skipped",
            "could_not_read",
            "读不了",
        )

    def test_many_are_read_in_the_background(self, sandbox: Sandbox, chief: User) -> None:
        gone = make_recordings(1, gone_at=timezone.now())[0]
        for n in range(3):
            recorded(sandbox, name=f"课{n}")
        sandbox.faults.add("recording_info", "refuse", code=7, message="读不了", times=1)
        operation = execute.plan("reading", chief, everything(), {})
        assert operation.state == Operation.State.PREPARING
        with pytest.raises(OperationInvalid):
            execute.confirm(operation, chief)
        execute.prepare(operation.pk)
        operation.refresh_from_db()
        assert operation.state == Operation.State.PLANNED
        by_recording = {item.recording_id: item for item in operation.items.all()}
        assert by_recording.pop(gone.pk).reason == {"code": "gone"}
        assert sorted(item.outcome for item in by_recording.values()) == ["planned", "planned", "skipped"]
        execute.confirm(operation, chief)
        drive(operation)
        assert sorted(outcomes(operation)) == ["done", "done", "skipped", "skipped"]

    @pytest.mark.parametrize("many", [1, 3])
    def test_a_plan_is_made_anew_once_the_vendor_tells(self, sandbox: Sandbox, chief: User, many: int) -> None:
        for n in range(many):
            recorded(sandbox, name=f"课{n}")
        sandbox.faults.add("recording_info", "refuse", code=7, message="读不了", times=1)
        operation = execute.plan("reading", chief, everything(), {})
        execute.prepare(operation.pk)
        assert sorted(outcomes(operation)) == ["planned"] * (many - 1) + ["skipped"]
        assert execute.unread(operation).count() == 1
        operation.refresh_from_db()
        sandbox.calls.clear()
        execute.plan_anew(operation, chief)
        execute.prepare(operation.pk)
        assert outcomes(operation) == ["planned"] * many
        assert len(sandbox.calls.of("recording_info")) == 1, "what was told is not asked again"
        execute.confirm(Operation.objects.get(), chief)
        with pytest.raises(OperationInvalid):
            execute.plan_anew(operation, chief)

    def test_a_plan_is_made_anew_by_its_owner_alone(self, sandbox: Sandbox, chief: User) -> None:
        recorded(sandbox)
        operation = execute.plan("reading", chief, everything(), {})
        with pytest.raises(PermissionDenied):
            execute.plan_anew(operation, person("course staff"))

    def test_a_killed_preparation_goes_on_where_it_ended(self, sandbox: Sandbox, chief: User) -> None:
        recordings = [recorded(sandbox, name=f"课{n}") for n in range(3)]
        operation = execute.plan("reading", chief, everything(), {})
        operation.items.filter(recording=recordings[0]).update(known={"name": "读过"})
        sandbox.calls.clear()
        execute.prepare(operation.pk)
        assert len(sandbox.calls.of("recording_info")) == 2
        assert operation.items.get(recording=recordings[0]).change == {"name": ["读过", "读过!"]}
        execute.prepare(operation.pk)  # a task that comes twice
        assert len(sandbox.calls.of("recording_info")) == 2

    def test_a_discarded_preparation_is_over(self, sandbox: Sandbox, chief: User) -> None:
        for n in range(3):
            recorded(sandbox, name=f"课{n}")
        operation = execute.plan("reading", chief, everything(), {})
        execute.discard(operation, chief)
        execute.prepare(operation.pk)
        assert not Operation.objects.exists()
        assert not sandbox.calls.of("recording_info")


class TestBatches:
    def test_each_has_its_own_answer(self, sandbox: Sandbox, chief: User) -> None:
        recordings = [recorded(sandbox) for _ in range(3)]
        operation = confirmed("batching", chief, recordings)
        execute.run_batch(list(operation.items.values_list("pk", flat=True)))
        assert outcomes(operation) == ["done", "refused", "done"]
        assert Batching.taken == [3]

    def test_tasks_carry_a_batch_each(
        self, sandbox: Sandbox, chief: User, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from playback.operations import dispatch

        sent: list[tuple[str, list[Any]]] = []
        monkeypatch.setattr(dispatch, "_send_all", lambda task, lane, items, wait: sent.append((task, items)))
        with django_capture_on_commit_callbacks(execute=True):
            operation = confirmed("batching", chief, [recorded(sandbox) for _ in range(7)])
        ids = list(operation.items.order_by("position").values_list("pk", flat=True))
        assert sent == [(dispatch.RUN_BATCH, [ids[:3], ids[3:6], ids[6:]])]

    def test_a_lost_answer_is_settled_for_each(self, sandbox: Sandbox, chief: User) -> None:
        recordings = [recorded(sandbox) for _ in range(3)]
        operation = confirmed("batching", chief, recordings)
        sandbox.faults.add("set_publish_status", "drop", when="after", times=1)
        execute.run_batch(list(operation.items.values_list("pk", flat=True)))
        assert outcomes(operation) == ["unknown"] * 3
        drive(operation)  # the first is found done, the others go again, one by one
        assert outcomes(operation) == ["done"] * 3
        assert [(row(sandbox, recording) or {})["publish_status"] for recording in recordings] == [2, 2, 2]

    def test_a_batch_that_cannot_be_sent_waits(self, sandbox: Sandbox, chief: User, settings: LazySettings) -> None:
        operation = confirmed("batching", chief, [recorded(sandbox) for _ in range(2)])
        sandbox.faults.add("set_publish_status", "rate_limit", times=1)
        execute.run_batch(list(operation.items.values_list("pk", flat=True)))
        assert outcomes(operation) == ["planned", "planned"]
        drive(operation)
        assert set(outcomes(operation)) == {"done"}


class TestBackground:
    @pytest.fixture
    def item(self, sandbox: Sandbox, chief: User) -> OperationItem:
        operation = confirmed("background", chief, [recorded(sandbox)])
        return operation.items.get()

    def now(self, item: OperationItem) -> OperationItem:
        return OperationItem.objects.get(pk=item.pk)

    def test_it_waits_until_the_vendor_is_done(self, item: OperationItem) -> None:
        Background.answers[:] = [False, False, True]
        execute.run_item(item.pk)
        assert (self.now(item).outcome, self.now(item).reason["code"]) == ("working", "vendor_works")
        for expected in ("working", "working", "done"):
            execute.settle_item(item.pk)
            assert self.now(item).outcome == expected
        assert self.now(item).finished_at is not None

    def test_the_vendor_fails(self, item: OperationItem) -> None:
        Background.answers[:] = [Refusal(reason("vendor_failed"))]
        execute.run_item(item.pk)
        execute.settle_item(item.pk)
        assert (self.now(item).outcome, self.now(item).reason) == ("refused", {"code": "vendor_failed"})

    def test_a_vendor_that_cannot_be_asked_is_asked_again(self, sandbox: Sandbox, item: OperationItem) -> None:
        Background.answers[:] = [True]
        execute.run_item(item.pk)
        sandbox.faults.add("recording_info", "html", times=1)
        execute.settle_item(item.pk)
        assert self.now(item).outcome == "working"
        execute.settle_item(item.pk)
        assert self.now(item).outcome == "done"

    def test_a_lost_answer_is_found_at_work(self, sandbox: Sandbox, item: OperationItem) -> None:
        sandbox.faults.add("update_recording", "drop", when="after", times=1)
        Background.answers[:] = [True]
        execute.run_item(item.pk)
        assert self.now(item).outcome == "unknown"
        execute.settle_item(item.pk)
        assert self.now(item).outcome == "working"
        execute.settle_item(item.pk)
        assert self.now(item).outcome == "done"
        assert len(sandbox.calls.of("update_recording")) == 1

    def test_what_is_never_done_ends_as_unknown(self, item: OperationItem, monkeypatch: pytest.MonkeyPatch) -> None:
        Background.answers[:] = [False]
        monkeypatch.setattr(limits, "GIVE_UP", 0)
        execute.run_item(item.pk)
        execute.settle_item(item.pk)
        assert (self.now(item).outcome, self.now(item).reason["code"]) == ("unknown", "vendor_works_long")

    def test_its_lost_question_is_put_again(self, item: OperationItem, monkeypatch: pytest.MonkeyPatch) -> None:
        from playback.operations import dispatch

        sent: list[Any] = []
        monkeypatch.setattr(dispatch, "send", lambda task, lane, items, wait=0.0: sent.append((task, list(items))))
        execute.run_item(item.pk)
        OperationItem.objects.filter(pk=item.pk).update(due_at=timezone.now() - timedelta(seconds=1))
        sent.clear()
        tend.tend()
        assert (dispatch.SETTLE, [item.pk]) in sent

    def test_its_recording_is_held_meanwhile(self, chief: User, item: OperationItem) -> None:
        execute.run_item(item.pk)
        assert item.recording is not None
        other = confirmed("block", chief, [item.recording])
        execute.run_item(other.items.get().pk)
        assert other.items.get().outcome == "planned"
        Background.answers[:] = [True]
        execute.settle_item(item.pk)
        execute.run_item(other.items.get().pk)
        assert other.items.get().outcome == "done"


def test_an_operation_on_no_recording(sandbox: Sandbox, chief: User) -> None:
    operation = execute.plan("alone", chief, Recording.objects.none(), {})
    assert operation.items.get().label == "the account"
    execute.confirm(operation, chief)
    drive(operation)
    assert outcomes(operation) == ["done"]
    assert len(sandbox.calls.of("list_rooms")) == 1
