"""Passes over lists that move while several threads read them, by a real socket: no row lost, none doubled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from playback.models import Recording, SyncRun
from playback.sandbox.server import Sandbox
from playback.sandbox.shifting import shift
from playback.sandbox.state.lists import LISTED
from playback.sync import passes, reading
from playback.vendor.client import VendorClient

from .conftest import LONG_AGO, sync
from .test_passes import pages_asked

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
State = SyncRun.State
School = Callable[..., int]


def keys(vendor: Sandbox) -> set[tuple[int, int]]:
    rows = [dict(zip(LISTED, row, strict=True)) for row in vendor.state.list_versions(offset=0, limit=1000)[1]]
    return {(row["room_id"], row["session_id"]) for row in rows}


def mirrored() -> list[tuple[int, int]]:
    return list(Recording.objects.live().values_list("room_id", "session_id"))


@pytest.fixture
def between(vendor: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], object]], None]:
    """``between(2, change)``: the list changes after page 2 was answered, before anybody else is answered."""
    changes: dict[int, Callable[[], object]] = {}
    list_versions = vendor.state.list_versions

    def answer(*, offset: int, limit: int, **options: Any) -> Any:
        with vendor.state.lock:
            found = list_versions(offset=offset, limit=limit, **options)
            change = changes.pop(offset // limit + 1, None) if limit > 1 else None
            if change is not None:
                change()
        return found

    monkeypatch.setattr(vendor.state, "list_versions", answer)
    return changes.__setitem__


@pytest.mark.parametrize("fetchers", [1, 4])
@pytest.mark.parametrize("how", ["add", "remove"])
@pytest.mark.parametrize("page", [1, 2, 3, 5, 7])
def test_a_first_load_misses_nothing_that_was_there_all_along(
    vendor: Sandbox, school: School, settings: Any, between: Any, fetchers: int, how: str, page: int
) -> None:
    settings.SYNC_FETCHERS = fetchers
    school(38)
    before = keys(vendor)
    between(page, lambda: shift(vendor.state, how))
    run = sync()
    assert run.state == State.DONE, run.error
    there_all_along = before & keys(vendor)
    met = mirrored()
    assert len(met) == len(set(met)) == Recording.objects.count()
    assert there_all_along <= set(met)
    assert run.created == len(met)
    # What came in at the front, behind the reader's back, comes with the next run.
    assert sync().state in (State.DONE, State.NOTHING_NEW)
    assert keys(vendor) <= set(mirrored())
    sync(full=True)
    assert keys(vendor) == set(mirrored())


@pytest.mark.parametrize("fetchers", [1, 4])
@pytest.mark.parametrize("how", ["add", "remove"])
def test_a_row_is_lost_between_no_two_pages_of_an_incremental_run(
    vendor: Sandbox, school: School, settings: Any, between: Any, fetchers: int, how: str
) -> None:
    settings.SYNC_FETCHERS = fetchers
    room_id = school(30)
    sync()
    for n in range(18):
        vendor.state.add_recording(room_id, 202404010 + n, name="新", created_at=LONG_AGO + timedelta(days=1, hours=n))
    before = keys(vendor)
    between(2, lambda: shift(vendor.state, how))
    run = sync()
    assert (run.state, run.full) == (State.DONE, False)
    assert before & keys(vendor) <= set(mirrored())


def test_pages_that_are_read_again_count_once(vendor: Sandbox, school: School, settings: Any, between: Any) -> None:
    settings.SYNC_FETCHERS = 1
    school(38)
    sync()
    between(3, lambda: shift(vendor.state, "remove"))
    vendor.calls.clear()
    run = sync(full=True)
    assert [int(page) for _, page in pages_asked(vendor)] == [1, 2, 3, 4, 3, 4, 5, 6, 7, 8]
    assert (run.state, run.pages, run.seen, run.unchanged) == (State.NOTHING_NEW, 8, 37, 37)


def test_a_list_that_never_rests_concludes_nothing(vendor: Sandbox, school: School) -> None:
    """One row goes with every answer. What was read is kept, and nothing is said to be gone."""
    school(60)
    sync()
    vendor.faults.add("list_recordings", "shifting_page", how="remove")
    run = sync(full=True)
    assert (run.state, run.gone) == (State.INCOMPLETE, 0)
    assert "kept changing" in run.error
    assert not Recording.objects.exclude(gone_at=None).exists()
    vendor.faults.clear()
    run = sync(full=True)
    if run.state == State.HELD:
        run = passes.release(run, None)
    assert run.state == State.DONE
    assert keys(vendor) == set(mirrored())


def test_an_unreadable_row_that_was_lost_is_spared(
    vendor: Sandbox, school: School, settings: Any, between: Any
) -> None:
    settings.SYNC_FETCHERS = 1
    room_id = school(38)
    sync()
    vendor.state.update_recording(room_id, 202403010 + 10, length="a while")  # moves from page 3 to page 2
    between(2, lambda: shift(vendor.state, "remove"))
    run = sync(full=True)
    assert (run.state, run.would_go, run.gone) == (State.NOTHING_NEW, 0, 0)


def test_an_error_in_a_page_that_is_read_again_leaves_the_run_incomplete(
    vendor: Sandbox, school: School, settings: Any, between: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SYNC_FETCHERS = 1
    school(38)

    def failing(ask: Any, number: int) -> Any:
        vendor.faults.add("list_recordings", "refuse")
        return fetch(ask, number)

    fetch = reading.fetch
    monkeypatch.setattr(reading, "fetch", failing)
    between(2, lambda: shift(vendor.state, "remove"))
    run = sync()
    assert (run.state, run.created) == (State.INCOMPLETE, 15)  # pages 1 to 3 are kept


@pytest.mark.parametrize("kind", ["rooms", "recordings", "versions"])
def test_all_kinds_are_read_by_several_threads(vendor: Sandbox, school: School, settings: Any, kind: str) -> None:
    settings.SYNC_FETCHERS = 4
    for _ in range(12):
        school(4)
    run = sync(kind)
    assert run.state == State.DONE
    again = sync(kind, full=True)
    assert (again.state, again.created, again.updated) == (State.NOTHING_NEW, 0, 0)


def test_a_lost_lease_ends_the_threads(vendor: Sandbox, school: School, settings: Any) -> None:
    from playback.models import SyncLease

    settings.SYNC_FETCHERS = 4
    school(60)

    def stolen(run: SyncRun) -> None:
        SyncLease.objects.update(token="00000000-0000-0000-0000-000000000000")

    run = sync(on_page=stolen)
    assert run.state == State.FAILED
    assert 1 <= run.pages <= passes.AT_ONCE < 12  # the first pages that had come, and no other
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fetch")]


def test_threads_never_ask_for_more_than_the_budget(vendor: Sandbox, school: School, settings: Any) -> None:
    """The account's budget holds for all threads together."""
    settings.SYNC_FETCHERS = 8
    settings.BAIJIAYUN_CALLS_PER_WINDOW = 200
    vendor.window.limit = 200
    settings.SYNC_PAGE_SIZE = 1
    school(40)
    now = timezone.now()
    run = sync()
    assert run.state == State.DONE, run.error
    assert all(call.code == 0 for call in vendor.calls)
    assert timezone.now() - now < timedelta(minutes=2)


