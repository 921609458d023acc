"""The callback that never came: what is not ready for too long is looked up, ever more rarely, and not all at once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.db import connection
from django.utils import timezone

from playback.callbacks import overdue
from playback.models import OverdueLook, Recording
from playback.sandbox.server import Sandbox
from playback.sync.single import refresh_recording
from tests.operations.vendor import mirrored

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]


def waiting(sandbox: Sandbox, minutes: float, status: int = 20, **facts: object) -> Recording:
    """Not ready in the mirror for so long; at the vendor it is ready by now, unless said otherwise."""
    recording = mirrored(sandbox)
    at = timezone.now() - timedelta(minutes=minutes)
    Recording.objects.filter(pk=recording.pk).update(status=status, synced_at=at)
    recording.versions.update(synced_at=at)
    if facts:
        sandbox.state.update_version(recording.video_id, **facts)
    sandbox.calls.clear()
    return recording


@pytest.mark.parametrize("status", [10, 20])
def test_it_is_looked_up_and_the_look_is_over(sandbox: Sandbox, status: int) -> None:
    recording = waiting(sandbox, 31, status)
    assert overdue.look_up() == 1
    recording.refresh_from_db()
    assert recording.status == 100
    assert overdue.look_up() == 0
    assert not OverdueLook.objects.exists()


@pytest.mark.parametrize(("minutes", "status"), [(29, 20), (9999, 0), (9999, 30), (9999, 100)])
def test_nothing_else_is(sandbox: Sandbox, minutes: int, status: int) -> None:
    waiting(sandbox, minutes, status)
    assert overdue.look_up() == 0
    assert list(sandbox.calls) == []


def test_what_is_gone_is_left_alone(sandbox: Sandbox) -> None:
    waiting(sandbox, 90)
    Recording.objects.update(gone_at=timezone.now())
    assert overdue.look_up() == 0


def test_one_that_no_list_told_of_counts_from_when_it_was_first_seen(sandbox: Sandbox) -> None:
    recording = waiting(sandbox, 1)
    Recording.objects.update(synced_at=None, first_seen_at=timezone.now() - timedelta(minutes=31))
    assert overdue.look_up() == 1
    recording.refresh_from_db()
    assert recording.status == 100


def test_a_cut_that_hangs_counts_for_its_recording(sandbox: Sandbox) -> None:
    recording = mirrored(sandbox)
    sandbox.state.add_version(recording.room_id, status=20, length=60)
    from playback.conf import vendor_client
    from playback.vendor.codes import Lane

    refresh_recording(vendor_client(Lane.PERSON), recording)
    recording.versions.update(synced_at=timezone.now() - timedelta(hours=1))
    cut = recording.versions.get(version=1)
    assert cut.status == 20
    sandbox.state.update_version(cut.video_id, status=100)
    assert overdue.look_up() == 1
    cut.refresh_from_db()
    assert cut.status == 100


def test_each_look_in_vain_waits_longer(sandbox: Sandbox, settings: LazySettings) -> None:
    waiting(sandbox, 31, status=20)
    sandbox.state.update_version(Recording.objects.get().video_id, status=20)
    looked: list[datetime] = []
    now = timezone.now()
    settings.BAIJIAYUN_TIMEOUT = 5
    for _ in range(12):
        sandbox.calls.clear()
        assert overdue.look_up() == 1
        assert len(sandbox.calls.of("recording_info")) == 1
        look = OverdueLook.objects.get()
        looked.append(look.next_at)
        assert overdue.look_up() == 0
        OverdueLook.objects.update(next_at=now)
    waits = [(at - now).total_seconds() for at in looked]
    assert waits[0] == pytest.approx(3600, abs=60)
    assert waits == sorted(waits)
    assert waits[-1] == pytest.approx(24 * 3600, abs=60)
    assert OverdueLook.objects.get().looks == 12


def test_the_next_look_starts_anew_after_it_was_ready(sandbox: Sandbox) -> None:
    recording = waiting(sandbox, 31)
    OverdueLook.objects.create(recording=recording, looks=7, next_at=timezone.now() + timedelta(days=1))
    Recording.objects.update(status=100)
    overdue.look_up()
    assert not OverdueLook.objects.exists()


def test_a_tick_looks_at_a_bounded_number_new_ones_first(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overdue, "A_TICK", 2)
    old, *new = [waiting(sandbox, 40 + n) for n in range(4)]
    OverdueLook.objects.create(recording=old, looks=1, next_at=timezone.now() - timedelta(days=1))
    assert overdue.look_up() == 2
    assert set(Recording.objects.filter(status=100)) == {new[1], new[2]}  # the longest waiting
    assert overdue.look_up() == 2
    assert Recording.objects.filter(status=100).count() == 4


def test_a_vendor_that_is_away_ends_the_tick_and_counts_no_look(sandbox: Sandbox) -> None:
    for n in range(3):
        waiting(sandbox, 40 + n)
    sandbox.faults.add("recording_info", "status", status=503)
    assert overdue.look_up() == 0
    assert len(sandbox.calls.of("recording_info")) == 1
    look = OverdueLook.objects.get()
    assert look.looks == 0
    assert look.next_at < timezone.now() + timedelta(minutes=11)


def test_one_that_is_refused_does_not_hold_up_the_others(sandbox: Sandbox) -> None:
    for n in range(2):
        waiting(sandbox, 40 + n)
    sandbox.faults.add("recording_info", "refuse", code=7, message="不行", times=1)
    assert overdue.look_up() == 2
    assert sorted(Recording.objects.values_list("status", flat=True)) == [20, 100]


def test_the_age_is_that_of_the_clock(sandbox: Sandbox) -> None:
    waiting(sandbox, 0)
    assert overdue.due(timezone.now()).count() == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        assert overdue.due(timezone.now()).count() == 1


def test_it_is_found_by_index() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        sql, params = overdue.due(timezone.now()).query.sql_with_params()
        cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + sql, params)
        plan = "\n".join(str(row) for row in cursor.fetchall())
    assert "recording_by_status" in plan, plan
