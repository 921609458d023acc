"""What a full pass concludes from what it did not meet: the mirror must not lose a row that the vendor has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from playback.models import Recording, Room, SyncRun, Version
from playback.sandbox.server import Sandbox
from playback.sync import gone, passes
from playback.sync.seen import Seen

from .conftest import LONG_AGO, sync

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
State = SyncRun.State
School = Callable[..., int]


def live() -> int:
    return Recording.objects.live().count()


def looked_up(vendor: Sandbox, call: str = "recording_info") -> int:
    return sum(each.name == call for each in vendor.calls)


def test_a_removed_recording_goes_with_its_versions(vendor: Sandbox, school: School) -> None:
    room_id = school(30)
    sync()
    vendor.state.remove_recording(room_id, 202403013)
    assert sync().gone == 0  # an incremental pass concludes nothing
    vendor.calls.clear()
    run = sync(full=True)
    assert (run.state, run.gone, run.would_go) == (State.DONE, 1, 1)
    lost = Recording.objects.exclude(gone_at=None).get()
    assert lost.session_id == 202403013
    assert lost.gone_at is not None
    assert lost.gone_at >= run.started_at
    assert lost.versions.get().gone_at == lost.gone_at
    assert looked_up(vendor) == 0  # the list stood still: it is believed


def test_a_recording_that_comes_back_is_there_again(vendor: Sandbox, school: School) -> None:
    room_id = school(30)
    sync()
    vendor.state.remove_recording(room_id, 202403013)
    sync(full=True)
    vendor.state.add_recording(room_id, 202403013, name="又回来", created_at=LONG_AGO + timedelta(days=1))
    run = sync()
    assert (run.state, run.created, run.updated) == (State.DONE, 0, 1)
    back = Recording.objects.get(session_id=202403013)
    assert (back.gone_at, back.name, back.versions.get().gone_at) == (None, "又回来", None)


def test_a_removed_room_goes_and_a_placeholder_stays(vendor: Sandbox, school: School) -> None:
    keep, drop = school(1), school(1)
    sync("rooms")
    now = timezone.now()
    Room.objects.create(room_id=1234, first_seen_at=now - timedelta(days=1))  # only a recording told of it
    vendor.state.remove_room(drop)
    run = sync("rooms", full=True)
    assert (run.state, run.gone) == (State.DONE, 1)
    assert set(Room.objects.live().values_list("pk", flat=True)) == {keep, 1234}


def test_a_removed_version_goes_and_its_recording_stays(vendor: Sandbox, school: School) -> None:
    room_id = school(10)
    for _ in range(3):
        vendor.state.add_version(room_id, 202403010, created_at=LONG_AGO)
    sync("recordings")
    sync("versions")
    vendor.state.remove_version(room_id, 202403010, 2)
    run = sync("versions", full=True)
    assert (run.state, run.gone) == (State.DONE, 1)
    recording = Recording.objects.get(session_id=202403010)
    assert list(recording.versions.live().order_by("version").values_list("version", flat=True)) == [0, 1, 3]
    assert recording.gone_at is None


@pytest.mark.parametrize("how", ["add", "remove"])
def test_a_list_that_shifts_loses_and_doubles_nothing(vendor: Sandbox, school: School, how: str) -> None:
    room_id = school(40)
    sync()
    vendor.state.remove_recording(room_id, 202403010 + 30)
    vendor.calls.clear()
    vendor.faults.add("list_recordings", "shifting_page", times=3, how=how)
    run = sync(full=True)
    assert run.state == State.DONE, run.error
    assert looked_up(vendor) > 0  # the list moved: what it lacks is asked for one by one
    assert not missing_but_there(vendor)
    vendor.faults.clear()
    sync(full=True)
    assert live() == vendor.state.list_versions(offset=0, limit=1)[0]
    assert Recording.objects.count() == Recording.objects.values("room_id", "session_id").distinct().count()


def missing_but_there(vendor: Sandbox) -> list[str]:
    return [
        row.vendor_key
        for row in Recording.objects.exclude(gone_at=None)
        if vendor.state.recording(row.room_id, row.session_id) is not None
    ]


def test_a_moving_list_that_lacks_too_much_concludes_nothing(
    vendor: Sandbox, school: School, monkeypatch: Any, settings: Any
) -> None:
    settings.SYNC_FETCHERS = 1  # asked for ahead, the last page may show the list before it moved: then it is read anew
    monkeypatch.setattr(gone, "LOOKUPS", 3)
    room_id = school(40)
    sync()
    for n in range(20, 24):
        vendor.state.remove_recording(room_id, 202403010 + n)
    vendor.faults.add("list_recordings", "shifting_page", times=2, how="add")
    run = sync(full=True)
    assert (run.state, run.gone, live()) == (State.INCOMPLETE, 0, 40)
    assert "too many to look each up" in run.error
    vendor.faults.clear()
    assert (sync(full=True).gone, live()) == (4, 38)


def test_more_than_a_share_waits_for_a_person(vendor: Sandbox, school: School) -> None:
    room_id = school(60)
    sync()
    for n in range(10, 17):
        vendor.state.remove_recording(room_id, 202403010 + n)
    run = sync(full=True)
    assert (run.state, run.gone, run.would_go, live()) == (State.HELD, 0, 7, 60)
    assert "7 recordings would be marked as gone" in run.error
    assert passes.can_release(run)

    person = get_user_model()._default_manager.create(username="duty")
    released = passes.release(run, person)
    assert (released.state, released.gone, live()) == (State.DONE, 7, 53)
    assert (released.user, released.trigger, released.full) == (person, SyncRun.Trigger.PERSON, True)
    assert not passes.can_release(run)
    with pytest.raises(passes.NotReleasable):
        passes.release(run, person)


def test_a_release_is_for_what_the_person_saw(vendor: Sandbox, school: School) -> None:
    room_id = school(60)
    sync()
    for n in range(10, 17):
        vendor.state.remove_recording(room_id, 202403010 + n)
    run = sync(full=True)
    for n in range(17, 50):
        vendor.state.remove_recording(room_id, 202403010 + n)
    again = passes.release(run, None)
    assert (again.state, again.gone, again.would_go, live()) == (State.HELD, 0, 40, 60)
    assert not passes.can_release(run)
    assert passes.can_release(again)


def test_a_released_run_finds_out_again_what_is_gone(vendor: Sandbox, school: School) -> None:
    """The vendor's list was broken and is well again: letting it go marks nothing."""
    room_id = school(60)
    sync()
    for n in range(10, 17):
        vendor.state.remove_recording(room_id, 202403010 + n)
    run = sync(full=True)
    for n in range(10, 17):
        vendor.state.add_recording(room_id, 202403010 + n, created_at=LONG_AGO)
    released = passes.release(run, None)
    assert (released.gone, live()) == (0, 60)


