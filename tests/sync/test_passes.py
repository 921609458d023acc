"""Passes over the sandbox's lists, by a real socket: what they store, when they stop, how they end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from playback.models import Recording, Room, SyncLease, SyncRun, Version
from playback.sandbox.server import Sandbox
from playback.sandbox.state.lists import LISTED
from playback.sync import fetching, passes
from playback.sync.freshness import Freshness

from .conftest import LONG_AGO, sync
from .test_upsert import mirror_writes

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
State = SyncRun.State


def pages_asked(vendor: Sandbox, call: str = "list_recordings") -> list[tuple[str, str]]:
    return [
        (each.params["product_type"], each.params["page"])
        for each in vendor.calls
        if each.name == call and each.params.get("page_size") != "1" and each.params.get("limit") != "1"
    ]


def test_the_first_pass_reads_everything(vendor: Sandbox, school: Callable[..., int]) -> None:
    room_id = school(12)
    run = sync()
    assert (run.state, run.full, run.error) == (State.DONE, True, "")
    assert (run.pages, run.total, run.seen, run.created, run.updated, run.unchanged) == (3, 12, 12, 12, 0, 0)
    assert run.finished_at is not None
    assert run.started_at <= run.finished_at
    assert Recording.objects.filter(room_id=room_id, product_type=1).count() == 12
    assert Version.objects.count() == 12
    assert not SyncLease.objects.exists()
    newest = Recording.objects.first()
    assert newest is not None
    assert (newest.name, newest.created_at, newest.length) == ("第0节", LONG_AGO, 600)


def test_a_second_full_pass_writes_nothing(vendor: Sandbox, school: Callable[..., int]) -> None:
    school(12)
    vendor.state.add_version(*_key(vendor), name="精剪", created_at=LONG_AGO)
    for kind in ("rooms", "recordings", "versions"):
        sync(kind, full=True)
    with mirror_writes() as written:
        runs = [sync(kind, full=True) for kind in ("rooms", "recordings", "versions")]
    assert written == []
    assert [(run.state, run.unchanged) for run in runs] == [
        (State.NOTHING_NEW, 1 * 2),  # by its product type, and once more in the list that has no total
        (State.NOTHING_NEW, 12),
        (State.NOTHING_NEW, 13),
    ]


def _key(vendor: Sandbox) -> tuple[int, int]:
    row = dict(zip(LISTED, vendor.state.list_versions(offset=0, limit=1)[1][0], strict=True))
    return row["room_id"], row["session_id"]


def test_rooms_are_named_by_their_own_list(vendor: Sandbox, school: Callable[..., int]) -> None:
    room_id = school(1, product_type=2)
    sync("recordings")
    assert Room.objects.get().title == ""
    run = sync("rooms")
    assert (run.state, run.created, run.updated) == (State.DONE, 0, 1)
    room = Room.objects.get()
    assert (room.room_id, room.title, room.product_type, room.is_long_term) == (room_id, "高一数学", 2, True)


def test_an_incremental_pass_stops_where_all_is_known(vendor: Sandbox, school: Callable[..., int]) -> None:
    school(40)
    sync()
    vendor.calls.clear()
    run = sync()
    assert (run.state, run.full, run.pages) == (State.NOTHING_NEW, False, 1)
    assert pages_asked(vendor) == [("1", "1")]


def test_an_incremental_pass_reads_on_while_there_is_news(vendor: Sandbox, school: Callable[..., int]) -> None:
    room_id = school(40)
    sync()
    vendor.state.update_recording(room_id, 202403010 + 5, name="第二页改名")
    for n in range(3):
        vendor.state.add_recording(room_id, 202404010 + n, name="新", created_at=LONG_AGO + timedelta(days=1 + n))
    vendor.calls.clear()
    run = sync()
    # Page 1: three new and two known. Page 2: the renamed one. Page 3: nothing new.
    assert (run.state, run.pages, run.created, run.updated) == (State.DONE, 3, 3, 1)
    assert Recording.objects.filter(name="第二页改名").count() == 1


def test_play_counts_do_not_keep_an_incremental_pass_reading(vendor: Sandbox, school: Callable[..., int]) -> None:
    room_id = school(40)
    sync()
    for n in range(40):
        vendor.state.update_recording(room_id, 202403010 + n, play_times=3)
    run = sync()
    assert (run.state, run.pages, run.updated) == (State.DONE, 1, 5)
    assert Recording.objects.filter(play_times=3).count() == 5


def test_recordings_of_the_last_day_are_read_again(vendor: Sandbox, school: Callable[..., int]) -> None:
    """A page of known rows is no end while they are so new that more may come in beside them."""
    room_id = school(1)
    now = timezone.now()
    for n in range(9):
        vendor.state.add_recording(room_id, 202611010 + n, name="新", created_at=now - timedelta(minutes=n + 1))
    sync()
    run = sync()
    assert (run.state, run.pages) == (State.NOTHING_NEW, 2)


def test_an_incremental_pass_does_not_trust_a_list_out_of_order(vendor: Sandbox, monkeypatch: Any) -> None:
    from playback.sync import reading

    room_id = vendor.state.add_room("乱", is_long_term=True, created_at=LONG_AGO)
    for n in range(12):
        vendor.state.add_recording(room_id, 202403010 + n, created_at=LONG_AGO - timedelta(hours=n))
    sync()
    ordered = reading.Reading._follow_order

    def shuffled(self: Any, rows: list[Any], before: Any) -> None:
        ordered(self, [rows[-1], *rows], before)

    monkeypatch.setattr(reading.Reading, "_follow_order", shuffled)
    assert sync().pages == 3


def test_each_product_type_has_its_list(vendor: Sandbox, school: Callable[..., int], settings: Any) -> None:
    settings.SYNC_FETCHERS = 1  # with more, the second list begins while the first one's last page is under way
    settings.BAIJIAYUN_PRODUCT_TYPES = [1, 2]
    school(6, product_type=1)
    school(3, product_type=2)
    run = sync()
    assert (run.state, run.total, run.created) == (State.DONE, 9, 9)
    assert sorted(Recording.objects.values_list("product_type", flat=True)) == [1] * 6 + [2] * 3
    assert pages_asked(vendor) == [("1", "1"), ("1", "2"), ("2", "1")]


def test_rows_of_no_named_type_are_found(vendor: Sandbox, school: Callable[..., int]) -> None:
    school(6, product_type=1)
    school(3, product_type=4)  # not in the settings
    run = sync()
    assert (run.state, run.total, run.created) == (State.DONE, 9, 9)
    assert sorted(Recording.objects.values_list("product_type", flat=True), key=str) == [1] * 6 + [None] * 3
    assert sync(full=True).state == State.NOTHING_NEW


def test_changed_names_reach_recording_and_version(vendor: Sandbox, school: Callable[..., int]) -> None:
    room_id = school(6)
    sync()
    vendor.state.update_recording(room_id, 202403015, name="改名后", publish_status=2)
    run = sync(full=True)
    assert (run.state, run.updated, run.unchanged) == (State.DONE, 1, 5)
    changed = Recording.objects.get(name="改名后")
    assert changed.publish_status == 2
    assert changed.versions.get().name == "改名后"
    assert changed.synced_at is not None
    assert changed.synced_at >= run.started_at


def test_versions_are_rows_of_their_own(vendor: Sandbox, school: Callable[..., int]) -> None:
    room_id = school(2)
    vendor.state.add_version(room_id, 202403010, name="精剪", created_at=LONG_AGO + timedelta(hours=1), is_main=True)
    assert sync("recordings").created == 2
    main = Recording.objects.get(session_id=202403010)
    assert (main.main_version, main.name) == (1, "精剪")
    run = sync("versions")
    assert (run.state, run.created, run.seen) == (State.DONE, 1, 3)
    assert sorted(main.versions.values_list("version", "name")) == [(0, "第0节"), (1, "精剪")]


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [("status", {"status": 500}, ""), ("html", {}, ""), ("drop", {}, ""), ("broken_json", {}, "")],
)
def test_a_list_that_breaks_off_concludes_nothing(
    vendor: Sandbox,
    school: Callable[..., int],
    settings: Any,
    monkeypatch: Any,
    kind: str,
    options: dict[str, Any],
    said: str,
) -> None:
    settings.SYNC_FETCHERS = 1  # or the pages behind the first were asked for before the fault is on
    room_id = school(12)
    sync()
    _impatient(monkeypatch)
    vendor.state.remove_recording(room_id, 202403010)
    vendor.state.update_recording(room_id, 202403011, name="第一页改名")

    def break_off(run: SyncRun) -> None:
        vendor.faults.add("list_recordings", kind, **options)

    run = sync(full=True, on_page=break_off)
    assert (run.state, run.pages, run.updated, run.gone) == (State.INCOMPLETE, 1, 1, 0)
    assert run.error.startswith("list_recordings")
    assert vendor.state.recording(room_id, 202403011) is not None
    assert Recording.objects.filter(name="第一页改名").exists()  # what was read is kept
    assert not Recording.objects.exclude(gone_at=None).exists()
    vendor.faults.clear()
    run = sync(full=True)
    assert (run.state, run.gone) == (State.DONE, 1)


def _impatient(monkeypatch: Any) -> None:
    """No pauses between the client's attempts."""
    from playback.vendor import transport

    monkeypatch.setattr(transport.Transport, "_pause", lambda *args: None)


