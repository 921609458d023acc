"""When recordings were last watched, out of the account's watch records."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from celery.exceptions import Retry
from django.core.cache import cache
from django.utils import timezone

from playback.conf import vendor_client
from playback.models import Recording, SyncRun
from playback.sandbox.server import Sandbox
from playback.sync import watching
from playback.sync.single import refresh_recording
from playback.sync.watch_store import StoredPage, store_page
from playback.tasks.trash import read_watched
from playback.vendor.codes import Lane
from playback.vendor.results import WatchRow
from tests.factories import RecordingFactory, SyncRunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.portable]


@pytest.fixture(autouse=True)
def unread() -> None:
    cache.delete(watching._KEY)


def midnight(days: int = 0) -> datetime:
    """The beginning of today in Beijing, or of a day before it."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)


class School:
    """Two recordings, the first with a cut, at the vendor and in the mirror."""

    def __init__(self, vendor: Sandbox) -> None:
        self.vendor = vendor
        client = vendor_client(Lane.SYNC)
        self.rows, self.recordings = [], []
        for number in range(2):
            room_id = vendor.state.add_room(title="高一3班")
            self.rows.append(vendor.state.add_recording(room_id, name=f"第{number}课"))
            if not number:
                self.cut = vendor.state.add_version(room_id)
            placeholder = RecordingFactory(room__room_id=room_id, video_id=None, main_version=None)
            self.recordings.append(refresh_recording(client, placeholder))

    def watched(self, row: dict[str, Any], at: datetime, seconds: int = 60) -> datetime:
        self.vendor.state.add_watch_record(row["playback_id"], row["video_id"], at, play_length=seconds)
        return at + timedelta(seconds=seconds)

    def last(self) -> list[datetime | None]:
        return [Recording.objects.get(pk=recording.pk).last_watched_at for recording in self.recordings]


@pytest.fixture
def school(vendor: Sandbox) -> School:
    made = School(vendor)
    for kind in ("recordings", "versions"):
        SyncRunFactory(kind=kind)
    vendor.calls.clear()
    return made


def read() -> watching.Watched:
    return watching.read_watched(vendor_client(Lane.SYNC))


def days(vendor: Sandbox) -> list[str]:
    """The days that were asked about."""
    return sorted({call.params["start_time"][:10] for call in vendor.calls.of("account_watch_records")})


def test_the_first_reading_goes_back_a_week(school: School) -> None:
    school.watched(school.rows[0], midnight(8) + timedelta(hours=9))
    first = school.watched(school.rows[0], midnight(7))
    told = read()
    assert (told.days, told.viewings, told.moved, told.error) == (8, 1, 1, "")
    assert school.last() == [first, None]
    assert days(school.vendor) == [f"{midnight(n):%Y-%m-%d}" for n in range(7, -1, -1)]


def test_the_latest_viewing_counts_also_of_a_cut(school: School) -> None:
    school.watched(school.rows[0], midnight(3))
    latest = school.watched(school.cut, midnight(1) + timedelta(hours=23, minutes=59), seconds=600)
    school.watched(school.rows[0], midnight(2))
    other = school.watched(school.rows[1], midnight(1))
    read()
    assert school.last() == [latest, other]


def test_the_next_one_reads_yesterday_and_today_and_never_goes_back(school: School) -> None:
    school.watched(school.rows[0], midnight(5))
    first = read()
    school.vendor.calls.clear()
    known = timezone.now()
    Recording.objects.filter(pk=school.recordings[1].pk).update(last_watched_at=known)
    school.watched(school.rows[1], midnight(1))
    second = read()
    assert days(school.vendor) == [f"{midnight(n):%Y-%m-%d}" for n in (1, 0)]
    assert (first.moved, second.moved) == (1, 0)
    assert school.last()[1] == known


def test_a_long_silence_is_made_up_for(school: School) -> None:
    cache.set(watching._KEY, (timezone.now() - timedelta(days=3)).isoformat())
    read()
    assert days(school.vendor)[0] == f"{midnight(4):%Y-%m-%d}"
    cache.set(watching._KEY, (timezone.now() - timedelta(days=300)).isoformat())
    school.vendor.calls.clear()
    read()
    assert days(school.vendor)[0] == f"{midnight(7):%Y-%m-%d}"


@pytest.mark.parametrize("kind", ["recordings", "versions"])
def test_it_waits_for_a_whole_mirror(school: School, kind: str) -> None:
    SyncRun.objects.filter(kind=kind).update(state=SyncRun.State.INCOMPLETE)
    with pytest.raises(Retry):
        read_watched.apply(throw=True)
    assert (days(school.vendor), watching.last_read_at()) == ([], None)
    SyncRun.objects.update(state=SyncRun.State.DONE)
    read_watched.apply(throw=True)
    assert watching.last_read_at() is not None


def test_many_pages(school: School, settings: Any) -> None:
    settings.SYNC_PAGE_SIZE = 3
    latest = [school.watched(school.rows[n % 2], midnight(2) + timedelta(minutes=n)) for n in range(8)]
    assert read().viewings == 8
    assert {call.params["page"] for call in school.vendor.calls.of("account_watch_records")} >= {"1", "2", "3"}
    assert school.last() == [latest[6], latest[7]]


def test_vendor_trouble_keeps_what_was_read_and_is_made_up_for(school: School) -> None:
    met = school.watched(school.rows[0], midnight(7))
    missed = school.watched(school.rows[1], midnight(6))
    told = read_with_a_fault_after(school, 1)
    assert (told.days, school.last(), watching.last_read_at()) == (1, [met, None], None)
    assert "操作失败" in told.error
    read()
    assert school.last() == [met, missed]
    assert watching.last_read_at() is not None


def read_with_a_fault_after(school: School, calls: int) -> watching.Watched:
    """The vendor refuses every call after so many."""
    client = vendor_client(Lane.SYNC)
    real = client.account_watch_records

    def counted(**arguments: Any) -> Any:
        if len(school.vendor.calls.of("account_watch_records")) == calls:
            school.vendor.faults.add("account_watch_records", "refuse")
        return real(**arguments)

    client.account_watch_records = counted  # type: ignore[method-assign]
    try:
        return watching.read_watched(client)
    finally:
        school.vendor.faults.clear()


def test_rows_that_cannot_be_read_spare_the_others(school: School) -> None:
    for n in range(4):
        school.watched(school.rows[n % 2], midnight(1) + timedelta(minutes=n))
    school.vendor.faults.add("account_watch_records", "wrong_types", how="missing")
    told = read()
    assert told.error == ""
    assert told.viewings + told.unreadable == 4


def test_unknown_videos_and_many_recordings(school: School) -> None:
    made = RecordingFactory.create_batch(450)
    now = timezone.now().replace(microsecond=0)
    latest = {recording.video_id: now - timedelta(minutes=n) for n, recording in enumerate(made)}
    rows = [WatchRow(str(video), video_id=video, ended_at=at) for video, at in {**latest, 999_999_999: now}.items()]
    assert store_page(now.date(), rows) == StoredPage(written=451, moved=450)
    assert store_page(now.date(), rows) == StoredPage(written=0, moved=0)
    found = Recording.objects.filter(pk__in=[recording.pk for recording in made])
    assert dict(found.values_list("video_id", "last_watched_at")) == latest


def test_the_task_without_an_account_says_so_and_no_more(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.BAIJIAYUN_PARTNER_ID = ""
    read_watched.apply(throw=True)
    assert "BAIJIAYUN_PARTNER_ID" in caplog.text
    assert watching.last_read_at() is None
