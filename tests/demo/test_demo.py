"""``manage.py demo`` as a newcomer starts it: real processes, a folder of its own."""

from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def free_pair() -> int:
    """A port whose neighbour 1100 above, which the demo's sandbox takes, is free too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1100))
            except (OSError, OverflowError):
                continue
            if port <= 64000:
                return port


def start(folder: Path, port: int | str, **environment: str) -> subprocess.Popen[str]:
    inherited = {k: v for k, v in os.environ.items() if k not in {"ENVIRONMENT", "DATABASE_URL", "REDIS_URL"}}
    return subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--port", str(port)],
        cwd=ROOT,
        env={**inherited, "VAR_DIR": str(folder), "LOG_LEVEL": "INFO", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def processes_of(folder: Path) -> list[str]:
    """Command lines of the processes that hold ``folder`` in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"VAR_DIR={folder}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # ended meanwhile, or not ours
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for entry in Path("/proc").iterdir():  # whatever a failed test left
        try:
            if entry.name.isdigit() and f"VAR_DIR={tmp_path}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            continue


def read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    pytest.fail(f"the demo ended with {process.wait()} before it said {text!r}:\n{seen}")


def count(database: Path, table: str) -> int:
    try:
        with sqlite3.connect(database, timeout=20) as connection:
            return int(connection.execute(f"select count(*) from {table}").fetchone()[0])  # noqa: S608
    except sqlite3.OperationalError:
        return 0


@pytest.mark.timeout(240)
def test_one_command_brings_it_up_mirrors_by_itself_and_ends_whole(folder: Path) -> None:
    port = free_pair()
    demo = start(folder, port)
    greeting = read_until(demo, "Ctrl-C")
    ready = time.monotonic()
    assert f"http://127.0.0.1:{port}/" in greeting
    for user in ("admin", "staff", "teacher", "lecturer"):
        assert re.search(rf"{user}\s+demo", greeting)

    address = f"http://127.0.0.1:{port}/admin/login/?next=/admin/"
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    page = browser.open(address, timeout=20).read().decode()
    form = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert form is not None
    fields = {"csrfmiddlewaretoken": form[1], "username": "staff", "password": "demo", "next": "/admin/"}
    request = urllib.request.Request(
        address, urllib.parse.urlencode(fields).encode(), {"Referer": address, "Origin": f"http://127.0.0.1:{port}"}
    )
    with browser.open(request, timeout=20) as answer:
        assert answer.url == f"http://127.0.0.1:{port}/admin/"

    assert count(folder / "demo" / "db.sqlite3", "members_roomteacher") > 2, "the teachers have rooms from the start"

    # Nobody asked for this sync: beat's tick, a worker, signed calls to the sandbox, rows.
    database = folder / "demo" / "db.sqlite3"
    while count(database, "playback_recording") < 1500:
        assert time.monotonic() - ready < 120, "beat, worker, client, sandbox or upsert did not do its part"
        time.sleep(0.5)

    demo.send_signal(signal.SIGINT)
    assert demo.wait(timeout=40) == 0
    assert processes_of(folder) == []
    kept = count(database, "playback_recording")

    again = start(folder, port)
    read_until(again, "Ctrl-C")
    assert count(database, "playback_recording") >= kept
    busy = start(folder, free_pair())
    output, _ = busy.communicate(timeout=30)
    assert busy.returncode == 1
    assert output.strip() == "CommandError: A demo is already running from this folder: end it first (Ctrl-C there)."
    again.terminate()
    assert again.wait(timeout=40) == 0
    assert processes_of(folder) == []


def test_a_busy_port_is_one_sentence(folder: Path) -> None:
    port = free_pair()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        demo = start(folder, port)
        output, _ = demo.communicate(timeout=30)
    assert demo.returncode == 1
    told = re.fullmatch(
        r"CommandError: Port (\d+) \(PORT\) is in use: take another one with make demo PORT=(\d+)\.", output.strip()
    )
    assert told, output
    assert int(told[1]) == port != int(told[2])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", int(told[2])))


@pytest.mark.parametrize("port", ["80", "65000", "abc", "-1"])
def test_an_unusable_port_is_one_sentence(folder: Path, port: str) -> None:
    demo = start(folder, port)
    output, _ = demo.communicate(timeout=30)
    assert demo.returncode != 0
    assert len(output.strip().splitlines()) == 1 or "usage" in output
    assert port in output


def test_known_passwords_are_never_made_in_production(folder: Path) -> None:
    demo = start(folder, free_pair(), ENVIRONMENT="production", SECRET_KEY="x" * 60)
    output, _ = demo.communicate(timeout=30)
    assert demo.returncode == 1
    assert "not with ENVIRONMENT=production" in output
