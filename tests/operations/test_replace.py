"""Replacing a version's video (calls 14, 15) and adding another recording's (14), against a vendor on a bad day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from playback.conf import vendor_client
from playback.demo.embedded import free_port
from playback.models import Operation, OperationItem, Recording, Room, TrashEntry
from playback.operations import execute, reasons, registry
from playback.operations.base import OperationInvalid, PlanChanged
from playback.sandbox.server import Sandbox
from playback.sync.single import refresh_recording
from playback.vendor.codes import Lane

from .makers import make_user
from .vendor import LOST_AFTER, LOST_BEFORE, confirmed, drive, mirrored, row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]
SESSION = 202403010
NEW_SESSION = 202403021
KINDS = ["replace", "replace_by_video", "add_version", "add_session"]


class Case:
    """One way to put a video somewhere: the target, the source (3,000 s long), and how the vendor shows it done."""

    def __init__(self, sandbox: Sandbox, user: User, name: str) -> None:
        self.sandbox, self.name, self.user = sandbox, name, user
        self.kind = "add_version" if name == "add_session" else name
        self.call = "replace_by_video" if name == "replace_by_video" else "replace_recording"
        self.target = mirrored(sandbox, name="坏了的课", session_id=SESSION)
        Room.objects.filter(pk=self.target.room_id).update(is_long_term=True)
        self.source = mirrored(sandbox, name="补录的课")
        lengthen(sandbox, self.source)
        self.former = self.vendor["video_id"]
        self.parameters: dict[str, Any] = {"source": self.source.vendor_key}
        if name == "replace_by_video":
            self.parameters = {"video_id": sandbox.state.add_video("点播", length=3000)}
        if name == "add_session":
            self.parameters["session_id"] = str(NEW_SESSION)
        self.operation = confirmed(self.kind, user, [self.target], self.parameters)
        sandbox.calls.clear()

    @property
    def vendor(self) -> dict[str, Any]:
        found = row(self.sandbox, self.target)
        assert found is not None
        return found

    @property
    def item(self) -> OperationItem:
        return self.operation.items.get()

    def run(self) -> OperationItem:
        execute.run_item(self.item.pk)
        return self.item

    def is_done_at_the_vendor(self) -> bool:
        versions = self.sandbox.state.versions(self.target.room_id, SESSION)
        if self.name == "add_version":
            assert self.vendor["video_id"] == self.former
            return [each["length"] for each in versions if each["version"]] == [3000]
        if self.name == "add_session":
            return self.sandbox.state.recording(self.target.room_id, NEW_SESSION) is not None
        return self.vendor["video_id"] != self.former and self.vendor["length"] == 3000

    def is_shown_by_the_mirror(self) -> bool:
        now = Recording.objects.get(pk=self.target.pk)
        if self.name == "add_version":
            return now.versions.filter(version__gt=0, length=3000).count() == 1 and now.main_version == 0
        if self.name == "add_session":
            return Recording.objects.filter(room=now.room_id, session_id=NEW_SESSION, length=3000).exists()
        return now.length == 3000 and now.video_id == self.vendor["video_id"] != self.former

    def ended(self, outcome: str, code: str = "") -> None:
        item = self.item
        assert (item.outcome, item.reason.get("code", "")) == (outcome, code)
        assert self.is_done_at_the_vendor() == (outcome == "done")
        assert Operation.objects.get(pk=self.operation.pk).state == Operation.State.DONE

    def sent(self) -> int:
        return len(self.sandbox.calls.of(self.call))


def lengthen(sandbox: Sandbox, recording: Recording, length: int = 3000) -> None:
    sandbox.state.update_version((row(sandbox, recording) or {})["video_id"], length=length)
    recording.versions.update(length=length)
    Recording.objects.filter(pk=recording.pk).update(length=length)


@pytest.fixture(params=KINDS)
def case(request: pytest.FixtureRequest, sandbox: Sandbox, chief: User) -> Case:
    return Case(sandbox, chief, request.param)


def test_it_works(case: Case) -> None:
    case.run()
    case.ended("done")
    assert case.is_shown_by_the_mirror()
    execute.run_item(case.item.pk)  # delivered twice
    assert case.sent() == 1


def test_the_vendor_refuses(case: Case) -> None:
    case.sandbox.faults.add(case.call, "refuse", code=1, message="今天不行")
    case.run()
    case.ended("refused", "refused")
    assert reasons.vendor_words(case.item.reason) == "1: 今天不行"


@pytest.mark.parametrize(("fault", "options"), LOST_AFTER, ids=[fault for fault, _ in LOST_AFTER])
def test_the_answer_is_lost_after_the_change(case: Case, fault: str, options: dict[str, Any]) -> None:
    case.sandbox.faults.add(case.call, fault, **options)
    assert (case.run().outcome, case.item.reason["code"]) == ("unknown", "answer_lost")
    case.sandbox.faults.clear()
    drive(case.operation)
    case.ended("done", "settled_done")
    assert case.is_shown_by_the_mirror()
    assert case.sent() == 1


@pytest.mark.parametrize(("fault", "options"), LOST_BEFORE, ids=[fault for fault, _ in LOST_BEFORE])
def test_the_answer_is_lost_before_the_change(case: Case, fault: str, options: dict[str, Any]) -> None:
    case.sandbox.faults.add(case.call, fault, **options)
    assert case.run().outcome == "unknown"
    case.sandbox.faults.clear()
    drive(case.operation)
    case.ended("refused", "no_change")
    assert case.sent() == 1


def test_looking_fails_and_nothing_is_sent(case: Case) -> None:
    look = "recording_info" if case.name == "add_session" else "list_versions"
    case.sandbox.faults.add(look, "broken_json", times=1)
    assert (case.run().outcome, case.item.reason["code"]) == ("planned", "waiting_unreachable")
    assert case.sent() == 0
    drive(case.operation)
    case.ended("done")


@pytest.mark.parametrize("how", ["strings", "nulls", "missing"])
def test_a_lost_answer_and_then_answers_that_cannot_be_read(case: Case, how: str) -> None:
    """Whatever the vendor's answers look like: nothing is sent twice, and nothing is said that is not so."""
    case.sandbox.faults.add(case.call, "drop", when="after")
    case.run()
    case.sandbox.faults.clear()
    look = "recording_info" if case.name == "add_session" else "list_versions"
    case.sandbox.faults.add(look, "wrong_types", how=how)
    drive(case.operation, rounds=3)
    assert case.item.outcome in {"unknown", "done"}
    case.sandbox.faults.clear()
    drive(case.operation)
    case.ended("done", "settled_done")
    assert case.sent() == 1


