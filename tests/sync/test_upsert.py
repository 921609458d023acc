"""Pages into the mirror: what is written, what is not, and who wins over whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from django.db import connection, transaction

from playback.models import Change, Recording, Room, Version
from playback.sync import lock, mapping, upsert
from playback.sync.batch import Batch
from playback.sync.tables import RECORDINGS, sqlite_time
from playback.vendor.results import RecordingRow, RoomRow

pytestmark = [pytest.mark.django_db, pytest.mark.portable]

T0 = datetime(2024, 3, 1, 8, 0, tzinfo=UTC)
MIRROR = ("playback_room", "playback_recording", "playback_version")


@contextmanager
def mirror_writes() -> Iterator[list[str]]:
    """The statements that change a mirrored table, as they are sent."""
    written: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().startswith(("INSERT", "UPDATE", "DELETE")) and any(table in sql for table in MIRROR):
            written.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield written


def row(number: int = 1, **facts: Any) -> RecordingRow:
    fields: dict[str, Any] = {
        "room_id": 17081558148000 + number,
        "session_id": 0,
        "playback_id": 900 + number,
        "video_id": 145000 + number,
        "name": f"第{number}节回放",
        "status": 100,
        "created_at": T0 - timedelta(days=number),
        "length": 2393,
        "total_transcode_size": 388217885,
        "play_times": 7,
        "cover_url": "https://img.example.org/a.jpg",
        "publish_status": 1,
        "version": 0,
    }
    return RecordingRow(**{**fields, **facts})


def store(rows: list[RecordingRow], asked_at: datetime = T0, product_type: int = 1) -> upsert.Stored:
    return upsert.store_recordings(rows, asked_at, asked_at, product_type)


def test_a_page_makes_recordings_rooms_and_main_versions() -> None:
    stored = store([row(1), row(2), row(3, session_id=201912010)])

    assert (stored.created, stored.updated, stored.unchanged, stored.quiet) == (3, 0, 0, False)
    one = Recording.objects.get(room_id=17081558148001)
    assert (one.name, one.status, one.length, one.publish_status) == ("第1节回放", 100, 2393, 1)
    assert (one.created_at, one.synced_at, one.first_seen_at) == (T0 - timedelta(days=1), T0, T0)
    assert (one.product_type, one.main_version, one.total_size) == (1, 0, None)
    assert one.room.title == ""
    assert one.room.synced_at is None
    version = one.versions.get()
    assert (version.version, version.video_id, version.name, version.synced_at) == (0, 145001, "第1节回放", T0)


def test_an_unchanged_page_costs_no_write_and_one_read() -> None:
    rows = [row(number) for number in range(50)]
    store(rows)
    with mirror_writes() as written:
        stored = store(rows, T0 + timedelta(hours=1))
    assert written == []
    assert (stored.created, stored.updated, stored.unchanged, stored.quiet) == (0, 0, 50, True)
    assert len(stored.known) == 50
    assert Recording.objects.filter(synced_at=T0).count() == 50


def pages_of(*pages: list[RecordingRow], asked_at: datetime = T0) -> list[upsert.Asked]:
    return [(Batch(RECORDINGS, mapping.recording_columns(page, 1)), asked_at) for page in pages]


@pytest.mark.parametrize("there", [[], [57], [*range(60)]])
def test_pages_that_are_thought_to_be_new_are_stored_as_any_other(there: list[int]) -> None:
    """What was there already, a recording of a callback for instance, is met and not doubled."""
    rows = [row(number) for number in range(60)]
    store([row(number, name="旧名") for number in there])
    later = T0 + timedelta(hours=1)
    rooms: set[int] = set()
    look = upsert.Look(thorough=True, rooms=rooms)
    stored = upsert.store_pages(pages_of(rows[:50], rows[50:], asked_at=later), later, look, new=True)
    old = [len([number for number in there if number < 50]), len([number for number in there if number >= 50])]
    assert [(one.created, one.updated, one.unchanged) for one in stored] == [
        (50 - old[0], old[0], 0),
        (10 - old[1], old[1], 0),
    ]
    assert rooms == {each.room_id for each in rows}
    assert Recording.objects.filter(name__endswith="节回放", main_version=0).count() == 60
    assert Version.objects.filter(name__endswith="节回放", version=0).count() == 60
    assert {each.fields["name"][0] for each in Change.objects.filter(echo=False)} == ({"旧名"} if there else set())
    assert Change.objects.filter(echo=False).count() == len(there)


def test_new_pages_that_show_a_row_twice_store_it_once() -> None:
    """A list that grew between two answers."""
    rows = [row(number) for number in range(60)]
    stored = upsert.store_pages(pages_of(rows[:41], rows[40:]), T0, upsert.QUICK, new=True)
    assert [(one.created, one.unchanged) for one in stored] == [(41, 0), (19, 1)]
    assert Recording.objects.count() == Version.objects.count() == 60


def test_new_pages_know_their_own_times_and_versions() -> None:
    """Rows of which some name no main version, and hold no value where others do."""
    first = [row(number, version=None if number % 3 else 0) for number in range(60)]
    second = [row(number, video_id=None if number % 2 else 7, version=0) for number in range(60, 100)]
    later = T0 + timedelta(seconds=1)
    pages = [*pages_of(first, []), *pages_of(second, asked_at=later)]
    assert [one.created for one in upsert.store_pages(pages, T0, upsert.QUICK, new=True)] == [60, 0, 40]
    assert Version.objects.count() == 60
    for version in Version.objects.select_related("recording"):
        recording = version.recording
        assert recording.room_id >= row(60).room_id or (recording.playback_id or 0) % 3 == 0
        assert version.video_id == recording.video_id
        at = later if recording.room_id >= row(60).room_id else T0
        assert [(one.first_seen_at, one.synced_at) for one in (recording, version)] == [(at, at)] * 2


@pytest.mark.services
def test_a_page_reads_no_table_whatever_its_statistics_say() -> None:
    """PostgreSQL's statistics of a table that is being filled say that it is empty. Each row is found by an index."""
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL's plans")
    for start in range(0, 4000, 1000):
        store([row(number) for number in range(start, start + 1000)])
    plans: list[str] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("SELECT", "INSERT")):
            execute(f"EXPLAIN {sql}", params, many, context)
            plans.append("\n".join(line for (line,) in context["cursor"].fetchall()))
        return execute(sql, params, many, context)

    changed = [row(number, name="改名") for number in range(500)]
    with connection.execute_wrapper(explain), transaction.atomic():
        lock.for_pages()
        store([*changed, *(row(number) for number in range(4000, 4500))], T0 + timedelta(hours=1))
        upsert.store_versions([*changed, row(9000)], T0 + timedelta(hours=2), T0)
    assert len(plans) >= 9  # what is known, the rooms, what is written, and what is noted of it
    whole = re.compile(r"Seq Scan on playback_(room|recording|version)\b")
    assert not [plan for plan in plans if whole.search(plan)]
    assert len([plan for plan in plans if "Index" in plan]) >= 6


