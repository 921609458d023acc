"""History: what was found different is written down once, by whatever way it is found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from playback.conf import vendor_client
from playback.models import Change, Recording, Room, SyncRun, Version
from playback.sandbox.server import Sandbox
from playback.sync import history, passes
from playback.sync.single import refresh_recording
from playback.vendor.codes import Lane

from .conftest import LONG_AGO, sync

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
School = Callable[..., int]
Kind = Change.Kind
SESSION = 202403010


def written(**narrowed: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """Kind, subject and fields of the entries, in the order they were written; a main version's echoes left out."""
    rows = Change.objects.filter(echo=False, **narrowed).order_by("pk")
    return [(row.kind, row.subject, row.fields) for row in rows]


@pytest.fixture
def room_id(vendor: Sandbox, school: School) -> int:
    """A room with twelve recordings, all mirrored, without any history."""
    made = school(12)
    vendor.state.add_version(made, SESSION, name="剪辑", created_at=LONG_AGO)
    for kind in ("rooms", "recordings", "versions"):
        sync(kind)
    assert not Change.objects.exists()
    return made


def test_what_is_unchanged_has_no_history(room_id: int) -> None:
    for full in (True, False):
        for kind in ("rooms", "recordings", "versions"):
            assert sync(kind, full=full).state == SyncRun.State.NOTHING_NEW
    assert not Change.objects.exists()


@pytest.mark.parametrize("full", [True, False])
def test_a_change_at_the_vendor_is_history_by_field(vendor: Sandbox, room_id: int, full: bool) -> None:
    vendor.state.update_recording(room_id, SESSION, name="改名", publish_status=2, play_times=40)
    run = sync(full=full)
    fields = {"name": ["第0节", "改名"], "publish_status": [1, 2]}
    assert written() == [(Kind.VENDOR, "recording", fields)]
    entry = Change.objects.get(echo=False)
    recording = Recording.objects.get(session_id=SESSION)
    assert (entry.recording, entry.run, entry.own, entry.operation) == (recording, run, False, None)
    assert entry.seen_at == recording.synced_at
    assert entry.since is not None
    assert entry.since < run.started_at <= entry.seen_at
    assert entry.label == f"第0节 ({room_id}-{SESSION})"
    echo = Change.objects.get(echo=True)  # the main version says the same
    assert (echo.subject, echo.fields, echo.version.version) == ("version", fields, 0)
    for again in (True, False):
        sync("recordings", full=again)
        sync("versions", full=again)
    # The cut has the recording's publish state, and says so in its own list.
    assert written() == [(Kind.VENDOR, "recording", fields)]
    assert [row.version.version for row in Change.objects.filter(echo=True).order_by("pk")] == [0, 1]


def test_since_is_the_later_of_the_row_and_the_last_full_pass(vendor: Sandbox, room_id: int) -> None:
    last = sync(full=True)
    vendor.state.update_recording(room_id, SESSION, name="改名")
    sync()
    assert Change.objects.get(echo=False).since == last.started_at


def test_only_a_full_pass_notices_and_mends_what_strayed_here(vendor: Sandbox, room_id: int) -> None:
    recording = Recording.objects.get(session_id=SESSION)
    Recording.objects.filter(pk=recording.pk).update(name="走样", length=1)
    assert sync().state == SyncRun.State.NOTHING_NEW
    run = sync(full=True)
    assert (run.state, run.updated) == (SyncRun.State.DONE, 1)
    assert written() == [(Kind.STRAYED, "recording", {"name": ["走样", "第0节"], "length": [1, 600]})]
    recording.refresh_from_db()
    assert (recording.name, recording.length) == ("第0节", 600)
    assert sync(full=True).state == SyncRun.State.NOTHING_NEW
    assert Change.objects.count() == 1


def test_what_strayed_and_what_changed_are_told_apart(vendor: Sandbox, room_id: int) -> None:
    Recording.objects.filter(session_id=SESSION).update(name="走样")
    vendor.state.update_recording(room_id, SESSION, publish_status=2, play_times=7)
    sync()  # its hash is another one, so an incremental pass reads the former facts as well
    assert sorted(written()) == [
        (Kind.STRAYED, "recording", {"name": ["走样", "第0节"]}),
        (Kind.VENDOR, "recording", {"publish_status": [1, 2]}),
    ]


def test_a_field_that_strayed_and_changed_is_both(vendor: Sandbox, room_id: int) -> None:
    Recording.objects.filter(session_id=SESSION).update(name="走样")
    vendor.state.update_recording(room_id, SESSION, name="改名")
    sync(full=True)
    assert written() == [(Kind.BOTH, "recording", {"name": ["走样", "改名"]})]


def test_a_status_that_strayed_does_not_hide_what_changed(vendor: Sandbox, room_id: int) -> None:
    Recording.objects.filter(session_id=SESSION).update(status=20)
    vendor.state.update_recording(room_id, SESSION, length=601)
    sync(full=True)
    assert sorted(written()) == [
        (Kind.STRAYED, "recording", {"status": [20, 100]}),
        (Kind.VENDOR, "recording", {"length": [600, 601]}),
    ]


