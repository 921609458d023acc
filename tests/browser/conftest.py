"""Debian's Chromium against a live server, a real worker and the sandbox vendor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.db import connection
from pytest_django.live_server_helper import LiveServer

from playback.demo.embedded import die_with_parent
from playback.models import SyncRun
from playback.sandbox.server import Sandbox
from playback.sync.freshness import COMPLETE
from playback.sync.passes import run_pass
from playback.vendor.codes import Lane
from tests.conftest import PARTNER_ID, PARTNER_KEY
from tests.factories import person

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "a long word for the browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM.exists():
                item.add_marker(pytest.mark.skip(reason="no /usr/bin/chromium here"))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": str(CHROMIUM), "args": FLAGS}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    return {"timezone_id": "Asia/Shanghai", "locale": "en-US", "viewport": {"width": 1440, "height": 900}}


@pytest.fixture
def school(transactional_db: None, live_server: LiveServer, sandbox: Sandbox) -> Iterator[str]:
    """A mirrored school with a worker; answers the live server's address. The people: ``staff`` and ``teacher``."""
    state = sandbox.state
    room = state.add_room("高一数学（1）班", is_long_term=True)
    for day in range(1, 6):
        state.add_recording(
            room, 202403010 + day, name=f"函数的单调性 第{day}讲", created_at=datetime(2024, 3, day, 1, tzinfo=UTC)
        )
    other = state.add_room("高二物理")
    state.add_recording(other, name="牛顿第二定律", created_at=datetime(2024, 2, 1, 1, tzinfo=UTC))
    for kind in SyncRun.Kind:
        run = run_pass(kind, full=True, lane=Lane.SYNC, trigger=SyncRun.Trigger.COMMAND)
        assert run.state in COMPLETE, run.error
    for group, name in (("course staff", "staff"), ("teacher", "teacher")):
        user = person(group, username=name)
        user.set_password(PASSWORD)
        user.save()
    worker = _start_worker(sandbox)
    yield live_server.url
    os.killpg(worker.pid, signal.SIGTERM)
    worker.wait(timeout=20)


def _start_worker(sandbox: Sandbox) -> subprocess.Popen[bytes]:
    """A Celery worker of its own process on the test's database and broker."""
    given = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
        "REDIS_URL": project.REDIS_URL,
        "BAIJIAYUN_PARTNER_ID": PARTNER_ID,
        "BAIJIAYUN_PARTNER_KEY": PARTNER_KEY,
        "BAIJIAYUN_BASE_URL": sandbox.base_url,
    }
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "person,operation", "-P", "threads", "-c", "2",
         "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING"],
        env={**os.environ, **given},
        cwd=project.BASE_DIR,
        start_new_session=True,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - one prctl call, no lock taken
    )  # fmt: skip
    assert worker.poll() is None
    return worker
