"""Every way to cut, against a vendor that works, refuses, loses answers or is not there."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from playback.demo.embedded import free_port
from playback.models import OperationItem, Recording, Version
from playback.operations import execute, reasons
from playback.operations.kinds import carrying
from playback.sandbox.server import Sandbox

from .cutting import WAYS, cut, cuts_at_the_vendor, finish, first_run, lesson, marks_at_the_vendor
from .makers import make_user
from .vendor import LOST_AFTER, LOST_BEFORE, drive

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]
Outcome = OperationItem.Outcome
every_way = pytest.mark.parametrize("kind", list(WAYS))


def made_once(sandbox: Sandbox, recording: Recording, kind: str) -> None:
    """The vendor was asked once, and has exactly the planned parts, each with its marks."""
    call, _parameters, planned, carried = WAYS[kind]
    assert len(sandbox.calls.of(call)) == 1
    there = [(row["name"], row["length"]) for row in cuts_at_the_vendor(sandbox, recording)]
    assert there == planned
    assert marks_at_the_vendor(sandbox, recording) == carried


@every_way
def test_it_works(sandbox: Sandbox, chief: User, kind: str) -> None:
    recording, operation = cut(sandbox, chief, kind)
    item = first_run(operation)
    assert item.outcome == Outcome.WORKING
    # The parts appear here at once, with the vendor's state of them.
    assert set(Version.objects.filter(recording=recording, version__gt=0).values_list("status", flat=True)) == {20}
    item = finish(operation)
    assert (item.outcome, item.note["code"]) == (Outcome.DONE, "cut_made")
    made_once(sandbox, recording, kind)
    mirrored = Version.objects.filter(recording=recording, version__gt=0).order_by("version")
    assert [(row.name, row.length, row.status) for row in mirrored] == [(*part, 100) for part in WAYS[kind][2]]
    assert ", ".join(str(row.version) for row in mirrored) == item.note["args"]["versions"]
    execute.run_item(item.pk)  # delivered twice: nothing more is done
    made_once(sandbox, recording, kind)
    assert not execute.undoable(operation)


@every_way
def test_a_session_of_a_long_term_room(sandbox: Sandbox, chief: User, kind: str) -> None:
    recording, operation = cut(sandbox, chief, kind, session_id=202401050)
    assert finish(operation).outcome == Outcome.DONE
    made_once(sandbox, recording, kind)


@every_way
@pytest.mark.parametrize(("fault", "options"), LOST_AFTER)
def test_an_answer_lost_after_the_change_makes_nothing_twice(
    sandbox: Sandbox, chief: User, kind: str, fault: str, options: dict[str, Any]
) -> None:
    recording, operation = cut(sandbox, chief, kind)
    sandbox.faults.add(WAYS[kind][0], fault, times=1, **options)
    assert first_run(operation).outcome == Outcome.UNKNOWN
    item = finish(operation)
    assert (item.outcome, item.note["code"]) == (Outcome.DONE, "cut_made")
    made_once(sandbox, recording, kind)


@every_way
@pytest.mark.parametrize(("fault", "options"), LOST_BEFORE)
def test_an_answer_lost_before_the_change_is_not_sent_again(
    sandbox: Sandbox, chief: User, kind: str, fault: str, options: dict[str, Any]
) -> None:
    recording, operation = cut(sandbox, chief, kind)
    sandbox.faults.add(WAYS[kind][0], fault, times=1, **options)
    first_run(operation)
    item = finish(operation)
    assert (item.outcome, item.reason["code"]) == (Outcome.REFUSED, "no_change")
    assert len(sandbox.calls.of(WAYS[kind][0])) == 1
    assert cuts_at_the_vendor(sandbox, recording) == []


@every_way
def test_the_vendor_refuses(sandbox: Sandbox, chief: User, kind: str) -> None:
    recording, operation = cut(sandbox, chief, kind)
    sandbox.faults.add(WAYS[kind][0], "refuse", code=1, message="今天不剪")
    item = finish(operation)
    assert (item.outcome, item.reason["code"]) == (Outcome.REFUSED, "refused")
    assert reasons.vendor_words(item.reason) == "1: 今天不剪"
    assert cuts_at_the_vendor(sandbox, recording) == []


@every_way
@pytest.mark.parametrize("how", ["strings", "nulls", "missing", "empty_lists"])
def test_an_answer_of_other_types_does_not_matter(sandbox: Sandbox, chief: User, kind: str, how: str) -> None:
    recording, operation = cut(sandbox, chief, kind)
    sandbox.faults.add(WAYS[kind][0], "wrong_types", how=how)
    assert finish(operation).outcome == Outcome.DONE
    made_once(sandbox, recording, kind)


@every_way
def test_nobody_is_there(sandbox: Sandbox, chief: User, settings: LazySettings, kind: str) -> None:
    recording, operation = cut(sandbox, chief, kind)
    settings.BAIJIAYUN_BASE_URL = f"http://127.0.0.1:{free_port()}"
    item = finish(operation)
    assert (item.outcome, item.reason["code"]) == (Outcome.REFUSED, "unreachable")
    assert cuts_at_the_vendor(sandbox, recording) == []


@pytest.mark.parametrize("question", ["list_versions", "mark_points"])
def test_a_question_before_the_call_that_is_not_answered_is_asked_again(
    sandbox: Sandbox, chief: User, question: str
) -> None:
    recording, operation = cut(sandbox, chief, "crop")
    sandbox.faults.add(question, "drop", times=2)
    assert first_run(operation).outcome == Outcome.PLANNED
    assert finish(operation).outcome == Outcome.DONE
    made_once(sandbox, recording, "crop")


def test_the_mirror_that_cannot_be_refreshed_costs_no_second_call(sandbox: Sandbox, chief: User) -> None:
    recording, operation = cut(sandbox, chief, "crop")
    sandbox.faults.add("recording_info", "status", times=1, status=503)
    assert first_run(operation).outcome == Outcome.WORKING
    assert finish(operation).outcome == Outcome.DONE
    made_once(sandbox, recording, "crop")


def test_a_worker_killed_after_the_call_makes_nothing_twice(sandbox: Sandbox, chief: User) -> None:
    recording, operation = cut(sandbox, chief, "crop")
    first_run(operation)
    operation.items.update(outcome=Outcome.UNKNOWN, claim=None, reason=reasons.reason("worker_lost"))
    assert finish(operation).outcome == Outcome.DONE
    made_once(sandbox, recording, "crop")


def test_parts_that_fail_at_the_vendor_are_named(sandbox: Sandbox, chief: User) -> None:
    sandbox.transcode_seconds = 60.0  # the test says how it ends, and not the sandbox's own clock
    recording, operation = cut(sandbox, chief, "crop")
    first_run(operation)
    first, second = cuts_at_the_vendor(sandbox, recording)
    sandbox.state.update_version(first["video_id"], status=30)
    sandbox.state.update_version(second["video_id"], status=100)
    item = finish(operation)
    assert (item.outcome, item.reason["code"]) == (Outcome.REFUSED, "parts_failed")
    assert item.reason["args"] == {"failed": "1", "versions": "2"}
    assert marks_at_the_vendor(sandbox, recording)[1] == WAYS["crop"][3][1]


@pytest.mark.parametrize("change", ["a version", "a mark", "the film", "the main version"])
def test_what_changed_since_the_plan_is_not_cut(sandbox: Sandbox, chief: User, change: str) -> None:
    recording, operation = cut(sandbox, chief, "crop")
    held = sandbox.state.recording(recording.room_id)
    assert held is not None
    if change == "a version":
        sandbox.state.add_version(recording.room_id, name="别人剪的")
    elif change == "a mark":
        sandbox.state.set_mark_points(held["playback_id"], 0, [(700, "新的")])
    elif change == "the film":
        sandbox.state.update_version(held["video_id"], length=1800)
    else:
        Recording.objects.filter(pk=recording.pk).update(main_version=3)
    item = finish(operation)
    code = {"a mark": "marks_changed", "the main version": "cut_is_main"}.get(change, "versions_changed")
    assert (item.outcome, item.reason["code"]) == (Outcome.REFUSED, code)
    assert sandbox.calls.of("crop_recording") == []


def test_a_retry_finds_what_is_there(sandbox: Sandbox, chief: User) -> None:
    """The answer was lost for good; the parts are there all the same, and another try sees them."""
    _recording, operation = cut(sandbox, chief, "crop")
    finish(operation)
    operation.items.update(outcome=Outcome.UNKNOWN)
    again = execute.plan_retry(operation, chief)
    assert [(item.outcome, item.reason["code"]) for item in again.items.all()] == [(Outcome.SKIPPED, "already_cut")]


@every_way
def test_without_the_right_nothing_is_planned_or_run(sandbox: Sandbox, chief: User, kind: str) -> None:
    recording = lesson(sandbox)
    with pytest.raises(PermissionDenied):
        execute.plan(kind, make_user("other", "choose_version"), Recording.objects.filter(pk=recording.pk), {})
    user = make_user("cutter", "crop_recording")
    operation = execute.plan(kind, user, Recording.objects.filter(pk=recording.pk), WAYS[kind][1])
    execute.confirm(operation, user)
    user.user_permissions.clear()
    item = finish(operation)
    assert (item.outcome, item.reason["code"]) == (Outcome.REFUSED, "not_permitted")
    assert cuts_at_the_vendor(sandbox, recording) == []


# ---------------------------------------------------------------- marks


def test_marks_are_written_at_a_later_try(sandbox: Sandbox, chief: User) -> None:
    recording, operation = cut(sandbox, chief, "crop")
    sandbox.faults.add("set_mark_points", "status", times=3, status=503)
    assert finish(operation).note["code"] == "cut_made"
    made_once(sandbox, recording, "crop")


def test_marks_that_the_vendor_refuses_are_told(sandbox: Sandbox, chief: User) -> None:
    recording, operation = cut(sandbox, chief, "crop")
    sandbox.faults.add("set_mark_points", "refuse", times=1)
    item = finish(operation)
    assert (item.outcome, item.note["code"]) == (Outcome.DONE, "cut_made_marks_left")
    assert "00:00:00 导入" in reasons.text(item.note)
    assert marks_at_the_vendor(sandbox, recording) == [[], WAYS["crop"][3][1]]


def test_marks_that_can_never_be_written_are_told_in_the_end(
    sandbox: Sandbox, chief: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "KEEP_TRYING", timedelta(seconds=1))
    recording, operation = cut(sandbox, chief, "crop")
    sandbox.faults.add("set_mark_points", "html")
    item = finish(operation)
    assert (item.outcome, item.note["code"]) == (Outcome.DONE, "cut_made_marks_left")
    assert "00:29:59 下课" in reasons.text(item.note)
    assert cuts_at_the_vendor(sandbox, recording) != []


def test_marks_that_somebody_gave_a_part_are_left(sandbox: Sandbox, chief: User) -> None:
    recording, operation = cut(sandbox, chief, "crop")
    first_run(operation)
    held = cuts_at_the_vendor(sandbox, recording)[0]
    sandbox.state.set_mark_points(held["playback_id"], held["version"], [(7, "自己的")])
    item = finish(operation)
    assert item.note["code"] == "cut_made_marks_left"
    assert marks_at_the_vendor(sandbox, recording) == [[(7, "自己的")], WAYS["crop"][3][1]]


def test_marks_that_the_vendor_copied_unmoved_are_put_right(sandbox: Sandbox, chief: User) -> None:
    recording, operation = cut(sandbox, chief, "crop")
    first_run(operation)
    held = cuts_at_the_vendor(sandbox, recording)[0]
    sandbox.state.set_mark_points(
        held["playback_id"], held["version"], sandbox.state.mark_points(held["playback_id"], 0)
    )
    assert finish(operation).note["code"] == "cut_made"
    made_once(sandbox, recording, "crop")


def test_many_marks_take_several_looks(sandbox: Sandbox, chief: User, monkeypatch: pytest.MonkeyPatch) -> None:
    recording, operation = cut(sandbox, chief, "split")
    first_run(operation)
    sandbox.state.execute("UPDATE versions SET status = 100")
    clock = count()
    with monkeypatch.context() as slow:
        slow.setattr(carrying, "AT_A_TIME", 1.5)  # each glance at the clock takes a second: one part a look
        slow.setattr(carrying, "time", SimpleNamespace(monotonic=lambda: next(clock)))
        drive(operation, rounds=1)
    assert operation.items.get().outcome == Outcome.WORKING
    assert marks_at_the_vendor(sandbox, recording) == [WAYS["split"][3][0], [], []]
    assert finish(operation).note["code"] == "cut_made"
    made_once(sandbox, recording, "split")
