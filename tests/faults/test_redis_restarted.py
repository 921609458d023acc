"""Redis is killed (-9) and comes back knowing nothing: broker, call budget and all.

Without it no call goes out, and what was stopped says why. What it knew is in the database too, or is counted as used.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import current_app
from django.contrib.auth.models import User
from django.utils import timezone

from playback.conf import vendor_client
from playback.demo.embedded import EmbeddedValkey
from playback.models import Operation, Recording, SyncRun
from playback.operations import tend
from playback.sandbox.server import Sandbox
from playback.sync import passes
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorUnreachable
from tests.conftest import PARTNER_ID
from tests.operations.vendor import confirmed

from .conftest import School, mirror_all
from .equality import assert_mirror_is_vendor
from .kept import StaffsWork
from .processes import asked, lease_runs_out, worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.portable, pytest.mark.timeout(300)]
State = SyncRun.State
NO_STORE = "the account's call budget cannot be read"


class Mortal(EmbeddedValkey):
    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def store(vendor: Sandbox, tmp_path: Path, settings: Any, monkeypatch: Any) -> Iterator[Mortal]:
    """A Redis of the test's own, for the broker and the budget. It keeps nothing on disk: the worst one to lose."""
    server = Mortal(tmp_path / "valkey")
    server.start()
    settings.REDIS_URL = server.url
    monkeypatch.setenv("CELERY_BROKER_URL", server.url)
    current_app.amqp._producer_pool = None
    try:
        yield server
    finally:
        server.stop()
        current_app.amqp._producer_pool = None


def test_a_pass_stops_with_a_reason_and_nothing_is_sent(
    store: Mortal, school: School, staffs_work: Callable[[], StaffsWork], settings: Any, hasty: None
) -> None:
    settings.SYNC_FETCHERS = 1  # else some of a short list are under way
    school.add(14)
    work = staffs_work()
    school.lives_on()
    sent: list[int] = []

    def lost(run: SyncRun) -> None:
        if run.pages == 2:
            store.kill()
            sent.append(len(school.vendor.calls))

    run = passes.run_pass("recordings", full=True, on_page=lost)
    assert (run.state, run.pages) == (State.INCOMPLETE, 2)
    assert NO_STORE in run.error
    for lane in Lane:
        with pytest.raises(VendorUnreachable, match=f"{NO_STORE}.*nothing was sent"):
            vendor_client(lane).list_rooms(page=1, limit=1)
    assert passes.run_pass("versions", full=True).state == State.FAILED
    assert len(school.vendor.calls) == sent[0], "no call goes out uncounted"
    store.start()
    mirror_all()
    assert_mirror_is_vendor(school.vendor)
    work.check()


def test_its_return_is_no_burst(store: Mortal, school: School, settings: Any, hasty: None) -> None:
    """What was sent before it died is forgotten, and counts all the same: in no ten seconds are there more than 200."""
    settings.BAIJIAYUN_CALLS_PER_WINDOW = limit = 200
    vendor = school.vendor
    vendor.calls.clear()
    with redis.Redis.from_url(store.url) as known:  # for long: a new one counts as full
        known.set(f"vendor-budget:{{{PARTNER_ID}}}:born", int((time.time() - 3600) * 1e6))
    client = vendor_client(Lane.PERSON)
    began = time.time()
    for _ in range(150):
        client.list_rooms(page=1, limit=1)
    store.kill()
    store.start()
    before, back = len(vendor.calls), time.time()
    assert before == 150

    def press() -> None:
        while time.time() < back + 2.0:
            try:
                vendor_client(Lane.PERSON, max_wait=0.3).list_rooms(page=1, limit=1)
            except VendorUnreachable:
                time.sleep(0.05)

    people = [threading.Thread(target=press) for _ in range(8)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    after = len(vendor.calls) - before
    assert 5 < after <= limit * 2.0 / 10 + 0.05 * limit, f"{after} calls in the first two seconds of its return"
    assert time.time() - began > 10 or before + after <= limit


def test_a_worker_goes_on_with_what_was_queued(
    store: Mortal,
    school: School,
    chief: User,
    settings: Any,
    staffs_work: Callable[[], StaffsWork],
    hasty: None,
) -> None:
    settings.SYNC_FETCHERS = 1
    school.add(14)
    work = staffs_work()
    school.lives_on()
    school.vendor.calls.clear()
    school.vendor.faults.add("list_recordings", "slow_body", times=2, seconds=0.8)
    chosen = list(Recording.objects.live().filter(status=100, publish_status=1, held_at=None)[:4])
    with worker(settings, "sync,operation,person") as process:
        current_app.send_task("playback.sync_kind", kwargs={"kind": "recordings", "full": True}, queue="sync")
        running = SyncRun.objects.filter(state=State.RUNNING, pages=1)
        process.until(lambda: running.exists() and asked(school.vendor, "list_recordings", 2))
        run = running.get()
        operation = confirmed("block", chief, chosen)  # its tasks wait behind the pass
        with process.held():
            store.kill()
        process.until(lambda: not SyncRun.objects.filter(pk=run.pk, state=State.RUNNING).exists())
        run.refresh_from_db()
        assert (run.state, NO_STORE in run.error) == (State.INCOMPLETE, True)
        assert school.vendor.calls.names() == ["list_recordings"] * 2
        store.start()
        process.until(lambda: tended(operation))
        assert set(operation.items.values_list("outcome", flat=True)) == {"done"}
        current_app.send_task("playback.sync_kind", kwargs={"kind": "recordings", "full": True}, queue="sync")
        process.until(lambda: SyncRun.objects.filter(pk__gt=run.pk, state=State.DONE).exists())
        assert process.running.poll() is None
    assert len(school.vendor.calls.of("set_publish_status")) == len(chosen)
    lease_runs_out()  # the first task may have come back, and may have been at it when the worker was killed
    mirror_all()
    assert_mirror_is_vendor(school.vendor)
    work.check()


def tended(operation: Operation) -> bool:
    """As beat does, with the minutes written back after which a task counts as lost; not so often that a queue of
    doubles grows."""
    operation.items.filter(outcome="planned").update(due_at=timezone.now())
    tend.tend()
    time.sleep(0.5)
    return not operation.items.filter(finished_at=None).exists()
