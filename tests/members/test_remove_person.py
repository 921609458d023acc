"""Removing a person from everything: every list, settled by reading, honest about what the vendor said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from members.lists import list_of
from members.models import RecordingMembership, RoomMembership
from members.sync.reading import read_list
from playback.conf import vendor_client
from playback.models import Operation, Recording, Room
from playback.operations import execute
from playback.operations.base import OperationInvalid
from playback.operations.reasons import text
from playback.sandbox.server import Sandbox
from playback.vendor.codes import Lane
from tests.factories import person
from tests.members.conftest import new_recording, new_room
from tests.operations.vendor import LOST_AFTER, LOST_BEFORE, drive

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]
CALLS = {"room": "remove_room_members", "recording": "remove_recording_members"}


@pytest.fixture
def who(vendor: Sandbox, room: Room, recording: Recording, people: Callable[..., list[int]]) -> int:
    """On the list of the room and of its recording, with two others."""
    ids = people(3)
    playback = vendor.state.recording(recording.room_id, 0)
    vendor.state.add_room_members(room.room_id, ids)
    vendor.state.add_recording_members(playback["playback_id"], ids)
    for owner in (room, recording):
        assert read_list(vendor_client(Lane.SYNC), list_of(owner)).complete
    return ids[0]


def planned(user: User, user_id: Any) -> Operation:
    return execute.plan("remove_person", user, Recording.objects.none(), {"user_id": user_id})


def run(user: User, user_id: int) -> Operation:
    operation = planned(user, user_id)
    execute.confirm(operation, user, typed_count=execute.counts(operation)["planned"])
    drive(operation)
    return operation


def outcomes(operation: Operation) -> list[str]:
    return list(operation.items.order_by("position").values_list("outcome", flat=True))


def lists_at_the_vendor(vendor: Sandbox, recording: Recording, user_id: int) -> list[str]:
    playback = vendor.state.recording(recording.room_id, 0)
    found = {
        "room": vendor.state.list_room_members(recording.room_id)[1],
        "recording": vendor.state.list_recording_members(playback["playback_id"])[1],
    }
    return [name for name, rows in found.items() if user_id in [row["user_id"] for row in rows]]


def lists_here(user_id: int) -> int:
    return sum(
        model.objects.filter(member=user_id, gone_at=None).count() for model in (RoomMembership, RecordingMembership)
    )


def sent(vendor: Sandbox, call: str) -> int:
    return sum(made.name == call for made in vendor.calls)


def test_every_list_is_an_item_and_others_stay(vendor: Sandbox, recording: Recording, chief: User, who: int) -> None:
    operation = planned(chief, who)
    labels = list(operation.items.order_by("position").values_list("label", flat=True))
    assert labels == [f"高一3班 ({recording.room_id})", f"第1课 ({recording.room_id}-0)"]
    with pytest.raises(OperationInvalid):
        execute.confirm(operation, chief, typed_count=1)  # destructive: the number of lists is typed
    execute.confirm(operation, chief, typed_count=2)
    drive(operation)
    assert outcomes(operation) == ["done", "done"]
    assert lists_at_the_vendor(vendor, recording, who) == []
    assert lists_at_the_vendor(vendor, recording, who + 1) == ["room", "recording"]
    assert (lists_here(who), lists_here(who + 1)) == (0, 2)


def test_it_can_be_put_back(vendor: Sandbox, recording: Recording, chief: User, who: int) -> None:
    undo = execute.plan_undo(run(chief, who), chief)
    execute.confirm(undo, chief, typed_count=2)
    drive(undo)
    assert outcomes(undo) == ["done", "done"]
    assert lists_at_the_vendor(vendor, recording, who) == ["room", "recording"]
    assert lists_here(who) == 2


@pytest.mark.parametrize("of", CALLS)
@pytest.mark.parametrize(("fault", "options"), LOST_AFTER)
def test_an_answer_lost_after_the_change_is_settled_by_reading(
    vendor: Sandbox, recording: Recording, chief: User, who: int, of: str, fault: str, options: dict[str, Any]
) -> None:
    vendor.faults.add(CALLS[of], fault, times=1, **options)
    operation = run(chief, who)
    assert outcomes(operation) == ["done", "done"]
    assert lists_at_the_vendor(vendor, recording, who) == []
    assert lists_here(who) == 0
    assert sent(vendor, CALLS[of]) == 1


@pytest.mark.parametrize(("fault", "options"), LOST_BEFORE)
def test_an_answer_lost_before_the_change_is_not_sent_twice(
    vendor: Sandbox, recording: Recording, chief: User, who: int, fault: str, options: dict[str, Any]
) -> None:
    vendor.faults.add(CALLS["room"], fault, times=1, **options)
    operation = run(chief, who)
    assert outcomes(operation) == ["refused", "done"]
    assert operation.items.get(position=0).reason["code"] == "no_change"
    assert lists_at_the_vendor(vendor, recording, who) == ["room"]
    assert lists_here(who) == 1
    assert sent(vendor, CALLS["room"]) == 1


def test_who_was_not_there_any_more_is_removed_here_too(
    vendor: Sandbox, room: Room, recording: Recording, chief: User, who: int
) -> None:
    vendor.state.remove_room_members(room.room_id, [who])
    operation = run(chief, who)
    assert outcomes(operation) == ["done", "done"]
    assert text(operation.items.get(position=0).note)
    assert lists_here(who) == 0


def test_a_refusal_leaves_that_list_as_it_is(vendor: Sandbox, recording: Recording, chief: User, who: int) -> None:
    vendor.faults.add(CALLS["recording"], "refuse", code=1001, message="参数错误")
    operation = run(chief, who)
    assert outcomes(operation) == ["done", "refused"]
    assert lists_at_the_vendor(vendor, recording, who) == ["recording"]
    assert lists_here(who) == 1


def test_the_vendor_is_away(
    vendor: Sandbox, recording: Recording, chief: User, who: int, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = planned(chief, who)
    execute.confirm(operation, chief, typed_count=2)
    settings.BAIJIAYUN_BASE_URL = "http://127.0.0.1:1"
    drive(operation)
    assert set(outcomes(operation)) <= {"refused", "planned"}
    assert lists_at_the_vendor(vendor, recording, who) == ["room", "recording"]


def test_lists_that_were_never_read_are_named_in_the_plan(vendor: Sandbox, chief: User, who: int) -> None:
    assert planned(chief, who).notes == []
    new_recording(vendor, new_room(vendor, "另一间"))
    (note,) = planned(chief, who).notes
    assert (note["code"], note["args"]["count"]) == ("lists_unread", 2)


@pytest.mark.parametrize("user_id", [None, "", "甲", -1, 0, 999_999, "1" * 30])
def test_bad_parameters(chief: User, who: int, user_id: Any) -> None:
    with pytest.raises(OperationInvalid) as raised:
        planned(chief, user_id)
    assert list(raised.value.errors) == ["user_id"]


@pytest.mark.parametrize(
    ("group", "may"), [("administrator", True), ("course staff", False), ("teacher", False), ("", False)]
)
def test_only_administrators_may(who: int, group: str, may: bool) -> None:
    user = person(group)
    if may:
        assert planned(user, who).items.count() == 2
    else:
        with pytest.raises(PermissionDenied):
            planned(user, who)