def test_a_vendor_that_never_answers_fails_the_run(vendor: Sandbox, school: Callable[..., int], settings: Any) -> None:
    school(3)
    settings.BAIJIAYUN_BASE_URL = "http://127.0.0.1:9"  # nobody listens on the discard port
    run = passes_with_short_patience()
    assert (run.state, run.pages) == (State.FAILED, 0)
    assert run.error


def passes_with_short_patience() -> SyncRun:
    from playback.vendor import transport

    with pytest.MonkeyPatch.context() as patch:
        _impatient(patch)
        assert transport
        return sync()


def test_a_wrong_key_fails_with_a_sentence_that_names_the_setting(vendor: Sandbox, settings: Any) -> None:
    settings.BAIJIAYUN_PARTNER_KEY = "not-the-key"
    run = sync()
    assert run.state == State.FAILED
    assert "BAIJIAYUN_PARTNER_KEY" in run.error
    assert "not-the-key" not in run.error


def test_no_settings_at_all_is_a_failed_run(vendor: Sandbox, settings: Any) -> None:
    settings.BAIJIAYUN_PARTNER_ID = ""
    run = sync()
    assert (run.state, "BAIJIAYUN_PARTNER_ID" in run.error) == (State.FAILED, True)
    assert not SyncLease.objects.exists()


