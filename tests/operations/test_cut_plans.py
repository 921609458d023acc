"""What a plan to cut says of each recording before anything is sent: its parts, its marks, or why it is left alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils.translation import override

from playback.models import Operation, OperationItem, Recording, TrashEntry
from playback.operations import execute, reasons, registry
from playback.operations.base import OperationInvalid, PlanChanged
from playback.operations.kinds.class_times import Node, ran
from playback.sandbox.server import Sandbox

from .cutting import LENGTH, MARKS, PARTS, WAYS, lesson
from .vendor import mirrored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]
Outcome = OperationItem.Outcome


def planned(kind: str, user: User, recording: Recording, **parameters: Any) -> OperationItem:
    chosen = Recording.objects.filter(pk=recording.pk)
    item: OperationItem = execute.plan(kind, user, chosen, parameters or WAYS[kind][1]).items.get()
    return item


def part(item: OperationItem, number: int) -> dict[str, Any]:
    found: dict[str, Any] = item.change["parts"][1][number]
    return found


def playback_id(sandbox: Sandbox, recording: Recording) -> int:
    held = sandbox.state.recording(recording.room_id, recording.session_id)
    assert held is not None
    return int(held["playback_id"])


def test_a_plan_shows_each_part_its_marks_and_the_marks_in_none(sandbox: Sandbox, chief: User) -> None:
    item = planned("crop", chief, lesson(sandbox))
    assert [entry["marks"] for entry in item.change["parts"][1]] == [[[0, "导入"]], [[0, "例题"], [1799, "下课"]]]
    assert item.change["lost_marks"] == [[[5, "开场"]], None]
    with override("en"):
        told = registry.get("crop").changes(item.change)
    assert told == [
        ("part 1", "00:10:00–00:30:00", "“导入部分” · 00:20:00 · 1 mark point"),
        ("part 2", "00:30:00–01:00:00", "“例题部分” · 00:30:00 · 2 mark points"),
        ("mark points in no part", "00:00:05 开场", "in none of the new versions"),
    ]
    assert [note["code"] for note in item.operation.notes] == ["no_undo_cut"]
    assert sandbox.calls.of("crop_recording") == []


def test_a_mark_that_was_added_meanwhile_changes_the_plan(sandbox: Sandbox, chief: User) -> None:
    recording = lesson(sandbox)
    item = planned("crop", chief, recording)
    sandbox.state.set_mark_points(playback_id(sandbox, recording), 0, [*MARKS, (700, "补充")])
    with pytest.raises(PlanChanged):
        execute.confirm(item.operation, chief)
    execute.confirm(Operation.objects.get(), chief)  # as it is now


@pytest.mark.parametrize(
    ("status", "code"), [(0, "not_recorded"), (10, "generating"), (20, "transcoding"), (30, "transcoding_failed")]
)
@pytest.mark.parametrize("kind", list(WAYS))
def test_what_is_not_ready_is_not_asked_about(sandbox: Sandbox, chief: User, kind: str, status: int, code: str) -> None:
    recording = lesson(sandbox)
    Recording.objects.filter(pk=recording.pk).update(status=status)
    sandbox.calls.clear()
    item = planned(kind, chief, recording)
    assert (item.outcome, item.reason["code"]) == (Outcome.SKIPPED, code)
    assert list(sandbox.calls) == []


@pytest.mark.parametrize("kind", list(WAYS))
def test_a_cut_that_is_main_is_not_cut(sandbox: Sandbox, chief: User, kind: str) -> None:
    """Whether the vendor would cut the original or the cut is not documented."""
    recording = lesson(sandbox)
    Recording.objects.filter(pk=recording.pk).update(main_version=2)
    assert planned(kind, chief, recording).reason == {"code": "cut_is_main", "args": {"version": 2}}


def test_a_recording_whose_main_version_is_unknown(sandbox: Sandbox, chief: User) -> None:
    recording = lesson(sandbox)
    Recording.objects.filter(pk=recording.pk).update(main_version=None)
    assert planned("crop", chief, recording).outcome == Outcome.PLANNED  # there is only the original
    sandbox.state.add_version(recording.room_id, name="一段")
    assert planned("crop", chief, recording).reason["code"] == "main_unknown"


@pytest.mark.parametrize("kind", list(WAYS))
def test_in_the_trash_or_gone(sandbox: Sandbox, chief: User, kind: str) -> None:
    recording = lesson(sandbox)
    entry = TrashEntry.objects.create(recording=recording, put_at="2024-01-01T00:00Z", due_at="2024-01-08T00:00Z")
    assert planned(kind, chief, recording).reason["code"] == "in_trash"
    entry.delete()
    Recording.objects.filter(pk=recording.pk).update(gone_at="2024-01-01T00:00Z")
    assert planned(kind, chief, recording).reason["code"] == "gone"


@pytest.mark.parametrize("question", ["list_versions", "mark_points"])
@pytest.mark.parametrize("fault", ["html", "drop", "status"])
def test_a_vendor_that_does_not_tell(sandbox: Sandbox, chief: User, question: str, fault: str) -> None:
    recording = lesson(sandbox)
    sandbox.faults.add(question, fault)
    item = planned("crop", chief, recording)
    assert (item.outcome, item.reason["code"]) == (Outcome.SKIPPED, "could_not_read")


@pytest.mark.parametrize("question", ["list_versions", "mark_points"])
def test_an_answer_that_can_be_read_in_part_is_not_relied_on(sandbox: Sandbox, chief: User, question: str) -> None:
    recording = lesson(sandbox)
    sandbox.state.add_version(recording.room_id, name="一段")
    sandbox.faults.add(question, "wrong_types", how="missing")
    assert planned("crop", chief, recording).reason["code"] == "could_not_read"


def test_marks_that_the_vendor_will_not_tell_do_not_forbid_cutting(sandbox: Sandbox, chief: User) -> None:
    recording = lesson(sandbox)
    sandbox.faults.add("mark_points", "refuse", code=2002, message="没有权限")
    item = planned("crop", chief, recording)
    assert item.outcome == Outcome.PLANNED
    assert item.note["code"] == "marks_unread"
    assert reasons.vendor_words(item.note) == "2002: 没有权限"
    assert [entry["marks"] for entry in item.change["parts"][1]] == [[], []]


def test_a_part_beyond_the_end(sandbox: Sandbox, chief: User) -> None:
    item = planned("crop", chief, lesson(sandbox), parts=[*PARTS, {"start": 3600, "end": 3601, "name": "之后"}])
    assert item.reason["code"] == "part_beyond"
    assert item.reason["args"] == {"name": "之后", "span": "01:00:00–01:00:01", "length": "01:00:00"}


# ---------------------------------------------------------------- class times


def test_a_selection_is_read_in_the_background_and_cropped_where_it_makes_sense(sandbox: Sandbox, chief: User) -> None:
    with_break, without_times = lesson(sandbox), mirrored(sandbox, name="第2课")
    chosen = Recording.objects.filter(pk__in=[with_break.pk, without_times.pk]).order_by("pk")
    operation = execute.plan("crop_to_class", chief, chosen, {"begins_at": "10:00"})
    assert operation.state == Operation.State.PREPARING
    execute.prepare(operation.pk)
    operation.refresh_from_db()
    assert operation.state == Operation.State.PLANNED
    cropped, skipped = operation.items.order_by("position")
    assert skipped.reason["code"] == "no_class_times"
    assert [(entry["start"], entry["end"], entry["name"]) for entry in cropped.change["parts"][1]] == [
        (600, 1800, "第1课 (1)"),
        (1900, 3600, "第1课 (2)"),
    ]


def test_without_a_word_of_where_class_begins_nothing_of_it_is_cut_off(sandbox: Sandbox, chief: User) -> None:
    """The recording was made as it ended, a bound on when it began: what lies before class by more than that goes."""
    recording = mirrored(sandbox)
    held = sandbox.state.recording(recording.room_id)
    assert held is not None
    began = held["created_at"] - LENGTH
    sandbox.state.add_class_time(recording.room_id, 0, began + 1200, began + 3600)
    item = planned("crop_to_class", chief, recording, late=0)
    assert (part(item, 0)["start"], part(item, 0)["end"], part(item, 0)["name"]) == (1200, 3600, "第1课")
    with override("en"):
        told = registry.get("crop_to_class").changes(item.change)
    assert told[0][1] == f"00:20:00–01:00:00 · class {ran(Node(began + 1200, began + 3600))}"
    # If it may have been made much later, the end of class may be anywhere: only its beginning is sure.
    item = planned("crop_to_class", chief, recording, late=60)
    assert (part(item, 0)["start"], part(item, 0)["end"]) == (1200, 3600)


def test_class_times_that_the_vendor_filled_in_are_told(sandbox: Sandbox, chief: User) -> None:
    recording = lesson(sandbox)
    item = planned("crop_to_class", chief, recording)
    assert [node[2] for entry in item.change["parts"][1] for node in entry["class"]] == [False, True]
    with override("en"):
        assert "(end filled in by the vendor)" in registry.get("crop_to_class").changes(item.change)[1][1]


def test_class_times_that_cannot_be_read(sandbox: Sandbox, chief: User) -> None:
    recording = lesson(sandbox)
    sandbox.faults.add("class_times", "wrong_types", how="missing")
    assert planned("crop_to_class", chief, recording).reason["code"] == "class_times_wrong"


def test_what_became_ready_after_it_was_asked_about_waits_for_another_plan(sandbox: Sandbox, chief: User) -> None:
    recordings = [lesson(sandbox), lesson(sandbox)]
    pks = [recording.pk for recording in recordings]
    Recording.objects.filter(pk=pks[0]).update(status=20)
    operation = execute.plan("split", chief, Recording.objects.filter(pk__in=pks).order_by("pk"), {"seconds": 600})
    execute.prepare(operation.pk)
    Recording.objects.filter(pk=pks[0]).update(status=100)
    with pytest.raises(PlanChanged):
        execute.confirm(Operation.objects.get(), chief)
    codes = [item.reason.get("code", "") for item in operation.items.order_by("position")]
    assert codes == ["could_not_read", ""]


@pytest.mark.parametrize("late", ["-1", "bald", 1441, True, 1.5])
def test_bad_minutes(sandbox: Sandbox, chief: User, late: Any) -> None:
    with pytest.raises(OperationInvalid) as caught:
        planned("crop_to_class", chief, lesson(sandbox), late=late)
    assert list(caught.value.errors) == ["late"]


# ---------------------------------------------------------------- split


@pytest.mark.parametrize("seconds", [None, "", 0, "0:00", "halb", -5, True, [], "100:00:00"])
def test_a_bad_length(sandbox: Sandbox, chief: User, seconds: Any) -> None:
    with pytest.raises(OperationInvalid) as caught:
        planned("split", chief, lesson(sandbox), seconds=seconds)
    assert list(caught.value.errors) == ["seconds"]


@pytest.mark.parametrize(
    ("seconds", "code"), [("1:00:00", "not_longer"), ("2:00:00", "not_longer"), (35, "too_many_parts")]
)
def test_lengths_that_make_no_sense_for_a_recording(sandbox: Sandbox, chief: User, seconds: Any, code: str) -> None:
    assert planned("split", chief, lesson(sandbox), seconds=seconds).reason["code"] == code


def test_a_split_of_a_hundred_parts_is_taken(sandbox: Sandbox, chief: User) -> None:
    item = planned("split", chief, lesson(sandbox), seconds=36)
    assert len(item.change["parts"][1]) == 100
    assert part(item, 99)["end"] == LENGTH
    assert "lost_marks" not in item.change
