"""Sums of watch records by recording and day, counted by the database for the pairs whose records changed.

A viewer is a number, or where there is none (or 0, a guest) a name: guests of one name count as one. Completion is the
mean over the viewers of the share of the watched version's length that each watched, all their viewings together, at
most 1. It goes by the lengths that stood in the mirror when it was counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection

from playback.models import Recording, RecordingDay, Version, WatchRecord

from .last_watched import chunks
from .tables import marks

# Both databases' words. A number and a name never meet: only the name's has its mark.
VIEWER = "CASE WHEN user_number IN ('', '0') THEN '~' || user_name ELSE user_number END"


def recount(pairs: Iterable[tuple[int, date]]) -> None:
    """Pairs of recording and day; one whose records are all gone elsewhere loses its sum."""
    by_day: dict[date, set[int]] = defaultdict(set)
    for recording, day in pairs:
        by_day[day].add(recording)
    for day in sorted(by_day):
        for recordings in chunks(sorted(by_day[day])):
            _recount(day, recordings)


def _recount(day: date, recordings: list[int]) -> None:
    counted = _counted(len(recordings))
    columns = ("plays", "viewers", "seconds", "completion")
    renewed = ", ".join(f"{column} = excluded.{column}" for column in columns)
    parameters: list[Any] = [day.isoformat(), *recordings]
    table = RecordingDay._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (recording_id, day, {', '.join(columns)}) {counted} "
            f"ON CONFLICT (recording_id, day) DO UPDATE SET {renewed}",
            parameters,
        )
        cursor.execute(
            f"DELETE FROM {table} WHERE day = %s AND recording_id IN ({marks(len(recordings))}) AND NOT EXISTS "  # noqa: S608
            f"(SELECT 1 FROM {WatchRecord._meta.db_table} w "
            f"WHERE w.recording_id = {table}.recording_id AND w.day = {table}.day)",
            parameters,
        )


def _counted(many: int) -> str:
    """First each viewer of each version, then the recording: a viewer of two versions counts once, and watched the
    sum of both shares."""
    records, recording, version = (m._meta.db_table for m in (WatchRecord, Recording, Version))
    shares = (
        f"SELECT w.recording_id, w.day, {VIEWER} AS viewer, COUNT(*) AS plays, "  # noqa: S608
        "SUM(CASE WHEN w.play_length > 0 THEN w.play_length ELSE 0 END) AS seconds, "
        "SUM(CASE WHEN w.play_length > 0 THEN w.play_length ELSE 0 END * 1.0 / "
        "NULLIF(COALESCE(NULLIF(v.length, 0), r.length), 0)) AS share "
        f"FROM {records} w JOIN {recording} r ON r.id = w.recording_id "
        f"LEFT JOIN {version} v ON v.recording_id = w.recording_id AND v.version = w.version_number "
        f"WHERE w.day = %s AND w.recording_id IN ({marks(many)}) GROUP BY w.recording_id, w.day, {VIEWER}"
    )
    return (
        "SELECT recording_id, day, SUM(plays), COUNT(*), SUM(seconds), "  # noqa: S608
        f"AVG(CASE WHEN share > 1 THEN 1 ELSE share END) FROM ({shares}) AS s WHERE true GROUP BY recording_id, day"
    )
