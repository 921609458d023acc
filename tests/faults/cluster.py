"""A PostgreSQL server of a test's own, which may be stopped and started under the feet of what uses it.

The server refuses to run as root: then it runs as whoever the package made for it, in a folder that belongs to them.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from playback.demo.embedded import free_port

from .processes import database_url

OWNERS = ("postgres", "nobody")  # where root runs the tests


def programs() -> Path | None:
    """Where the newest server's programs are; None where none is installed."""
    if found := [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]:
        return max(found, key=lambda path: float(path.parent.name))
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class Cluster:
    """``start``, ``stop`` (as a crash: nothing is written down), and a copy of the test's database in it."""

    def __init__(self, folder: Path) -> None:
        self.bin = programs()
        self.folder = folder
        self.data = folder / "data"
        self.port = free_port()
        names = {entry.pw_name for entry in pwd.getpwall()}
        self.user = next((name for name in OWNERS if name in names), "") if os.geteuid() == 0 else ""
        if self.user:
            shutil.chown(folder, self.user)

    def run(self, program: str, *arguments: str) -> None:
        command = [f"{self.bin}/{program}", *arguments]
        if self.user:
            command = ["runuser", "-u", self.user, "--", *command]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)

    def make(self) -> None:
        self.run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c shared_buffers=16MB"
        log = str(self.folder / "log")
        self.run("pg_ctl", "start", "-w", "-D", str(self.data), "-l", log, "-o", options)

    def stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self.run("pg_ctl", "stop", "-m", "immediate", "-D", str(self.data))

    def restart(self) -> None:
        self.stop()
        self.start()

    def take_over(self, url: str, name: str) -> None:
        """The test's database, schema and rows, under the same name."""
        here = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        subprocess.run([f"{self.bin}/createdb", *here, name], check=True, timeout=60)
        dump = subprocess.run(
            [f"{self.bin}/pg_dump", "--no-owner", "--no-privileges", url], check=True, capture_output=True, timeout=60
        )
        load = [f"{self.bin}/psql", *here, "-q", "-v", "ON_ERROR_STOP=1", "-d", name]
        subprocess.run(load, input=dump.stdout, check=True, stdout=subprocess.DEVNULL, timeout=60)


@contextmanager
def own_cluster() -> Iterator[Cluster]:
    """The default connection of all threads goes to a copy of the test's database until the block ends."""
    settings_dict = connection.settings_dict
    before = {name: settings_dict[name] for name in ("HOST", "PORT", "USER", "PASSWORD")}
    with tempfile.TemporaryDirectory(prefix="backoffice-cluster-", ignore_cleanup_errors=True) as folder:
        cluster = Cluster(Path(folder))
        cluster.make()
        cluster.start()
        try:
            cluster.take_over(database_url(), settings_dict["NAME"])
            connection.close()
            settings_dict.update(HOST="127.0.0.1", PORT=cluster.port, USER="postgres", PASSWORD="")
            yield cluster
        finally:
            connection.close()
            settings_dict.update(before)
            cluster.stop()
