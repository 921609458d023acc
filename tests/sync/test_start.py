"""How a pass is started: the schedule, the tasks, the command."""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from playback.models import Recording, SyncRun
from playback.sandbox.server import Sandbox
from playback.sync import lock, passes
from playback.tasks.sync import release_sync, sync_kind

from .conftest import sync

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
State = SyncRun.State
schedule = importlib.import_module("playback.migrations.0005_sync_schedule")


@pytest.fixture
def planned() -> None:
    PeriodicTask.objects.all().delete()
    schedule.add(apps, None)


def test_a_new_installation_syncs_as_soon_as_beat_is_up(planned: None) -> None:
    scheduler = DatabaseScheduler(app=current_app._get_current_object(), lazy=True)
    due = {name for name, entry in scheduler.all_as_schedule().items() if entry.is_due().is_due}
    assert due == {row[0] for row in schedule.INCREMENTAL}


def test_every_scheduled_row_names_a_task_and_its_arguments(planned: None) -> None:
    rows = PeriodicTask.objects.filter(task=sync_kind.name)
    assert rows.count() == 6
    for row in rows:
        given = json.loads(row.kwargs)
        assert SyncRun.Kind(given.pop("kind"))
        assert given in ({}, {"full": True})
        assert (row.queue, row.enabled, bool(row.interval) != bool(row.crontab)) == ("sync", True, True)
        assert row.expire_seconds  # a backlog is dropped, not worked off


def test_what_somebody_changed_stays(planned: None) -> None:
    name = schedule.INCREMENTAL[0][0]
    PeriodicTask.objects.filter(name=name).update(enabled=False)
    schedule.add(apps, None)
    assert PeriodicTask.objects.get(name=name).enabled is False
    schedule.remove(apps, None)
    assert not PeriodicTask.objects.exists()


def test_the_task_runs_a_pass(vendor: Sandbox, school: Callable[..., int]) -> None:
    school(3)
    person = get_user_model()._default_manager.create(username="duty")
    run = SyncRun.objects.get(pk=sync_kind("recordings", trigger="person", user_id=person.pk))
    assert (run.state, run.trigger, run.user, run.lane) == (State.DONE, "person", person, "sync")


def test_the_release_task_lets_go_once(vendor: Sandbox, school: Callable[..., int]) -> None:
    room_id = school(2)
    person = get_user_model()._default_manager.create(username="duty")
    sync()
    for n in range(2):
        vendor.state.remove_recording(room_id, 202403010 + n)
    held = sync(full=True)
    assert held.state == State.HELD
    assert SyncRun.objects.get(pk=release_sync(held.pk, person.pk)).gone == 2
    assert release_sync(held.pk, person.pk) is None


def test_the_command_says_a_line_a_run(vendor: Sandbox, school: Callable[..., int]) -> None:
    school(3)
    out = io.StringIO()
    call_command("sync", stdout=out)
    lines = out.getvalue().splitlines()
    assert [line.split(",")[0] for line in lines] == ["rooms: done", "recordings: done", "versions: nothing_new"]
    out = io.StringIO()
    call_command("sync", "--full", "--kind", "recordings", stdout=out)
    assert out.getvalue() == "recordings: nothing_new, pages 1, seen 3\n"
    assert SyncRun.objects.filter(trigger="command").count() == 4


def test_the_command_fails_with_its_runs(vendor: Sandbox, settings: Any) -> None:
    settings.BAIJIAYUN_PARTNER_KEY = "wrong"
    with pytest.raises(CommandError, match=r"rooms \(failed\)"):
        call_command("sync", "--kind", "rooms", stdout=io.StringIO())
    settings.BAIJIAYUN_PARTNER_KEY = ""
    lock.acquire("rooms", SyncRun.objects.create(kind="rooms", started_at=timezone.now()))
    with pytest.raises(CommandError, match="busy"):
        call_command("sync", "--kind", "rooms", stdout=io.StringIO())


def test_old_runs_are_forgotten_but_the_last_word_is_kept(vendor: Sandbox) -> None:
    now = timezone.now()

    def ended(days: int, state: str, full: bool) -> int:
        at = now - timedelta(days=days)
        return SyncRun.objects.create(kind="rooms", full=full, state=state, started_at=at, finished_at=at).pk

    last_full = ended(200, State.DONE, True)
    ended(300, State.DONE, True)
    quiet, failed, recent = (
        ended(8, State.NOTHING_NEW, False),
        ended(8, State.FAILED, False),
        ended(1, State.DONE, False),
    )
    assert passes.forget_old_runs() == 2
    assert set(SyncRun.objects.values_list("pk", flat=True)) == {last_full, failed, recent}
    assert quiet
    assert not Recording.objects.exists()
