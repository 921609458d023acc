"""Runs several processes as one: starts them in order, starts a dead one again, ends all of them together.

Made for the demo. The ready-made process runners end everything as soon as one child dies; a back-office whose worker
was killed should show that nothing is lost.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from .embedded import die_with_parent


class StartFailed(Exception):
    """A child ended, or stayed silent, before it was ready. The text names its log."""


@dataclass
class Child:
    """One process. ``port``: it is ready when something listens there on 127.0.0.1 (0: ready at once)."""

    name: str
    command: list[str]
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    retry_at: float = 0.0

    @property
    def status(self) -> int | None:
        """Its exit status, None while it runs."""
        return self.process.poll() if self.process else None


class Supervisor:
    def __init__(self, log_folder: Path, environment: Mapping[str, str], say: Callable[[str], None]) -> None:
        self.log_folder = log_folder
        self.environment = {**os.environ, **environment}
        self.say = say
        self.children: list[Child] = []
        self.ending = False
        log_folder.mkdir(parents=True, exist_ok=True)

    def log_of(self, child: Child) -> Path:
        return self.log_folder / f"{child.name}.log"

    def start(self, child: Child, timeout: float = 30.0) -> None:
        """Start ``child`` and wait until it is ready. Raises :class:`StartFailed`."""
        self.children.append(child)
        self._spawn(child)
        deadline = time.monotonic() + timeout
        while child.port and not self.ending:
            if child.status is not None:
                raise StartFailed(f"{child.name} ended with status {child.status}: see {self.log_of(child)}")
            if listens(child.port):
                return
            if time.monotonic() > deadline:
                raise StartFailed(f"{child.name} was not ready after {timeout:g} s: see {self.log_of(child)}")
            time.sleep(0.05)

    def run_once(self, name: str, command: list[str]) -> None:
        """Run a command to its end. Raises :class:`StartFailed` when it fails."""
        log = self.log_folder / f"{name}.log"
        with log.open("ab") as output:
            result = subprocess.run(  # noqa: S603 - our own command lines
                command,
                env=self.environment,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                preexec_fn=die_with_parent if sys.platform == "linux" else None,
                check=False,
            )
        if result.returncode:
            last = log.read_text(errors="replace").strip().rsplit("\n", 1)[-1]
            raise StartFailed(f"{name} failed: {last} (whole output: {log})")

    def catch_signals(self) -> None:
        """TERM, INT and HUP end the children; a second INT does not make it rougher."""

        def end(number: int, frame: FrameType | None) -> None:
            self.ending = True

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, end)

    def watch(self) -> None:
        """Start dead children again (waiting longer each time, up to 30 s) until a signal ends it all."""
        while not self.ending:
            for child in self.children:
                if child.status is None:
                    continue
                now = time.monotonic()
                if not child.retry_at:
                    child.failures = 0 if now - child.started > 60 else child.failures + 1
                    child.retry_at = now + min(30.0, 0.5 * 2**child.failures)
                    self.say(f"{child.name} ended with status {child.status}; starting it again")
                elif now >= child.retry_at:
                    self._spawn(child)
            time.sleep(0.25)

    def stop(self, patience: float = 15.0) -> None:
        """End the children, the last started first; kill what is still there after ``patience`` seconds."""
        self.ending = True
        deadline = time.monotonic() + patience
        for child in reversed(self.children):
            self._signal(child, signal.SIGTERM)
            # One after the other: what was started later may need what was started before it to end well.
            while child.process and child.status is None and time.monotonic() < deadline:
                time.sleep(0.02)
        for child in self.children:
            self._signal(child, signal.SIGKILL)
            if child.process:
                child.process.wait()

    def _spawn(self, child: Child) -> None:
        child.started, child.retry_at = time.monotonic(), 0.0
        with self.log_of(child).open("ab") as output:
            child.process = subprocess.Popen(  # noqa: S603 - our own command lines
                child.command,
                env=self.environment,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                # A group of its own: Ctrl-C in the terminal reaches us alone, and we end it in order.
                start_new_session=True,
                preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one prctl call
            )

    @staticmethod
    def _signal(child: Child, number: signal.Signals) -> None:
        if child.process is None:
            return
        if number is signal.SIGKILL:
            # The whole group, so that no grandchild (a gunicorn or Celery worker) is left behind.
            try:
                os.killpg(child.process.pid, number)
            except ProcessLookupError:
                pass
        elif child.status is None:
            child.process.send_signal(number)


def listens(port: int) -> bool:
    """Whether something listens on 127.0.0.1:``port``."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
