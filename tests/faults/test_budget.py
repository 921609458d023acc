"""The account's call budget as the vendor counts it: calls that arrive, from many processes, in any ten seconds."""

from __future__ import annotations

import logging
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from playback import conf
from playback.demo.embedded import die_with_parent
from playback.models import SyncRun
from playback.sandbox.server import Sandbox
from playback.vendor.codes import Lane
from tests.conftest import PARTNER_ID, PARTNER_KEY
from tests.vendor.test_throttle import most_in_a_window

from .conftest import School
from .processes import ROOT, command, environment, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.portable, pytest.mark.timeout(300)]
LIMIT, WINDOW = 200, 10.0  # the vendor's own
PROCESSES = 8
CALLER = """
import os, sys, redis
from playback.vendor.client import VendorClient
from playback.vendor.codes import Lane
from playback.vendor.endpoints import ENDPOINTS
from playback.vendor.errors import VendorUnreachable
from playback.vendor.throttle import Throttle
from playback.vendor.transport import Transport
address, account, partner, key, lane = sys.argv[1:]
throttle = Throttle(redis.Redis.from_url(os.environ["REDIS_URL"]), account)
client = VendorClient(Transport(address, partner, key, throttle, Lane(lane)), ENDPOINTS)
print("ready", flush=True)
while True:
    client.list_rooms(page=1, limit=1)
"""


@contextmanager
def callers(sandbox: Sandbox, given: dict[str, str], account: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Workers of the two lower lanes that call as fast as they may."""
    lanes = [Lane.SYNC] * (PROCESSES - 2) + [Lane.OPERATION] * 2
    running = [
        subprocess.Popen(
            [sys.executable, "-c", CALLER, sandbox.base_url, account, PARTNER_ID, PARTNER_KEY, lane.value],
            cwd=ROOT,
            env={**given, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one prctl call, no lock taken
        )
        for lane in lanes
    ]
    try:
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
        yield running
    finally:
        for process in running:
            process.kill()
            process.communicate()


def test_eight_processes_fill_the_budget_and_keep_to_it(vendor: Sandbox, settings: Any) -> None:
    """With the vendor's own numbers, and a vendor that refuses what is too much: it has nothing to refuse."""
    vendor.window.limit = LIMIT
    vendor.state.add_room()
    account = secrets.token_hex(6)
    remember_long_ago(account)
    with callers(vendor, environment(settings), account) as running:
        vendor.calls.clear()
        begun = time.time()
        wait_for(lambda: time.time() - begun > WINDOW + 2.5)
        assert all(process.poll() is None for process in running)
        ended = time.time()
    arrived = [call.at for call in vendor.calls]
    assert {call.code for call in vendor.calls if call.at < ended} == {0}
    assert most_in_a_window(arrived, WINDOW) <= LIMIT
    used = sum(begun + 0.5 <= at < begun + 0.5 + WINDOW for at in arrived)
    assert used >= 0.9 * LIMIT, f"{used} of {LIMIT} calls were used"


def test_a_click_waits_less_than_a_second_while_a_full_sync_runs(school: School, settings: Any, caplog: Any) -> None:
    """A pass of a page a recording, which has had the whole budget for as long as the budget remembers."""
    settings.SYNC_PAGE_SIZE = 1
    settings.BAIJIAYUN_CALLS_PER_WINDOW = LIMIT
    settings.BAIJIAYUN_PRODUCT_TYPES = [1]
    school.vendor.window.limit = LIMIT
    school.add(400, cuts=False)
    with command(settings, "sync", "--full", "--kind", "recordings") as process:
        process.until(lambda: SyncRun.objects.filter(state="running", pages__gte=1).exists())
        full_for_a_window(PARTNER_ID)
        used = []
        with caplog.at_level(logging.INFO, logger="playback.vendor"):
            for _ in range(15):  # more than what is kept free for people
                conf.vendor_client(Lane.PERSON).list_rooms(page=1, limit=1)
                used.append(conf.throttle().used())
                time.sleep(0.15)
        assert SyncRun.objects.filter(state="running").exists(), "the pass ended before the clicks did"
        process.kill()
    waits = [record.args[5] / 1000 for record in caplog.records if record.msg.startswith("vendor call ")]
    assert len(waits) == 15
    assert max(waits) < 1.0, waits
    assert max(used) >= 0.9 * LIMIT, "the budget was not in use"


def remember_long_ago(account: str) -> None:
    """The store has known this account for longer than a window: it need not think that the last one was full."""
    conf.store().set(f"vendor-budget:{{{account}}}:born", int((time.time() - 3600) * 1e6))


def full_for_a_window(account: str) -> None:
    """As if the pass had been at it for ten seconds already: its calls, evenly spread, and its pace."""
    throttle = conf.throttle()
    remember_long_ago(account)
    span, calls, now = (WINDOW + throttle.margin) * 1e6, throttle.share(Lane.SYNC), time.time() * 1e6
    entries = {f"before-{n}": int(now - span + (n + 1) * span / calls) for n in range(calls)}
    with conf.store().pipeline(transaction=True) as at_once:  # in place of what the pass has sent so far
        at_once.delete(f"vendor-budget:{{{account}}}:calls")
        at_once.zadd(f"vendor-budget:{{{account}}}:calls", entries)
        at_once.set(f"vendor-budget:{{{account}}}:pace", int(now + span / calls))
        at_once.execute()
