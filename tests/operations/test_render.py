"""Plain videos (calls 16, 31), recorded videos (19, 20) and merges (38, 39): work that the vendor does for minutes."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from playback.demo.embedded import free_port
from playback.models import Merge, Operation, OperationItem, Recording
from playback.operations import execute, reasons
from playback.operations.base import OperationInvalid
from playback.operations.kinds import generate_video
from playback.sandbox.server import Sandbox
from playback.vendor.codes import ConvertStatus

from .makers import make_user
from .vendor import LOST_AFTER, LOST_BEFORE, confirmed, drive, mirrored, row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]
CALLS = {
    "render_video": "convert_to_video",
    "generate_video": "generate_recorded_video",
    "render_merged": "render_merged",
}
LOOKS = {"render_video": "convert_status", "generate_video": "recorded_video_url", "render_merged": "merged_video"}


class Case:
    def __init__(self, sandbox: Sandbox, user: User, kind: str) -> None:
        self.sandbox, self.kind, self.user = sandbox, kind, user
        self.call, self.look = CALLS[kind], LOOKS[kind]
        self.recording = mirrored(sandbox)
        self.merge = sandbox.state.add_merge("合集", length=1858)
        chosen, parameters = [self.recording], {}
        if kind == "render_merged":
            chosen, parameters = [], {"mixed_playback_id": str(self.merge), "note": "期末复习"}
        self.operation = confirmed(kind, user, chosen, parameters)
        sandbox.calls.clear()

    @property
    def item(self) -> OperationItem:
        return self.operation.items.get()

    def run(self) -> OperationItem:
        execute.run_item(self.item.pk)
        return self.item

    def wait(self) -> None:
        """Until the vendor is done, looked at as the workers would."""
        until = time.monotonic() + 40
        while self.item.finished_at is None and time.monotonic() < until:
            drive(self.operation, rounds=1)
            time.sleep(0.05)

    def is_done_at_the_vendor(self) -> bool:
        playback = (row(self.sandbox, self.recording) or {})["playback_id"]
        state = self.sandbox.state
        found = {
            "render_video": lambda: state.convert(playback)["status"],
            "generate_video": lambda: state.recorded_video(playback),
            "render_merged": lambda: (state.merge(self.merge) or {})["status"],
        }[self.kind]()
        return bool(found == ConvertStatus.DONE)

    def ended(self, outcome: str, code: str = "") -> None:
        item = self.item
        assert (item.outcome, item.reason.get("code", "")) == (outcome, code)
        assert self.is_done_at_the_vendor() == (outcome == "done")
        assert Operation.objects.get(pk=self.operation.pk).state == Operation.State.DONE

    def sent(self) -> int:
        return len(self.sandbox.calls.of(self.call))

    def late(self) -> None:
        """The call was begun so long ago that its answer's loss can be judged."""
        begun = timezone.now() - timedelta(seconds=generate_video.WAITS + 1)
        self.operation.items.update(claimed_at=begun)


@pytest.fixture(params=CALLS)
def case(request: pytest.FixtureRequest, sandbox: Sandbox, chief: User) -> Case:
    return Case(sandbox, chief, request.param)


def test_it_works(case: Case) -> None:
    assert case.run().outcome == "working"
    case.wait()
    case.ended("done")
    execute.run_item(case.item.pk)  # delivered twice
    assert case.sent() == 1


def test_the_vendor_refuses(case: Case) -> None:
    case.sandbox.faults.add(case.call, "refuse", code=1, message="今天不行")
    case.run()
    case.ended("refused", "refused")
    assert reasons.vendor_words(case.item.reason) == "1: 今天不行"


def test_the_account_may_not(case: Case) -> None:
    case.sandbox.faults.add(case.call, "refuse", code=2002, message="没有权限")
    case.run()
    case.ended("refused", "misconfigured")
    assert reasons.vendor_words(case.item.reason) == "2002: 没有权限"


