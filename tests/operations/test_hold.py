"""Legal hold: placed with a reason, and no expiry passes it; released without one coming back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.utils import timezone, translation

from playback.demo.embedded import free_port
from playback.models import OperationItem, Recording
from playback.operations import execute, registry, tend, transitions
from playback.operations.base import OperationInvalid
from playback.sandbox.server import Sandbox

from .makers import make_user
from .vendor import LOST_AFTER, LOST_BEFORE, confirmed, drive, mirrored, recorded

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]

WHY = {"reason": "诉讼保全"}


@pytest.fixture
def expiring(sandbox: Sandbox, chief: User) -> Recording:
    """The vendor keeps its original for 15 days, its cut until a fixed time."""
    made = mirrored(sandbox)
    cut = sandbox.state.add_version(made.room_id)
    drive(confirmed("refresh", chief, [made]))
    sandbox.state.update_version(made.video_id, valid_day=15, expires_at=None)
    later = int((timezone.now() + timedelta(days=9)).timestamp())
    sandbox.state.update_version(cut["video_id"], valid_day=None, expires_at=later)
    sandbox.calls.clear()
    return Recording.objects.get(pk=made.pk)


def kept(sandbox: Sandbox, recording: Recording) -> list[tuple[Any, Any]]:
    return [(row["valid_day"], row["expires_at"]) for row in sandbox.state.versions(recording.room_id)]


FOR_EVER = [(0, None), (0, None)]


def test_a_hold_is_placed_with_its_reason(sandbox: Sandbox, chief: User) -> None:
    recording = recorded(sandbox)  # nothing known of its videos: nothing to lift
    operation = confirmed("hold", chief, [recording], {"reason": "  诉讼\n保全 "})
    drive(operation)
    recording.refresh_from_db()
    assert (recording.hold_reason, recording.held_by, recording.held_at is None) == ("诉讼 保全", chief, False)
    assert sandbox.calls == []
    again = execute.plan("hold", chief, Recording.objects.all(), WHY)
    assert again.items.get().reason["code"] == "already_on_hold"


def test_an_expiry_is_lifted_of_every_version_and_told(sandbox: Sandbox, chief: User, expiring: Recording) -> None:
    Recording.objects.update(valid_days=15, expires_at=timezone.now() + timedelta(days=15))
    operation = confirmed("hold", chief, [expiring], WHY)
    item = operation.items.get()
    assert (item.change["expiry"], item.before) == ([{"days": 15}, {"days": 0}], {"expiry": {"days": 15}})
    drive(operation)
    assert kept(sandbox, expiring) == FOR_EVER
    item = operation.items.get()
    assert (item.outcome, item.note["code"]) == ("done", "expiry_lifted")
    assert f"{expiring.video_id} (15 d)" in item.note["args"]["was"]
    expiring.refresh_from_db()
    assert (expiring.valid_days, expiring.expires_at, expiring.expiry_read_at is None) == (0, None, False)


def test_what_is_kept_for_ever_is_not_set_again(sandbox: Sandbox, chief: User) -> None:
    operation = confirmed("hold", chief, [mirrored(sandbox)], WHY)
    drive(operation)
    assert (len(sandbox.calls.of("expiry")), sandbox.calls.of("set_valid_days")) == (1, [])
    assert operation.items.get().note == {}


@pytest.mark.parametrize("call", ["expiry", "set_valid_days"])
@pytest.mark.parametrize("code", [1, 2002])
def test_a_vendor_who_refuses_does_not_stop_a_hold(
    sandbox: Sandbox, chief: User, expiring: Recording, call: str, code: int
) -> None:
    sandbox.faults.add(call, "refuse", code=code, message="没有权限")
    operation = confirmed("hold", chief, [expiring], WHY)
    drive(operation)
    item = operation.items.get()
    assert (item.outcome, item.note["code"], item.note["vendor"]["message"]) == ("done", "expiry_stays", "没有权限")
    assert Recording.objects.get().held_at is not None


def test_an_expiry_that_stays_is_said(sandbox: Sandbox, chief: User, expiring: Recording) -> None:
    operation = confirmed("hold", chief, [expiring], WHY)
    real = sandbox.state.update_version
    sandbox.state.update_version = lambda video_id, **columns: None  # type: ignore[method-assign]
    try:
        drive(operation)
    finally:
        sandbox.state.update_version = real  # type: ignore[method-assign]
    assert operation.items.get().note["code"] == "expiry_stays"
    assert Recording.objects.get().held_at is not None


@pytest.mark.parametrize(("fault", "options"), LOST_AFTER, ids=[fault for fault, _ in LOST_AFTER])
def test_the_answer_is_lost_after_the_change(
    sandbox: Sandbox, chief: User, expiring: Recording, fault: str, options: dict[str, Any]
) -> None:
    operation = confirmed("hold", chief, [expiring], WHY)
    sandbox.faults.add("set_valid_days", fault, **options)
    execute.run_item(operation.items.get().pk)
    assert operation.items.get().outcome == "unknown"
    sandbox.faults.clear()
    drive(operation)
    assert operation.items.get().outcome == "done"
    assert (kept(sandbox, expiring), len(sandbox.calls.of("set_valid_days"))) == (FOR_EVER, 1)
    assert Recording.objects.get().held_at is not None


@pytest.mark.parametrize(("fault", "options"), LOST_BEFORE, ids=[fault for fault, _ in LOST_BEFORE])
@pytest.mark.parametrize("call", ["expiry", "set_valid_days"])
def test_the_answer_is_lost_and_nothing_was_done(
    sandbox: Sandbox, chief: User, expiring: Recording, call: str, fault: str, options: dict[str, Any]
) -> None:
    operation = confirmed("hold", chief, [expiring], WHY)
    sandbox.faults.add(call, fault, **options)
    execute.run_item(operation.items.get().pk)
    assert operation.items.get().outcome == "unknown"
    sandbox.faults.clear()
    drive(operation)
    assert operation.items.get().outcome == "done"
    assert kept(sandbox, expiring) == FOR_EVER
    assert Recording.objects.get().held_at is not None


def test_a_killed_worker(sandbox: Sandbox, chief: User, expiring: Recording) -> None:
    operation = confirmed("hold", chief, [expiring], WHY)
    assert transitions.begin(operation.items.get().pk) is not None
    OperationItem.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    tend.tend()
    sandbox.faults.add("expiry", "refuse", code=2002, message="没有权限", times=1)  # settling learns nothing
    drive(operation)
    assert operation.items.get().outcome == "done"
    assert kept(sandbox, expiring) == FOR_EVER


def test_an_unreadable_expiry_counts_as_one(sandbox: Sandbox, chief: User, expiring: Recording) -> None:
    sandbox.faults.add("expiry", "wrong_types", how="nulls", times=1)
    operation = confirmed("hold", chief, [expiring], WHY)
    drive(operation)
    assert kept(sandbox, expiring) == FOR_EVER
    assert str(expiring.video_id) in operation.items.get().note["args"]["was"]


def test_an_unreachable_vendor_leaves_nothing_half_done(
    sandbox: Sandbox, chief: User, expiring: Recording, settings: LazySettings
) -> None:
    settings.BAIJIAYUN_BASE_URL = f"http://127.0.0.1:{free_port()}"
    operation = confirmed("hold", chief, [expiring], WHY)
    drive(operation)
    assert (operation.items.get().outcome, operation.items.get().reason["code"]) == ("refused", "unreachable")
    assert Recording.objects.get().held_at is None


@pytest.mark.parametrize("reason", [None, "", "  ", "ab", " a b\x00 "[:3], "字" * 501])
def test_a_reason_is_required(sandbox: Sandbox, chief: User, reason: Any) -> None:
    recorded(sandbox)
    with pytest.raises(OperationInvalid) as wrong:
        execute.plan("hold", chief, Recording.objects.all(), {"reason": reason})
    assert wrong.value.errors.keys() == {"reason"}


def test_releasing(sandbox: Sandbox, chief: User, expiring: Recording) -> None:
    drive(confirmed("hold", chief, [expiring], WHY))
    sandbox.calls.clear()
    operation = confirmed("release_hold", chief, [expiring])
    assert [note["code"] for note in operation.notes] == ["expiry_not_set_again"]
    drive(operation)
    expiring.refresh_from_db()
    assert (expiring.held_at, expiring.held_by, expiring.hold_reason) == (None, None, None)
    assert (sandbox.calls, kept(sandbox, expiring)) == ([], FOR_EVER)
    again = execute.plan("release_hold", chief, Recording.objects.all(), {})
    assert again.items.get().reason["code"] == "not_on_hold"


@pytest.mark.parametrize("kind", ["hold", "release_hold"])
def test_permissions(sandbox: Sandbox, kind: str) -> None:
    recorded(sandbox)
    with pytest.raises(PermissionDenied):
        execute.plan(kind, make_user("other", "remove_recording", "trash_recording"), Recording.objects.all(), WHY)
    execute.plan(kind, make_user("right", "hold_recording"), Recording.objects.all(), WHY)


def test_how_an_expiry_is_told() -> None:
    kind = registry.get("hold")
    with translation.override("en"):
        told = [kind.show("expiry", value) for value in ({"days": 1}, {"days": 15}, {"days": 0}, None)]
        until = kind.show("expiry", {"until": "2026-05-01T00:00:00+00:00"})
    assert told == ["1 day", "15 days", "for ever", "–"]
    assert until == "2026-05-01 08:00"
