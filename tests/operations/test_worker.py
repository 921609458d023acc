"""A real worker process, killed in the middle of a call."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from playback.demo.embedded import EmbeddedValkey, free_port
from playback.models import Operation, OperationItem, Recording
from playback.operations import execute, tend
from playback.sandbox.server import Sandbox

from .vendor import confirmed, recorded, row

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.portable,
    pytest.mark.skipif(not hasattr(os, "killpg"), reason="no process groups here"),
]

LEASE = 4.0  # s; Celery ends a task after 3


class Workers:
    """Worker processes on the test's broker, database and vendor, each with a process group of its own."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "person,operation", "-c", "1"]
        self.running.append(
            subprocess.Popen(
                [*command, "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING"],
                env=self.environment,
                start_new_session=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )

    def kill(self) -> None:
        """No goodbye: the parent and its children end at once."""
        for process in self.running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
        self.running.clear()


@pytest.fixture
def workers(sandbox: Sandbox, settings: LazySettings) -> Iterator[Workers]:
    settings.OPERATION_LEASE_SECONDS = LEASE
    settings.OPERATION_GRACE_SECONDS = 3.0  # a killed worker may hold a task that it had not begun
    settings.OPERATION_PATIENCE_SECONDS = 1.0
    settings.OPERATION_SETTLE_SECONDS = 0.2
    store = redis.Redis.from_url(settings.REDIS_URL)
    store.delete("person", "operation")
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "BAIJIAYUN_PARTNER_ID": settings.BAIJIAYUN_PARTNER_ID,
        "BAIJIAYUN_PARTNER_KEY": settings.BAIJIAYUN_PARTNER_KEY,
        "BAIJIAYUN_BASE_URL": settings.BAIJIAYUN_BASE_URL,
        "BAIJIAYUN_TIMEOUT": "10",
        "OPERATION_LEASE_SECONDS": str(settings.OPERATION_LEASE_SECONDS),
        "OPERATION_GRACE_SECONDS": str(settings.OPERATION_GRACE_SECONDS),
        "OPERATION_PATIENCE_SECONDS": str(settings.OPERATION_PATIENCE_SECONDS),
        "OPERATION_SETTLE_SECONDS": str(settings.OPERATION_SETTLE_SECONDS),
    }
    made = Workers(environment)
    try:
        yield made
    finally:
        made.kill()
        store.close()


