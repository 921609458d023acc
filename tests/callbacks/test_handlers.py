"""Applying: what a delivery may change by itself, what is left to the vendor, and what becomes of one that fails."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from playback.callbacks import handlers
from playback.models import Delivery, Recording, Room, Version
from playback.operations import registry
from playback.sandbox.server import Sandbox
from tests.factories import RecordingFactory, VersionFactory
from tests.operations.test_abilities import Background
from tests.operations.vendor import confirmed, drive, mirrored

from .makers import cb1, deliver, post, signed

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]


def cb3(recording: Recording, version: int = 0, **more: Any) -> dict[str, Any]:
    key = {"room_id": recording.room_id, "session_id": recording.session_id}
    return {**key, "version": version, "video_id": 9001, "version_type": 1, **more}


def at_vendor(sandbox: Sandbox, **facts: Any) -> Recording:
    """In the mirror as transcoding, with whatever the vendor has by now."""
    recording = mirrored(sandbox)
    Recording.objects.filter(pk=recording.pk).update(status=20, length=None)
    recording.versions.update(status=20, length=None)
    for version in sandbox.state.versions(recording.room_id):
        sandbox.state.update_version(version["video_id"], **facts)
    return recording


class TestByItself:
    """The vendor cannot be asked: what the delivery alone may do."""

    @pytest.fixture(autouse=True)
    def _away(self, sandbox: Sandbox) -> None:
        sandbox.faults.add("*", "status", status=503)

    def test_before_any_list_it_makes_room_recording_and_version(self) -> None:
        delivery = deliver(cb1(24030100000009, 20, session_id=202403010))
        assert delivery.state == "failed"  # there is a name to read yet
        recording = Recording.objects.get()
        assert (recording.room_id, recording.session_id, recording.status) == (24030100000009, 202403010, 20)
        assert (recording.synced_at, recording.payload_hash) == (None, None)
        assert (recording.room.title, recording.room.synced_at) == ("", None)
        version = recording.versions.get()
        assert (version.version, version.status, version.video_id, version.payload_hash) == (0, 20, 9001, None)
        assert delivery.changed["created"] == ["recording", "version"]

    def test_ready_is_told_at_once_with_all_that_comes_along(self) -> None:
        version = VersionFactory(version=0, status=20, recording__status=20, length=None, payload_hash="a" * 32)
        delivery = deliver(cb1(version.recording.room_id, 100))
        version.refresh_from_db()
        recording = Recording.objects.get()
        for row in (recording, version):
            assert (row.status, row.video_id, row.length, row.total_transcode_size) == (100, 9001, 60, 4000)
            assert row.cover_url == "https://img.example.org/1.jpg"
            assert row.payload_hash is None  # the next list writes it in any case
        assert recording.total_size == 5000
        assert version.definitions == "low,high"
        assert delivery.changed["version"]["status"] == [20, 100]
        assert delivery.changed["version"]["length"] == [None, 60]

    @pytest.mark.parametrize("late", [20, 30, 10, 0, 77])
    @pytest.mark.parametrize("now", [30, 100])
    def test_nothing_is_taken_back(self, now: int, late: int) -> None:
        version = VersionFactory(version=0, status=now, recording__status=now)
        deliver(cb1(version.recording.room_id, late))
        assert set(Version.objects.values_list("status")) == set(Recording.objects.values_list("status")) == {(now,)}

    def test_a_cut_does_not_touch_the_facts_of_the_main_version(self) -> None:
        recording = RecordingFactory(main_version=1, status=100)
        VersionFactory(recording=recording, version=0, status=20)
        deliver(cb1(recording.room_id, 100, version=0, video_id=1))
        deliver(cb1(recording.room_id, 100, version=5, video_id=2))
        assert sorted(recording.versions.values_list("version", "video_id")) == [(0, 1), (5, 2)]
        assert Recording.objects.get().video_id == recording.video_id

    def test_what_does_not_say_its_version_is_found_by_its_video(self) -> None:
        cut = VersionFactory(version=3, status=20, video_id=777, recording__main_version=0)
        deliver(cb1(cut.recording.room_id, 100, video_id=777))
        assert list(cut.recording.versions.values_list("version", "status")) == [(3, 100)]

    def test_a_late_one_does_not_bring_a_gone_recording_back(self) -> None:
        gone = timezone.now()
        version = VersionFactory(version=0, status=20, gone_at=gone, recording__gone_at=gone, recording__status=20)
        deliver(cb1(version.recording.room_id, 100))
        recording = Recording.objects.get()
        assert (recording.gone_at, recording.status) == (gone, 20)

    def test_the_video_of_an_older_rendering_does_not_replace_a_newer(self) -> None:
        version = VersionFactory(version=0, recording__main_version=0, video_id=5)
        now = int(time.time())
        told = {"is_from_playback": 1, "version": 0}
        deliver(cb1(version.recording.room_id, 100, video_id=802, timestamp=now, **told))
        older = deliver(cb1(version.recording.room_id, 100, video_id=801, timestamp=now - 60, **told))
        failed = deliver(cb1(version.recording.room_id, 30, video_id=803, timestamp=now + 1, **told))
        version.refresh_from_db()
        assert (version.rendered_video_id, version.video_id) == (802, 5)
        assert (older.state, failed.state) == ("ignored", "applied")
        assert Recording.objects.get().video_id != 802

    def test_an_odd_field_spoils_nothing_but_itself(self) -> None:
        version = VersionFactory(version=0, status=20, recording__status=20, length=5)
        delivery = deliver(cb1(version.recording.room_id, 100, length="long", video_id="9" * 25))
        version.refresh_from_db()
        assert (version.status, version.length, version.total_transcode_size) == (100, 5, 4000)
        assert delivery.fields["length"] == "long"

    @pytest.mark.parametrize(
        "fields", [{"status": 20}, {"room_id": 0, "status": 20}, {"room_id": -4, "status": 20}, {"room_id": 5, "a": 1}]
    )
    def test_what_tells_nothing_is_ignored(self, fields: dict[str, Any]) -> None:
        delivery = deliver(fields)
        assert (delivery.state, bool(delivery.error)) == ("ignored", True)
        assert not Room.objects.exists()


class TestTheVendorsWord:
    def test_a_plain_20_asks_nothing(self, sandbox: Sandbox) -> None:
        recording = at_vendor(sandbox, status=20)
        Version.objects.update(status=10)
        Recording.objects.update(status=10)
        sandbox.calls.clear()
        assert deliver(cb1(recording.room_id, 20)).state == "applied"
        assert list(sandbox.calls) == []
        assert Recording.objects.get().status == 20

    def test_a_100_is_followed_by_reading_all_facts(self, sandbox: Sandbox) -> None:
        recording = at_vendor(sandbox, name="改了名", length=77)
        delivery = deliver(cb1(recording.room_id, 100, video_id=recording.video_id))
        recording.refresh_from_db()
        assert (recording.status, recording.name, recording.length) == (100, "改了名", 77)
        assert delivery.state == "applied"
        assert delivery.changed["recording"]["status"] == [20, 100]
        assert delivery.changed["recording"]["length"] == [None, 77]

    def test_a_20_after_a_100_is_what_the_vendor_says(self, sandbox: Sandbox) -> None:
        recording = mirrored(sandbox)
        deliver(cb1(recording.room_id, 20))  # late
        assert Recording.objects.get().status == 100
        video = sandbox.state.recording(recording.room_id)["video_id"]
        sandbox.state.update_version(video, status=20)  # made anew indeed
        deliver(cb1(recording.room_id, 20))
        assert Recording.objects.get().status == 20

    def test_one_that_is_overtaken_changes_and_asks_nothing(self, sandbox: Sandbox) -> None:
        recording = at_vendor(sandbox, status=100)
        now = int(time.time())
        deliver(cb1(recording.room_id, 100, timestamp=now))
        sandbox.calls.clear()
        late = deliver(cb1(recording.room_id, 20, timestamp=now - 600))
        assert (late.state, list(sandbox.calls)) == ("ignored", [])
        assert Recording.objects.get().status == 100

    def test_a_recording_that_was_deleted_meanwhile_ends_as_gone(self, sandbox: Sandbox) -> None:
        recording = at_vendor(sandbox, status=100)
        sandbox.state.remove_recording(recording.room_id)
        delivery = deliver(cb1(recording.room_id, 100))
        recording.refresh_from_db()
        assert recording.gone_at is not None
        assert delivery.changed["recording"]["gone_at"][0] is None

    def test_a_burst_about_one_recording_reads_it_once(self, sandbox: Sandbox) -> None:
        recording = at_vendor(sandbox, status=100)
        for number in range(5):
            post(signed(cb1(recording.room_id, 100, version=0, length=number)))
        sandbox.calls.clear()
        handlers.take_up()
        assert len(sandbox.calls.of("recording_info")) == 1
        assert set(Delivery.objects.values_list("state")) == {("applied",)}

    def test_a_callback_settles_the_operation_that_waits_for_it(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        registry.load()
        monkeypatch.setitem(registry._kinds, "background", Background())
        monkeypatch.setattr(Background, "answers", [False, True, True], raising=False)
        chief = User.objects.create_superuser("chief")
        recording = mirrored(sandbox)
        operation = confirmed("background", chief, [recording])
        drive(operation, rounds=1)
        item = operation.items.get()
        assert item.outcome == "working"

        deliver(cb3(recording))  # too early: the vendor says that it is not done
        item.refresh_from_db()
        assert item.outcome == "working"
        delivery = deliver(cb3(recording))
        item.refresh_from_db()
        operation.refresh_from_db()
        assert (item.outcome, operation.state) == ("done", "done")
        assert delivery.changed["settled"] == [item.pk]

    def test_a_20_settles_nothing(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        registry.load()
        monkeypatch.setitem(registry._kinds, "background", Background())
        monkeypatch.setattr(Background, "answers", [True], raising=False)
        recording = mirrored(sandbox)
        operation = confirmed("background", User.objects.create_superuser("chief"), [recording])
        drive(operation, rounds=1)
        deliver(cb1(recording.room_id, 20, is_from_playback=1))
        assert operation.items.get().outcome == "working"
        deliver(cb1(recording.room_id, 100, is_from_playback=1))
        assert operation.items.get().outcome == "done"


class TestFailing:
    def test_it_is_tried_again_ever_more_rarely_and_given_up_in_the_end(self, sandbox: Sandbox) -> None:
        sandbox.faults.add("recording_info", "status", status=503)
        delivery = deliver(cb1(mirrored_room(sandbox), 100))
        waits = []
        while delivery.state == "failed":
            waits.append((delivery.due_at - timezone.now()).total_seconds())
            assert "503" in delivery.error
            assert handlers.take_up() == 0  # not yet
            Delivery.objects.update(due_at=timezone.now())
            handlers.take_up()
            delivery.refresh_from_db()
        assert len(waits) == len(handlers.BACK_OFF)
        assert waits == sorted(waits)
        assert (delivery.state, delivery.due_at, delivery.attempts) == ("dead", None, len(waits) + 1)

        sandbox.faults.clear()
        assert handlers.replay(delivery, User.objects.create_user("somebody").pk)
        handlers.take_up()
        delivery.refresh_from_db()
        assert (delivery.state, delivery.error, delivery.attempts) == ("applied", "", 1)
        assert delivery.replayed_by.username == "somebody"

    def test_a_vendor_that_comes_back_is_read_at_the_next_attempt(self, sandbox: Sandbox) -> None:
        room = mirrored_room(sandbox)
        sandbox.faults.add("recording_info", "html", times=1)
        assert deliver(cb1(room, 100)).state == "failed"
        Delivery.objects.update(due_at=timezone.now())
        handlers.take_up()
        assert (Delivery.objects.get().state, Recording.objects.get().name) == ("applied", "第1课")

    def test_what_cannot_be_applied_does_not_hold_up_the_others(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        room = mirrored_room(sandbox)
        note = handlers.mirror.note_rendered

        def broken(told: Any, *args: Any) -> Any:
            raise ZeroDivisionError

        monkeypatch.setattr(handlers.mirror, "note_rendered", broken)
        post(signed(cb1(room, 100, is_from_playback=1)))
        post(signed(cb1(room, 100)))
        handlers.take_up()
        assert sorted(Delivery.objects.values_list("kind", "state", "error")) == [
            ("CB1", "applied", ""),
            ("CB2", "failed", "ZeroDivisionError"),
        ]
        monkeypatch.setattr(handlers.mirror, "note_rendered", note)
        Delivery.objects.update(due_at=timezone.now())
        handlers.take_up()
        assert set(Delivery.objects.values_list("state", "error")) == {("applied", "")}

    def test_a_killed_worker_leaves_nothing_behind(self, sandbox: Sandbox) -> None:
        room = mirrored_room(sandbox)
        post(signed(cb1(room, 100)))
        delivery = Delivery.objects.get()
        handlers._claim([delivery.pk])  # and then its worker dies
        handlers.apply([delivery.pk])
        delivery.refresh_from_db()
        assert delivery.state == "received"  # held
        long_ago = timezone.now() - timedelta(seconds=handlers.LEASE + 1)
        Delivery.objects.update(claimed_at=long_ago, due_at=long_ago)
        handlers.take_up()
        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts) == ("applied", 2)

    def test_a_task_that_comes_twice_applies_once(self, sandbox: Sandbox) -> None:
        delivery = deliver(cb1(mirrored_room(sandbox), 100))
        sandbox.calls.clear()
        handlers.apply([delivery.pk])
        assert list(sandbox.calls) == []

    def test_nothing_is_replayed_that_was_refused(self, sandbox: Sandbox) -> None:
        post(signed(cb1(1, 100), key="no"))
        assert not handlers.replay(Delivery.objects.get(), User.objects.create_user("somebody").pk)
        assert Delivery.objects.get().state == "rejected"

    def test_a_replay_reads_the_vendor_even_when_it_was_overtaken(self, sandbox: Sandbox) -> None:
        room = mirrored_room(sandbox)
        now = int(time.time())
        deliver(cb1(room, 100, timestamp=now))
        old = deliver(cb1(room, 20, timestamp=now - 60))
        Recording.objects.update(name="错了", synced_at=None)
        handlers.replay(old, User.objects.create_user("somebody").pk)
        handlers.take_up()
        old.refresh_from_db()
        assert (old.state, Recording.objects.get().name) == ("applied", "第1课")


def mirrored_room(sandbox: Sandbox) -> int:
    """A room with a ready recording at the vendor, of which the mirror knows nothing."""
    room = sandbox.state.add_room(title="高一3班")
    sandbox.state.add_recording(room, name="第1课")
    return room


@pytest.mark.parametrize(
    ("qid", "made"),
    [
        ("202403010830001234567890", "2024-03-01T08:30:00+08:00"),
        ("202403010845001234567890", None),  # after it was sent
        ("202401010830001234567890", None),  # months before
        ("20240301083000", None),
        ("202413010830001234567890", None),
        ("a-name", None),
    ],
)
def test_a_repeat_is_as_old_as_its_first_sending_where_the_qid_tells(qid: str, made: str | None) -> None:
    from datetime import datetime

    from playback.callbacks.told_at import told_at

    sent = datetime.fromisoformat("2024-03-01T08:40:00+08:00")
    expected = datetime.fromisoformat(made) if made else sent
    assert told_at(Delivery(qid=qid, sent_at=sent, received_at=timezone.now())) == expected