@pytest.mark.parametrize(("fault", "options"), LOST_AFTER, ids=[fault for fault, _ in LOST_AFTER])
def test_the_answer_is_lost_after_the_vendor_began(case: Case, fault: str, options: dict[str, Any]) -> None:
    case.sandbox.faults.add(case.call, fault, **options)
    assert (case.run().outcome, case.item.reason["code"]) == ("unknown", "answer_lost")
    case.sandbox.faults.clear()
    case.wait()
    case.ended("done")
    assert case.sent() == 1


@pytest.mark.parametrize(("fault", "options"), LOST_BEFORE, ids=[fault for fault, _ in LOST_BEFORE])
def test_the_answer_is_lost_and_the_vendor_did_not_begin(case: Case, fault: str, options: dict[str, Any]) -> None:
    case.sandbox.faults.add(case.call, fault, **options)
    assert case.run().outcome == "unknown"
    case.sandbox.faults.clear()
    drive(case.operation, rounds=3)
    if case.kind != "render_video":  # here the vendor cannot tell before the video is there
        assert case.item.finished_at is None
        case.late()
        drive(case.operation, rounds=3)
    if case.kind == "render_merged":  # nor can anybody later: until the engine gives up
        assert case.item.finished_at is None
        OperationItem.objects.filter(pk=case.item.pk).update(claimed_at=timezone.now() - timedelta(hours=7))
        drive(case.operation, rounds=3)
        case.ended("unknown", "never_settled")
    else:
        case.ended("refused", "no_change")
    assert case.sent() == 1


@pytest.mark.parametrize("kind", ["render_video", "render_merged"])
def test_looking_fails_and_nothing_is_sent(sandbox: Sandbox, chief: User, kind: str) -> None:
    case = Case(sandbox, chief, kind)
    case.sandbox.faults.add(case.look, "broken_json", times=1)
    assert (case.run().outcome, case.sent()) == ("planned", 0)
    case.wait()
    case.ended("done")


def test_the_vendor_cannot_be_asked_how_far_it_is(case: Case) -> None:
    case.sandbox.transcode_seconds = 3600  # not before the faults are over, however slow the machine
    case.run()
    for fault, options in [("html", {}), ("wrong_types", {"how": "missing"}), ("refuse", {"code": 2003})]:
        case.sandbox.faults.add(case.look, fault, **options)
        drive(case.operation, rounds=2)
        assert case.item.outcome == "working"
        case.sandbox.faults.clear()
    case.sandbox.transcode_seconds = 0.1
    case.sandbox.state.execute("UPDATE jobs SET due_at = 0")
    case.wait()
    case.ended("done")


def test_the_vendor_is_not_there(case: Case, settings: LazySettings) -> None:
    settings.BAIJIAYUN_BASE_URL = f"http://127.0.0.1:{free_port()}"
    assert (case.run().outcome, case.item.reason["code"]) == ("planned", "waiting_unreachable")
    settings.BAIJIAYUN_BASE_URL = case.sandbox.base_url
    case.wait()
    case.ended("done")


def test_it_needs_its_own_right(case: Case) -> None:
    right = "render_recording" if case.kind == "render_merged" else "replace_recording"
    others = make_user("others", "choose_version", "crop_recording", "publish_recording", right)
    chosen = Recording.objects.filter(pk=case.recording.pk)
    with pytest.raises(PermissionDenied):
        execute.plan(case.kind, others, chosen, {"mixed_playback_id": 1})


def test_the_right_is_gone_when_it_runs(case: Case) -> None:
    case.user.is_superuser = False
    case.user.save()
    case.run()
    case.ended("refused", "not_permitted")
    assert case.sandbox.calls == []