def database_url() -> str:
    """The test database, for another process."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    scheme, rest = os.environ["DATABASE_URL"].rsplit("/", 1)
    _, _, options = rest.partition("?")
    return f"{scheme}/{database['NAME']}" + (f"?{options}" if options else "")


def wait_for(what: Callable[[], Any], seconds: float = 30.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


def tended_until_ended(item: OperationItem) -> OperationItem:
    """What beat does: tend every moment, until the item has ended."""

    def ended() -> OperationItem | None:
        tend.tend()
        return OperationItem.objects.filter(pk=item.pk).exclude(finished_at=None).first()

    return wait_for(ended)


@pytest.mark.parametrize("arrives", [True, False], ids=["the vendor does it", "the vendor loses it"])
def test_a_worker_killed_while_it_deletes(workers: Workers, sandbox: Sandbox, chief: User, arrives: bool) -> None:
    recording = recorded(sandbox)
    sandbox.faults.add("delete_recording", "latency", seconds=1.0)
    if not arrives:
        sandbox.faults.add("delete_recording", "drop", when="before")
    workers.start()
    item = confirmed("delete", chief, [recording]).items.get()
    wait_for(lambda: sandbox.calls.of("delete_recording"))
    workers.kill()
    assert OperationItem.objects.get(pk=item.pk).outcome == "running"
    workers.start()
    item = tended_until_ended(item)
    assert (item.outcome, item.reason["code"]) == (("done", "settled_gone") if arrives else ("refused", "no_change"))
    assert (row(sandbox, recording) is None) == arrives
    assert len(sandbox.calls.of("delete_recording")) == 1
    if arrives:
        wait_for(lambda: Recording.objects.get(pk=recording.pk).gone_at)


def test_a_worker_killed_while_it_publishes_begins_again(workers: Workers, sandbox: Sandbox, chief: User) -> None:
    recordings = [recorded(sandbox, publish_status=2) for _ in range(3)]
    sandbox.faults.add("set_publish_status", "latency", times=1, seconds=1.0)
    sandbox.faults.add("set_publish_status", "drop", times=1, when="before")
    workers.start()
    operation = confirmed("publish", chief, recordings)
    wait_for(lambda: sandbox.calls.of("set_publish_status"))
    workers.kill()
    workers.start()
    for item in operation.items.all():
        assert tended_until_ended(item).outcome == "done"
    assert {(row(sandbox, recording) or {})["publish_status"] for recording in recordings} == {1}
    wait_for(lambda: operation.__class__.objects.get(pk=operation.pk).state == "done")


def test_a_broker_killed_with_all_it_held_loses_nothing(
    workers: Workers, sandbox: Sandbox, chief: User, tmp_path: Path
) -> None:
    """Also the call budget's store dies with it: meanwhile no call goes out uncounted."""
    broker = EmbeddedValkey(tmp_path / "broker", port=free_port()).start()
    workers.environment["REDIS_URL"] = broker.url
    recordings = [recorded(sandbox) for _ in range(8)]
    sandbox.faults.add("set_publish_status", "latency", seconds=0.3)
    operation = confirmed("block", chief, recordings)  # its tasks go to a broker that no worker reads: they are lost
    try:
        tend_elsewhere(workers, operation)
        workers.start()
        wait_for(lambda: len(sandbox.calls.of("set_publish_status")) >= 2)
        assert broker.process is not None
        broker.process.kill()
        broker.process.wait()
        wait_for(lambda: not operation.items.filter(outcome="running").exists())
        before = len(sandbox.calls.of("set_publish_status"))
        assert before < len(recordings)
        broker.start()  # it kept nothing
        tend_elsewhere(workers, operation)

        def over() -> bool:
            operation.items.filter(outcome="planned").update(due_at=timezone.now())
            tend_elsewhere(workers, operation)
            return not operation.items.filter(finished_at=None).exists()

        wait_for(over, seconds=60)
    finally:
        workers.kill()
        broker.stop()
    assert set(operation.items.values_list("outcome", flat=True)) == {"done"}
    assert {(row(sandbox, recording) or {})["publish_status"] for recording in recordings} == {2}
    assert len(sandbox.calls.of("set_publish_status")) == len(recordings)


def test_a_web_process_killed_after_the_click_was_stored(workers: Workers, sandbox: Sandbox, chief: User) -> None:
    """Between the commit of the confirmation and its first task: what was confirmed is taken up all the same."""
    recordings = [recorded(sandbox) for _ in range(2)]
    operation = execute.plan("block", chief, Recording.objects.order_by("pk"), {})
    confirming = (
        "import os, signal\n"
        "from playback.models import Operation\n"
        "from playback.operations import dispatch, execute\n"
        "dispatch._send_all = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"operation = Operation.objects.get(pk={operation.pk})\n"
        "execute.confirm(operation, operation.user)\n"
    )
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", confirming]
    assert subprocess.run(command, check=False, env=workers.environment, timeout=60).returncode == -signal.SIGKILL
    operation.refresh_from_db()
    assert (operation.state, set(operation.items.values_list("outcome", flat=True))) == ("queued", {"planned"})
    workers.start()
    for item in operation.items.all():
        assert tended_until_ended(item).outcome == "done"
    assert {(row(sandbox, recording) or {})["publish_status"] for recording in recordings} == {2}
    assert len(sandbox.calls.of("set_publish_status")) == len(recordings)


def tend_elsewhere(workers: Workers, operation: Operation) -> None:
    """Tend in a process of its own, whose broker is the workers'."""
    operation.items.filter(outcome="planned").update(due_at=timezone.now())
    tending = "from playback.operations.tend import tend; tend()"
    subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", tending],
        env=workers.environment,
        check=True,
        timeout=60,
    )
