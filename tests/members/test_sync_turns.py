"""Which lists are read, in which order, for how long; and what the command and the schedule say of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from members.lists import RecordingList, RoomList
from members.models import Member, MemberList
from members.sync import passes, store
from members.sync.due import due
from members.sync.reading import want
from members.tasks.sync import read_lists
from playback.models import Recording, Room
from playback.sandbox.server import Sandbox

from .conftest import new_recording, new_room

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]
People = Callable[..., list[int]]


@pytest.fixture(autouse=True)
def _nobody_is_at_it() -> None:
    cache.delete(passes.KEY)


def names(limit: int = 50) -> list[tuple[str, int]]:
    return [(which.of, which.pk) for which in due(limit)]


def tried(which: Any, ago: timedelta) -> None:
    MemberList.objects.filter(pk=which.kept().pk).update(tried_at=timezone.now() - ago)


def test_the_order_of_the_lists(vendor: Sandbox) -> None:
    old_room, busy_room, other_room = (new_room(vendor, title) for title in ("旧", "新", "另"))
    old, new = new_recording(vendor, old_room, days_ago=200), new_recording(vendor, busy_room, days_ago=1)
    tried(RoomList(other_room), timedelta(days=9))
    tried(RecordingList(old), timedelta(days=20))
    assert names() == [
        ("room", busy_room.pk),
        ("recording", new.pk),
        ("room", old_room.pk),  # never tried
        ("room", other_room.pk),
        ("recording", old.pk),
    ]
    want(RecordingList(old))
    assert names()[0] == ("recording", old.pk)
    assert len(names(2)) == 2


def test_what_was_tried_lately_or_is_gone_is_left_alone(vendor: Sandbox) -> None:
    room, gone = new_room(vendor, "在"), new_room(vendor, "不在")
    recording = new_recording(vendor, room)
    Room.objects.filter(pk=gone.pk).update(gone_at=timezone.now())
    want(RoomList(gone))
    for which in (RoomList(room), RecordingList(recording)):
        tried(which, timedelta(minutes=10))
    assert names() == []
    tried(RoomList(room), timedelta(hours=2))
    assert names() == [("room", room.pk)]


def test_a_wanted_list_that_cannot_be_read_does_not_come_at_once_again(vendor: Sandbox) -> None:
    room = new_room(vendor, "坏")
    want(RoomList(room))
    vendor.faults.add("list_room_members", "refuse")
    passes.read_lists(due(5))
    assert MemberList.objects.get().wanted_at is not None
    assert names() == []
    tried(RoomList(room), timedelta(minutes=6))
    assert names() == [("room", room.pk)]


def test_trouble_with_one_list_does_not_keep_the_others_from_being_read(
    vendor: Sandbox, people: People, caplog: pytest.LogCaptureFixture
) -> None:
    rooms = [new_room(vendor, f"{n}班") for n in range(3)]
    ids = people(2, remark="secret")
    vendor.state.add_room_members(rooms[2].pk, ids)
    vendor.faults.add("list_room_members", "refuse", times=1)
    with caplog.at_level(logging.INFO, "members"):
        turn = passes.read_lists(map(RoomList, rooms))
    assert (turn.read, turn.failed, turn.joined, turn.error) == (2, 1, 2, "")
    assert MemberList.objects.get(room=rooms[0]).error
    assert store.ids_here(RoomList(rooms[2])) == set(ids)
    assert "2 read, 1 not complete" in caplog.text
    for hidden in ("13800130000", "student0@example.org", "学生0"):
        assert hidden not in caplog.text


def test_a_vendor_that_is_away_ends_the_turn(vendor: Sandbox, settings: Any) -> None:
    rooms = [new_room(vendor, f"{n}班") for n in range(6)]
    settings.BAIJIAYUN_BASE_URL = "http://127.0.0.1:9"
    turn = passes.read_lists(map(RoomList, rooms))
    assert (turn.read, turn.failed) == (0, passes.HOPELESS)
    assert turn.error
    settings.BAIJIAYUN_PARTNER_ID = ""
    turn = passes.read_lists(map(RoomList, rooms))
    assert (turn.failed, "BAIJIAYUN_PARTNER_ID" in turn.error) == (0, True)


def test_a_turn_ends_in_time_and_the_next_goes_on(
    vendor: Sandbox, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = [new_room(vendor, f"{n}班") for n in range(4)]
    for room in rooms:
        vendor.state.add_room_members(room.pk, people(1))
    monkeypatch.setattr(passes, "MOST", 3)
    first = passes.take_turn()
    assert first is not None
    assert first.read == 3
    monkeypatch.setattr(passes, "SLICE", -1.0)
    none = passes.take_turn()
    assert none is not None
    assert (none.read, none.out_of_time) == (0, True)
    monkeypatch.setattr(passes, "SLICE", 50.0)
    assert read_lists() == 1
    assert Member.objects.count() == 4
    assert MemberList.objects.filter(read_at__isnull=False).count() == 4


def test_two_turns_at_once_are_one(vendor: Sandbox) -> None:
    cache.add(passes.KEY, "1", 60)
    new_room(vendor, "班")
    assert passes.take_turn() is None
    assert read_lists() == 0
    assert not MemberList.objects.exists()


def test_people_of_gone_rooms_are_gone(vendor: Sandbox, room: Room, people: People) -> None:
    vendor.state.add_room_members(room.pk, people(2))
    passes.read_lists([RoomList(room)])
    Room.objects.update(gone_at=timezone.now())
    assert passes.read_lists([]).orphans == 2
    assert not Member.objects.live().exists()


def test_the_schedule_reads_every_minute_in_the_sync_lane() -> None:
    task = PeriodicTask.objects.get(task="members.read_lists")
    assert (task.enabled, task.queue, task.interval.every, task.interval.period) == (True, "sync", 1, "minutes")
    assert read_lists.name == task.task


def sync_members(*arguments: str) -> str:
    out = StringIO()
    call_command("sync_members", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_reads_what_is_named_and_what_is_due(
    vendor: Sandbox, room: Room, recording: Recording, people: People
) -> None:
    vendor.state.add_room_members(room.pk, people(2))
    told = sync_members("--room", str(room.pk))
    assert f"room {room.pk}" in told
    assert "joined 2" in told
    assert list(MemberList.objects.values_list("room", flat=True)) == [room.pk]
    sync_members("--recording", recording.vendor_key)
    assert MemberList.objects.filter(recording=recording, read_at__isnull=False).exists()
    other = new_room(vendor, "另")
    assert str(other.pk) in sync_members()


@pytest.mark.parametrize("arguments", [["--room", "77"], ["--room", "x"], ["--recording", "1-2"], ["--recording", "x"]])
def test_the_command_says_what_is_not_there(vendor: Sandbox, arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="not in the mirror"):
        sync_members(*arguments)


def test_the_command_fails_where_a_list_was_not_read(vendor: Sandbox, room: Room) -> None:
    vendor.faults.add("list_room_members", "html")
    with pytest.raises(CommandError, match="not complete"):
        sync_members("--room", str(room.pk))
