"""The vendor answers nothing for an hour, while the schedule, people and callbacks go on as ever.

The hour is one of a moved clock: every task that beat would start is run at its minute, by beat's own rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from playback import readiness, staleness
from playback.models import Delivery, Recording, SyncRun, Version
from tests.callbacks.makers import cb1, post, signed
from tests.operations.vendor import confirmed

from .conftest import School
from .equality import assert_mirror_is_vendor, differences
from .kept import StaffsWork
from .simulated_time import hours

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.portable, pytest.mark.timeout(300)]
MORNING = datetime(2026, 3, 2, 1, 0, 30, tzinfo=UTC)  # 09:00 in Beijing
HOUR = timedelta(hours=1)


def test_an_hour_without_the_vendor(
    school: School, chief: User, settings: Any, staffs_work: Callable[[], StaffsWork], monkeypatch: Any
) -> None:
    settings.OPERATION_SETTLE_SECONDS = 3.0
    settings.OPERATION_PATIENCE_SECONDS = 60.0
    vendor = school.vendor
    with hours(MORNING, monkeypatch) as clock:
        school.add(9)
        work = staffs_work()
        live = Recording.objects.live().count(), Version.objects.live().count()
        assert max(ages()) < 60

        away_since = timezone.now()
        vendor.faults.add("*", "drop")
        vendor.calls.clear()
        blocked = list(Recording.objects.live().filter(status=100, held_at=None, trash_entries=None)[:3])
        operation = confirmed("block", chief, blocked)
        # Two classes end meanwhile; of the first the callbacks come, of the other they never do.
        told, untold = (vendor.state.add_recording(vendor.state.add_room(f"新{n}"), name=f"新课{n}") for n in (1, 2))
        for status in (20, 100):
            fields = cb1(told["room_id"], status, video_id=told["video_id"])
            assert post(signed(fields)).json()["code"] == 0
        vendor.state.update_recording(*school.key(0), name="不在的时候改的")
        clock.pass_by(HOUR)

        assert len(vendor.calls) > 200, "it was asked again and again"
        runs = SyncRun.objects.filter(started_at__gte=away_since)
        ended = Counter(runs.values_list("kind", "state"))
        assert {state for _, state in ended} == {"failed"}
        assert ended["recordings", "failed"] >= 10
        for error in runs.values_list("error", flat=True):
            assert "no answer came" in error
        assert min(ages()) >= HOUR.total_seconds()
        assert not readiness.sync().ok
        assert (Recording.objects.live().count(), Version.objects.live().count()) >= live
        assert not Recording.objects.filter(gone_at__gte=away_since).exists()
        assert not Version.objects.filter(gone_at__gte=away_since).exists()
        assert set(Delivery.objects.values_list("state", flat=True)) == {"failed"}
        assert set(operation.items.values_list("outcome", flat=True)) <= {"unknown", "planned", "refused"}
        work.check()

        vendor.faults.clear()
        vendor.calls.clear()
        clock.pass_by(timedelta(minutes=11))
        assert_lists_are_read(since=timezone.now() - timedelta(minutes=11))
        assert Recording.objects.filter(room_id=untold["room_id"], gone_at=None).exists()
        clock.pass_by(timedelta(minutes=20))  # what was put off the longest is tried again
        operation.refresh_from_db()
        assert operation.state == "done"
        outcomes = dict(operation.items.values_list("recording", "outcome"))
        assert set(outcomes.values()) <= {"done", "refused"}
        for recording in blocked:
            row = vendor.state.recording(recording.room_id, recording.session_id)
            assert row is not None
            assert (row["publish_status"] == 2) == (outcomes[recording.pk] == "done")
        assert set(Delivery.objects.values_list("state", flat=True)) <= {"applied", "ignored"}
        assert [line for line in differences(vendor) if "不在的时候改的" not in line] == []
        for hour, minute in ((2, 10), (2, 30), (3, 30)):  # at night, when the lists are read whole
            clock.move_to(MORNING.replace(hour=hour, minute=minute, second=0) + timedelta(hours=24 - 8))
        assert_mirror_is_vendor(vendor)
        work.check()


def ages() -> list[float]:
    """Seconds since the news of each list was read."""
    board = staleness.board(["rooms", "recordings", "versions"], anew=True)
    news = [standing.facts.news for standing in board.values()]
    return [(timezone.now() - side.at).total_seconds() for side in news if side is not None and side.at is not None]


def assert_lists_are_read(since: datetime) -> None:
    runs = SyncRun.objects.filter(started_at__gte=since, state__in=["done", "nothing_new"])
    assert set(runs.values_list("kind", flat=True)) == {"rooms", "recordings", "versions"}
