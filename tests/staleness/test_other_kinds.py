"""Watch records, expiry and lists of members: as of when, and why not newer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from members.models import MemberList
from playback import heartbeat, staleness
from playback.models import CallbackAddress, Delivery, Recording, Room, WatchDay
from playback.staleness import State, callbacks
from tests.factories import RecordingFactory, RoomFactory

from .conftest import HOUR, MINUTE, now, ran, why

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("in_order")]
DAY = timedelta(days=1)


@pytest.fixture
def mirrored() -> None:
    for kind in ("rooms", "recordings", "versions"):
        ran(kind)


def noon() -> Any:
    return timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)


class TestWatchRecords:
    def read(self, days_ago: int, ago: timedelta, state: str = "complete", **fields: Any) -> WatchDay:
        at = timezone.now() - ago
        day = timezone.localdate() - days_ago * DAY
        ended = state in ("complete", "short")
        return WatchDay.objects.create(day=day, state=state, started_at=at, read_at=at if ended else None, **fields)

    def test_they_wait_for_the_lists_that_they_need(self) -> None:
        ran("recordings")
        reason = why("watch_records")
        assert (reason.rule, reason.told["kinds"]) == ("waits", ["versions"])

    def test_fresh_as_of_the_last_reading_of_today(self, mirrored: None) -> None:
        with time_machine.travel(noon(), tick=False):
            heartbeat.tick()
            self.read(1, 40 * MINUTE)
            today = self.read(0, 39 * MINUTE)
            standing = now("watch_records")
            assert (standing.state, standing.news.at) == (State.FRESH, today.read_at)

    def test_a_reading_of_yesterday_does_not_tell_of_today(self, mirrored: None) -> None:
        """Yesterday was read again an hour ago; today's reading failed: all is known until midnight."""
        with time_machine.travel(noon(), tick=False):
            heartbeat.tick()
            self.read(1, 50 * MINUTE)
            self.read(0, 49 * MINUTE, "failed", error="the vendor could not be reached; nothing was sent")
            standing = now("watch_records")
            assert standing.news.at == noon().replace(hour=0)
            assert (standing.state, why("watch_records").rule) == (State.STALE, "failed")
            assert "could not be reached" in why("watch_records").error

    def test_days_before_the_last_week_still_tell_their_age(self, mirrored: None) -> None:
        day = self.read(30, 30 * DAY)
        for days_ago in range(8):
            self.read(days_ago, timedelta(hours=1), "failed")
        assert now("watch_records").news.at == day.read_at

    def test_a_short_day_is_told_and_is_not_old(self, mirrored: None) -> None:
        self.read(0, timedelta(), "short", error="The vendor counts 9, 8 were met.")
        standing = now("watch_records")
        assert (standing.state, standing.facts.alone) == (State.FRESH, 1)
        assert "counts 9, 8" in standing.facts.alone_error

    def test_the_first_reading(self, mirrored: None) -> None:
        row = self.read(0, MINUTE, "reading")
        assert now("watch_records").state is State.FIRST
        WatchDay.objects.filter(pk=row.pk).update(started_at=timezone.now() - HOUR)
        assert (now("watch_records").state, why("watch_records").rule) == (State.NEVER, "incomplete")


class TestExpiry:
    def asked(self, recording: Recording, ago: timedelta | None) -> None:
        read_at = None if ago is None else timezone.now() - ago
        Recording.objects.filter(pk=recording.pk).update(expiry_read_at=read_at)

    def test_nothing_to_ask_about(self, mirrored: None) -> None:
        RecordingFactory(video_id=None)
        RecordingFactory(gone_at=timezone.now())
        assert now("expiry").state is State.NOTHING

    def test_never_asked(self, mirrored: None) -> None:
        RecordingFactory()
        assert now("expiry").state is State.NEVER

    def test_as_of_the_longest_unread(self, mirrored: None) -> None:
        old, new = RecordingFactory.create_batch(2)
        self.asked(new, MINUTE)
        self.asked(old, 30 * HOUR)
        assert now("expiry").state is State.FRESH
        self.asked(old, 40 * HOUR)
        assert [(side.name, side.state) for side in now("expiry").sides] == [
            ("news", State.FRESH),
            ("full", State.STALE),
        ]

    def test_one_that_waits_to_be_asked_about(self, mirrored: None) -> None:
        self.asked(RecordingFactory(), MINUTE)
        waiting = RecordingFactory()
        assert now("expiry").state is State.FRESH
        Recording.objects.filter(pk=waiting.pk).update(first_seen_at=timezone.now() - 3 * HOUR)
        assert now("expiry").worst.name == "news"


