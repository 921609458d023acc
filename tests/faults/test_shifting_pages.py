"""The list moves while it is read: recordings are added and deleted between its pages. None is lost, none is doubled.

Only the ends are looked at here: what the ordinary passes that follow make of it, and that the mirror then is the
vendor. How a page that moved is noticed and read again is the reader's test.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from playback.models import Recording, SyncRun, Version
from playback.sync import passes
from playback.sync.freshness import COMPLETE

from .conftest import School, mirror_all
from .equality import assert_mirror_is_vendor
from .kept import StaffsWork

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("hasty")]
LOST = "a recording of the vendor's was lost between two pages"
BETWEEN = ["add", "remove", "add and remove"]


@pytest.fixture(autouse=True)
def _nobody_is_asked(settings: Any) -> None:
    """That many rows of a small mirror would wait for a person: another test's subject."""
    settings.SYNC_GONE_SHARE = 1.0


def moving(school: School, how: str) -> Callable[[SyncRun], None]:
    """Deep in the list, where no ordinary pass comes by: recordings more at the front, the newest ones gone, or both
    by turns. Fewer than a page of them, of the small ones here: more while pages are under way ends a pass as
    incomplete."""
    moved: set[int] = set()  # pages that were stored together are told together

    def between(run: SyncRun) -> None:
        if run.pages not in (4, 5, 6) or run.pages in moved:
            return
        moved.add(run.pages)
        if "add" in how and (how == "add" or run.pages % 2):
            school.add(1, cuts=False)
        else:
            newest = school.vendor.state.rows(
                "SELECT room_id, session_id FROM versions WHERE is_main = 1 ORDER BY created_at DESC LIMIT 1"
            )[0]
            school.vendor.state.remove_recording(newest["room_id"], newest["session_id"])

    return between


def no_row_of_the_vendors_is_gone(school: School) -> None:
    for recording in Recording.objects.exclude(gone_at=None):
        assert school.vendor.state.recording(recording.room_id, recording.session_id) is None
    for version in Version.objects.exclude(gone_at=None).select_related("recording"):
        parent = version.recording
        assert school.vendor.state.version(parent.room_id, parent.session_id, version.version) is None


@pytest.mark.parametrize("how", ["add", "remove", "add and remove"])
def test_a_first_load(school: School, how: str) -> None:
    """What the moving hid from a first load is met by it all the same, or by the next ordinary pass."""
    school.add(70, cuts=False)
    passes.run_pass("rooms", full=True)
    passes.run_pass("recordings", full=False, on_page=moving(school, how))
    no_row_of_the_vendors_is_gone(school)
    assert passes.run_pass("recordings", full=False).state in COMPLETE
    there = {(row["room_id"], row["session_id"]) for row in main_versions(school)}
    met = set(Recording.objects.live().values_list("room_id", "session_id"))
    assert there - met == set(), LOST
    mirror_all(full=False)
    mirror_all()
    assert_mirror_is_vendor(school.vendor)


@pytest.mark.parametrize("how", BETWEEN)
def test_a_full_pass_again(school: School, how: str, staffs_work: Callable[[], StaffsWork]) -> None:
    school.add(70)
    work = staffs_work()
    school.lives_on()
    for kind in ("recordings", "versions"):
        run = passes.run_pass(kind, full=True, on_page=moving(school, how))
        assert run.state in COMPLETE, run.error
        no_row_of_the_vendors_is_gone(school)
    mirror_all(full=False)
    no_row_of_the_vendors_is_gone(school)
    mirror_all()
    assert_mirror_is_vendor(school.vendor)
    work.check()


def main_versions(school: School) -> list[dict[str, Any]]:
    return school.vendor.state.rows("SELECT room_id, session_id FROM versions WHERE is_main = 1")
