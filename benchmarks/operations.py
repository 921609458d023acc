"""A large operation: planning 10,000 recordings, and running it at the vendor's limit.

The operation blocks recordings of a sandbox vendor that keeps the limit (200 calls in any 10 s), with one worker
process as in production, on an embedded Valkey. Its calls are counted where they arrive. The figure is the share of
the limit that is used in the busiest steady stretch; more than the limit in any 10 s would be refused by the vendor,
and is a miss whatever the share.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection

from playback.models import Operation, Recording
from playback.operations import execute
from playback.sandbox.server import Sandbox

from . import mirror
from .report import Line, Share, median

RECORDINGS = 10_000
MAY_TAKE = 2.0  # s, to plan them
LIMIT, WINDOW = 200, 10.0
WARM_UP, STEADY = 12.0, 30.0  # s
ACCOUNT = {"BAIJIAYUN_PARTNER_ID": "41624064", "BAIJIAYUN_PARTNER_KEY": "bench-only"}


def measure(rows: int, repeats: int) -> list[Line | Share]:
    name = connection.vendor
    with tempfile.TemporaryDirectory(prefix="backoffice-bench-") as folder, _vendor(Path(folder)) as sandbox:
        settings.BAIJIAYUN_BASE_URL = sandbox.base_url
        for variable, value in ACCOUNT.items():
            setattr(settings, variable, value)
        mirror.empty()
        _mirror(sandbox)
        user = get_user_model()._default_manager.filter(
            is_superuser=True
        ).first() or get_user_model()._default_manager.create_superuser("bench-operations")
        chosen = Recording.objects.order_by("pk")
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            operation = execute.plan("block", user, chosen, {})
            times.append(time.perf_counter() - start)
        planned = Line(
            f"{name}: planning {RECORDINGS:,} recordings",
            median(times),
            f"the {MAY_TAKE:g} s it may take",
            MAY_TAKE,
            1.0,
        )
        share = _run(operation, user, sandbox)
    return [planned, share]


def _vendor(folder: Path) -> Sandbox:
    return Sandbox(
        folder / "vendor.sqlite3", ACCOUNT["BAIJIAYUN_PARTNER_ID"], ACCOUNT["BAIJIAYUN_PARTNER_KEY"],
        seed="demo", rooms=500, recordings=RECORDINGS,
    )  # fmt: skip


def _mirror(sandbox: Sandbox) -> None:
    """The vendor's recordings into the mirror, by the real passes; the limit is for the measured part."""
    from playback.sync.passes import run_pass

    sandbox.window.limit = 0
    settings.BAIJIAYUN_CALLS_PER_WINDOW = 1_000_000
    for kind in ("rooms", "recordings"):
        run_pass(kind, full=True)
    Recording.objects.update(status=100, publish_status=1)
    found = Recording.objects.count()
    assert found >= RECORDINGS, f"the sandbox has {found} recordings, fewer than asked for"
    sandbox.window.limit = LIMIT
    settings.BAIJIAYUN_CALLS_PER_WINDOW = LIMIT


def _run(operation: Operation, user: object, sandbox: Sandbox) -> Share:
    sandbox.calls.clear()
    execute.confirm(operation, user)  # type: ignore[arg-type]
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "config", "worker", "--queues", "person,operation", "--concurrency", "8",
         "--pool", "threads", "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR"],
        env={**os.environ, **ACCOUNT, "BAIJIAYUN_BASE_URL": sandbox.base_url, "BAIJIAYUN_CALLS_PER_WINDOW": str(LIMIT)},
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not sandbox.calls and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(WARM_UP + STEADY)
    finally:
        worker.terminate()
        worker.wait(30)
    arrived = sorted(call.at for call in list(sandbox.calls))
    assert arrived, "the worker made no call"
    since = arrived[0] + WARM_UP
    steady = [at for at in arrived if since <= at < since + STEADY]
    return Share(
        f"{connection.vendor}: calls of a running operation",
        len(steady) / (STEADY / WINDOW * LIMIT),
        f"the vendor's limit (most in any {WINDOW:g} s: {_most(arrived)} of {LIMIT})",
        0.95,
        over=_most(arrived) > LIMIT,
    )


def _most(arrived: Sequence[float]) -> int:
    """The largest number of calls in any window."""
    most = first = 0
    for last, at in enumerate(arrived):
        while arrived[first] + WINDOW <= at:
            first += 1
        most = max(most, last - first + 1)
    return most