def test_an_addition_does_not_hide_what_has_no_type(
    vendor: Sandbox, school: School, settings: Any, monkeypatch: Any
) -> None:
    """Rows of all types are counted while the last pages of the typed lists are under way, and one is added there."""
    settings.SYNC_FETCHERS = 4
    settings.BAIJIAYUN_PRODUCT_TYPES = [1]
    school(12)
    assert sync(full=True).seen == 12
    school(1, product_type=4)
    counted = threading.Event()
    asked = VendorClient.list_recordings

    def slow(client: VendorClient, **arguments: Any) -> Any:
        if arguments["page"] == 3:
            assert counted.wait(10)
        answer = asked(client, **arguments)
        if arguments["page_size"] == 1 and not counted.is_set():
            school(1)
            counted.set()
        return answer

    monkeypatch.setattr(VendorClient, "list_recordings", slow)
    run = sync(full=True)
    assert (run.state, run.total, Recording.objects.count()) == (State.DONE, 14, 14)


def test_what_is_added_meanwhile_does_not_make_a_pass_read_all(vendor: Sandbox, school: School, settings: Any) -> None:
    """The first pages of all lists are asked for at once; the list of the second type then moves on."""
    settings.BAIJIAYUN_PRODUCT_TYPES = [1, 2]
    school(12)
    room_id = school(60, product_type=2)
    sync(full=True)
    now = timezone.now()

    def live(count: int, *, first: int) -> None:
        for n in range(first, first + count):
            at = now - timedelta(hours=3) + timedelta(minutes=n)
            vendor.state.add_recording(room_id, 202611260 + n, name=f"今天第{n}节", created_at=at, length=600)

    live(6, first=0)
    added: list[int] = []

    def go_on(run: SyncRun) -> None:
        if not added:
            added.append(run.pages)
            live(2, first=6)

    run = sync(on_page=go_on)
    assert (run.state, added) == (State.DONE, [1])
    assert Recording.objects.filter(name__startswith="今天").count() >= 6
    assert run.pages < 6, "it read on, past what it knows"
