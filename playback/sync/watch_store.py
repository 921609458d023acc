"""One page of watch records into the database: what is new or differs is written, unchanged rows cost no write.

A record finds its recording by its video. Those whose video is not known stay without, and are linked when the mirror
has met it (``link``). With the page go the sums of what changed and the recordings' ``last_watched_at``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from playback.models import Recording, Version, WatchRecord
from playback.vendor.results import WatchRow

from .last_watched import chunks, homes, move_on
from .watch_sums import recount

FACTS = (
    "day",
    "recording_id",
    "version_number",
    "video_id",
    "user_name",
    "user_number",
    "began_at",
    "ended_at",
    "play_length",
    "client_type",
    "user_ip",
    "area",
    "ext_data",
)
_LINK = FACTS.index("recording_id"), FACTS.index("version_number")
_BOUNDS = {
    field.name: field.max_length or 0 for field in WatchRecord._meta.fields if field.get_internal_type() == "CharField"
}
LINKED_AT_ONCE = 5_000  # records


@dataclass
class StoredPage:
    written: int = 0
    moved: int = 0  # recordings with a later last_watched_at


def store_page(day: date, rows: Sequence[WatchRow]) -> StoredPage:
    """Rows that the vendor lists under ``day``. In the caller's transaction."""
    known = homes({row.video_id for row in rows if row.video_id is not None})
    wanted = {_bounded("guid", row.guid): _facts(day, row, known) for row in rows}
    stored: dict[str, tuple[Any, ...]] = {}
    for guids in chunks(sorted(wanted)):
        found = WatchRecord.objects.filter(guid__in=guids).order_by()
        stored.update({guid: tuple(facts) for guid, *facts in found.values_list("guid", *FACTS)})
    changed = {}
    for guid, facts in sorted(wanted.items()):
        before = stored.get(guid)
        if before is not None and facts[_LINK[0]] is None:  # a link stays when its video is another's by now
            facts = _linked(facts, before[_LINK[0]], before[_LINK[1]])
        if facts != before:
            changed[guid] = facts
    WatchRecord.objects.bulk_create(
        [WatchRecord(guid=guid, **dict(zip(FACTS, facts, strict=True))) for guid, facts in changed.items()],
        batch_size=500,
        update_conflicts=True,
        unique_fields=["guid"],
        update_fields=FACTS,
    )
    touched = [*changed.values(), *(stored[guid] for guid in changed if guid in stored)]
    recount({(facts[_LINK[0]], facts[0]) for facts in touched if facts[_LINK[0]] is not None})
    return StoredPage(len(changed), move_on(_latest(wanted.values())))


def link() -> int:
    """Give records that were met before their video its recording. Answers how many."""
    linked = 0
    while some := _link_some():
        linked += some
    return linked


@transaction.atomic
def _link_some() -> int:
    records = WatchRecord._meta.db_table
    linked: list[tuple[Any, ...]] = []
    for table, recording, version in (
        (Version._meta.db_table, "recording_id", "version"),
        (Recording._meta.db_table, "id", "main_version"),
    ):
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {records} SET recording_id = f.{recording}, version_number = f.{version} "  # noqa: S608
                f"FROM {table} f WHERE f.video_id = {records}.video_id AND {records}.id IN "
                f"(SELECT w.id FROM {records} w JOIN {table} t ON t.video_id = w.video_id "
                "WHERE w.recording_id IS NULL LIMIT %s) "
                f"RETURNING {records}.id",
                [LINKED_AT_ONCE],
            )
            ids = [pk for (pk,) in cursor.fetchall()]
        for some in chunks(ids):
            found = WatchRecord.objects.filter(pk__in=some).order_by()
            linked += found.values_list(*FACTS)
    recount({(facts[_LINK[0]], facts[0]) for facts in linked})
    move_on(_latest(linked))
    return len(linked)


def _facts(day: date, row: WatchRow, known: dict[int, tuple[int, int | None]]) -> tuple[Any, ...]:
    recording, version = known.get(row.video_id, (None, None)) if row.video_id is not None else (None, None)
    return (
        day,
        recording,
        version,
        row.video_id,
        _bounded("user_name", row.user_name),
        "" if row.user_number is None else str(row.user_number),
        row.began_at,
        row.ended_at,
        row.play_length,
        row.client_type,
        _bounded("user_ip", row.user_ip),
        _bounded("area", row.area),
        _bounded("ext_data", row.ext_data),
    )


def _linked(facts: tuple[Any, ...], recording: int | None, version: int | None) -> tuple[Any, ...]:
    return (facts[0], recording, version, *facts[3:])


def _bounded(name: str, text: str) -> str:
    return text.strip()[: _BOUNDS[name]]


def _latest(records: Iterable[Sequence[Any]]) -> dict[int, datetime]:
    """recording → the end of its latest viewing, or where none is told the beginning."""
    latest: dict[int, datetime] = {}
    for facts in records:
        recording = facts[_LINK[0]]
        at = facts[FACTS.index("ended_at")] or facts[FACTS.index("began_at")]
        if recording is not None and at is not None:
            latest[recording] = max(at, latest.get(recording, at))
    return latest
