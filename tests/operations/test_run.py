"""Running an item: every kind against a vendor that works, refuses, loses answers, or is not there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.utils import timezone

from playback.demo.embedded import free_port
from playback.models import Operation, Recording
from playback.operations import execute, limits, reasons
from playback.sandbox.server import Sandbox
from playback.vendor.endpoints import ENDPOINTS

from .makers import make_user, picture
from .vendor import CALLS, LOST_AFTER, LOST_BEFORE, confirmed, drive, recorded, row

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]

KINDS = ["publish", "block", "rename", "cover", "delete", "refresh"]


class Case:
    """One kind on one recording: how it starts, and whether the vendor shows it done."""

    def __init__(self, sandbox: Sandbox, user: User, name: str) -> None:
        self.sandbox, self.name = sandbox, name
        self.kind = "rename" if name == "cover" else name
        self.call = CALLS[self.kind]
        self.recording = recorded(sandbox, publish_status=2 if name == "publish" else 1)
        parameters = {"name": "新名字"} if name == "rename" else {}
        if name == "refresh":
            sandbox.state.update_recording(self.recording.room_id, name="新名字")
        self.cover = (row(sandbox, self.recording) or {})["cover"]
        Recording.objects.filter(pk=self.recording.pk).update(cover_url=self.listed_cover())
        attachment = picture() if name == "cover" else None
        self.operation = confirmed(self.kind, user, [self.recording], parameters, attachment)

    def listed_cover(self) -> str:
        from playback.conf import vendor_client
        from playback.vendor.codes import Lane

        return vendor_client(Lane.PERSON).recording_info(self.recording.room_id).cover_url or ""

    def run(self) -> Any:
        execute.run_item(self.operation.items.get().pk)
        return self.operation.items.get()

    @property
    def item(self) -> Any:
        return self.operation.items.get()

    def is_done_at_the_vendor(self) -> bool:
        now = row(self.sandbox, self.recording)
        if self.name == "delete":
            return now is None
        assert now is not None
        return {
            "publish": now["publish_status"] == 1,
            "block": now["publish_status"] == 2,
            "rename": now["name"] == "新名字",
            "cover": now["cover"] != self.cover,
            "refresh": True,
        }[self.name]

    def is_shown_by_the_mirror(self) -> bool:
        mirror = Recording.objects.get(pk=self.recording.pk)
        return {
            "publish": mirror.publish_status == 1,
            "block": mirror.publish_status == 2,
            "rename": mirror.name == "新名字",
            "cover": bool(mirror.cover_url),
            "delete": mirror.gone_at is not None,
            "refresh": mirror.name == "新名字",
        }[self.name]


@pytest.fixture(params=KINDS)
def case(request: pytest.FixtureRequest, sandbox: Sandbox, chief: User) -> Case:
    made = Case(sandbox, chief, request.param)
    sandbox.calls.clear()
    return made


def ended(case: Case, outcome: str, code: str = "") -> None:
    """The item ended so, the vendor agrees, and the operation is over."""
    item = case.item
    assert (item.outcome, item.reason.get("code", "")) == (outcome, code)
    assert item.finished_at is not None
    if case.name != "refresh":
        assert case.is_done_at_the_vendor() == (outcome == "done")
    case.operation.refresh_from_db()
    assert (case.operation.state, case.operation.finished_at is None) == (Operation.State.DONE, False)


def test_it_works(case: Case) -> None:
    case.run()
    ended(case, "done")
    assert case.is_shown_by_the_mirror()
    assert len(case.sandbox.calls.of(case.call)) >= 1
    if case.name != "refresh":
        assert len(case.sandbox.calls.of(case.call)) == 1
    execute.run_item(case.item.pk)  # delivered twice: nothing more is done
    ended(case, "done")


def test_the_vendor_refuses(case: Case) -> None:
    case.sandbox.faults.add(case.call, "refuse", code=1, message="今天不行")
    case.run()
    ended(case, "refused", "refused")
    assert reasons.vendor_words(case.item.reason) == "1: 今天不行"


@pytest.mark.parametrize("code", [1002, 2001, 2002, 2003])
def test_the_account_is_not_accepted(case: Case, code: int) -> None:
    case.sandbox.faults.add(case.call, "refuse", code=code, message="账号")
    case.run()
    ended(case, "refused", "misconfigured")


def test_nothing_is_configured(case: Case, settings: LazySettings) -> None:
    settings.BAIJIAYUN_PARTNER_KEY = ""
    case.run()
    ended(case, "refused", "misconfigured")


@pytest.mark.parametrize(("fault", "options"), LOST_AFTER, ids=[fault for fault, _ in LOST_AFTER])
def test_the_answer_is_lost_after_the_change(case: Case, fault: str, options: dict[str, Any]) -> None:
    case.sandbox.faults.add(case.call, fault, **options)
    item = case.run()
    assert (item.outcome, item.reason["code"], item.finished_at) == ("unknown", "answer_lost", None)
    execute.settle_item(item.pk) if case.name == "refresh" else None  # the question is answered no better
    case.sandbox.faults.clear()
    drive(case.operation)
    ended(case, "done", {"delete": "settled_gone", "refresh": "settled_read"}.get(case.name, "settled_done"))
    assert case.is_shown_by_the_mirror()
    if case.name != "refresh":
        assert len(case.sandbox.calls.of(case.call)) == 1  # read, not repeated


@pytest.mark.parametrize(("fault", "options"), LOST_BEFORE, ids=[fault for fault, _ in LOST_BEFORE])
def test_the_answer_is_lost_and_nothing_was_done(case: Case, fault: str, options: dict[str, Any]) -> None:
    case.sandbox.faults.add(case.call, fault, **options)
    assert case.run().outcome == "unknown"
    case.sandbox.faults.clear()
    drive(case.operation)
    if case.name == "delete":  # never sent a second time
        ended(case, "refused", "no_change")
        assert len(case.sandbox.calls.of(case.call)) == 1
    elif case.name == "refresh":
        ended(case, "done", "settled_read")
    else:
        ended(case, "done")
        assert len(case.sandbox.calls.of(case.call)) == 2


@pytest.mark.parametrize("case", ["publish", "block", "rename", "cover"], indirect=True)  # what may be repeated
def test_what_is_lost_every_time_ends(case: Case) -> None:
    case.sandbox.faults.add(case.call, "drop", when="before")
    drive(case.operation, rounds=40)
    ended(case, "refused", "no_change_after_tries")
    assert len(case.sandbox.calls.of(case.call)) == limits.ATTEMPTS


def test_the_vendor_cannot_be_reached(case: Case, settings: LazySettings) -> None:
    settings.BAIJIAYUN_BASE_URL, there = f"http://127.0.0.1:{free_port()}", settings.BAIJIAYUN_BASE_URL
    item = case.run()
    assert (item.outcome, item.reason["code"], item.attempts) == ("planned", "waiting_unreachable", 1)
    assert item.due_at > timezone.now()
    settings.BAIJIAYUN_BASE_URL = there
    case.run()
    ended(case, "done")


@pytest.mark.parametrize("limited", [False, True])
def test_an_unreachable_vendor_ends_with_nothing_changed(case: Case, settings: LazySettings, limited: bool) -> None:
    if limited:
        case.sandbox.faults.add(case.call, "rate_limit")
    else:
        settings.BAIJIAYUN_BASE_URL = f"http://127.0.0.1:{free_port()}"
    for _ in range(limits.ATTEMPTS):
        assert case.item.finished_at is None
        case.run()
    ended(case, "refused", "rate_limited" if limited else "unreachable")


def test_it_is_gone_at_the_vendor(case: Case) -> None:
    case.sandbox.state.remove_recording(case.recording.room_id)
    case.run()
    item = case.item
    assert Recording.objects.get(pk=case.recording.pk).gone_at is not None
    if case.name == "refresh":
        assert (item.outcome, item.note) == ("done", {"code": "now_gone"})
    else:
        assert (item.outcome, item.reason["code"]) == ("refused", "gone")
        assert reasons.vendor_words(item.reason).startswith("3002")


@pytest.mark.parametrize("case", ["publish", "block", "rename", "cover", "delete"], indirect=True)
def test_a_failing_refresh_leaves_the_outcome(case: Case) -> None:
    case.sandbox.faults.add("recording_info", "refuse", code=7, message="读不了")
    case.run()
    ended(case, "done")
    assert case.item.note["code"] == "not_refreshed"
    assert reasons.vendor_words(case.item.note) == "7: 读不了"


def test_a_question_that_is_not_answered_is_put_again(case: Case) -> None:
    case.sandbox.faults.add(case.call, "drop", when="after")
    case.sandbox.faults.add("recording_info", "drop", when="before")
    case.run()
    execute.settle_item(case.item.pk)
    assert (case.item.outcome, case.item.finished_at, case.item.claim) == ("unknown", None, None)
    case.sandbox.faults.clear()
    execute.settle_item(case.item.pk)
    ended(case, "done", {"delete": "settled_gone", "refresh": "settled_read"}.get(case.name, "settled_done"))


def test_what_nobody_can_find_out_ends_as_unknown(case: Case) -> None:
    case.sandbox.faults.add("*", "drop", when="before")
    case.run()
    case.operation.items.update(claimed_at=timezone.now() - timedelta(seconds=limits.GIVE_UP + 1))
    execute.settle_item(case.item.pk)
    item = case.item
    assert (item.outcome, item.reason["code"], item.finished_at is None) == ("unknown", "never_settled", False)


def test_a_lost_delete_gets_time_to_take_effect(sandbox: Sandbox, chief: User, settings: LazySettings) -> None:
    settings.OPERATION_PATIENCE_SECONDS = 60.0
    case = Case(sandbox, chief, "delete")
    sandbox.faults.add("delete_recording", "drop", when="before")
    case.run()
    execute.settle_item(case.item.pk)
    assert (case.item.outcome, case.item.finished_at) == ("unknown", None)
    sandbox.state.remove_recording(case.recording.room_id)  # the vendor was slow
    execute.settle_item(case.item.pk)
    ended(case, "done", "settled_gone")


def test_a_deleted_session_that_the_vendor_only_refuses_to_tell(sandbox: Sandbox, chief: User) -> None:
    """Code 1 says nothing by itself: the room's list decides."""
    kept, doomed = (recorded(sandbox, session_id=day) for day in (202603021, 202603031))
    operation = confirmed("delete", chief, [kept, doomed])
    sandbox.faults.add("delete_recording", "drop", when="before", times=1)  # the first one's request is lost
    sandbox.faults.add("delete_recording", "drop", when="after")
    for item in operation.items.all():
        execute.run_item(item.pk)
    sandbox.faults.add("recording_info", "refuse", code=1, message="回放不存在")
    drive(operation)
    assert [item.outcome for item in operation.items.all()] == ["refused", "done"]
    assert (row(sandbox, kept) is None, row(sandbox, doomed) is None) == (False, True)