def test_play_counts_alone_are_none(vendor: Sandbox, room_id: int) -> None:
    vendor.state.update_recording(room_id, SESSION, play_times=99)
    sync()
    Recording.objects.update(play_times=3)
    sync(full=True)
    assert Recording.objects.get(session_id=SESSION).play_times == 99
    assert not Change.objects.exists()


def test_rooms_have_history_too(vendor: Sandbox, room_id: int) -> None:
    vendor.state.execute("UPDATE rooms SET title = '高二数学', max_users = 7 WHERE room_id = ?", (room_id,))
    sync("rooms")
    Room.objects.filter(pk=room_id).update(is_long_term=False)
    sync("rooms", full=True)
    assert written() == [
        (Kind.VENDOR, "room", {"title": ["高一数学", "高二数学"], "max_users": [100, 7]}),
        (Kind.STRAYED, "room", {"is_long_term": [False, True]}),
    ]
    assert {entry.room_id for entry in Change.objects.all()} == {room_id}


def test_versions_have_history_too(vendor: Sandbox, room_id: int) -> None:
    cut = vendor.state.version(room_id, SESSION, 1)
    assert cut is not None
    vendor.state.update_version(cut["video_id"], name="剪辑二", length=300)
    sync("versions")
    Version.objects.filter(version=1).update(status=20)
    sync("versions", full=True)
    assert written() == [
        (Kind.VENDOR, "version", {"name": ["剪辑", "剪辑二"], "length": [600, 300]}),
        (Kind.STRAYED, "version", {"status": [20, 100]}),
    ]
    entry = Change.objects.order_by("pk")[0]
    assert (entry.version.version, entry.recording.session_id) == (1, SESSION)
    assert entry.label == f"剪辑 ({room_id}-{SESSION} v1)"


def test_a_stray_of_the_main_version_is_no_echo(room_id: int) -> None:
    Version.objects.filter(version=0, recording__session_id=SESSION).update(name="走样")
    sync("versions", full=True)
    assert written() == [(Kind.STRAYED, "version", {"name": ["走样", "第0节"]})]


# ---------------------------------------------------------------- what is none


def test_the_way_to_ready_is_no_history_and_a_way_back_is(vendor: Sandbox, room_id: int) -> None:
    vendor.state.add_recording(room_id, 202403201, name="新课", status=10, created_at=LONG_AGO + timedelta(days=19))
    for status in (20, 30, 100):
        vendor.state.update_recording(room_id, 202403201, status=status)
        sync()
        sync("versions")
    assert Recording.objects.get(session_id=202403201).length == 3600
    assert not Change.objects.exists()
    vendor.state.update_recording(room_id, 202403201, status=20)  # made anew
    sync()
    vendor.state.update_recording(room_id, 202403201, status=100)
    sync()
    assert [(fields["status"], "length" in fields) for _, _, fields in written()] == [
        ([100, 20], True),
        ([20, 100], True),
    ]


def test_a_name_given_on_the_way_is_history(vendor: Sandbox, room_id: int) -> None:
    vendor.state.add_recording(room_id, 202403201, name="新课", status=20, created_at=LONG_AGO + timedelta(days=19))
    sync()
    vendor.state.update_recording(room_id, 202403201, status=100, name="改名")
    sync()
    assert written() == [(Kind.VENDOR, "recording", {"name": ["新课", "改名"]})]


def test_a_placeholder_learns_without_history(vendor: Sandbox, school: School) -> None:
    room_id = school(3)
    vendor.state.add_version(room_id, SESSION, name="剪辑", created_at=LONG_AGO)
    sync("versions")  # places the rooms and the recordings
    vendor.state.update_recording(room_id, SESSION, name="改名")
    sync("rooms")
    sync()
    assert Recording.objects.get(session_id=SESSION).name == "改名"
    assert written() == []
    assert not Change.objects.filter(subject="recording").exists()


def test_older_words_write_no_history(vendor: Sandbox, room_id: int) -> None:
    Recording.objects.filter(session_id=SESSION).update(synced_at=timezone.now() + timedelta(hours=1))
    vendor.state.update_recording(room_id, SESSION, name="改名")
    sync(full=True)
    refresh_recording(vendor_client(Lane.PERSON), Recording.objects.get(session_id=SESSION))
    assert not Change.objects.filter(subject="recording").exists()


# ---------------------------------------------------------------- other ways


def test_one_read_alone_writes_what_the_list_would_have(vendor: Sandbox, room_id: int) -> None:
    vendor.state.update_recording(room_id, SESSION, name="改名")
    vendor.state.remove_version(room_id, SESSION, 1)
    recording = Recording.objects.get(session_id=SESSION)
    Recording.objects.filter(pk=recording.pk).update(length=5)
    refresh_recording(vendor_client(Lane.PERSON), recording)
    found = [
        (Kind.GONE, "version", {}),
        (Kind.STRAYED, "recording", {"length": [5, 600]}),
        (Kind.VENDOR, "recording", {"name": ["第0节", "改名"]}),
    ]
    assert sorted(written(), key=str) == sorted(found, key=str)
    refresh_recording(vendor_client(Lane.PERSON), recording)
    for kind in ("recordings", "versions"):
        sync(kind, full=True)
    assert sorted(written(), key=str) == sorted(found, key=str)


