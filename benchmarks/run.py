"""``make bench``: every measurement, a line each. Ends with status 1 where an aim is missed.

It makes its own database: SQLite in a temporary folder, and where PostgreSQL answers (``BENCH_DATABASE_URL``, else
``DATABASE_URL``, else the usual local address) a database there that it creates and drops. Each database gets a process
of its own, because Django is set up for one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from playback.demo.embedded import EmbeddedValkey

ROWS = 100_000  # recordings
LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.run", description=__doc__)
    parser.add_argument(
        "--rows",
        type=int,
        help="recordings in the mirror (100000; lists on PostgreSQL: 1000000, and watch records: ×10)",
    )
    parser.add_argument("--repeats", type=int, default=3, help="each is measured this often; the median counts (3)")
    parser.add_argument("--load-rows", type=int, default=1_000_000, help="recordings of the load from afar (1000000)")
    parser.add_argument(
        "--only", choices=["mirror", "copy", "load", "lists", "operations", "callbacks"], help="one of the measurements"
    )
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        return measure(options.rows, options.repeats, options.load_rows, options.only)
    own = [sys.executable, "-m", "benchmarks.run", "--here", *sys.argv[1:]]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="backoffice-bench-") as folder, embedded_broker(Path(folder)) as url:
        os.environ["REDIS_URL"] = url
        failed |= subprocess.call(own, env=environment(f"sqlite:///{Path(folder) / 'bench.sqlite3'}", folder))
        server = os.environ.get("BENCH_DATABASE_URL") or os.environ.get("DATABASE_URL") or LOCAL
        if not server.startswith(("postgres://", "postgresql://")):
            server = LOCAL
        name = f"backoffice_bench_{uuid.uuid4().hex[:8]}"
        if trouble := create(server, name):
            print(f"postgresql: skipped, {trouble}", flush=True)
            return failed
        try:
            parts = urlsplit(server)
            failed |= subprocess.call(own, env=environment(urlunsplit(parts._replace(path=f"/{name}")), folder))
        finally:
            drop(server, name)
    return failed


@contextmanager
def embedded_broker(folder: Path) -> Iterator[str]:
    valkey = EmbeddedValkey(folder / "valkey").start()
    try:
        yield valkey.url
    finally:
        valkey.stop()


def environment(database: str, folder: str) -> dict[str, str]:
    return {**os.environ, "ENVIRONMENT": "test", "VAR_DIR": folder, "DATABASE_URL": database, "LOG_LEVEL": "WARNING"}


def create(server: str, name: str) -> str:
    """Makes the database; answers why that did not work."""
    import psycopg

    try:
        with psycopg.connect(server, connect_timeout=3, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
    except psycopg.Error as error:
        return type(error).__name__ + ": " + str(error).strip().splitlines()[0]
    return ""


def drop(server: str, name: str) -> None:
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def measure(rows: int | None, repeats: int, load_rows: int, only: str | None) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    warnings.filterwarnings("ignore", "No directory at")  # no static file is asked for
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from . import callbacks, copy, lists, load, mirror, operations

    missed = False
    parts: dict[str, Callable[[int, int], Iterable[Any]]] = {
        "mirror": mirror.measure,
        "copy": copy.measure,
        "load": lambda rows, repeats: load.measure(load_rows),
        "lists": lists.measure,
        "operations": operations.measure,
        "callbacks": callbacks.measure,
    }
    for name, part in parts.items():
        if only in (None, name):
            for line in part(rows if name == "lists" else rows or ROWS, repeats):
                print(line, flush=True)
                missed = missed or not line.met
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
