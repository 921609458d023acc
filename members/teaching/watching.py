"""Who watched a recording on one day of Beijing: one line a viewer, out of the vendor's viewings (call 6).

Names and numbers are what a link's maker or a player's page gave the vendor. Some use phone numbers as either: what
looks like one is masked, for nobody sees phone numbers here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone

from members.privacy import masked_phone
from playback.models import Recording
from playback.vendor.client import VendorClient
from playback.vendor.results import WatchRow

MOST = 5_000  # viewings of a day that are read: five calls
LOOKS = 4  # days that are asked for to find the first with a viewing
_NEVER = datetime.max.replace(tzinfo=UTC)
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[\s-]?)?1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\d)")


@dataclass(slots=True)
class Viewing:
    began_at: datetime | None
    ended_at: datetime | None
    seconds: int


@dataclass(slots=True)
class Watcher:
    """One viewer of a day: ``seconds`` really watched, in all their viewings, the earliest first."""

    name: str
    number: str
    seconds: int = 0
    viewings: list[Viewing] = field(default_factory=list)


@dataclass(slots=True)
class Watched:
    day: date
    watchers: list[Watcher]
    viewings: int
    seconds: int
    more: bool  # the vendor has more viewings of that day than were read


def watched_on(client: VendorClient, recording: Recording, day: date) -> Watched:
    """Raises the client's ``VendorError`` s."""
    start = datetime.combine(day, time.min, timezone.get_default_timezone())
    rows: dict[str, WatchRow] = {}  # by guid: a row that moved between two pages counts once
    total = 0
    for page in client.pages(
        client.recording_watch_records,
        room_id=recording.room_id,
        session_id=recording.session_id,
        start_time=start,
        end_time=start + timedelta(days=1, seconds=-1),
    ):
        total = page.total
        rows.update((row.guid, row) for row in page.rows)
        if len(rows) >= MOST:
            break
    watchers = by_viewer(rows.values())
    return Watched(day, watchers, len(rows), sum(watcher.seconds for watcher in watchers), total > len(rows) >= MOST)


def first_watched(client: VendorClient, recording: Recording, today: date) -> Watched:
    """What to show before a day was chosen: when somebody last watched, as far as is known; else the day of the class
    or, where nobody watched then, one of the next. Raises the client's ``VendorError`` s."""
    moment = recording.last_watched_at or recording.created_at or timezone.now()
    first = min(timezone.localdate(moment), today)
    looks = 1 if recording.last_watched_at else min(LOOKS, (today - first).days + 1)
    for ahead in range(looks):
        found = watched_on(client, recording, first + timedelta(days=ahead))
        if found.viewings:
            return found
    return Watched(first, [], 0, 0, False)


def by_viewer(rows: Iterable[WatchRow]) -> list[Watcher]:
    """Who watched longest first. People without a name and a number are not told apart: they stand as one."""
    found: dict[tuple[str, int | None], Watcher] = {}
    for row in sorted(rows, key=lambda row: (row.began_at is None, row.began_at or _NEVER, row.guid)):
        key = (row.user_name.strip(), row.user_number or None)
        if key not in found:
            found[key] = Watcher(without_phones(key[0]), without_phones(str(key[1] or "")))
        seconds = max(row.play_length or 0, 0)
        found[key].seconds += seconds
        found[key].viewings.append(Viewing(row.began_at, row.ended_at, seconds))
    return sorted(found.values(), key=lambda watcher: -watcher.seconds)


def without_phones(text: str) -> str:
    return _MOBILE.sub(lambda match: masked_phone(re.sub(r"\D", "", match[0])[-11:]), text)
