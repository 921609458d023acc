"""When each recording was last watched: a column of its own, moved on by each page of watch records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection

from playback.models import Recording, Version

from .tables import stored_time

CHUNK = 200  # rows of a statement: three columns of so many fit an SQLite statement


def homes(videos: Iterable[int]) -> dict[int, tuple[int, int | None]]:
    """video → (recording, version). The main version's video is the recording's too."""
    found: dict[int, tuple[int, int | None]] = {}
    for some in chunks(sorted(videos)):
        mains = Recording.objects.filter(video_id__in=some).order_by("-pk")
        cuts = Version.objects.filter(video_id__in=some).order_by("-pk")
        found.update({video: (pk, main) for video, pk, main in mains.values_list("video_id", "pk", "main_version")})
        found.update({video: (pk, n) for video, pk, n in cuts.values_list("video_id", "recording_id", "version")})
    return found


def move_on(times: Mapping[int, datetime]) -> int:
    """recording → when it was watched. Answers how many have a later time now."""
    return sum(_write([(pk, times[pk]) for pk in keys]) for keys in chunks(sorted(times)))


def _write(rows: list[tuple[int, datetime]]) -> int:
    """One statement, in the words of both databases; a time never goes back."""
    first = "(%s::bigint, %s::timestamptz)" if connection.vendor == "postgresql" else "(%s, %s)"
    values = ", ".join([first, *["(%s, %s)"] * (len(rows) - 1)])
    table = Recording._meta.db_table
    statement = (
        f"UPDATE {table} SET last_watched_at = v.column2 FROM (VALUES {values}) AS v "  # noqa: S608 - our own names
        f"WHERE {table}.id = v.column1 AND ({table}.last_watched_at IS NULL OR {table}.last_watched_at < v.column2)"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [value for pk, at in rows for value in (pk, stored_time(at))])
        return int(cursor.rowcount)


def chunks(keys: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(keys)
    while some := list(islice(left, CHUNK)):
        yield some