def test_an_empty_page_before_the_end_is_a_fault(vendor: Sandbox, school: Callable[..., int], monkeypatch: Any) -> None:
    from playback.vendor.client import VendorClient
    from playback.vendor.results import Page

    school(12)
    real = VendorClient.list_recordings

    def emptied(self: Any, *, page: int, **options: Any) -> Any:
        answer = real(self, page=page, **options)
        return Page(answer.total, [], []) if page == 2 else answer

    monkeypatch.setattr(VendorClient, "list_recordings", emptied)
    run = sync()
    assert (run.state, run.created) == (State.INCOMPLETE, 5)
    assert "page 2 is empty" in run.error


def test_what_came_before_an_error_is_stored(vendor: Sandbox, school: Callable[..., int], monkeypatch: Any) -> None:
    """Also what had come already and was waiting to be stored together with it."""
    from playback.vendor.client import VendorClient
    from playback.vendor.errors import VendorRefused

    school(40)
    real = VendorClient.list_recordings

    def refused(self: Any, *, page: int, **options: Any) -> Any:
        if page == 5:
            raise VendorRefused(1, "今天不行", call="list_recordings")
        return real(self, page=page, **options)

    monkeypatch.setattr(VendorClient, "list_recordings", refused)
    monkeypatch.setattr(fetching.Ahead, "is_waiting", lambda ahead: True)  # as if all of them had come at once
    told: list[int] = []
    run = sync(full=True, on_page=lambda run: told.append(run.pages))
    assert (run.state, run.pages, run.created) == (State.INCOMPLETE, 4, 20)
    assert Recording.objects.count() == 20
    assert told == [4] * 4  # one transaction