@pytest.mark.parametrize("how", ["deactivated", "withdrawn", "deleted"])
def test_the_person_may_no_longer_do_it(sandbox: Sandbox, how: str) -> None:
    user = make_user("staff", "block_recording")
    recording = recorded(sandbox)
    operation = confirmed("block", user, [recording])
    if how == "deactivated":
        User.objects.update(is_active=False)
    elif how == "withdrawn":
        user.user_permissions.clear()
    else:
        user.delete()
    drive(operation)
    assert [(item.outcome, item.reason["code"]) for item in operation.items.all()] == [("refused", "not_permitted")]
    assert sandbox.calls.of("set_publish_status") == []


def test_an_unconfirmed_plan_is_not_run(sandbox: Sandbox, chief: User) -> None:
    recorded(sandbox)
    operation = execute.plan("block", chief, Recording.objects.all(), {})
    execute.run_item(operation.items.get().pk)
    assert operation.items.get().outcome == "planned"
    assert sandbox.calls == []
    execute.run_item(0)  # and an item that is not there is nothing to run


def test_each_item_is_on_its_own(sandbox: Sandbox, chief: User) -> None:
    recordings = [recorded(sandbox) for _ in range(4)]
    operation = confirmed("block", chief, recordings)
    sandbox.state.remove_recording(recordings[1].room_id)
    sandbox.faults.add("set_publish_status", "refuse", times=1)
    drive(operation)
    assert [item.outcome for item in operation.items.all()] == ["refused", "refused", "done", "done"]
    assert execute.counts(operation)["done"] == 2


def test_every_kinds_call_is_a_row_of_the_table() -> None:
    assert {call for call in CALLS.values() if not ENDPOINTS[call].repeatable} == {"delete_recording"}


def test_a_cover_goes_to_the_vendor_as_it_came(sandbox: Sandbox, chief: User) -> None:
    case = Case(sandbox, chief, "cover")
    case.run()
    stored = row(sandbox, case.recording)
    assert stored is not None
    image = sandbox.state.image(stored["cover"].rsplit("/", 1)[-1])
    assert image is not None
    assert image["content"] == picture().content
    assert image["content_type"] == "image/png"


def test_secrets_stay_out_of_the_log(sandbox: Sandbox, chief: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "playback")
    case = Case(sandbox, chief, "block")
    case.run()
    line = next(record.getMessage() for record in caplog.records if record.name == "playback.operations")
    assert str(case.operation.uuid) in line
    assert f"item={case.item.pk}" in line
    assert "sign=" not in caplog.text