def test_a_few_may_go_whatever_the_share(vendor: Sandbox, school: School) -> None:
    room_id = school(3)
    sync()
    vendor.state.remove_recording(room_id, 202403010)
    assert (sync(full=True).gone, live()) == (1, 2)


def test_an_empty_list_never_empties_the_mirror(vendor: Sandbox, school: School) -> None:
    room_id = school(2)
    sync()
    for n in range(2):
        vendor.state.remove_recording(room_id, 202403010 + n)
    run = sync(full=True)
    assert (run.state, run.gone, live()) == (State.HELD, 0, 2)
    assert (passes.release(run, None).gone, live()) == (2, 0)


def test_an_unreadable_row_is_spared(vendor: Sandbox, school: School) -> None:
    room_id = school(12)
    sync()
    vendor.state.update_recording(room_id, 202403013, length="a while")
    run = sync(full=True)
    assert (run.state, run.unreadable, run.gone, live()) == (State.NOTHING_NEW, 1, 0, 12)
    assert run.unreadable_rows == [{"row": f"{room_id}-202403013", "fields": run.unreadable_rows[0]["fields"]}]
    assert "length" in run.unreadable_rows[0]["fields"]


def test_a_row_without_a_readable_key_stops_the_conclusion(vendor: Sandbox, school: School, monkeypatch: Any) -> None:
    from playback.vendor.client import VendorClient
    from playback.vendor.results import Page, UnreadableRow

    room_id = school(12)
    sync()
    vendor.state.remove_recording(room_id, 202403013)
    real = VendorClient.list_recordings

    def one_without_key(self: Any, *, page: int, **options: Any) -> Any:
        answer = real(self, page=page, **options)
        if page != 1 or options.get("page_size") == 1:
            return answer
        return Page(answer.total, answer.rows[1:], [UnreadableRow("row 1", {"room_id": "is missing"})])

    monkeypatch.setattr(VendorClient, "list_recordings", one_without_key)
    run = sync(full=True)
    assert (run.state, run.gone, run.unreadable, live()) == (State.INCOMPLETE, 0, 1, 12)


def test_a_row_refreshed_while_the_pass_runs_stays(vendor: Sandbox, school: School) -> None:
    """It is missing from the pages read before, and somebody has just stored what the vendor says of it."""
    room_id = school(12)
    sync()
    vendor.state.remove_recording(room_id, 202403013)

    def refreshed(run: SyncRun) -> None:
        Recording.objects.filter(session_id=202403013).update(synced_at=timezone.now())

    run = sync(full=True, on_page=refreshed)
    assert (run.gone, live()) == (0, 12)


def test_many_rows_go_in_chunks(vendor: Sandbox, school: School, monkeypatch: Any) -> None:
    monkeypatch.setattr(gone, "_CHUNK", 7)
    monkeypatch.setattr(gone, "_READ", 11)
    room_id = school(60)
    sync()
    doomed = [n for n in range(60) if n % 2]
    for n in doomed:
        vendor.state.remove_recording(room_id, 202403010 + n)
    run = passes.release(sync(full=True), None)
    assert (run.gone, live()) == (30, 30)
    left = Recording.objects.live().values_list("session_id", flat=True)
    assert set(left) == {202403010 + n for n in range(60) if n not in doomed}
    assert Version.objects.live().count() == 30


@pytest.mark.parametrize("missed", [[], [1], [1500], [700, 701, 1100], [1, 512, 1023, 1024, 4000], [*range(1, 4001)]])
@pytest.mark.parametrize("least", [1, 100, 1000])
def test_what_is_known_to_be_seen_is_not_read(
    monkeypatch: Any, django_assert_max_num_queries: Any, missed: list[int], least: int
) -> None:
    monkeypatch.setattr(gone, "_READ", least * 4)
    before = timezone.now() - timedelta(hours=1)
    room = Room.objects.create(room_id=24010100000001, title="高一数学", first_seen_at=before)
    Recording.objects.bulk_create(
        Recording(pk=pk, room=room, session_id=pk, status=100, first_seen_at=before, synced_at=before)
        for pk in range(1, 4001)
    )
    seen = Seen()
    seen.update({*range(1, 4001)}.difference(missed))
    absent = [pk for chunk in gone.absent(Recording, seen, timezone.now()) for pk in chunk]
    assert absent == missed
    if least == 100 and len(missed) < 6:
        with django_assert_max_num_queries(4 + 4 * len(missed)):
            list(gone.absent(Recording, seen, timezone.now()))