def test_only_the_changed_row_is_written() -> None:
    rows = [row(number) for number in range(50)]
    store(rows)
    later = T0 + timedelta(hours=1)
    rows[7] = row(7, name="改名后")
    with mirror_writes() as written:
        stored = store(rows, later)
    assert len(written) == 2  # the recording, and its main version
    assert (stored.created, stored.updated, stored.unchanged, stored.quiet) == (0, 1, 49, False)
    assert [each.room_id for each in Recording.objects.filter(synced_at=later)] == [17081558148007]
    assert Recording.objects.get(synced_at=later).name == "改名后"
    assert Version.objects.get(synced_at=later).name == "改名后"
    assert Recording.objects.filter(first_seen_at=later).count() == 0


def test_a_moved_play_count_is_written_but_is_no_news() -> None:
    store([row(1)])
    stored = store([row(1, play_times=8)], T0 + timedelta(hours=1))
    assert (stored.updated, stored.quiet) == (1, True)
    assert Recording.objects.get().play_times == 8


def test_a_list_does_not_empty_what_it_does_not_carry() -> None:
    store([row(1)], product_type=2)
    Recording.objects.update(total_size=11353211)
    stored = store([row(1, name="新名")], T0 + timedelta(hours=1), product_type=0)
    assert stored.updated == 1
    changed = Recording.objects.get()
    assert (changed.name, changed.product_type, changed.total_size) == ("新名", 2, 11353211)


def test_a_later_list_tells_the_product_type() -> None:
    store([row(1)], product_type=0)
    assert Recording.objects.get().product_type is None
    stored = store([row(1)], T0 + timedelta(hours=1), product_type=3)
    assert stored.updated == 1
    assert Recording.objects.get().product_type == 3


def test_a_row_that_comes_back_is_there_again() -> None:
    store([row(1)])
    gone_at = T0 + timedelta(hours=1)
    Recording.objects.update(gone_at=gone_at)
    Version.objects.update(gone_at=gone_at)
    stored = store([row(1)], T0 + timedelta(hours=2))
    assert (stored.updated, stored.quiet) == (1, False)
    assert Recording.objects.get().gone_at is None
    assert Version.objects.get().gone_at is None


@pytest.mark.parametrize("column", ["synced_at", "gone_at"])
def test_words_asked_for_before_the_stored_ones_change_nothing(column: str) -> None:
    store([row(1)])
    refreshed = T0 + timedelta(minutes=5)
    Recording.objects.update(**{column: refreshed})
    stored = store([row(1, name="旧名")], T0 + timedelta(minutes=4))
    assert (stored.updated, stored.unchanged) == (0, 1)
    kept = Recording.objects.get()
    assert kept.name == "第1节回放"
    assert getattr(kept, column) == refreshed


def test_the_guard_is_in_the_statement_too() -> None:
    """Somebody stores newer words between the page's read and its write."""
    store([row(1)])
    Recording.objects.update(synced_at=T0 + timedelta(minutes=5))
    RECORDINGS.write(
        Batch(RECORDINGS, mapping.recording_columns([row(1, name="旧名")], 1)).rows, T0 + timedelta(minutes=4)
    )
    assert Recording.objects.get().name == "第1节回放"


