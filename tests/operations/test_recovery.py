"""What was lost on its way is taken up again: tasks, workers, brokers; and one operation at a time per recording."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from celery import Celery
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from playback.demo.embedded import free_port
from playback.models import Operation, OperationItem, Recording
from playback.operations import dispatch, execute, limits, tend, transitions
from playback.sandbox.server import Sandbox

from .makers import make_recordings
from .vendor import confirmed, drive, recorded, row

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]


@pytest.fixture
def queues(settings: LazySettings) -> Iterator[Any]:
    """The broker's queues, emptied."""
    store = redis.Redis.from_url(settings.REDIS_URL)
    store.delete("person", "operation")
    yield store
    store.delete("person", "operation")
    store.close()


def pass_time() -> None:
    OperationItem.objects.filter(finished_at=None).update(due_at=timezone.now() - timedelta(seconds=1))


def test_a_large_operation_fills_a_window_and_goes_on(
    chief: User, queues: Any, django_capture_on_commit_callbacks: Any
) -> None:
    recordings = make_recordings(limits.WINDOW + 120)
    with django_capture_on_commit_callbacks(execute=True):
        operation = confirmed("block", chief, recordings)
    assert queues.llen("operation") == limits.WINDOW
    with django_capture_on_commit_callbacks(execute=True):
        tend.tend()
    assert queues.llen("operation") == limits.WINDOW  # it is full
    # The first ones end: every so many, the window is filled again without waiting for the tending.
    begun = operation.items.order_by("position")[: limits.TOP_UP_EVERY]
    with django_capture_on_commit_callbacks(execute=True):
        for pk in [item.pk for item in begun]:
            item = transitions.begin(pk)
            assert item is not None
            transitions.finish(item, "done")
    assert queues.llen("operation") == limits.WINDOW + limits.TOP_UP_EVERY
    waiting = operation.items.filter(outcome="planned", due_at=None).count()
    assert waiting == 120 - limits.TOP_UP_EVERY


def test_what_the_broker_lost_is_queued_again(
    chief: User, queues: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        confirmed("block", chief, make_recordings(3))
    queues.delete("operation")
    with django_capture_on_commit_callbacks(execute=True):
        tend.tend()
    assert queues.llen("operation") == 0  # not yet unheard of
    pass_time()
    with django_capture_on_commit_callbacks(execute=True):
        tend.tend()
        tend.tend()
    assert queues.llen("operation") == 3


def test_a_broker_that_is_away_loses_no_confirmation(
    chief: User, queues: Any, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = execute.plan("block", chief, Recording.objects.filter(pk=make_recordings(1)[0].pk), {})
    lost = Celery(broker=f"redis://127.0.0.1:{free_port()}/0", set_as_current=False)
    lost.conf.broker_connection_timeout = 1
    monkeypatch.setattr(dispatch, "current_app", lost)
    with django_capture_on_commit_callbacks(execute=True):
        execute.confirm(operation, chief)  # no error for the person
    monkeypatch.undo()
    operation.refresh_from_db()
    assert (operation.state, queues.llen("person")) == ("queued", 0)
    pass_time()
    with django_capture_on_commit_callbacks(execute=True):
        tend.tend()
    assert queues.llen("person") == 1


def test_a_dead_workers_item_is_asked_about(
    sandbox: Sandbox, chief: User, queues: Any, django_capture_on_commit_callbacks: Any
) -> None:
    recording = recorded(sandbox)
    operation = confirmed("block", chief, [recording])
    item = operation.items.get()
    assert transitions.begin(item.pk) is not None  # and its worker is killed
    tend.tend()
    assert operation.items.get().outcome == "running"  # its lease still holds
    pass_time()
    with django_capture_on_commit_callbacks(execute=True):
        tend.tend()
    item = operation.items.get()
    assert (item.outcome, item.reason, item.finished_at) == ("unknown", {"code": "worker_lost"}, None)
    assert queues.llen("person") == 1
    drive(operation)
    assert operation.items.get().outcome == "done"
    assert row(sandbox, recording)["publish_status"] == 2  # type: ignore[index]


def test_a_worker_that_lost_its_lease_writes_nothing(sandbox: Sandbox, chief: User) -> None:
    recording = recorded(sandbox)
    operation = confirmed("block", chief, [recording])
    slow = transitions.begin(operation.items.get().pk)
    assert slow is not None
    pass_time()
    tend.tend()
    assert transitions.finish(slow, "done") is False
    assert operation.items.get().outcome == "unknown"


def test_a_second_operation_waits_for_the_first(sandbox: Sandbox, chief: User) -> None:
    recording = recorded(sandbox)
    block = confirmed("block", chief, [recording])
    rename = confirmed("rename", chief, [recording], {"name": "新名字"})
    sandbox.faults.add("set_publish_status", "drop", when="after")
    execute.run_item(block.items.get().pk)
    execute.run_item(rename.items.get().pk)
    waiting = rename.items.get()
    assert (waiting.outcome, waiting.attempts, waiting.due_at is None) == ("planned", 0, False)
    assert sandbox.calls.of("update_recording") == []  # also while the first is unknown
    sandbox.faults.clear()
    drive(block, rename)
    assert [o.items.get().outcome for o in (block, rename)] == ["done", "done"]


def test_an_operation_whose_last_worker_died_after_saving_is_closed(sandbox: Sandbox, chief: User) -> None:
    operation = confirmed("block", chief, [recorded(sandbox)])
    operation.items.update(outcome="done", finished_at=timezone.now())
    tend.tend()
    operation.refresh_from_db()
    assert (operation.state, operation.finished_at is None) == (Operation.State.DONE, False)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_run_one_recording_one_after_the_other(sandbox: Sandbox, chief: User) -> None:
    recording = recorded(sandbox)
    operations = [
        confirmed("block", chief, [recording]),
        confirmed("rename", chief, [recording], {"name": "新名字"}),
    ]
    for call in ("set_publish_status", "update_recording"):
        sandbox.faults.add(call, "latency", seconds=0.3)
    together = threading.Barrier(4)

    def work(pk: int) -> None:
        together.wait(10)
        try:
            execute.run_item(pk)
        finally:
            connection.close()

    pks = [operation.items.get().pk for operation in operations] * 2  # each delivered twice
    threads = [threading.Thread(target=work, args=[pk]) for pk in pks]
    for thread in threads:
        thread.start()
    time.sleep(0.15)
    assert OperationItem.objects.filter(outcome="running").count() == 1
    for thread in threads:
        thread.join(20)
    outcomes = sorted(operation.items.get().outcome for operation in operations)
    assert outcomes == ["done", "planned"]
    sent = sandbox.calls.of("set_publish_status", "update_recording")
    assert len(sent) == 1
    drive(*operations)
    assert [operation.items.get().outcome for operation in operations] == ["done", "done"]
