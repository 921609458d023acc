"""A list that changes between the answers of its pages, in whatever order they are answered: nothing is lost.

The vendor here is a Python list; hypothesis decides what is added and removed before each answer and which of the pages
under way is answered next. Real threads and a real socket are in ``test_fetching.py`` and ``test_moving.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playback.sync import reading as reading_module
from playback.sync.fetching import Answered, Threads
from playback.sync.reading import ListEndedEarly, Reading

NOW = datetime(2024, 3, 1, tzinfo=UTC)
PAGE = 12  # more than can change while the answers of one window are made


@dataclass
class Vendor:
    """Newest first; ``change`` is called before each answer."""

    rows: list[int]
    change: Any
    answered: int = 0
    gone: set[int] = field(default_factory=set)

    def ask(self, page: int) -> Any:
        self.change(self)
        self.answered += 1
        part = self.rows[(page - 1) * PAGE : page * PAGE]
        rows = [SimpleNamespace(id=each, created_at=NOW) for each in part]
        return SimpleNamespace(total=len(self.rows), rows=rows, unreadable=[], counted=True)

    def add(self) -> None:
        self.rows.insert(0, max(self.rows, default=0) + 1 + len(self.gone))

    def remove(self, place: int) -> None:
        if self.rows:
            self.gone.add(self.rows.pop(place % len(self.rows)))


class Shuffled:
    """Stands in for the threads: of the pages under way, ``pick`` says which is answered next."""

    def __init__(self, ask: Any, threads: int, pick: Any) -> None:
        self.ask, self.most, self.pick = ask, threads, pick
        self.clock = 0.0
        self.taken = self.given_out = 0
        self.queue: list[int] = []
        self.under_way: dict[int, float] = {}
        self.came: dict[int, Answered] = {}

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def tick(self) -> float:
        self.clock += 1
        return self.clock

    def is_waiting(self) -> bool:
        return self.taken + 1 in self.came

    def reach(self, upto: int) -> None:
        for number in range(max(self.given_out, self.taken) + 1, min(upto, self.taken + 2 * self.most) + 1):
            self.given_out = number
            self.queue.append(number)
        self.begin()

    def begin(self) -> None:
        while self.queue and len(self.under_way) < self.most:
            self.under_way[self.queue.pop(0)] = self.tick()

    def take(self, upto: int) -> Answered:
        number = self.taken + 1
        self.reach(max(upto, number) if self.most > 1 else number)
        self.taken = number
        while number not in self.came:
            chosen = self.pick(sorted(self.under_way))
            began = self.under_way.pop(chosen)
            self.came[chosen] = Answered(chosen, self.ask(chosen), NOW, began, self.tick())
            self.begin()
        return self.came.pop(number)


def read(vendor: Vendor, fetchers: int, pick: Any) -> tuple[Reading, list[int], int]:
    """The reading, the ids that it gave, and how many pages it read again."""
    reading = Reading(
        vendor.ask, PAGE, threads=Threads(fetchers), eager=True, keys=lambda rows: [row.id for row in rows]
    )
    met: list[int] = []
    again = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading_module, "Ahead", lambda ask, threads: Shuffled(ask, max(1, threads.most), pick))
        for page in reading.pages():
            met.extend(row.id for row in page.rows)
            again += page.again
    return reading, met, again


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), length=st.integers(0, 70), fetchers=st.integers(1, 4))
def test_no_row_that_was_there_all_along_is_missed(data: st.DataObject, length: int, fetchers: int) -> None:
    step = st.sampled_from(["", "", "", "add", "remove", "both"])

    def change(vendor: Vendor) -> None:
        if vendor.answered == 0:
            return
        what = data.draw(step) if vendor.answered < 40 else ""
        if what in ("remove", "both"):
            vendor.remove(data.draw(st.integers(0, 100)))
        if what in ("add", "both"):
            vendor.add()

    vendor = Vendor(list(range(length, 0, -1)), change)
    try:
        reading, met, _ = read(vendor, fetchers, lambda ready: data.draw(st.sampled_from(ready)))
    except ListEndedEarly:
        return  # an honest end: the pass is incomplete
    there_all_along = set(range(1, length + 1)) - vendor.gone
    if reading.whole:
        assert there_all_along <= set(met)


@pytest.mark.parametrize("fetchers", [1, 4])
def test_a_list_that_stands_still_is_read_once(fetchers: int) -> None:
    vendor = Vendor(list(range(65, 0, -1)), lambda vendor: None)
    reading, met, again = read(vendor, fetchers, max)
    assert (met, again, reading.whole, reading.steady) == (list(range(65, 0, -1)), 0, True, True)
    assert vendor.answered == 6


def test_what_is_added_while_reading_in_order_raises_no_doubt() -> None:
    vendor = Vendor(list(range(65, 0, -1)), Vendor.add)
    reading, met, again = read(vendor, 1, min)
    assert set(range(1, 66)) <= set(met)
    assert (again, reading.whole, reading.steady) == (0, True, False)


def test_a_removal_between_two_pages_reads_both_again() -> None:
    vendor = Vendor(list(range(65, 0, -1)), lambda vendor: vendor.answered == 2 and vendor.remove(0))
    reading, met, again = read(vendor, 1, min)
    assert set(range(1, 65)) <= set(met)
    assert (again, reading.whole, reading.rows, reading.total) == (2, True, 64, 64)


def test_an_addition_hidden_by_a_removal_behind_it_is_found() -> None:
    """Page 3 is answered before page 2; in between one row comes and another goes, so that no total changes."""

    def change(vendor: Vendor) -> None:
        if vendor.answered == 2:
            vendor.add()
            vendor.remove(60)

    vendor = Vendor(list(range(65, 0, -1)), change)
    reading, met, again = read(vendor, 2, max)
    assert set(range(1, 66)) - vendor.gone <= set(met)
    assert again > 0
    assert reading.whole
    assert reading.steady  # no total told of it


def test_a_list_that_comes_to_no_rest_is_not_whole() -> None:
    vendor = Vendor(list(range(200, 0, -1)), lambda vendor: vendor.answered and vendor.remove(0))
    reading, _, again = read(vendor, 1, min)
    assert not reading.whole
    assert again > 0


def test_a_page_of_rows_that_goes_at_once_is_not_whole() -> None:
    def change(vendor: Vendor) -> None:
        if vendor.answered == 2:
            for _ in range(2 * PAGE):
                vendor.remove(0)

    vendor = Vendor(list(range(200, 0, -1)), change)
    assert not read(vendor, 1, min)[0].whole