class TestPlainVideos:
    def test_the_vendor_fails_at_it(self, sandbox: Sandbox, chief: User) -> None:
        sandbox.failing.add("convert")
        case = Case(sandbox, chief, "render_video")
        case.run()
        case.wait()
        case.ended("refused", "vendor_failed")
        assert reasons.vendor_words(case.item.reason) == "失败"

    def test_what_was_rendered_before_is_no_sign_of_a_lost_call(self, sandbox: Sandbox, chief: User) -> None:
        first = Case(sandbox, chief, "render_video")
        first.run()
        first.wait()
        again = confirmed("render_video", chief, [first.recording], {"again": True})
        sandbox.faults.add("convert_to_video", "drop", when="before")
        drive(again, rounds=1)
        sandbox.faults.clear()
        drive(again)
        assert (again.items.get().outcome, again.items.get().reason["code"]) == ("refused", "no_change")

    def test_what_the_plan_skips(self, sandbox: Sandbox, chief: User) -> None:
        case = Case(sandbox, chief, "render_video")
        case.run()
        assert plan_of(chief, "render_video", [case.recording]) == ["rendering_now"]
        case.wait()
        unready = mirrored(sandbox)
        Recording.objects.filter(pk=unready.pk).update(status=20)
        assert plan_of(chief, "render_video", [case.recording]) == ["rendered_already"]
        assert plan_of(chief, "render_video", [case.recording], again="on") == [""]
        assert plan_of(chief, "render_video", [case.recording], version=3) == ["wanted_version_missing"]
        assert plan_of(chief, "render_video", [unready]) == ["not_ready"]
        sandbox.faults.add("convert_status", "refuse", code=2002)
        assert plan_of(chief, "render_video", [unready]) == ["could_not_read"]

    def test_somebody_else_began_meanwhile(self, sandbox: Sandbox, chief: User) -> None:
        case = Case(sandbox, chief, "render_video")
        playback = (row(sandbox, case.recording) or {})["playback_id"]
        sandbox.state.set_convert(playback, 0, ConvertStatus.RUNNING)
        case.run()
        assert (case.item.reason["code"], case.sent()) == ("rendering_now", 0)

    def test_somebody_else_rendered_it_meanwhile(self, sandbox: Sandbox, chief: User) -> None:
        case = Case(sandbox, chief, "render_video")
        playback = (row(sandbox, case.recording) or {})["playback_id"]
        sandbox.state.set_convert(playback, 0, ConvertStatus.DONE)
        case.run()
        assert (case.item.reason["code"], case.sent()) == ("rendered_meanwhile", 0)

    def test_version_and_template_reach_the_vendor(self, sandbox: Sandbox, chief: User) -> None:
        recording = mirrored(sandbox)
        operation = confirmed("render_video", chief, [recording], {"version": "0", "record_template": "双栏"})
        drive(operation, rounds=1)
        sent = sandbox.calls.of("convert_to_video")[0].params
        assert (sent["version"], sent["record_template"]) == ("0", "双栏")

    @pytest.mark.parametrize(
        ("parameters", "field"),
        [({"version": "x"}, "version"), ({"record_template": "a\nb"}, "record_template"),
         ({"record_template": "长" * 101}, "record_template")],
    )  # fmt: skip
    def test_bad_parameters(self, sandbox: Sandbox, chief: User, parameters: dict[str, Any], field: str) -> None:
        recording = mirrored(sandbox)
        with pytest.raises(OperationInvalid) as invalid:
            execute.plan("render_video", chief, Recording.objects.filter(pk=recording.pk), parameters)
        assert set(invalid.value.errors) == {field}


def plan_of(user: User, kind: str, recordings: list[Recording], **parameters: Any) -> list[str]:
    """The reasons of the plan's items; "" for one that will be done."""
    chosen = Recording.objects.filter(pk__in=[recording.pk for recording in recordings]).order_by("pk")
    operation = execute.plan(kind, user, chosen, parameters)
    execute.prepare(operation.pk)
    found = [item.reason.get("code", "") for item in operation.items.order_by("position")]
    operation.delete()
    return found


