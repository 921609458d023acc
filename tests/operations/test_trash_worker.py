"""A real worker, killed between the block at the vendor and the entry in the trash."""

from __future__ import annotations

import os

import pytest
from django.contrib.auth.models import User

from playback.models import Recording, TrashEntry
from playback.sandbox.server import Sandbox

from .test_worker import Workers, tended_until_ended, wait_for, workers
from .vendor import confirmed, recorded, row

__all__ = ["workers"]  # a fixture

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.portable,
    pytest.mark.skipif(not hasattr(os, "killpg"), reason="no process groups here"),
]


@pytest.mark.parametrize("arrives", [True, False], ids=["the vendor does it", "the vendor loses it"])
def test_the_entry_is_written_though_the_worker_died(
    workers: Workers, sandbox: Sandbox, chief: User, arrives: bool
) -> None:
    recording = recorded(sandbox)
    if arrives:
        sandbox.faults.add("set_publish_status", "timeout_after_change", times=1, seconds=3.0)
    else:
        sandbox.faults.add("set_publish_status", "latency", times=1, seconds=1.0)
        sandbox.faults.add("set_publish_status", "drop", times=1, when="before")
    workers.start()
    item = confirmed("trash", chief, [recording]).items.get()
    wait_for(lambda: sandbox.calls.of("set_publish_status"))
    if arrives:
        wait_for(lambda: (row(sandbox, recording) or {})["publish_status"] == 2)
    workers.kill()
    assert not TrashEntry.objects.exists()
    workers.start()
    item = tended_until_ended(item)
    assert item.outcome == "done"
    entry = TrashEntry.objects.get()
    assert (entry.recording, entry.former_publish_status, entry.put_by) == (recording, 1, chief)
    assert (row(sandbox, recording) or {})["publish_status"] == 2
    wait_for(lambda: Recording.objects.get().publish_status == 2)
