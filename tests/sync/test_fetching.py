"""Threads that ask for pages ahead: in order, within bounds, and gone afterwards whatever happened."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from playback.sync import reading as reading_module
from playback.sync.fetching import Ahead, Threads
from playback.sync.reading import Reading, ReadPage
from playback.tracing import bound_contextvars, current
from playback.vendor.exchange import Connections, connections

NAME = "fetch"


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith(f"{NAME}-")]


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    yield
    assert threads() == []


class Vendor:
    """Answers but the first are held back until somebody lets them go (``open``); notes what was asked."""

    def __init__(self, pages: int, *, size: int = 10) -> None:
        self.total = pages * size - 3
        self.size = size
        self.open = threading.Event()
        self.open.set()
        self.lock = threading.Lock()
        self.asked: list[int] = []
        self.under_way = self.most = 0
        self.fails: dict[int, BaseException] = {}

    def ask(self, page: int) -> Any:
        with self.lock:
            self.asked.append(page)
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        try:
            assert page == 1 or self.open.wait(20)
            if page in self.fails:
                raise self.fails[page]
        finally:
            with self.lock:
                self.under_way -= 1
        first = (page - 1) * self.size
        made = datetime(2024, 3, 1, tzinfo=UTC)
        rows = [SimpleNamespace(id=n, created_at=made) for n in range(first, min(first + self.size, self.total))]
        return SimpleNamespace(total=self.total, rows=rows, unreadable=[], counted=True)

    def reading(self, threads: Threads, **options: Any) -> Reading:
        return Reading(self.ask, self.size, threads=threads, **{"eager": True, **options})

    def pages(self, most: int = 4, **options: Any) -> Generator[ReadPage, None, None]:
        """With threads of its own, which end with it."""
        with Threads(most) as own:
            yield from self.reading(own, **options).pages()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_pages_come_in_their_order_and_each_once() -> None:
    vendor = Vendor(30)
    met = [row.id for page in vendor.pages() for row in page.rows]
    assert met == list(range(297))
    assert sorted(vendor.asked) == list(range(1, 31))
    assert vendor.asked[0] == 1


def test_no_more_than_two_pages_a_thread_are_under_way_or_held() -> None:
    vendor = Vendor(30)
    with closing(vendor.pages()) as pages:
        next(pages)
        until(lambda: sorted(vendor.asked) == [*range(1, 10)])  # page 1 is with us, eight are held
        until(lambda: vendor.under_way == 0)
        assert len(threads()) <= 4
        next(pages)
        until(lambda: len(vendor.asked) == 10)


def test_a_page_that_waits_for_its_turn_keeps_no_thread_from_asking() -> None:
    vendor = Vendor(30)
    with closing(vendor.pages()) as pages:
        next(pages)
        until(lambda: len(vendor.asked) == 9 and vendor.under_way == 0)
        vendor.open.clear()
        next(pages)
        next(pages)
        until(lambda: vendor.under_way == 2)
        vendor.open.set()


def test_a_reading_says_whether_the_next_page_has_come() -> None:
    vendor = Vendor(3)
    told = []
    with Threads(4) as own:
        reading = vendor.reading(own)
        for page in reading.pages():
            if page.rows[0].id < 20:  # another one follows
                until(lambda: len(vendor.asked) == 3 and vendor.under_way == 0)
            told.append(reading.more)
    assert told[-2:] == [True, False]


def test_several_are_under_way_at_once() -> None:
    vendor = Vendor(30)
    vendor.open.clear()
    with closing(vendor.pages()) as pages:
        next(pages)
        until(lambda: vendor.under_way == 4)
        vendor.open.set()
        assert len(list(pages)) == 29
    assert vendor.most == 4


def test_the_next_list_begins_when_the_end_of_this_one_is_in_sight() -> None:
    first, second = Vendor(12), Vendor(6)
    with Threads(2) as own:
        following = second.reading(own)
        reading = first.reading(own, following=following)
        for number, _ in enumerate(reading.pages(), 1):
            until(lambda: first.under_way == second.under_way == 0)
            if number < 6:  # four pages are held at most, and two more are to be asked for
                assert second.asked == []
        until(lambda: sorted(second.asked) == [1, 2])  # a page a thread
        assert [page.rows[0].id for page in following.pages()] == [0, 10, 20, 30, 40, 50]
    assert sorted(first.asked) == list(range(1, 13))
    assert sorted(second.asked) == list(range(1, 7))


def test_a_list_that_often_ends_after_a_page_is_only_begun() -> None:
    first, second = Vendor(1), Vendor(6)
    with Threads(2) as own:
        following = second.reading(own, eager=False)
        list(first.reading(own, following=following).pages())
        until(lambda: second.asked == [1] and second.under_way == 0)
        assert next(following.pages()).rows


@pytest.mark.parametrize("eager", [True, False])
def test_a_first_page_that_waited_too_long_is_asked_for_anew(monkeypatch: pytest.MonkeyPatch, eager: bool) -> None:
    """Its list may have moved on. One that has gone on since then stays: the pages were answered together."""
    monkeypatch.setattr(reading_module, "FRESH", 0.05)
    vendor = Vendor(4)
    with Threads(2) as own:
        reading = vendor.reading(own, eager=eager)
        reading.open()
        until(lambda: vendor.asked == [1] and vendor.under_way == 0)
        time.sleep(0.1)
        reading.go_on()
        assert [page.rows[0].id for page in reading.pages()] == [0, 10, 20, 30]
    assert sorted(vendor.asked) == [1, 1, 2, 3, 4]

    vendor = Vendor(4)
    with Threads(2) as own:
        reading = vendor.reading(own)
        reading.open()
        until(lambda: reading._ahead is not None and reading._ahead.peek() is not None)
        reading.go_on()
        time.sleep(0.1)
        assert [page.rows[0].id for page in reading.pages()] == [0, 10, 20, 30]
    assert sorted(vendor.asked) == [1, 2, 3, 4]


def test_a_list_without_a_total_lets_no_other_begin_before_its_end() -> None:
    first, second = Vendor(3), Vendor(3)
    told = first.ask

    def uncounted(page: int) -> Any:
        answer = told(page)
        answer.total, answer.counted = len(answer.rows), False
        return answer

    first.ask = uncounted  # type: ignore[method-assign]
    with Threads(2) as own:
        following = second.reading(own)
        for number, _ in enumerate(first.reading(own, following=following).pages(), 1):
            if number < 3:
                assert second.asked == []
        assert len(list(following.pages())) == 3


def test_a_list_whose_first_page_fails_does_not_go_on() -> None:
    first, second = Vendor(3), Vendor(6)
    second.fails[1] = ConnectionError("page 1")
    with Threads(2) as own:
        following = second.reading(own)
        for _ in first.reading(own, following=following).pages():
            until(lambda: second.under_way == 0)
        with pytest.raises(ConnectionError, match="page 1"):
            list(following.pages())
    assert second.asked == [1]


def test_lists_share_their_threads_and_leave_each_other_alone() -> None:
    lists = [Vendor(5), Vendor(5), Vendor(5)]
    lists[1].fails[3] = ConnectionError("page 3")
    with Threads(3) as own:
        readings = [vendor.reading(own) for vendor in lists]
        for reading in readings:
            reading.open()
        assert len(list(readings[0].pages())) == 5
        with pytest.raises(ConnectionError, match="page 3"):
            list(readings[1].pages())
        assert len(list(readings[2].pages())) == 5
        assert len(threads()) <= 3


def test_a_list_that_is_never_read_is_left_behind() -> None:
    vendor = Vendor(5)
    with Threads(2) as own:
        vendor.reading(own).open()
    assert vendor.asked in ([], [1])
    alone = Vendor(5)
    alone.reading(Threads(1)).open()
    assert (alone.asked, threads()) == ([], [])


@pytest.mark.parametrize("pages", [1, 2])
def test_a_short_list_needs_no_thread(pages: int) -> None:
    vendor = Vendor(pages)
    started = []
    for page in vendor.pages(eager=False):
        started.append(len(threads()))
        assert page.rows
    assert started == [0] * pages
    assert vendor.asked == list(range(1, pages + 1))


def test_nothing_is_asked_for_behind_the_end() -> None:
    vendor = Vendor(7)
    list(vendor.pages(8))
    assert sorted(vendor.asked) == list(range(1, 8))


def test_a_reading_that_may_end_soon_wastes_half_as_many_calls_as_it_used_at_the_most() -> None:
    for stop in range(1, 12):
        vendor = Vendor(40)
        with closing(vendor.pages(8, eager=False)) as pages:
            for _ in range(stop):
                next(pages)
        wasted = len(vendor.asked) - stop
        assert 0 <= wasted <= min(stop // 2, 8), (stop, vendor.asked)


def test_one_fetcher_asks_for_one_page_after_the_other() -> None:
    vendor = Vendor(5)
    with closing(vendor.pages(1)) as pages:
        next(pages)
        assert vendor.asked == [1]
        next(pages)
        assert (vendor.asked, threads()) == ([1, 2], [])
        list(pages)
    assert vendor.asked == [1, 2, 3, 4, 5]


def test_an_error_is_raised_when_its_page_is_due() -> None:
    vendor = Vendor(30)
    vendor.fails[4] = ConnectionError("page 4")
    met: list[int] = []
    with pytest.raises(ConnectionError, match="page 4"):
        met.extend(page.rows[0].id for page in vendor.pages())
    assert met == [0, 10, 20]
    assert max(vendor.asked) <= 7


def test_who_stops_early_leaves_nothing_behind() -> None:
    vendor = Vendor(30)
    pages = vendor.pages()
    next(pages)
    until(lambda: len(vendor.asked) == 9)  # this one, and two a thread
    assert threads()
    pages.close()
    assert threads() == []
    assert len(vendor.asked) == 9


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_of_the_consumer_ends_the_threads(error: type[BaseException]) -> None:
    vendor = Vendor(30)

    def consume() -> None:
        with closing(vendor.pages()) as pages:
            for _ in pages:
                raise error

    with pytest.raises(error):
        consume()
    assert threads() == []


def test_closing_waits_for_the_calls_under_way() -> None:
    vendor = Vendor(30)
    with closing(vendor.pages()) as pages:
        vendor.open.set()
        next(pages)
        vendor.open.clear()
        release = threading.Timer(0.2, vendor.open.set)
        release.start()
    assert (vendor.under_way, threads()) == (0, [])
    release.join()


def test_the_threads_carry_the_callers_id() -> None:
    seen: list[str | None] = []

    def ask(page: int) -> Any:
        seen.append(current())
        return page

    with bound_contextvars(request_id="the-click-that-began-it"), Threads(3) as own, Ahead(ask, own) as ahead:
        taken = [ahead.take(6).answer for _ in range(6)]
    assert taken == [1, 2, 3, 4, 5, 6]
    assert seen == ["the-click-that-began-it"] * 6


def test_each_threads_http_session_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []
    close = Connections.close

    def noted(self: Connections) -> None:
        assert self.sessions
        close(self)
        assert self.sessions == {}
        closed.append(threading.current_thread().name)

    monkeypatch.setattr(Connections, "close", noted)
    both = threading.Barrier(2, timeout=20)

    def ask(page: int) -> int:
        connections.session("http://127.0.0.1:9", fresh=False)
        both.wait()  # so that each thread has a page
        return page

    with Threads(2) as own, Ahead(ask, own) as ahead:
        for _ in range(6):
            ahead.take(6)
    assert sorted(closed) == ["fetch-1", "fetch-2"]