def test_one_row_twice_in_a_page_is_stored_once() -> None:
    stored = store([row(1), row(1, name="另一个"), row(2)])
    assert stored.created == 2
    assert Recording.objects.get(room_id=17081558148001).name == "第1节回放"


def test_long_and_strange_values_do_not_cost_the_page() -> None:
    store(
        [
            row(1, name="长" * 300, cover_url="https://img.example.org/" + "a" * 600),
            row(2, name="a\x00b\ud800c"),
            row(3, playback_id=2**63 - 1, length=2**31 - 1, status=77),
        ]
    )
    by_room = {each.room_id % 10: each for each in Recording.objects.all()}
    assert by_room[1].name == "长" * 255
    assert by_room[1].cover_url == ""
    assert by_room[2].name == "ab?c"
    assert (by_room[3].playback_id, by_room[3].length, by_room[3].status) == (2**63 - 1, 2**31 - 1, 77)


def test_versions_make_missing_recordings() -> None:
    rows = [row(1, version=2, version_type=1, name="精剪"), row(1, version=1, version_type=1, name="初剪")]
    stored = upsert.store_versions(rows, T0, T0)
    assert stored.created == 2
    made = Recording.objects.get()
    assert (made.name, made.main_version, made.synced_at, made.payload_hash) == ("初剪", None, None, None)
    assert sorted(made.versions.values_list("version", "name", "version_type")) == [(1, "初剪", 1), (2, "精剪", 1)]
    # The recordings' own list then tells.
    stored = store([row(1)], T0 + timedelta(minutes=1))
    assert (stored.created, stored.updated) == (0, 1)
    made.refresh_from_db()
    assert (made.name, made.main_version) == ("第1节回放", 0)
    assert made.versions.count() == 3


def test_a_main_version_has_the_facts_of_its_recording() -> None:
    rows = [row(1), row(2, name="", length=None, cover_url="x" * 600, version=3), row(3, created_at=None)]
    silent = row(4, version=None)
    for told in (rows, [*rows, silent], [silent], []):
        mains = mapping.main_version_columns(mapping.recording_columns(told, 1))
        assert [*map(list, mains)] == [*map(list, mapping.version_columns(told))]
        assert len(mains[0]) == len(told) - told.count(silent)


def test_a_version_without_its_number_is_left_out() -> None:
    assert upsert.store_versions([row(1, version=None)], T0, T0).created == 0
    assert Version.objects.count() == 0


def test_a_list_without_the_type_of_version_keeps_it() -> None:
    upsert.store_versions([row(1, version_type=1)], T0, T0)
    with mirror_writes() as written:
        stored = upsert.store_versions([row(1)], T0 + timedelta(hours=1), T0)
    assert written == []
    assert stored.unchanged == 1
    assert Version.objects.get().version_type == 1


def test_a_live_version_brings_its_recording_back() -> None:
    upsert.store_versions([row(1)], T0, T0)
    Recording.objects.update(gone_at=T0 + timedelta(hours=1))
    Version.objects.update(gone_at=T0 + timedelta(hours=1))
    upsert.store_versions([row(1)], T0 + timedelta(hours=2), T0)
    assert Recording.objects.get().gone_at is None


def test_rooms_fill_their_placeholders() -> None:
    store([row(1)])
    room = RoomRow(room_id=17081558148001, title="高一数学", created_at=T0, max_users=50, is_long_term=True)
    stored = upsert.store_rooms([room], T0, T0, 2)
    assert (stored.created, stored.updated) == (0, 1)
    filled = Room.objects.get()
    assert (filled.title, filled.max_users, filled.is_long_term, filled.product_type) == ("高一数学", 50, True, 2)
    assert filled.synced_at == T0
    with mirror_writes() as written:
        assert upsert.store_rooms([room], T0 + timedelta(hours=1), T0, 2).unchanged == 1
    assert written == []


def test_an_instant_is_the_same_in_every_zone() -> None:
    beijing = row(1).created_at
    assert beijing is not None
    other = msgspec.structs.replace(row(1), created_at=beijing.astimezone(mapping_zone()))
    assert mapping.recording_columns([row(1)], 1)[2] == mapping.recording_columns([other], 1)[2]


def mapping_zone() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    "value",
    [
        datetime(2024, 3, 1, 1, 2, 3, tzinfo=UTC),
        datetime(2024, 3, 1, 1, 2, 3, 4500, tzinfo=UTC),
        datetime(2024, 3, 1, 1, 2, 3, tzinfo=timezone(timedelta(hours=8))),
        datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=-5, minutes=-30))),
    ],
)
def test_a_time_is_written_to_sqlite_as_django_writes_it(value: datetime) -> None:
    from django.db.backends.sqlite3.base import DatabaseWrapper

    settings = {**connection.settings_dict, "ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    assert sqlite_time(value) == DatabaseWrapper(settings, "aside").ops.adapt_datetimefield_value(value)