def test_the_vendor_is_not_there(case: Case, settings: LazySettings) -> None:
    settings.BAIJIAYUN_BASE_URL = f"http://127.0.0.1:{free_port()}"
    assert (case.run().outcome, case.item.reason["code"]) == ("planned", "waiting_unreachable")
    settings.BAIJIAYUN_BASE_URL = case.sandbox.base_url
    drive(case.operation)
    case.ended("done")


@pytest.mark.parametrize("kind", ["replace", "replace_by_video", "add_version"])
def test_it_needs_its_own_right(sandbox: Sandbox, kind: str) -> None:
    target = mirrored(sandbox)
    others = make_user("others", "choose_version", "crop_recording", "remove_recording", "render_recording")
    with pytest.raises(PermissionDenied):
        execute.plan(kind, others, Recording.objects.filter(pk=target.pk), {"source": "1", "video_id": 1})


def test_the_right_is_gone_when_it_runs(case: Case) -> None:
    case.user.is_superuser = False
    case.user.save()
    case.run()
    case.ended("refused", "not_permitted")
    assert case.sandbox.calls == []


class TestWhatIsOverwritten:
    def test_the_plan_names_it_and_the_report_keeps_it(self, sandbox: Sandbox, chief: User) -> None:
        case = Case(sandbox, chief, "replace")
        ((_label, was, becomes),) = registry.get("replace").changes(case.item.change)
        assert str(case.former) in was
        for part in (case.source.name, case.source.vendor_key, "00:50:00"):
            assert part in becomes
        assert [note["code"] for note in case.operation.notes] == ["replaced_for_ever"]
        case.run()
        assert case.item.change["video"][0]["video_id"] == case.former

    def test_it_asks_for_the_number(self, sandbox: Sandbox, chief: User) -> None:
        target, source = mirrored(sandbox), mirrored(sandbox)
        operation = execute.plan(
            "replace", chief, Recording.objects.filter(pk=target.pk), {"source": source.vendor_key}
        )
        with pytest.raises(OperationInvalid) as invalid:
            execute.confirm(operation, chief)
        assert "typed_count" in invalid.value.errors

    @pytest.mark.parametrize("name", ["replace", "replace_by_video"])
    def test_another_video_is_there_by_now(self, sandbox: Sandbox, chief: User, name: str) -> None:
        case = Case(sandbox, chief, name)
        film = sandbox.state.video(sandbox.state.add_video("别人换的", length=999))
        sandbox.state.replace_film(case.former, film)
        case.run()
        assert (case.item.outcome, case.item.reason["code"]) == ("refused", "replaced_meanwhile")
        assert case.sent() == 0
        assert Recording.objects.get(pk=case.target.pk).length == 999  # so that the next plan shows it

    @pytest.mark.parametrize("name", ["replace", "replace_by_video"])
    def test_a_hold_that_came_meanwhile(self, sandbox: Sandbox, chief: User, name: str) -> None:
        case = Case(sandbox, chief, name)
        Recording.objects.filter(pk=case.target.pk).update(held_at=timezone.now())
        case.run()
        case.ended("refused", "on_hold")
        assert case.sent() == 0

    def test_another_version_and_main(self, sandbox: Sandbox, chief: User) -> None:
        target, source = mirrored(sandbox), mirrored(sandbox, name="补录的课")
        sandbox.state.add_version(target.room_id, 0, name="剪辑", length=100)
        refresh_recording(vendor_client(Lane.PERSON), target)
        lengthen(sandbox, source)
        main = (row(sandbox, target) or {})["video_id"]
        operation = confirmed(
            "replace", chief, [target], {"source": source.vendor_key, "target_version": "1", "main": "true"}
        )
        assert operation.items.get().change["main"] == [0, 1]
        drive(operation)
        now = Recording.objects.get(pk=target.pk)
        assert (now.main_version, now.length) == (1, 3000)
        assert now.versions.get(version=0).video_id == main


