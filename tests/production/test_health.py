"""/healthz and /readyz: what they say, when they say it, and what they must not say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from config.celery import app
from playback import readiness
from playback.models import SyncRun
from playback.queues import QUEUES
from playback.tasks.heartbeat import beat_ticked

pytestmark = pytest.mark.portable
READY = {"database", "broker", "beat", "sync"}


def ask(client: Client) -> tuple[int, dict[str, Any], dict[str, str]]:
    answer = client.get("/readyz")
    parts = answer.json()["parts"]
    assert set(parts) == READY
    assert all(part["says"].endswith((".", "?")) for part in parts.values())
    return answer.status_code, parts, {name: part["state"] for name, part in parts.items()}


def synced(ago: timedelta) -> None:
    for kind in SyncRun.Kind:
        SyncRun.objects.create(kind=kind, state=SyncRun.State.NOTHING_NEW, started_at=timezone.now() - ago)


def beat_ticks() -> None:
    beat_ticked.apply()


def test_alive_asks_nobody(client: Client, no_redis: None) -> None:
    """No mark for the database: a query would fail the test. No Redis either."""
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"alive\n")
    assert "sessionid" not in answer.cookies
    assert client.post("/healthz").status_code == 405


@pytest.mark.django_db
def test_ready_when_all_parts_are(client: Client) -> None:
    beat_ticks()
    synced(timedelta(minutes=2))
    status, _, states = ask(client)
    assert (status, states) == (200, dict.fromkeys(READY, "ok"))


@pytest.mark.django_db
def test_a_new_installation_waits_for_beat(client: Client) -> None:
    status, parts, states = ask(client)
    assert (status, states["database"], states["broker"], states["beat"]) == (503, "ok", "ok", "failed")
    assert "No tick of beat" in parts["beat"]["says"]


@pytest.mark.django_db
def test_beat_that_stands_still_is_not_ready(client: Client) -> None:
    beat_ticks()
    synced(timedelta())
    with time_machine.travel(timezone.now() + timedelta(minutes=4), tick=False):
        status, parts, states = ask(client)
    assert (status, states["beat"]) == (503, "failed")
    assert "240 s old" in parts["beat"]["says"]


@pytest.mark.django_db
def test_an_old_mirror_is_told_and_serves_on_unless_it_is_required(client: Client, settings: LazySettings) -> None:
    beat_ticks()
    synced(timedelta(hours=2))
    status, parts, states = ask(client)
    assert (status, states["sync"], parts["sync"]["required"]) == (200, "failed", False)
    assert "recordings 7200 s ago" in parts["sync"]["says"]
    settings.READY_REQUIRES = ["database", "sync"]
    assert ask(client)[0] == 503


@pytest.mark.django_db
def test_a_lost_redis_is_told_without_its_address(client: Client, no_redis: None) -> None:
    answer = client.get("/readyz")
    parts = answer.json()["parts"]
    assert answer.status_code == 503
    assert (parts["broker"]["state"], parts["beat"]["state"], parts["database"]["state"]) == ("failed", "failed", "ok")
    assert "CANARY" not in answer.text
    assert "127.0.0.1" not in answer.text


@pytest.mark.django_db
def test_a_lost_database_is_told_by_its_type(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else can take the tests' database away: a fault of the cursor."""
    from django.db import OperationalError

    def lost() -> None:
        raise OperationalError('connection to "db.example.org" failed: CANARY')

    monkeypatch.setattr(connection, "cursor", lost)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["database"]["says"] == "The database does not answer (OperationalError)."
    assert "CANARY" not in answer.text


@pytest.mark.django_db
def test_many_who_ask_cost_one_look(client: Client, django_assert_num_queries: Any) -> None:
    client.get("/readyz")
    with django_assert_num_queries(0):
        for _ in range(20):
            client.get("/readyz")
    assert readiness.KEPT < 30


@pytest.mark.django_db
def test_every_row_of_the_schedule_names_a_task_and_a_queue_that_exist() -> None:
    app.loader.import_default_modules()
    row = PeriodicTask.objects.get(name="Heartbeat")
    assert (row.queue, row.expire_seconds) == ("person", 60)
    for row in PeriodicTask.objects.all():
        assert row.task in app.tasks
        assert row.queue in QUEUES