def test_another_main_version_is_history(vendor: Sandbox, room_id: int) -> None:
    playback = vendor.state.recording(room_id, SESSION)
    assert playback is not None
    vendor.state.set_main(playback["playback_id"], 1)
    refresh_recording(vendor_client(Lane.PERSON), Recording.objects.get(session_id=SESSION))
    fields = {name: pair for _, _, each in written() for name, pair in each.items()}
    assert fields["main_version"] == [0, 1]
    assert fields["name"] == ["第0节", "剪辑"]
    before = Change.objects.count()
    for kind in ("recordings", "versions"):
        sync(kind, full=True)
    assert Change.objects.count() == before


# ---------------------------------------------------------------- gone, and back


def test_gone_and_back_are_entries(vendor: Sandbox, room_id: int) -> None:
    vendor.state.remove_recording(room_id, SESSION)
    run = sync(full=True)
    assert written() == [(Kind.GONE, "recording", {})]
    gone = Change.objects.get(echo=False)
    recording = Recording.objects.get(session_id=SESSION)
    assert (gone.recording, gone.seen_at, gone.run) == (recording, recording.gone_at, run)
    assert Change.objects.filter(echo=True, kind=Kind.GONE, subject="version").count() == 2  # along with it
    vendor.state.add_recording(room_id, SESSION, name="又回来", created_at=LONG_AGO)
    sync("recordings", full=True)
    sync("versions", full=True)
    kinds = [(kind, subject) for kind, subject, _ in written()]
    assert kinds == [(Kind.GONE, "recording"), (Kind.BACK, "recording")]
    back = Change.objects.get(kind=Kind.BACK, subject="recording")
    assert back.fields["name"] == ["第0节", "又回来"]
    assert back.since == gone.seen_at
    for kind in ("recordings", "versions"):
        sync(kind, full=True)
    assert len(written()) == 2


def test_gone_and_back_by_a_look_at_it_alone(vendor: Sandbox, room_id: int) -> None:
    recording = Recording.objects.get(session_id=SESSION)
    vendor.state.remove_recording(room_id, SESSION)
    refresh_recording(vendor_client(Lane.PERSON), recording)
    refresh_recording(vendor_client(Lane.PERSON), recording)
    assert [kind for kind, _, _ in written()] == [Kind.GONE]
    vendor.state.add_recording(room_id, SESSION, name="第0节", created_at=LONG_AGO)
    refresh_recording(vendor_client(Lane.PERSON), recording)
    assert [(kind, subject) for kind, subject, _ in written()] == [(Kind.GONE, "recording"), (Kind.BACK, "recording")]


def test_a_recording_that_a_version_brings_back(vendor: Sandbox, room_id: int) -> None:
    vendor.state.remove_recording(room_id, SESSION)
    sync(full=True)
    vendor.state.add_recording(room_id, SESSION, name="又回来", created_at=LONG_AGO)
    sync("versions")
    assert Recording.objects.get(session_id=SESSION).gone_at is None
    assert [(kind, subject) for kind, subject, _ in written()] == [(Kind.GONE, "recording"), (Kind.BACK, "recording")]
    sync("recordings")
    assert (Kind.VENDOR, "recording", {"name": ["第0节", "又回来"]}) in [
        (kind, subject, {"name": fields["name"]}) for kind, subject, fields in written() if "name" in fields
    ]


def test_a_version_and_a_room_that_go_alone(vendor: Sandbox, room_id: int, school: School) -> None:
    vendor.state.remove_version(room_id, SESSION, 1)
    sync("versions", full=True)
    empty = vendor.state.add_room("空", created_at=LONG_AGO)
    sync("rooms")
    vendor.state.remove_room(empty)
    sync("rooms", full=True)
    assert written() == [(Kind.GONE, "version", {}), (Kind.GONE, "room", {})]


# ---------------------------------------------------------------- over time


def test_the_summary_counts_what_happened_behind_our_back(vendor: Sandbox, room_id: int) -> None:
    start = timezone.now()
    vendor.state.update_recording(room_id, SESSION, name="改名")
    vendor.state.remove_recording(room_id, SESSION + 1)
    sync(full=True)
    counted = history.summary(start)
    assert counted == {"vendor": 1, "strayed": 0, "both": 0, "gone": 1, "back": 0}
    assert history.summary(timezone.now()) == dict.fromkeys(Kind.values, 0)


def test_old_entries_are_forgotten_and_outlive_their_run(vendor: Sandbox, room_id: int) -> None:
    vendor.state.update_recording(room_id, SESSION, name="改名")
    run = sync()
    SyncRun.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(days=90))
    sync(full=True)
    passes.forget_old_runs()
    entry = Change.objects.get(echo=False)
    assert entry.run is None
    Change.objects.filter(pk=entry.pk).update(seen_at=timezone.now() - history.KEEP - timedelta(days=1))
    history.forget_old()
    assert not Change.objects.filter(pk=entry.pk).exists()
    assert Change.objects.exists()  # the newer echo
