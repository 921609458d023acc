"""Real processes of ours, on the test's database, broker and vendor, and how they are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import LazySettings
from django.db import connection

from playback.demo.embedded import die_with_parent
from playback.models import SyncLease
from playback.sandbox.server import Sandbox

ROOT = Path(__file__).parents[2]
PASSED_ON = (
    "BAIJIAYUN_PARTNER_ID",
    "BAIJIAYUN_PARTNER_KEY",
    "BAIJIAYUN_BASE_URL",
    "BAIJIAYUN_CALLS_PER_WINDOW",
    "SYNC_PAGE_SIZE",
    "SYNC_FETCHERS",
    "OPERATION_LEASE_SECONDS",
    "OPERATION_PATIENCE_SECONDS",
    "OPERATION_SETTLE_SECONDS",
    "REDIS_URL",
)


def environment(settings: LazySettings, **more: str) -> dict[str, str]:
    """What makes another process see the test's database, broker and vendor, as the settings are now."""
    given = {name: str(getattr(settings, name)) for name in PASSED_ON}
    types = ",".join(map(str, settings.BAIJIAYUN_PRODUCT_TYPES))
    return {**os.environ, **given, "BAIJIAYUN_PRODUCT_TYPES": types, "DATABASE_URL": database_url(), **more}


def database_url() -> str:
    """Where the test's own connection goes, for another process."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    password = f":{quote(database['PASSWORD'], safe='')}" if database["PASSWORD"] else ""
    user = f"{quote(database['USER'], safe='')}{password}@" if database["USER"] else ""
    port = f":{database['PORT']}" if database["PORT"] else ""
    return f"postgres://{user}{quote(database['HOST'], safe='')}{port}/{database['NAME']}"


class Process:
    """One command with a process group of its own, so that none of its children outlives a kill."""

    def __init__(self, arguments: list[str], given: Mapping[str, str]) -> None:
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self.running = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=dict(given),
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one prctl call, no lock taken
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    def said(self) -> str:
        """All that it wrote."""
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def kill(self) -> None:
        """No goodbye: the parent and its children end at once."""
        if self.running.poll() is None:
            os.killpg(self.running.pid, signal.SIGKILL)
        self.running.wait(10)

    @contextmanager
    def held(self) -> Iterator[None]:
        """It does nothing while the block runs: what happens in it happens between two of its steps."""
        os.killpg(self.running.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.running.pid, signal.SIGCONT)

    def until(self, what: Callable[[], Any], seconds: float = 60.0) -> Any:
        """Wait for something that it does."""
        deadline = time.monotonic() + seconds
        while not (found := what()):
            assert self.running.poll() is None, f"the process ended by itself:\n{self.said()[-6000:]}"
            assert time.monotonic() < deadline, f"it did not happen in time:\n{self.said()[-6000:]}"
            time.sleep(0.03)
        return found


@contextmanager
def command(settings: LazySettings, *arguments: str, **more: str) -> Iterator[Process]:
    """``manage.py`` with these arguments; killed at the end of the block at the latest."""
    process = Process(["manage.py", *arguments], environment(settings, **more))
    try:
        yield process
    finally:
        process.kill()


@contextmanager
def worker(settings: LazySettings, queues: str, **more: str) -> Iterator[Process]:
    """A Celery worker, as production starts it."""
    arguments = ["-m", "celery", "-A", "config", "worker", "-Q", queues, "-c", "1", "-l", "WARNING"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    process = Process([*arguments, *quiet], environment(settings, **more))
    try:
        yield process
    finally:
        process.kill()


def wait_for(what: Callable[[], Any], seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.03)
    return found


def asked(vendor: Sandbox, call: str, page: int) -> bool:
    """Has this page been asked for? Its answer may be under way."""
    return any(received.params.get("page") == str(page) for received in vendor.calls.of(call))


def lease_runs_out() -> None:
    """As if the minute that a silent holder keeps its lease were over."""
    SyncLease.objects.update(expires_at="2024-01-01T00:00:00Z")
