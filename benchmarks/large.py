"""Lists at a million recordings and ten million watch records against the same pages at a hundred rows, on PostgreSQL.

The large tables stand in a schema of their own, beside small ones of the same shape: which a page reads is a matter of
the search path, so that both are measured in turns, in one process. For each page the small tables are filled with the
very rows that the large page shows, and others up to a hundred: both answers show as many rows, and it is the rows
around them that make the difference.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, setup_test_environment, teardown_test_environment
from django.urls import reverse

from playback.models import Recording, Room, Version, WatchRecord
from playback.sync import indexes

from . import fill
from .report import Count, Line, median

RECORDINGS = 1_000_000
ROOMS = 10_000
SMALL = 100
AIM = 1.2
REPEATS = 9  # of each page, in turns with its base
MOST_QUERIES = 12
MODELS = (Room, Recording, Version, WatchRecord)
_LIST = "admin:playback_recording_changelist"
_WATCHED = "admin:playback_watchrecord_changelist"


def measure(recordings: int, client: Client) -> Iterator[Line | Count]:
    started = time.perf_counter()
    fill.empty()
    fill.recordings(recordings, max(recordings // 100, 1))
    fill.watch_records(recordings * 10)
    filled = time.perf_counter()
    indexes.ensure()
    print(
        f"postgresql: filled in {filled - started:.0f} s, indexes for searches in {time.perf_counter() - filled:.0f} s",
        flush=True,
    )
    tables = [model._meta.db_table for model in MODELS]
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA large")
        cursor.execute("CREATE SCHEMA small")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} SET SCHEMA large")
            cursor.execute(f"CREATE TABLE small.{table} (LIKE large.{table} INCLUDING ALL)")
    most = 0
    for name, urlname, query in _pages():
        url = f"{reverse(urlname)}?{query}"
        seconds, base, queries = _compare(client, url, reverse(urlname) if "p=" in query else url, urlname == _WATCHED)
        of = "watch records" if urlname == _WATCHED else "recordings"
        size = recordings * 10 if urlname == _WATCHED else recordings
        most = max(most, queries)
        against = "the first page at 100 rows" if "p=" in query else "the same page at 100 rows"
        yield Line(f"postgresql: {size:,} {of}, {name}", seconds, against, base, AIM)
    yield Count("postgresql: most queries of a list page", most, MOST_QUERIES)


def _pages() -> list[tuple[str, str, str]]:
    """Asked of the large tables: ids and days that are there."""
    with _tables("large"):
        one = Recording.objects.order_by("-created_at")[1_234 % Recording.objects.count()]
        seen = WatchRecord.objects.order_by("-pk")[0]
        day = WatchRecord.objects.order_by("day").values_list("day", flat=True)[5_000]
    return [
        ("list", _LIST, ""),
        ("being transcoded", _LIST, "status__exact=20"),
        ("blocked", _LIST, "publish_status__exact=2"),
        ("gone", _LIST, "presence=gone"),
        ("of a room", _LIST, f"room__room_id__exact={one.room_id}"),
        ("of some days", _LIST, f"created_at_from={one.created_at:%Y-%m-%d}&created_at_to={one.created_at:%Y-%m-%d}"),
        ("about to expire", _LIST, "expires=week"),
        ("never played first", _LIST, "o=8"),
        ("common word", _LIST, f"q={fill.COMMON}"),
        ("rare word", _LIST, f"q={fill.RARE}"),
        ("an id", _LIST, f"q={one.video_id}"),
        ("page 200", _LIST, "p=200"),
        ("last page", _LIST, "p=-1"),
        ("list", _WATCHED, ""),
        ("of a day", _WATCHED, f"day_from={day}&day_to={day}"),
        ("rare device", _WATCHED, f"client_type__exact={fill.RARE_DEVICE}"),
        ("of a recording", _WATCHED, f"recording__id__exact={seen.recording_id}"),
        ("of a person's number", _WATCHED, f"q={seen.user_number}"),
        ("of a name", _WATCHED, f"q={seen.user_name}"),
        ("page 200", _WATCHED, "p=200"),
        ("last page", _WATCHED, "p=-1"),
    ]


def _compare(client: Client, url: str, base_url: str, watched: bool) -> tuple[float, float, int]:
    """Medians of the page and of its base, and the page's queries."""
    with _tables("large"):
        shown = _shown(client, url)
        with CaptureQueriesContext(connection) as captured:
            client.get(url)
        queries = len(captured)
    _fill_small(shown, watched)
    with _tables("small"):
        base_shown = _shown(client, base_url)
    assert len(base_shown) == len(shown) > 0, (url, len(base_shown), len(shown))
    spent: dict[str, list[float]] = {"large": [], "small": []}
    for _ in range(REPEATS):
        for schema, address in (("large", url), ("small", base_url)):
            with _tables(schema):
                started = time.perf_counter()
                answer = client.get(address)
                spent[schema].append(time.perf_counter() - started)
                assert answer.status_code == 200
    return median(spent["large"]), median(spent["small"]), queries


def _shown(client: Client, url: str) -> list[int]:
    """The keys of the rows on a page; only in Django's environment for tests does an answer tell its context."""
    setup_test_environment()
    try:
        return [row.pk for row in client.get(url).context["cl"].result_list]
    finally:
        teardown_test_environment()


def _fill_small(shown: list[int], watched: bool) -> None:
    """The shown rows, and of the others as many as a hundred lack, with what they lean on."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(f'small.{model._meta.db_table}' for model in MODELS)}")
        listed = "playback_watchrecord" if watched else "playback_recording"
        cursor.execute(
            f"INSERT INTO small.{listed} SELECT * FROM large.{listed} WHERE id = ANY(%s) "
            f"UNION SELECT * FROM (SELECT * FROM large.{listed} WHERE id <> ALL(%s) ORDER BY id DESC LIMIT %s) o",
            [shown, shown, SMALL - len(shown)],
        )
        if watched:
            cursor.execute(
                "INSERT INTO small.playback_recording SELECT * FROM large.playback_recording "
                "WHERE id IN (SELECT recording_id FROM small.playback_watchrecord)"
            )
        cursor.execute(
            "INSERT INTO small.playback_room SELECT * FROM large.playback_room "
            "WHERE room_id IN (SELECT room_id FROM small.playback_recording)"
        )
        cursor.execute(f"VACUUM ANALYZE {', '.join(f'small.{model._meta.db_table}' for model in MODELS)}")


@contextmanager
def _tables(schema: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET search_path = {schema}, public")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET search_path")
