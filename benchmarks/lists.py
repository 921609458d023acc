"""The admin's lists at full size against the same pages at a hundred rows, by queries and time.

A page is asked for through Django's test client, signed in as an administrator, with all middleware: at a hundred rows
it says what a page costs whatever is in it, at full size what size adds. On PostgreSQL full size is a million
recordings and ten million watch records (:mod:`benchmarks.large`); on SQLite the list of recordings is measured, at as
many rows as somebody would keep there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from playback.models import Recording, SyncRun

from . import large, mirror
from .report import Count, Line, median

MOST_QUERIES = 12
SQLITE_ROWS = 100_000
REPEATS = 7  # of a page, after one that warms up


def measure(rows: int | None, repeats: int) -> Iterable[Line | Count]:
    client = Client(HTTP_HOST="localhost")
    admin, _ = get_user_model()._default_manager.get_or_create(
        username="bench", defaults={"is_staff": True, "is_superuser": True}
    )
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    start = timezone.now() - timedelta(minutes=1)
    for full in (False, True):
        SyncRun.objects.create(kind="recordings", full=full, state="done", started_at=start, finished_at=start)
    if connection.vendor == "postgresql":
        return large.measure(rows or large.RECORDINGS, client)
    rows = rows or SQLITE_ROWS
    address = reverse("admin:playback_recording_changelist")
    pages = {
        "list": address,
        "filtered": f"{address}?publish_status__exact=1",
        "searched": f"{address}?q=第77节",
        "last": f"{address}?p=-1",
    }

    mirror.empty()
    mirror.mirror(min(100, rows))
    small, small_queries = _page(client, address)
    mirror.mirror(rows)
    _analyze()
    name = connection.vendor
    bare = _bare()
    lines: list[Line | Count] = [Count(f"{name}: queries of a list page at 100 rows", small_queries, MOST_QUERIES)]
    for what, url in pages.items():
        seconds, queries = _page(client, url)
        lines.append(Count(f"{name}: queries of a {what} page at {rows:,} rows", queries, MOST_QUERIES))
        lines.append(Line(f"{name}: {what} page at {rows:,} rows", seconds, "the same page at 100 rows", small, None))
        if what == "list":
            lines.append(Line(f"{name}: {what} page at {rows:,} rows", seconds, "a bare SELECT of it", bare, None))
    return lines


def _page(client: Client, url: str) -> tuple[float, int]:
    """Median seconds and the number of queries. A page that is no list of rows is no measurement."""

    def get() -> None:
        response = client.get(url)
        assert response.status_code == 200, (url, response.status_code)

    get()
    with CaptureQueriesContext(connection) as captured:
        get()
    queries = len(captured)  # before the next request, which clears the log it is read from
    assert queries, "a list page without a query is no measurement"
    return _timed(get), queries


def _bare() -> float:
    def select() -> None:
        found = list(Recording.objects.select_related("room").order_by("-created_at", "-id")[:100])
        assert found

    select()
    return _timed(select)


def _timed(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        spent.append(time.perf_counter() - started)
    return median(spent)


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
