"""The whole way: a vendor of a million recordings into PostgreSQL, at the vendor's limit and 300 ms away.

The sandbox is a process of its own, seeded in bulk, keeps the limit of 200 calls in any 10 s, and answers each call
300 ms late. A full pass (``run_pass``, as the schedule runs it, with the default product types: a list for each) runs
in another process, twice: into an empty mirror, and again after the vendor renamed one recording in a hundred.

Shown are the rows a second as a share of what the limit allows, 20 pages of 1,000 rows a second; the processor time of
the pass's process (not the database's) as a part of the time that the limit sets, so that a slow run does not make it
look small; and its memory at its most against that after a tenth of the pages. Afterwards the mirror is compared with
the vendor row by row, and no call may have been refused for the rate: where either fails there is no figure but an
error.

The indexes that a first load does without are made when it is over; that time is shown apart.

Outside of the clock: seeding, the start of the processes, and one window of waiting before each pass. A throttle that
knows nothing of the past takes it for full, and one pass's calls would count against the next one's.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection

from playback.demo.embedded import free_port
from playback.models import Recording, SyncRun

from . import mirror
from .report import Line, Share

ACCOUNT = {"BAIJIAYUN_PARTNER_ID": "41624064", "BAIJIAYUN_PARTNER_KEY": "bench-only"}
SECRET = "bench-only"  # noqa: S105 - of a server that lives for this measurement
LATENCY = 0.3  # s
PAGES_A_SECOND = 20.0
CHANGED = "（改）"
SHARE, PROCESSOR, MEMORY = 0.95, 0.35, 1.2
_SEEDING = 600  # s at the most


def measure(rows: int) -> Iterator[Share | Line]:
    """PostgreSQL alone: SQLite is for trying out, and its share would be one of its own."""
    if connection.vendor != "postgresql":
        return
    mirror.empty()
    with tempfile.TemporaryDirectory(prefix="backoffice-bench-") as folder, _vendor(Path(folder), rows) as url:
        database = Path(folder) / "vendor.sqlite3"
        for what in ("first load", "1 % changed"):
            if what != "first load":
                _change(database)
            told = _pass(url)
            _same(database, rows)
            yield from _lines(f"{connection.vendor}: {what} of {rows:,} from afar", rows, told)


def _lines(what: str, rows: int, told: dict[str, Any]) -> list[Share | Line]:
    seconds = told["seconds"]
    bound = rows / 1000 / PAGES_A_SECOND
    pages = f"{rows / 1000 / seconds:.1f} pages/s"
    return [
        Share(f"{what} ({pages})", bound / seconds, "what the vendor's limit allows", SHARE),
        Line(f"{what}: the indexes made after it", told["afterwards"], "the time of the pass", seconds, None),
        Line(f"{what}: processor time", told["processor"], "the time that the limit sets", bound, PROCESSOR),
        Line(
            f"{what}: memory ({told['memory_most'] / 1e6:.0f} MB)",
            told["memory_most"],
            "that after a tenth of the pages",
            told["memory_early"],
            MEMORY,
        ),
    ]


# ---------------------------------------------------------------- the vendor


@contextmanager
def _vendor(folder: Path, rows: int) -> Iterator[str]:
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "manage.py", "sandbox", "--port", str(port), "--database", str(folder / "vendor.sqlite3"),
         "--seed", "bench", "--recordings", str(rows)],
        env={**os.environ, **ACCOUNT, "SANDBOX_CONTROL_SECRET": SECRET, "VAR_DIR": str(folder)},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        said = server.stdout.readline()  # once it is seeded
        assert said.startswith("Sandbox vendor at"), said
        url = f"http://127.0.0.1:{port}"
        fault = {"call": "*", "kind": "latency", "seconds": LATENCY}
        request = urllib.request.Request(  # noqa: S310 - our own loopback server
            f"{url}/_sandbox/faults", json.dumps(fault).encode(), {"X-Sandbox-Secret": SECRET}
        )
        urllib.request.urlopen(request, timeout=_SEEDING).close()  # noqa: S310
        yield url
    finally:
        server.terminate()
        server.wait(30)


def _change(database: Path) -> None:
    """One in a hundred gets another name, in the vendor's own file."""
    with sqlite3.connect(database, timeout=60) as vendor:
        vendor.execute("UPDATE versions SET name = name || ? WHERE is_main = 1 AND video_id % 100 = 7", (CHANGED,))


def _same(database: Path, rows: int) -> None:
    """Is every row of the vendor in the mirror as it is, and no other?"""
    facts = ("room_id", "session_id", "name", "status", "publish_status", "video_id", "length", "play_times")
    ours = Recording.objects.live().order_by("room_id", "session_id").values_list(*facts)
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60) as vendor:
        theirs = vendor.execute(
            "SELECT v.room_id, v.session_id, v.name, v.status, r.publish_status,"
            " CASE WHEN v.status >= 20 THEN v.video_id END, CASE WHEN v.status = 100 THEN v.length ELSE 0 END,"
            " v.play_times FROM versions v JOIN recordings r USING (playback_id) WHERE v.is_main = 1"
            " ORDER BY v.room_id, v.session_id"
        )
        met = 0
        for row, told in zip(ours.iterator(chunk_size=10_000), theirs, strict=True):
            assert row == told, (row, told)
            met += 1
    assert met == rows, f"the vendor has {met} recordings and not {rows}"


# ---------------------------------------------------------------- the pass, in a process of its own


def _pass(url: str) -> dict[str, Any]:
    own = subprocess.run(
        [sys.executable, "-m", "benchmarks.load_pass"],
        env={**os.environ, **ACCOUNT, "BAIJIAYUN_BASE_URL": url, "SYNC_GONE_SHARE": "0"},
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(own.stdout.splitlines()[-1])
    assert told["state"] == SyncRun.State.DONE, told
    assert set(told["calls"]) == {"done"}, told["calls"]  # none refused for the rate, none sent twice
    return told