class TestRecordedVideos:
    """Call 19 takes a room."""

    def room(self, sandbox: Sandbox) -> list[Recording]:
        """Three ready sessions of a long-term room."""
        first = mirrored(sandbox, session_id=202403010)
        sessions = [first]
        for session in (202403020, 202403030):
            sandbox.state.add_recording(first.room_id, session, name=f"课{session}")
            now = timezone.now()
            sessions.append(
                Recording.objects.create(room=first.room, session_id=session, status=100, first_seen_at=now)
            )
        return sessions

    def test_a_room_is_asked_once(self, sandbox: Sandbox, chief: User) -> None:
        sessions = self.room(sandbox)
        alone = mirrored(sandbox)
        operation = confirm_prepared(chief, [*sessions, alone])
        wait(operation)
        assert [item.outcome for item in operation.items.all()] == ["done"] * 4
        assert len(sandbox.calls.of("generate_recorded_video")) == 2

    def test_a_session_that_the_vendor_did_not_start(self, sandbox: Sandbox, chief: User) -> None:
        sessions = self.room(sandbox)
        operation = confirm_prepared(chief, sessions)
        dropped = row(sandbox, sessions[1])
        assert dropped is not None
        sandbox.state.set_recorded_video(dropped["playback_id"], ConvertStatus.RUNNING)  # by somebody else
        wait(operation)
        ends = {item.recording_id: (item.outcome, item.reason.get("code", "")) for item in operation.items.all()}
        assert ends[sessions[1].pk] == ("refused", "not_started")
        assert [ends[session.pk][0] for session in (sessions[0], sessions[2])] == ["done", "done"]

    def test_the_plan_tells_of_the_others(self, sandbox: Sandbox, chief: User) -> None:
        sessions = self.room(sandbox)
        operation = execute.plan("generate_video", chief, Recording.objects.filter(pk=sessions[0].pk), {})
        assert operation.notes == [{"code": "whole_rooms", "args": {"others": 2}}]

    def test_a_lost_answer_counts_for_the_whole_room(self, sandbox: Sandbox, chief: User) -> None:
        operation = confirm_prepared(chief, self.room(sandbox))
        sandbox.faults.add("generate_recorded_video", "drop", times=1, when="after")
        wait(operation)
        assert [item.outcome for item in operation.items.all()] == ["done"] * 3
        assert len(sandbox.calls.of("generate_recorded_video")) == 1

    def test_a_call_that_was_lost_on_its_way_is_not_waited_for_without_end(self, sandbox: Sandbox, chief: User) -> None:
        operation = confirm_prepared(chief, self.room(sandbox))
        sandbox.faults.add("generate_recorded_video", "drop", times=1, when="before")
        drive(operation, rounds=2)
        operation.items.update(claimed_at=timezone.now() - timedelta(seconds=generate_video.WAITS + 1))
        drive(operation)
        assert {(item.outcome, item.reason["code"]) for item in operation.items.all()} == {("refused", "no_change")}
        assert len(sandbox.calls.of("generate_recorded_video")) == 1

    def test_a_room_that_could_not_be_asked_is_asked_again(self, sandbox: Sandbox, chief: User) -> None:
        operation = confirm_prepared(chief, self.room(sandbox))
        sandbox.faults.add("generate_recorded_video", "rate_limit", times=1)
        wait(operation)
        assert [item.outcome for item in operation.items.all()] == ["done"] * 3

    def test_what_the_plan_skips(self, sandbox: Sandbox, chief: User) -> None:
        done, unready, other = mirrored(sandbox), mirrored(sandbox), mirrored(sandbox)
        sandbox.state.set_recorded_video((row(sandbox, done) or {})["playback_id"], ConvertStatus.DONE)
        Recording.objects.filter(pk=unready.pk).update(status=20)
        assert plan_of(chief, "generate_video", [done, unready, other]) == ["generated_already", "not_ready", ""]
        assert plan_of(chief, "generate_video", [done], again=True) == [""]
        sandbox.faults.add("recorded_video_url", "refuse", code=2002)
        assert plan_of(chief, "generate_video", [other]) == ["could_not_read"]


