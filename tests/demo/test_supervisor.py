"""The demo's supervisor: order, restart, and that nothing stays behind, on real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from playback.demo.embedded import EmbeddedValkey, free_port
from playback.demo.supervisor import Child, StartFailed, Supervisor, listens

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def wait_for(what: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.02)
    return False


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path, {}, lambda text: None)
    yield supervisor
    supervisor.stop()


def test_a_child_is_ready_when_its_port_answers(supervisor: Supervisor) -> None:
    port = free_port()
    child = Child("server", [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"], port=port)
    supervisor.start(child)
    assert listens(port)


def test_a_child_that_ends_at_once_is_an_error_that_names_its_log(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match=r"broken ended with status 3.*broken\.log"):
        supervisor.start(Child("broken", [sys.executable, "-c", "raise SystemExit(3)"], port=free_port()))


def test_a_silent_child_is_an_error(supervisor: Supervisor) -> None:
    with pytest.raises(StartFailed, match="not ready"):
        supervisor.start(Child("silent", SLEEP, port=free_port()), timeout=0.3)


def test_a_failed_command_is_told_with_its_last_line(supervisor: Supervisor) -> None:
    with pytest.raises(StartFailed, match="no disk"):
        supervisor.run_once("migrate", [sys.executable, "-c", "raise SystemExit('no disk')"])


def test_a_dead_child_is_started_again_and_told(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(tmp_path, {}, said.append)
    child = Child("worker", SLEEP)
    supervisor.start(child)
    watching = threading.Thread(target=supervisor.watch)
    watching.start()
    try:
        assert child.process is not None
        first = child.process.pid
        os.kill(first, signal.SIGKILL)
        assert wait_for(lambda: child.process is not None and child.process.pid != first and child.status is None)
        assert said == ["worker ended with status -9; starting it again"]
    finally:
        supervisor.stop()
        watching.join()


def test_stop_ends_a_child_that_ignores_term_and_its_grandchildren(supervisor: Supervisor, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    stubborn = (
        "import pathlib, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(note)!r}).write_text(str(grandchild.pid))\n"
        "time.sleep(60)\n"
    )
    child = Child("stubborn", [sys.executable, "-c", stubborn])
    supervisor.start(child)
    assert wait_for(lambda: note.is_file() and note.read_text() != "")
    grandchild = int(note.read_text())
    supervisor.stop(patience=0.2)
    assert child.status == -signal.SIGKILL
    assert wait_for(lambda: not alive(grandchild))


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    program = (
        "import pathlib, sys\n"
        "from playback.demo.supervisor import Child, Supervisor\n"
        f"supervisor = Supervisor(pathlib.Path({str(tmp_path)!r}), {{}}, print)\n"
        f"child = Child('worker', {SLEEP!r})\n"
        "supervisor.start(child)\n"
        f"pathlib.Path({str(note)!r}).write_text(str(child.process.pid))\n"
        "supervisor.watch()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    assert wait_for(lambda: note.is_file() and note.read_text() != "")
    pid = int(note.read_text())
    assert alive(pid)
    parent.kill()
    parent.wait()
    assert wait_for(lambda: not alive(pid))


def test_the_embedded_valkey_wants_its_password_and_keeps_what_it_was_told(tmp_path: Path) -> None:
    import redis

    first = EmbeddedValkey(tmp_path, password="right", keep=True).start()
    try:
        redis.Redis.from_url(first.url).set("kept", "yes")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=first.port).get("kept")
        assert (tmp_path / "valkey.conf").stat().st_mode & 0o077 == 0
    finally:
        first.stop()
    second = EmbeddedValkey(tmp_path, password="right", keep=True).start()
    try:
        assert redis.Redis.from_url(second.url).get("kept") == b"yes"
    finally:
        second.stop()
