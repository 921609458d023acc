"""Setting when recordings expire: for days, until a time, for ever; a batch a call, against a vendor on bad days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.utils import timezone

from playback.demo.embedded import free_port
from playback.models import Operation, OperationItem, Recording
from playback.operations import execute, reasons
from playback.sandbox.server import Sandbox

from .makers import make_user
from .vendor import LOST_AFTER, LOST_BEFORE, confirmed, drive, mirrored, row

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]

MODES = ["days", "date", "forever"]
CALLS = {"days": "set_valid_days", "forever": "set_valid_days", "date": "set_expire_times"}


def parameters(mode: str) -> dict[str, Any]:
    day = timezone.localtime() + timedelta(days=90)
    return {"days": {"mode": "days", "days": 60}, "forever": {"mode": "forever"}}.get(
        mode, {"mode": "date", "date": day.strftime("%Y-%m-%d 18:00")}
    )


def kept(sandbox: Sandbox, recording: Recording) -> tuple[int | None, int | None]:
    """Days and fixed time as the vendor has them."""
    found = row(sandbox, recording)
    assert found is not None
    return found["valid_day"], found["expires_at"]


def made(sandbox: Sandbox, days: int | None = 30, **facts: Any) -> Recording:
    """A recording that the vendor keeps for so many days."""
    recording = mirrored(sandbox, **facts)
    sandbox.state.update_recording(recording.room_id, recording.session_id, valid_day=days)
    return Recording.objects.get(pk=recording.pk)


def mirror_of(recording: Recording) -> tuple[int | None, datetime | None]:
    found = Recording.objects.get(pk=recording.pk)
    return found.valid_days, found.expires_at


def is_done(sandbox: Sandbox, recording: Recording, mode: str) -> bool:
    days, at = kept(sandbox, recording)
    return {"days": (days, at) == (60, None), "forever": (days, at) == (0, None)}.get(mode, bool(at))


def run_all(operation: Operation) -> list[OperationItem]:
    """The batch in one task, as the worker gets it."""
    execute.run_batch(list(operation.items.filter(outcome="planned").order_by("position").values_list("pk", flat=True)))
    return list(operation.items.order_by("position"))


@pytest.mark.parametrize("mode", MODES)
def test_a_batch_is_one_call_and_the_mirror_shows_it(sandbox: Sandbox, chief: User, mode: str) -> None:
    recordings = [made(sandbox, 30) for _ in range(3)]
    operation = confirmed("set_expiry", chief, recordings, parameters(mode))
    sandbox.calls.clear()
    items = run_all(operation)
    assert [(item.outcome, item.note) for item in items] == [("done", {})] * 3
    assert len(sandbox.calls.of(CALLS[mode])) == 1
    assert len(sandbox.calls.of("expiry")) == 1
    assert len(sandbox.calls) == 2
    for recording in recordings:
        assert is_done(sandbox, recording, mode)
        days, at = mirror_of(recording)
        assert days == {"days": 60, "forever": 0, "date": None}[mode]
        if mode == "days":
            assert at == Recording.objects.get(pk=recording.pk).created_at + timedelta(days=60)  # type: ignore[operator]
        elif mode == "forever":
            assert at is None
        else:
            assert at is not None
            assert timezone.localtime(at).strftime("%H:%M") == "18:00"


def test_the_plan_shows_from_what_to_what_as_the_vendor_says_it(sandbox: Sandbox, chief: User) -> None:
    first, second, third = made(sandbox, 30), made(sandbox, 60), made(sandbox, 0)
    operation = execute.plan("set_expiry", chief, Recording.objects.order_by("pk"), parameters("days"))
    planned, skipped, last = operation.items.order_by("position")
    assert planned.recording == first
    assert [side["days"] for side in planned.change["expiry"]] == [30, 60]
    assert (skipped.outcome, skipped.reason["code"]) == ("skipped", "kept_so_already")
    assert [side["days"] for side in last.change["expiry"]] == [0, 60]
    assert mirror_of(second)[0] == 60  # what was read for the plan stands in the mirror
    assert mirror_of(third) == (0, None)


def test_what_cannot_be_kept_otherwise_is_skipped(sandbox: Sandbox, chief: User) -> None:
    held, old, empty, well = (made(sandbox) for _ in range(4))
    Recording.objects.filter(pk=held.pk).update(held_at=timezone.now())
    Recording.objects.filter(pk=old.pk).update(created_at=datetime.fromisoformat("2022-11-22T23:59:59+08:00"))
    Recording.objects.filter(pk=empty.pk).update(video_id=None)
    codes = {
        item.recording_id: item.reason.get("code")
        for item in execute.plan("set_expiry", chief, Recording.objects.all(), parameters("days")).items.all()
    }
    assert codes == {held.pk: "on_hold", old.pk: "never_expires", empty.pk: "no_video", well.pk: None}
    plan = execute.plan("set_expiry", chief, Recording.objects.filter(pk=held.pk), parameters("forever"))
    assert plan.items.get().outcome == "planned"  # for ever is what a hold wants


def test_a_hold_put_on_since_is_met_before_the_call(sandbox: Sandbox, chief: User) -> None:
    held, other = made(sandbox), made(sandbox)
    operation = confirmed("set_expiry", chief, [held, other], parameters("days"))
    Recording.objects.filter(pk=held.pk).update(held_at=timezone.now())
    refused, done = run_all(operation)
    assert (refused.outcome, refused.reason["code"]) == ("refused", "on_hold")
    assert kept(sandbox, held)[0] == 30
    assert done.outcome == "done"


def test_another_main_version_since_is_met_before_the_call(sandbox: Sandbox, chief: User) -> None:
    recording = made(sandbox)
    operation = confirmed("set_expiry", chief, [recording], parameters("days"))
    Recording.objects.filter(pk=recording.pk).update(video_id=1)
    (item,) = run_all(operation)
    assert (item.outcome, item.reason["code"]) == ("refused", "main_video_changed")
    assert kept(sandbox, recording)[0] == 30


def test_what_vanishes_soon_is_pointed_out(sandbox: Sandbox, chief: User) -> None:
    recordings = [made(sandbox, 0, publish_status=status) for status in (1, 2, 1)]
    ages = (10, 10, 57)
    for recording, age in zip(recordings, ages, strict=True):
        Recording.objects.filter(pk=recording.pk).update(created_at=timezone.now() - timedelta(days=age))
    soon = execute.plan("set_expiry", chief, Recording.objects.order_by("pk"), {"mode": "days", "days": 12})
    assert [item.note.get("code") for item in soon.items.order_by("position")] == [
        "expires_soon_published",
        "expires_soon",
        "expires_at_once_published",
    ]
    assert {note["code"]: note["args"]["count"] for note in soon.notes} == {
        "some_expire_at_once": 1,
        "some_expire_soon": 2,
        "some_published_expire": 2,
    }
    later = execute.plan("set_expiry", chief, Recording.objects.order_by("pk"), {"mode": "days", "days": 600})
    assert later.notes == []


@pytest.mark.parametrize("mode", MODES)
def test_the_vendor_refuses(sandbox: Sandbox, chief: User, mode: str) -> None:
    recordings = [made(sandbox), made(sandbox)]
    operation = confirmed("set_expiry", chief, recordings, parameters(mode))
    sandbox.faults.add(CALLS[mode], "refuse", code=1, message="今天不行")
    items = run_all(operation)
    assert [(item.outcome, item.reason["code"]) for item in items] == [("refused", "refused")] * 2
    assert reasons.vendor_words(items[0].reason) == "1: 今天不行"
    assert not is_done(sandbox, recordings[0], mode)


def test_an_id_missing_from_the_success_list_is_refused_alone(sandbox: Sandbox, chief: User) -> None:
    missing, taken = made(sandbox), made(sandbox)
    operation = confirmed("set_expiry", chief, [missing, taken], parameters("date"))
    sandbox.state.remove_recording(missing.room_id)
    refused, done = run_all(operation)
    assert (refused.outcome, refused.reason["code"]) == ("refused", "not_in_success_list")
    assert (done.outcome, done.reason) == ("done", {})
    assert kept(sandbox, taken)[1] is not None


def test_a_video_that_call_30_passed_over_is_refused_alone(sandbox: Sandbox, chief: User) -> None:
    passed, taken = made(sandbox), made(sandbox)
    operation = confirmed("set_expiry", chief, [passed, taken], parameters("days"))
    sandbox.state.remove_recording(passed.room_id)
    refused, done = run_all(operation)
    assert (refused.outcome, refused.reason["code"]) == ("refused", "expiry_not_taken")
    assert done.outcome == "done"


@pytest.mark.parametrize("mode", ["days", "date"])
@pytest.mark.parametrize(("fault", "options"), LOST_AFTER, ids=[fault for fault, _ in LOST_AFTER])
def test_the_answer_is_lost_after_the_change(
    sandbox: Sandbox, chief: User, mode: str, fault: str, options: dict[str, Any]
) -> None:
    recordings = [made(sandbox), made(sandbox)]
    operation = confirmed("set_expiry", chief, recordings, parameters(mode))
    sandbox.calls.clear()
    sandbox.faults.add(CALLS[mode], fault, **options)
    items = run_all(operation)
    assert [(item.outcome, item.reason["code"]) for item in items] == [("unknown", "answer_lost")] * 2
    sandbox.faults.clear()
    drive(operation)
    assert [(item.outcome, item.reason["code"]) for item in operation.items.all()] == [("done", "settled_done")] * 2
    assert len(sandbox.calls.of(CALLS[mode])) == 1
    for recording in recordings:
        assert is_done(sandbox, recording, mode)
        assert mirror_of(recording) != (30, None)


@pytest.mark.parametrize("mode", ["days", "date"])
@pytest.mark.parametrize(("fault", "options"), LOST_BEFORE, ids=[fault for fault, _ in LOST_BEFORE])
def test_the_call_is_lost_before_the_change_and_sent_again(
    sandbox: Sandbox, chief: User, mode: str, fault: str, options: dict[str, Any]
) -> None:
    recordings = [made(sandbox), made(sandbox)]
    operation = confirmed("set_expiry", chief, recordings, parameters(mode))
    sandbox.faults.add(CALLS[mode], fault, times=1, **options)
    run_all(operation)
    drive(operation)
    assert [item.outcome for item in operation.items.all()] == ["done", "done"]
    assert all(is_done(sandbox, recording, mode) for recording in recordings)


@pytest.mark.parametrize("how", ["strings", "nulls", "missing", "empty_lists"])
@pytest.mark.parametrize("mode", ["days", "date"])
def test_an_answer_of_wrong_types_never_ends_as_what_it_is_not(
    sandbox: Sandbox, chief: User, mode: str, how: str
) -> None:
    recordings = [made(sandbox), made(sandbox)]
    operation = confirmed("set_expiry", chief, recordings, parameters(mode))
    sandbox.faults.add(CALLS[mode], "wrong_types", how=how)
    run_all(operation)
    sandbox.faults.clear()
    drive(operation)
    for item in operation.items.all():
        assert item.outcome == "done" or (item.outcome, item.reason["code"]) == ("refused", "not_in_success_list")
        assert is_done(sandbox, item.recording, mode)  # type: ignore[arg-type]


def test_a_reading_that_fails_afterwards_leaves_the_outcome(sandbox: Sandbox, chief: User) -> None:
    recording = made(sandbox)
    operation = confirmed("set_expiry", chief, [recording], parameters("days"))
    sandbox.faults.add("expiry", "status", status=503)
    (item,) = run_all(operation)
    assert (item.outcome, item.note["code"]) == ("done", "not_refreshed")
    assert kept(sandbox, recording)[0] == 60


def test_the_vendor_cannot_be_reached(sandbox: Sandbox, chief: User, settings: LazySettings) -> None:
    operation = confirmed("set_expiry", chief, [made(sandbox)], parameters("days"))
    settings.BAIJIAYUN_BASE_URL = f"http://127.0.0.1:{free_port()}"
    (item,) = run_all(operation)
    assert (item.outcome, item.reason["code"], item.finished_at) == ("planned", "waiting_unreachable", None)
    settings.BAIJIAYUN_BASE_URL = sandbox.base_url
    drive(operation)
    assert operation.items.get().outcome == "done"


def test_a_vendor_who_cannot_be_asked_gives_a_plan_that_says_so(sandbox: Sandbox, chief: User) -> None:
    made(sandbox)
    sandbox.faults.add("expiry", "refuse", code=1, message="今天不行")
    item = execute.plan("set_expiry", chief, Recording.objects.all(), parameters("days")).items.get()
    assert (item.outcome, item.reason["code"]) == ("skipped", "could_not_read")
    assert reasons.vendor_words(item.reason) == "1: 今天不行"


def test_what_the_vendor_does_not_tell_can_be_set_but_not_put_back(sandbox: Sandbox, chief: User) -> None:
    recording = made(sandbox)
    sandbox.state.remove_recording(recording.room_id)
    item = execute.plan("set_expiry", chief, Recording.objects.all(), parameters("date")).items.get()
    assert item.change["expiry"][0] is None
    assert item.note["code"] == "expiry_untold"


def test_who_lost_the_right_meanwhile(sandbox: Sandbox) -> None:
    clerk = make_user("clerk", "set_expiry")
    recording = made(sandbox)
    operation = confirmed("set_expiry", clerk, [recording], parameters("days"))
    clerk.user_permissions.clear()
    (item,) = run_all(operation)
    assert (item.outcome, item.reason["code"]) == ("refused", "not_permitted")
    assert kept(sandbox, recording)[0] == 30


# ---------------------------------------------------------------- undo


def test_undo_gives_each_what_it_had(sandbox: Sandbox, chief: User) -> None:
    """Days, a fixed time and for ever, in one operation: two numbers of days and one time are three calls."""
    days, dated, for_ever = made(sandbox, 30), made(sandbox, None), made(sandbox, 0)
    until = int((timezone.now() + timedelta(days=20)).timestamp())
    sandbox.state.update_recording(dated.room_id, expires_at=until)
    operation = confirmed("set_expiry", chief, [days, dated, for_ever], parameters("days"))
    run_all(operation)
    assert [kept(sandbox, one) for one in (days, dated, for_ever)] == [(60, None)] * 3
    undo = execute.plan_undo(Operation.objects.get(pk=operation.pk), chief)
    undo = execute.confirm(undo, chief)
    sandbox.calls.clear()
    assert [item.outcome for item in run_all(undo)] == ["done"] * 3
    assert kept(sandbox, days) == (30, None)
    assert kept(sandbox, dated) == (None, until)
    assert kept(sandbox, for_ever) == (0, None)
    assert (len(sandbox.calls.of("set_valid_days")), len(sandbox.calls.of("set_expire_times"))) == (2, 1)
    assert mirror_of(for_ever) == (0, None)


@pytest.mark.parametrize(
    ("fault", "options", "outcome"),
    [("refuse", {}, "refused"), ("drop", {"when": "after"}, "unknown")],
    ids=["refused", "lost"],
)
def test_one_call_of_a_mixed_batch_fails_for_its_own_items_alone(
    sandbox: Sandbox, chief: User, fault: str, options: dict[str, Any], outcome: str
) -> None:
    days, dated = made(sandbox, 30), made(sandbox, None)
    sandbox.state.update_recording(dated.room_id, expires_at=int((timezone.now() + timedelta(days=20)).timestamp()))
    operation = confirmed("set_expiry", chief, [days, dated], parameters("forever"))
    run_all(operation)
    undo = execute.confirm(execute.plan_undo(Operation.objects.get(pk=operation.pk), chief), chief)
    sandbox.faults.add("set_expire_times", fault, times=1, **options)
    well, badly = run_all(undo)
    assert (well.outcome, badly.outcome) == ("done", outcome)
    assert kept(sandbox, days) == (30, None)


def test_undo_leaves_alone_what_was_changed_since_and_what_is_over(sandbox: Sandbox, chief: User) -> None:
    changed, over, held = made(sandbox, 30), made(sandbox, None), made(sandbox, 30)
    passed = int((timezone.now() - timedelta(days=1)).timestamp())
    sandbox.state.update_recording(over.room_id, expires_at=passed)
    operation = confirmed("set_expiry", chief, [changed, over, held], parameters("forever"))
    run_all(operation)
    sandbox.state.update_recording(changed.room_id, valid_day=90)
    Recording.objects.filter(pk=held.pk).update(held_at=timezone.now())
    undo = execute.plan_undo(Operation.objects.get(pk=operation.pk), chief)
    assert [item.reason["code"] for item in undo.items.order_by("position")] == [
        "changed_since",
        "time_is_over",
        "on_hold",
    ]