def confirm_prepared(user: User, recordings: list[Recording]) -> Operation:
    chosen = Recording.objects.filter(pk__in=[recording.pk for recording in recordings]).order_by("pk")
    operation = execute.plan("generate_video", user, chosen, {})
    execute.prepare(operation.pk)
    return execute.confirm(operation, user)


def wait(operation: Operation) -> None:
    until = time.monotonic() + 40
    while operation.items.filter(finished_at=None).exists() and time.monotonic() < until:
        drive(operation, rounds=1)
        time.sleep(0.05)


class TestMerges:
    def test_what_is_kept(self, sandbox: Sandbox, chief: User) -> None:
        case = Case(sandbox, chief, "render_merged")
        case.run()
        asked = Merge.objects.get()
        assert (asked.mixed_playback_id, asked.note, asked.asked_by, asked.ready_at) == (
            case.merge, "期末复习", chief, None,
        )  # fmt: skip
        case.wait()
        merge = Merge.objects.get()
        assert merge.ready_at is not None
        assert merge.fid == (sandbox.state.merge(case.merge) or {})["video_id"]
        assert merge.operation == case.operation
        assert [(video["definition"], video["length"]) for video in merge.videos] == [("720p", 1858)]

    def test_a_refused_one_is_no_merge(self, sandbox: Sandbox, chief: User) -> None:
        operation = confirmed("render_merged", chief, [], {"mixed_playback_id": 99})
        drive(operation)
        assert operation.items.get().outcome == "refused"
        assert not Merge.objects.exists()

    def test_one_that_was_rendered_elsewhere_is_taken_over(self, sandbox: Sandbox, chief: User) -> None:
        case = Case(sandbox, chief, "render_merged")
        made = sandbox.state.add_video("合集", length=1858)
        sandbox.state.set_merge(case.merge, ConvertStatus.DONE, made)
        case.run()
        assert (case.item.outcome, case.item.note["code"], case.sent()) == ("done", "merge_was_ready", 0)
        assert Merge.objects.get().fid == made

    def test_again_waits_for_the_new_video(self, sandbox: Sandbox, chief: User) -> None:
        case = Case(sandbox, chief, "render_merged")
        case.run()
        case.wait()
        former = Merge.objects.get().fid
        again = confirmed("render_merged", chief, [], {"mixed_playback_id": case.merge})
        assert again.items.get().note["code"] == "merge_rendered_before"
        wait(again)
        assert again.items.get().outcome == "done"
        merge = Merge.objects.get()
        assert merge.fid not in (None, former)
        assert merge.note == "期末复习"

    def test_not_twice_at_a_time(self, sandbox: Sandbox, chief: User) -> None:
        case = Case(sandbox, chief, "render_merged")
        with pytest.raises(OperationInvalid) as invalid:
            execute.plan("render_merged", chief, Recording.objects.none(), {"mixed_playback_id": case.merge})
        assert set(invalid.value.errors) == {"mixed_playback_id"}

    @pytest.mark.parametrize(
        ("parameters", "field"),
        [({}, "mixed_playback_id"), ({"mixed_playback_id": "0"}, "mixed_playback_id"),
         ({"mixed_playback_id": "一"}, "mixed_playback_id"),
         ({"mixed_playback_id": "5", "note": "a\tb"}, "note"),
         ({"mixed_playback_id": "5", "note": "长" * 201}, "note")],
    )  # fmt: skip
    def test_bad_parameters(self, chief: User, parameters: dict[str, Any], field: str) -> None:
        with pytest.raises(OperationInvalid) as invalid:
            execute.plan("render_merged", chief, Recording.objects.none(), parameters)
        assert set(invalid.value.errors) == {field}