class TestMembers:
    def room(self, ago: timedelta | None, *, recent: bool = False, error: str = "") -> Room:
        room = RoomFactory(first_seen_at=timezone.now() - 9 * DAY)
        if recent:
            RecordingFactory(room=room, created_at=timezone.now() - DAY)
        if ago is not None:
            at = timezone.now() - ago
            MemberList.objects.create(room=room, read_at=at, tried_at=timezone.now() - MINUTE, error=error)
        return room

    def test_nothing_to_read(self, mirrored: None) -> None:
        assert now("members").state is State.NOTHING

    def test_never_read(self, mirrored: None) -> None:
        self.room(None)
        assert now("members").state is State.NEVER

    def test_rooms_with_recent_recordings_may_be_less_old(self, mirrored: None) -> None:
        self.room(20 * HOUR)
        assert [(side.name, side.state) for side in now("members").sides] == [("full", State.FRESH)]
        self.room(4 * HOUR, recent=True)
        assert [(side.name, side.state) for side in now("members").sides] == [
            ("news", State.STALE),
            ("full", State.FRESH),
        ]

    def test_a_new_room_is_as_old_as_it_is_known(self, mirrored: None) -> None:
        self.room(MINUTE)
        new = self.room(None)
        assert now("members").state is State.STALE
        Room.objects.filter(pk=new.pk).update(first_seen_at=timezone.now())
        assert now("members").state is State.FRESH

    def test_one_odd_list_does_not_make_all_old(self, mirrored: None) -> None:
        for _ in range(11):
            self.room(MINUTE)
        self.room(9 * DAY, error="room_members: the vendor refused the call (code 7)")
        standing = now("members")
        assert (standing.state, standing.facts.alone) == (State.FRESH, 1)
        assert "code 7" in standing.facts.alone_error

    def test_many_lists_that_cannot_be_read_do(self, mirrored: None) -> None:
        self.room(MINUTE)
        self.room(9 * DAY, error="the vendor could not be reached; nothing was sent")
        assert (now("members").state, why("members", "full").rule) == (State.STALE, "failed")


def test_each_kind_has_a_schedule_that_exists() -> None:
    """The rows of the migrations are those that the rules look for."""
    needs = staleness.Needs()
    for kind in staleness.kinds().values():
        for task in (kind.news, kind.full):
            if task is not None:
                row = needs.schedule(task)
                assert row is not None, (kind.name, task)
                assert row.every is not None


def test_callbacks(django_assert_max_num_queries: Any, settings: Any) -> None:
    assert callbacks.look().well, "a quiet day is no trouble"
    at = timezone.now() - HOUR
    made = {"received_at": at, "due_at": at}
    Delivery.objects.create(qid="1", **made, state="applied")
    Delivery.objects.create(qid="2", **made, state="dead")
    Delivery.objects.create(qid="3", **made, state="received")
    Delivery.objects.create(qid="4", received_at=timezone.now(), due_at=timezone.now(), state="received")
    Delivery.objects.create(received_at=timezone.now(), state="rejected", verdict="bad_signature")
    with django_assert_max_num_queries(5):
        health = callbacks.look()
    assert (health.dead, health.waiting, health.waiting_since) == (1, 1, at)
    assert health.last_good is not None
    assert timezone.now() - health.last_good < MINUTE
    assert not health.well
    Delivery.objects.all().delete()
    settings.SITE_URL = "https://office.example.org"
    CallbackAddress.objects.create(pk=1, url="https://elsewhere.example.org/", looked_at=at)
    assert callbacks.look().elsewhere