def test_a_deadlock_costs_a_moment_and_no_row(vendor: Sandbox, school: Callable[..., int], monkeypatch: Any) -> None:
    """Somebody else held what we wanted, and wanted what we held: the database ended our transaction."""
    school(12)
    real = passes.upsert.store
    stored: list[int] = []

    def deadlocked(batch: Any, *arguments: Any) -> Any:
        stored.append(len(batch))
        if len(stored) == 2:
            error = OperationalError("deadlock detected")
            error.__cause__ = DeadlockDetected()
            raise error
        return real(batch, *arguments)

    monkeypatch.setattr(passes.upsert, "store", deadlocked)
    monkeypatch.setattr(fetching.Ahead, "is_waiting", lambda ahead: True)
    run = sync(full=True)
    assert (run.state, run.pages, run.created, run.seen) == (State.DONE, 3, 12, 12), run.error
    assert stored == [5, 5, 5, 5, 2]
    assert Recording.objects.count() == 12


def test_another_error_of_the_database_is_not_tried_again(
    vendor: Sandbox, school: Callable[..., int], monkeypatch: Any
) -> None:
    school(3)

    def lost(*arguments: Any) -> Any:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(passes.upsert, "store", lost)
    with pytest.raises(OperationalError):
        sync(full=True)
    assert SyncRun.objects.get().state == State.FAILED


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_two_kinds_at_once_meet_the_same_rows_in_their_own_order(
    vendor: Sandbox, school: Callable[..., int], settings: Any, monkeypatch: Any
) -> None:
    """Recordings and versions page over the same keys, with other borders between their pages."""
    if connection.vendor != "postgresql":
        pytest.skip("rows are locked on PostgreSQL")
    settings.SYNC_PAGE_SIZE = 7
    for _ in range(3):
        room_id = school(40)
        vendor.state.add_version(room_id, 202403010, name="精剪", created_at=LONG_AGO - timedelta(hours=20))
    monkeypatch.setattr(fetching.Ahead, "is_waiting", lambda ahead: True)
    ended: dict[str, SyncRun] = {}

    def read(kind: str) -> None:
        try:
            ended[kind] = sync(kind, full=True)
        finally:
            connection.close()

    threads = [threading.Thread(target=read, args=(kind,)) for kind in ("recordings", "versions", "rooms")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert {kind: run.state for kind, run in ended.items()} == dict.fromkeys(
        ("recordings", "versions", "rooms"), State.DONE
    ), [run.error for run in ended.values()]
    assert Recording.objects.live().count() == 120
    assert Version.objects.live().count() == 123


def test_what_nobody_foresaw_closes_the_run_too(vendor: Sandbox, school: Callable[..., int], monkeypatch: Any) -> None:
    school(12)

    def fail(run: SyncRun) -> None:
        raise ZeroDivisionError("with a secret inside")

    with pytest.raises(ZeroDivisionError):
        sync(on_page=fail)
    run = SyncRun.objects.get()
    assert (run.state, run.pages, run.error) == (
        State.FAILED,
        1,
        "Stopped by ZeroDivisionError; the log says more.",
    )
    assert not SyncLease.objects.exists()


def test_last_seen_is_the_later_of_row_and_full_pass(
    vendor: Sandbox, school: Callable[..., int], django_assert_num_queries: Any
) -> None:
    school(3)
    first = sync()
    second = sync(full=True)
    rows = list(Recording.objects.all())
    with django_assert_num_queries(1):
        freshness = Freshness.load()
        seen = [freshness.last_seen(row) for row in rows]
    assert first.started_at < second.started_at
    assert seen == [second.started_at] * 3
    rows[0].gone_at = timezone.now()
    assert freshness.last_seen(rows[0]) == rows[0].synced_at
    room = Room.objects.get()  # only recordings told of it
    assert freshness.last_seen(room) is None
