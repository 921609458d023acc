"""The mirror of watch records: whatever breaks off, comes late or runs beside it, it ends as the vendor has it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any

import msgspec
import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from playback.conf import vendor_client
from playback.models import Recording, RecordingDay, Version, WatchDay, WatchRecord
from playback.sandbox.server import Sandbox
from playback.sync import watching
from playback.sync.watch_records import DayRead, TakenOver, read_day
from playback.sync.watch_store import link, store_page
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError
from playback.vendor.results.viewers import WATCH_ROW
from tests.factories import RecordingFactory, RoomFactory, SyncRunFactory, VersionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.portable]

DAY = date(2024, 5, 6)
MIDNIGHT = datetime(2024, 5, 6, tzinfo=timezone.get_default_timezone())


class Killed(BaseException):
    """What a dying worker leaves behind: nothing is caught, nothing tidied up."""


class School:
    """Two recordings of 1000 s, the first with a cut of 500 s; by numbers 0, 1 and 2 (the cut)."""

    def __init__(self, vendor: Sandbox) -> None:
        self.vendor = vendor
        self.count = 0
        self.videos: list[tuple[int, int]] = []
        rows = [vendor.state.add_recording(vendor.state.add_room("高一")) for _ in range(2)]
        self.recordings = [RecordingFactory(video_id=row["video_id"], length=1000) for row in rows]
        cut = vendor.state.add_version(rows[0]["room_id"])
        VersionFactory(recording=self.recordings[0], version=cut["version"], video_id=cut["video_id"], length=500)
        self.videos = [(row["playback_id"], row["video_id"]) for row in (*rows, cut)]

    def watched(self, which: int = 0, at: datetime | None = None, **fields: Any) -> str:
        self.count += 1
        at = MIDNIGHT + timedelta(minutes=10 * self.count) if at is None else at
        guid = fields.pop("guid", f"G{self.count:04}")
        return self.vendor.state.add_watch_record(*self.videos[which], at, **{"guid": guid, **fields})


@pytest.fixture
def school(vendor: Sandbox) -> School:
    return School(vendor)


def read(day: date = DAY, client: Any = None) -> DayRead:
    told = DayRead(day)
    read_day(client or vendor_client(Lane.SYNC), day, told)
    return told


def before_calls(act: Callable[[int], None]) -> Any:
    """A client that calls ``act`` with the call's number before each page is asked for."""
    client = vendor_client(Lane.SYNC)
    real = client.account_watch_records
    made = iter(range(1, 10_000))

    def account_watch_records(**arguments: Any) -> Any:
        act(next(made))
        return real(**arguments)

    client.account_watch_records = account_watch_records  # type: ignore[method-assign]
    return client


def killed_before(number: int) -> Any:
    def act(call: int) -> None:
        if call == number:
            raise Killed

    return before_calls(act)


def check_against(vendor: Sandbox) -> None:
    """Record by record, and the sums counted here once more."""
    theirs = {row["guid"]: row for row in vendor.state.rows("SELECT * FROM watch_records")}
    ours = {record.guid: record for record in WatchRecord.objects.all()}
    assert ours.keys() == theirs.keys()
    homes: dict[int, int] = dict(Version.objects.values_list("video_id", "recording_id"))
    homes.update(Recording.objects.values_list("video_id", "pk"))
    for guid, row in theirs.items():
        record = ours[guid]
        assert record.recording_id == homes.get(row["video_id"])
        assert record.began_at is not None
        assert record.began_at.timestamp() == row["begins_at"]
        assert record.day == timezone.localdate(record.began_at)
        assert (record.play_length, record.user_number) == (row["play_length"], str(row["user_number"]))
        assert (record.user_name, record.area, record.ext_data) == (row["user_name"], row["area"], row["ext_data"])
    check_sums()