def test_a_version_that_came_meanwhile(sandbox: Sandbox, chief: User) -> None:
    case = Case(sandbox, chief, "add_version")
    sandbox.state.add_version(case.target.room_id, SESSION, name="剪辑", length=77)
    case.run()
    assert (case.item.outcome, case.item.reason["code"]) == ("refused", "versions_meanwhile")
    assert case.sent() == 0


def test_a_session_that_came_meanwhile(sandbox: Sandbox, chief: User) -> None:
    case = Case(sandbox, chief, "add_session")
    sandbox.state.add_recording(case.target.room_id, NEW_SESSION, name="别人的", length=1)
    case.run()
    assert (case.item.outcome, case.item.reason["code"]) == ("refused", "session_there")
    assert case.sent() == 0


def test_somebody_elses_cut_is_not_taken_for_ours(sandbox: Sandbox, chief: User) -> None:
    case = Case(sandbox, chief, "add_version")
    sandbox.faults.add(case.call, "drop", when="before")
    case.run()
    sandbox.faults.clear()
    sandbox.state.add_version(case.target.room_id, SESSION, name="剪辑", length=77)
    drive(case.operation)
    assert (case.item.outcome, case.item.reason["code"]) == ("refused", "no_change")


def test_a_new_version_becomes_the_main_one(sandbox: Sandbox, chief: User) -> None:
    target, source = mirrored(sandbox), mirrored(sandbox, name="补录的课")
    lengthen(sandbox, source)
    operation = confirmed("add_version", chief, [target], {"source": source.vendor_key, "main": True})
    drive(operation)
    now = Recording.objects.get(pk=target.pk)
    assert (operation.items.get().outcome, now.main_version, now.length) == ("done", 1, 3000)


# ---------------------------------------------------------------- what cannot be planned


def _trash(recording: Recording, version: int = -1) -> None:
    now = timezone.now()
    TrashEntry.objects.create(recording=recording, version=version, put_at=now, due_at=now + timedelta(days=7))


def _gone(recording: Recording) -> None:
    Recording.objects.filter(pk=recording.pk).update(gone_at=timezone.now())


