"""PostgreSQL crashes and comes back while pages and items are under way. The worker outlives it and goes on.

On SQLite there is no server that could be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from playback.models import Operation, OperationItem, Recording, SyncRun
from playback.operations import tend
from tests.operations.vendor import confirmed

from .cluster import Cluster, own_cluster, programs
from .conftest import School, mirror_all
from .equality import assert_mirror_is_vendor
from .kept import StaffsWork
from .processes import Process, asked, lease_runs_out, worker

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(300),  # a machine may be busy
    pytest.mark.services,
    pytest.mark.skipif(programs() is None, reason="no PostgreSQL server's programs here"),
]
State = SyncRun.State
FAILED_PASS = "ERROR celery.app.trace"  # where Celery tells of a task that raised something


@pytest.fixture
def cluster(transactional_db: None) -> Iterator[Cluster]:
    if connection.vendor != "postgresql":
        pytest.skip("the tests run on SQLite")
    with own_cluster() as found:
        yield found


def begin_pass(school: School, process: Process) -> SyncRun:
    """A full pass whose first page is stored and whose second one drips in."""
    school.vendor.calls.clear()
    school.vendor.faults.add("list_recordings", "slow_body", times=2, seconds=1.0)
    known = set(SyncRun.objects.values_list("pk", flat=True))
    current_app.send_task("playback.sync_kind", kwargs={"kind": "recordings", "full": True}, queue="sync")
    running = SyncRun.objects.exclude(pk__in=known).filter(state=State.RUNNING, pages=1)
    process.until(lambda: running.exists() and asked(school.vendor, "list_recordings", 2))
    return running.get()


def test_a_crash_in_the_middle_of_everything(
    cluster: Cluster, school: School, chief: User, settings: Any, staffs_work: Callable[[], StaffsWork], hasty: None
) -> None:
    school.add(14)
    work = staffs_work()
    school.lives_on()
    with worker(settings, "sync,operation,person") as process:
        # It is back before the page comes: the run says itself what it died of.
        run = begin_pass(school, process)
        with process.held():
            cluster.restart()
            connection.close()
        process.until(lambda: not SyncRun.objects.filter(pk=run.pk, state=State.RUNNING).exists())
        run.refresh_from_db()
        # A page's commit does not wait for the disk: the crash may take it, but never without what the run says of it.
        assert (run.state, run.pages <= 1) == (State.FAILED, True)
        assert "OperationalError" in run.error
        work.check()

        # It is away when the page comes: nobody can say so, and the next run does.
        run = begin_pass(school, process)
        failures = process.said().count(FAILED_PASS)
        with process.held():
            cluster.stop()
            connection.close()
        process.until(lambda: process.said().count(FAILED_PASS) > failures)
        cluster.start()
        run.refresh_from_db()
        assert (run.state, run.pages <= 1) == (State.RUNNING, True)
        lease_runs_out()
        current_app.send_task("playback.sync_kind", kwargs={"kind": "recordings", "full": True}, queue="sync")
        later = SyncRun.objects.filter(pk__gt=run.pk, state__in=[State.DONE, State.NOTHING_NEW])
        process.until(later.exists)
        run.refresh_from_db()
        assert (run.state, "died" in run.error) == (State.FAILED, True)

        # And while the vendor does what staff asked for.
        chosen = list(Recording.objects.live().filter(status=100, publish_status=1, held_at=None)[:3])
        school.vendor.calls.clear()
        school.vendor.faults.add("set_publish_status", "latency", times=1, seconds=0.5)
        operation = confirmed("block", chief, chosen)
        process.until(lambda: school.vendor.calls.of("set_publish_status"))
        with process.held():
            cluster.restart()
            connection.close()
        process.until(lambda: tended(operation))
        assert process.running.poll() is None, "one worker lived through all of it"
    assert set(operation.items.values_list("outcome", flat=True)) == {"done"}
    assert len(school.vendor.calls.of("set_publish_status")) == 3
    mirror_all()
    assert_mirror_is_vendor(school.vendor)
    work.check()


def tended(operation: Operation) -> bool:
    """As beat does, with the minutes written back after which a worker or a task counts as lost."""
    late = timezone.now()
    still = OperationItem.objects.filter(operation=operation, finished_at=None)
    still.filter(outcome="running", claimed_at__lt=late - timedelta(seconds=2)).update(due_at=late)
    still.filter(outcome="planned").update(due_at=late)
    tend.tend()
    return not still.exists()