def check_sums() -> None:
    lengths = dict(Recording.objects.values_list("pk", "length"))
    cuts = {(pk, n): length for pk, n, length in Version.objects.values_list("recording_id", "version", "length")}
    shares: dict[Any, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    seconds: dict[Any, int] = defaultdict(int)
    plays: dict[Any, int] = defaultdict(int)
    for record in WatchRecord.objects.exclude(recording=None):
        key = record.recording_id, record.day
        viewer = record.user_number if record.user_number not in ("", "0") else f"name {record.user_name}"
        length = cuts.get((record.recording_id, record.version_number)) or lengths[record.recording_id]
        shares[key][viewer] += (record.play_length or 0) / length
        seconds[key] += record.play_length or 0
        plays[key] += 1
    found = {(row.recording_id, row.day): row for row in RecordingDay.objects.all()}
    assert found.keys() == shares.keys()
    for key, row in found.items():
        assert (row.plays, row.viewers, row.seconds) == (plays[key], len(shares[key]), seconds[key])
        expected = sum(min(share, 1) for share in shares[key].values()) / len(shares[key])
        assert row.completion == pytest.approx(expected)


def test_a_day_is_read_to_the_end_and_again_for_nothing(school: School) -> None:
    for n in range(13):
        school.watched(n % 3, user_number=n % 4, user_name=f"学生{n % 4}", play_length=300)
    told = read()
    assert (told.pages, told.viewings, told.written, told.complete) == (3, 13, 13, True)
    check_against(school.vendor)
    row = WatchDay.objects.get(day=DAY)
    assert (row.state, row.total, row.pages, row.next_page, row.complete) == ("complete", 13, 3, 1, True)
    assert read().written == 0


def test_the_largest_number_is_kept_to_the_last_digit(school: School) -> None:
    largest = 2**64 - 1
    page = [
        {
            "guid": "big",
            "video_id": school.videos[0][1],
            "user_number": str(largest),
            "play_begin_time": "2024-05-06 08:00:00",
        }
    ]
    store_page(DAY, WATCH_ROW.rows(page)[0])
    assert WatchRecord.objects.get(guid="big").user_number == str(largest) == "18446744073709551615"
    assert WatchRecord.objects.filter(user_number=str(largest - 1)).count() == 0


def test_days_end_at_midnight_in_beijing(school: School) -> None:
    for at in (-1, 0, 86_399, 86_400):
        school.watched(at=MIDNIGHT + timedelta(seconds=at), guid=f"at {at}", play_length=7200)
    for n in (-1, 0, 1):
        read(DAY + timedelta(days=n))
    days = dict(WatchRecord.objects.values_list("guid", "day"))
    assert {guid: (day - DAY).days for guid, day in days.items()} == {
        "at -1": -1,
        "at 0": 0,
        "at 86399": 0,
        "at 86400": 1,
    }
    check_against(school.vendor)


def test_a_killed_reading_goes_on_where_it_was(school: School) -> None:
    for n in range(12):
        school.watched(n % 3)
    with pytest.raises(Killed):
        read(client=killed_before(3))
    assert (WatchRecord.objects.count(), WatchDay.objects.get().next_page) == (10, 3)
    check_sums()
    school.vendor.calls.clear()
    told = read()
    assert (told.resumed_at, told.complete) == (3, True)
    assert [call.params["page"] for call in school.vendor.calls.of("account_watch_records")] == ["3"]
    check_against(school.vendor)


def test_what_came_before_the_page_of_a_resumed_reading_is_not_missed(school: School) -> None:
    for n in range(12):
        school.watched(n % 3)
    with pytest.raises(Killed):
        read(client=killed_before(3))
    school.watched(at=MIDNIGHT, guid="late")
    told = read()
    assert told.complete
    check_against(school.vendor)


@pytest.mark.parametrize("fault", ["html", "refuse", "drop"])
def test_a_fault_midway_keeps_what_was_read(school: School, fault: str) -> None:
    for n in range(12):
        school.watched(n % 3)

    def break_it(call: int) -> None:
        if call == 2:
            school.vendor.faults.add("account_watch_records", fault)

    with pytest.raises(VendorError):
        read(client=before_calls(break_it))
    school.vendor.faults.clear()
    row = WatchDay.objects.get()
    assert (row.state, row.next_page, bool(row.error), WatchRecord.objects.count()) == ("failed", 2, True, 5)
    assert read().resumed_at == 2
    check_against(school.vendor)


def test_the_later_reading_has_the_day(school: School) -> None:
    for n in range(12):
        school.watched(n % 3)
    inner: list[DayRead] = []

    def overtake(call: int) -> None:
        if call == 2:
            inner.append(read())

    with pytest.raises(TakenOver):
        read(client=before_calls(overtake))
    assert inner[0].complete
    assert WatchDay.objects.get().state == "complete"
    check_against(school.vendor)


def test_unreadable_rows_are_counted_and_a_short_day_says_so(school: School) -> None:
    for n in range(4):
        school.watched(n % 3)
    school.vendor.faults.add("account_watch_records", "wrong_types", how="missing")
    told = read()
    row = WatchDay.objects.get()
    assert (row.unreadable, told.unreadable + told.viewings) == (told.unreadable, 4)
    school.vendor.faults.clear()
    real = vendor_client(Lane.SYNC)
    asked = real.account_watch_records
    real.account_watch_records = lambda **arguments: _counting_more(asked(**arguments))  # type: ignore[method-assign]
    assert not read(client=real).complete
    row.refresh_from_db()
    assert (row.state, row.complete, "104" in row.error) == ("short", False, True)


def _counting_more(page: Any) -> Any:
    return msgspec.structs.replace(page, total=page.total + 100)


def test_records_of_an_unknown_video_are_linked_later(school: School) -> None:
    room = RoomFactory()
    row = school.vendor.state.add_recording(school.vendor.state.add_room("新"))
    school.videos.append((row["playback_id"], row["video_id"]))
    school.watched(3, user_number=7)
    school.watched(0)
    read()
    assert (WatchRecord.objects.filter(recording=None).count(), link()) == (1, 0)
    met = RecordingFactory(room=room, video_id=row["video_id"], length=100)
    assert (link(), link()) == (1, 0)
    check_against(school.vendor)
    met.refresh_from_db()
    assert met.last_watched_at == WatchRecord.objects.get(recording=met).ended_at


def test_the_hourly_task_meets_late_records_of_a_week(school: School) -> None:
    cache.delete(watching._KEY)
    for kind in ("recordings", "versions"):
        SyncRunFactory(kind=kind)
    now = timezone.now()
    client = vendor_client(Lane.SYNC)
    school.watched(at=now - timedelta(days=3))
    assert watching.read_watched(client).written == 1
    school.watched(at=now - timedelta(days=3), guid="late")
    assert watching.read_watched(client).written == 0
    WatchDay.objects.update(read_at=now - timedelta(hours=21))
    told = watching.read_watched(client)
    assert (told.written, told.days, told.short) == (1, 8, 0)
    check_against(school.vendor)


def test_a_range_by_hand_goes_on(school: School) -> None:
    for n in range(3):
        school.watched(at=MIDNIGHT + timedelta(days=n, hours=8))

    def command(*more: str) -> str:
        out = StringIO()
        call_command("watch_records", "--from", "2024-05-06", "--to", "2024-05-08", *more, stdout=out)
        return out.getvalue()

    school.vendor.faults.add("account_watch_records", "refuse")
    with pytest.raises(CommandError, match="same range again"):
        command()
    school.vendor.faults.clear()
    assert "3 days read, 0 were read before" in command()
    check_against(school.vendor)
    school.vendor.calls.clear()
    assert "0 days read, 3 were read before" in command()
    assert not school.vendor.calls.of("account_watch_records")
    assert "3 days read" in command("--again")
    with pytest.raises(CommandError, match="future"):
        call_command("watch_records", "--from", "2999-01-01")


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "watch_newest"),
        ({"day__gte": DAY, "day__lte": DAY}, "watch_newest"),
        ({"recording_id": 7}, "watch_of_recording"),
        ({"user_number": "7"}, "watch_of_number"),
        ({"user_name": "王小明"}, "watch_of_name"),
    ],
)
def test_records_are_read_by_index_in_the_order_of_the_list(wanted: dict[str, Any], index: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # an empty table is scanned otherwise
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    plan = WatchRecord.objects.filter(**wanted)[:50].explain()
    assert index in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


STEPS = st.sampled_from(["nothing", "late", "longer", "kill", "fault", "overtake"])


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=12), minutes=st.lists(st.integers(0, 2879), max_size=12))
def test_any_interleaving_ends_as_the_vendor_has_it(school: School, steps: list[str], minutes: list[int]) -> None:
    school.vendor.state.execute("DELETE FROM watch_records")
    for model in (WatchRecord, WatchDay, RecordingDay):
        model._default_manager.all().delete()
    guids = [
        school.watched(n % 3, MIDNIGHT + timedelta(minutes=at), user_number=n % 3, user_name=f"学生{n % 5}")
        for n, at in enumerate(minutes)
    ]
    left = iter(steps)

    def act(_call: int) -> None:
        match next(left, "nothing"):
            case "late":
                guids.append(school.watched(len(guids) % 3, MIDNIGHT + timedelta(minutes=len(guids))))
            case "longer" if guids:
                school.vendor.state.execute(
                    "UPDATE watch_records SET play_length = play_length + 400 WHERE guid = ?", (guids[0],)
                )
            case "kill":
                raise Killed
            case "fault":
                school.vendor.faults.add("account_watch_records", "refuse")
            case "overtake":
                attempt()

    def attempt() -> None:
        for n in range(2):
            try:
                read(DAY + timedelta(days=n), before_calls(act))
            except (Killed, VendorError, TakenOver):
                school.vendor.faults.clear()
            check_sums()

    for _ in _until_used_up(left, attempt):
        pass
    for n in range(2):
        read(DAY + timedelta(days=n))  # goes on with what was broken off
        assert read(DAY + timedelta(days=n)).complete
    check_against(school.vendor)


def _until_used_up(left: Iterator[str], attempt: Callable[[], None]) -> Iterator[None]:
    while left.__length_hint__():  # type: ignore[attr-defined]
        attempt()
        yield