def _unready(recording: Recording) -> None:
    Recording.objects.filter(pk=recording.pk).update(status=20)
    recording.versions.update(status=20)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [(_trash, "source_in_trash"), (_gone, "source_gone"), (_unready, "source_not_ready")],
)
@pytest.mark.parametrize("kind", ["replace", "add_version"])
def test_a_source_that_cannot_be_taken(
    sandbox: Sandbox, chief: User, kind: str, spoil: Callable[[Recording], None], sentence: str
) -> None:
    target, source = mirrored(sandbox), mirrored(sandbox)
    chosen = Recording.objects.filter(pk=target.pk)
    operation = execute.plan(kind, chief, chosen, {"source": source.vendor_key})
    spoil(source)
    with pytest.raises(OperationInvalid) as invalid:
        execute.plan(kind, chief, chosen, {"source": source.vendor_key})
    assert invalid.value.errors["source"] == reasons.text({"code": sentence})
    with pytest.raises(PlanChanged):  # the plan that was made before does not run either
        execute.confirm(operation, chief, typed_count=1)
    assert operation.items.get().reason["code"] == sentence


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({}, "source"),
        ({"source": "数学"}, "source"),
        ({"source": "1-2-3"}, "source"),
        ({"source": "9" * 19}, "source"),
        ({"source": "12345"}, "source"),
        ({"source": "OK", "source_version": "7"}, "source"),
        ({"source": "OK", "source_version": "-1"}, "source_version"),
        ({"source": "OK", "target_version": "x"}, "target_version"),
    ],
)
def test_bad_parameters_of_replace(sandbox: Sandbox, chief: User, parameters: dict[str, Any], field: str) -> None:
    target, source = mirrored(sandbox), mirrored(sandbox)
    given = {name: source.vendor_key if value == "OK" else value for name, value in parameters.items()}
    with pytest.raises(OperationInvalid) as invalid:
        execute.plan("replace", chief, Recording.objects.filter(pk=target.pk), given)
    assert set(invalid.value.errors) == {field}


@pytest.mark.parametrize("video_id", ["", "0", "-5", "abc", "１２", str(2**63), True])
def test_bad_ids_of_a_video(sandbox: Sandbox, chief: User, video_id: Any) -> None:
    target = mirrored(sandbox)
    with pytest.raises(OperationInvalid) as invalid:
        execute.plan("replace_by_video", chief, Recording.objects.filter(pk=target.pk), {"video_id": video_id})
    assert set(invalid.value.errors) == {"video_id"}


@pytest.mark.parametrize(
    "session", ["2024030", "202403011x", "202413011", "202402301", "2024030111", "２０２４０３０１１"]
)
def test_bad_ids_of_a_session(sandbox: Sandbox, chief: User, session: str) -> None:
    target, source = mirrored(sandbox, session_id=SESSION), mirrored(sandbox)
    with pytest.raises(OperationInvalid) as invalid:
        execute.plan(
            "add_version",
            chief,
            Recording.objects.filter(pk=target.pk),
            {"source": source.vendor_key, "session_id": session},
        )
    assert set(invalid.value.errors) == {"session_id"}


def skipped(kind: str, chief: User, target: Recording, parameters: dict[str, Any]) -> str:
    item = execute.plan(kind, chief, Recording.objects.filter(pk=target.pk), parameters).items.get()
    assert item.outcome == "skipped"
    code: str = item.reason["code"]
    return code


def test_what_the_plan_skips(sandbox: Sandbox, chief: User) -> None:
    target, source = mirrored(sandbox, session_id=SESSION), mirrored(sandbox)
    from_source = {"source": source.vendor_key}
    main = {"source": target.vendor_key}
    assert skipped("replace", chief, target, main) == "source_is_target"
    assert skipped("replace", chief, target, {**main, "source_version": 0}) == "source_is_target"
    assert skipped("add_version", chief, target, main) == "source_is_target"
    assert skipped("replace_by_video", chief, target, {"video_id": target.video_id}) == "source_is_target"
    assert skipped("replace", chief, target, {**from_source, "target_version": 9}) == "no_version_to_replace"
    assert skipped("add_version", chief, source, {**main, "session_id": str(NEW_SESSION)}) == "not_long_term"
    Room.objects.filter(pk=target.room_id).update(is_long_term=True)
    assert skipped("add_version", chief, target, {**from_source, "session_id": str(SESSION)}) == "session_there"
    _trash(target, 0)
    assert skipped("replace", chief, target, from_source) == "target_version_in_trash"
    Recording.objects.filter(pk=target.pk).update(held_at=timezone.now())
    assert skipped("replace", chief, target, from_source) == "on_hold"
    assert skipped("replace_by_video", chief, target, {"video_id": 5}) == "on_hold"
    _trash(target)
    assert skipped("replace", chief, target, from_source) == "in_trash"
    assert skipped("add_version", chief, target, from_source) == "in_trash"
    Recording.objects.filter(pk=source.pk).update(status=20)
    source.versions.update(status=20)
    assert skipped("replace", chief, source, {"source": mirrored(sandbox).vendor_key}) == "transcoding"
