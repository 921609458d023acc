"""Every fifth answer is no answer: an HTTP error, or a page of HTML. Passes and operations come to a true end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from playback.models import OperationItem, Recording
from playback.sandbox.server import Sandbox
from tests.operations.vendor import confirmed, drive

from .conftest import School, mirror_all
from .equality import assert_mirror_is_vendor
from .kept import StaffsWork

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("hasty")]

TRIES = 3  # a call fails all its five attempts once in 3,000 times: its pass is incomplete, and says so


def a_bad_day(vendor: Sandbox, **more: Any) -> None:
    """A fifth of all answers: half of them HTTP errors, half of them HTML with the status of a success."""
    vendor.calls.clear()
    vendor.faults.add("*", "status", share=0.1, status=503, **more)
    vendor.faults.add("*", "html", share=0.11, **more)


def unreadable(vendor: Sandbox) -> float:
    """The share of the calls that got no readable answer."""
    return sum(call.code is None for call in vendor.calls) / len(vendor.calls)


def test_a_first_load_and_what_follows(school: School, settings: Any, staffs_work: Callable[[], StaffsWork]) -> None:
    settings.SYNC_PAGE_SIZE = 3
    school.add(40)
    a_bad_day(school.vendor)
    mirror_all(tries=TRIES)
    assert_mirror_is_vendor(school.vendor)
    assert 0.1 < unreadable(school.vendor) < 0.35
    school.vendor.faults.clear()
    work = staffs_work()
    school.lives_on()
    a_bad_day(school.vendor)
    mirror_all(full=False, tries=TRIES)
    mirror_all(tries=TRIES)
    assert_mirror_is_vendor(school.vendor)
    work.check()


@pytest.mark.parametrize("after", [False, True], ids=["nothing was done", "it was done all the same"])
def test_an_operation_over_fifty_recordings(
    school: School, chief: User, staffs_work: Callable[[], StaffsWork], after: bool
) -> None:
    """Publish states may be set twice without harm; what counts at the vendor is that each recording changed once."""
    school.add(72, cuts=False)
    work = staffs_work()
    chosen = list(Recording.objects.live().filter(status=100, publish_status=1, held_at=None)[:50])
    assert len(chosen) == 50
    changes = count_changes(school.vendor, "publish_status")
    a_bad_day(school.vendor, after_change=after)
    operation = confirmed("block", chief, chosen)
    drive(operation)
    assert Counter(operation.items.values_list("outcome", flat=True)) == {"done": 50}
    keys = {(recording.room_id, recording.session_id) for recording in chosen}
    assert changes() == dict.fromkeys(keys, 1)
    assert 0.1 < unreadable(school.vendor) < 0.35
    carried_out = Counter(
        (int(call.params["room_id"]), int(call.params.get("session_id", 0)))
        for call in school.vendor.calls.of("set_publish_status")
        if call.code == 0
    )
    if not after:
        assert carried_out == dict.fromkeys(keys, 1)
    school.vendor.faults.clear()
    mirror_all()
    assert_mirror_is_vendor(school.vendor)
    work.check()


@pytest.mark.parametrize("after", [False, True], ids=["nothing was done", "it was done all the same"])
def test_deletes_are_sent_once_and_their_ends_are_true(
    school: School, chief: User, staffs_work: Callable[[], StaffsWork], after: bool
) -> None:
    school.add(36, cuts=False)
    work = staffs_work()
    chosen = list(Recording.objects.live().filter(status=100, held_at=None, trash_entries=None)[:20])
    a_bad_day(school.vendor, after_change=after)
    operation = confirmed("delete", chief, chosen)
    drive(operation)
    outcomes = dict(operation.items.values_list("recording", "outcome"))
    assert set(outcomes.values()) <= {"done", "refused"}
    assert "done" in outcomes.values()
    assert ("refused" in outcomes.values()) is not after, "a delete whose answer is lost is looked for, not sent again"
    assert not OperationItem.objects.filter(operation=operation, finished_at=None).exists()
    for recording in chosen:
        there = school.vendor.state.recording(recording.room_id, recording.session_id) is not None
        assert there == (outcomes[recording.pk] == "refused")
    sent = Counter(
        (call.params["room_id"], call.params.get("session_id")) for call in school.vendor.calls.of("delete_recording")
    )
    assert set(sent.values()) == {1}
    school.vendor.faults.clear()
    mirror_all()
    assert_mirror_is_vendor(school.vendor)
    work.check()


def count_changes(vendor: Sandbox, column: str) -> Callable[[], dict[tuple[int, int], int]]:
    """How often a recording's value really became another one, counted by the vendor's own database."""
    vendor.state.execute("DROP TABLE IF EXISTS changes_seen")
    vendor.state.execute("CREATE TEMP TABLE changes_seen (room_id INTEGER, session_id INTEGER)")
    vendor.state.execute(
        f"CREATE TEMP TRIGGER changes_are_seen AFTER UPDATE OF {column} ON recordings"  # noqa: S608
        f" WHEN old.{column} IS NOT new.{column}"
        " BEGIN INSERT INTO changes_seen VALUES (new.room_id, new.session_id); END"
    )

    def counted() -> dict[tuple[int, int], int]:
        rows = vendor.state.rows("SELECT room_id, session_id, count(*) AS n FROM changes_seen GROUP BY 1, 2")
        vendor.state.execute("DROP TABLE changes_seen")
        vendor.state.execute("DROP TRIGGER changes_are_seen")
        return {(row["room_id"], row["session_id"]): row["n"] for row in rows}

    return counted
