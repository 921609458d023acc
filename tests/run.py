"""What ``make test`` runs.

First the whole suite on the embedded defaults: SQLite and a Valkey server of its own, no service needed. Then, where a
PostgreSQL or a Redis answers (``DATABASE_URL``, ``REDIS_URL``, or the usual local addresses), the tests marked
``services`` or ``portable`` once more on those. Where none answers, the ``services`` tests are skipped and counted.

Arguments go to pytest, in the first run only if they name files or expressions.
"""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from urllib.parse import urlsplit

import psycopg
import redis

Environment = dict[str, str]


def postgres_url() -> str:
    """Where a PostgreSQL answers that lets us make databases, or an empty string."""
    given = os.environ.get("DATABASE_URL", "")
    if given and not urlsplit(given).scheme.startswith("postgres"):
        given = ""
    guesses = [f"postgres://{user}@127.0.0.1:5432/postgres" for user in ("postgres", getpass.getuser())]
    for url in [given] if given else guesses:
        try:
            with psycopg.connect(url, connect_timeout=2) as connection:
                row = connection.execute(
                    "select rolcreatedb or rolsuper from pg_roles where rolname = current_user"
                ).fetchone()
        except psycopg.Error as error:
            if given:
                sys.exit(f"DATABASE_URL names a PostgreSQL that does not answer: {error}")
            continue
        if row and row[0]:
            return url
        if given:
            sys.exit("DATABASE_URL names a PostgreSQL whose user may not create the test database")
    return ""


def redis_url() -> str:
    """Where a Redis answers, without a database number, or an empty string."""
    given = os.environ.get("REDIS_URL", "")
    url = given or "redis://127.0.0.1:6379"
    try:
        redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1).ping()
    except redis.RedisError as error:
        if given:
            sys.exit(f"REDIS_URL names a Redis that does not answer: {error}")
        return ""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def run_pytest(arguments: list[str], extra: Environment) -> int:
    environment = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}} | extra
    # One more than there are processors: many tests wait for a worker, a browser or the clock.
    processes = str(min((os.cpu_count() or 1) + 1, 4))
    command = [sys.executable, "-m", "pytest", "-q", "-n", processes, "--dist", "worksteal"]
    return subprocess.call([*command, *arguments], env=environment)


def main(arguments: list[str]) -> int:
    services: Environment = {}
    if url := postgres_url():
        services["BACKOFFICE_TEST_DATABASE"] = url
    if url := redis_url():
        services["BACKOFFICE_TEST_REDIS"] = url
    print(f"1. On the embedded defaults (services that answer: {', '.join(map(name, services)) or 'none'})", flush=True)
    status = run_pytest(arguments, {"BACKOFFICE_SERVICES_FOLLOW": "1"} if services else {})
    if not services or (arguments and any(not argument.startswith("-") for argument in arguments)):
        return status
    print(f"2. The tests for services, on {' and '.join(map(name, services))}", flush=True)
    return run_pytest([*arguments, "-m", "services or portable"], services) or status


def name(variable: str) -> str:
    return {"BACKOFFICE_TEST_DATABASE": "PostgreSQL", "BACKOFFICE_TEST_REDIS": "Redis"}[variable]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
