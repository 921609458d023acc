"""One full pass over the recordings in a process of its own, and what it cost: a JSON object on its last line."""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path
from typing import Any

WINDOW = 11.0  # s, a little more than the throttle's


def run() -> dict[str, Any]:
    """One full pass, timed by its run, from its start to its end. What follows it is timed apart: the making of the
    indexes that a first load does without."""
    from playback.conf import call_counts, throttle
    from playback.models import SyncRun
    from playback.sync.passes import run_pass
    from playback.vendor.codes import Lane

    throttle().acquire(Lane.SYNC, 60)
    time.sleep(WINDOW)
    before = call_counts().calls()
    memory: list[int] = []
    began, processor = time.perf_counter(), time.process_time()
    closed = run_pass(SyncRun.Kind.RECORDINGS, full=True, on_page=lambda _: memory.append(resident()))
    whole, processor = time.perf_counter() - began, time.process_time() - processor
    seconds = (closed.finished_at - closed.started_at).total_seconds()
    memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    calls: dict[str, int] = {}
    for key, number in call_counts().calls().items():
        if number > before.get(key, 0):
            calls[key[1]] = calls.get(key[1], 0) + number - before.get(key, 0)
    return {
        "state": closed.state,
        "error": closed.error,
        "pages": closed.pages,
        "seconds": seconds,
        "afterwards": whole - seconds,
        "processor": processor,
        "memory_early": memory[len(memory) // 10],
        "memory_most": max(memory),
        "calls": calls,
    }


def resident() -> int:
    """What is resident now, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(run()))
