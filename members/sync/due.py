"""Which lists are read next, when there are more of them than a minute has calls.

First what somebody waits for or changed; then lists of rooms with recent recordings, then recent recordings' own; then
all others, the one tried longest ago first. A list that was tried lately is left alone. Rooms and recordings that the
vendor no longer has are not asked about.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from playback.models import Recording, Room

from ..lists import ListOf, RecordingList, RoomList
from ..models import MemberList

RECENT = timedelta(days=14)  # a recording is watched most in its first two weeks
AGAIN = timedelta(minutes=5)  # a wanted list that could not be read
# How old a list may grow before it is read again.
RECENT_ROOM = timedelta(hours=1)
RECENT_RECORDING = timedelta(hours=6)
OTHER_ROOM = timedelta(days=1)
OTHER_RECORDING = timedelta(days=7)


def due(limit: int) -> Iterator[ListOf]:
    """At most ``limit`` lists, in the order of their turn, each once."""
    seen: set[tuple[str, int]] = set()
    for lists in (_wanted, _recent_rooms, _recent_recordings, _other_rooms, _other_recordings):
        for which in lists(limit - len(seen)):
            if (which.of, which.pk) not in seen:
                seen.add((which.of, which.pk))
                yield which
        if len(seen) >= limit:
            return


def _wanted(limit: int) -> Iterator[ListOf]:
    live = Q(room__isnull=False, room__gone_at=None) | Q(recording__isnull=False, recording__gone_at=None)
    turn = Q(tried_at=None) | Q(tried_at__lt=F("wanted_at")) | Q(tried_at__lt=timezone.now() - AGAIN)
    rows = MemberList.objects.filter(live, turn, wanted_at__isnull=False).select_related("room", "recording")
    for row in rows.order_by("wanted_at", "pk")[:limit]:
        yield RoomList(row.room) if row.room else RecordingList(row.recording)


def _recent_rooms(limit: int) -> Iterator[ListOf]:
    fresh = Recording.objects.filter(room=OuterRef("pk"), gone_at=None, created_at__gte=timezone.now() - RECENT)
    rooms = Room.objects.live().filter(Exists(fresh))
    return map(RoomList, _turn(rooms, RECENT_ROOM)[:limit])


def _recent_recordings(limit: int) -> Iterator[ListOf]:
    recordings = Recording.objects.live().filter(created_at__gte=timezone.now() - RECENT)
    return map(RecordingList, _turn(recordings, RECENT_RECORDING)[:limit])


def _other_rooms(limit: int) -> Iterator[ListOf]:
    return map(RoomList, _turn(Room.objects.live(), OTHER_ROOM)[:limit])


def _other_recordings(limit: int) -> Iterator[ListOf]:
    return map(RecordingList, _turn(Recording.objects.live(), OTHER_RECORDING)[:limit])


def _turn(owners: QuerySet[Any], age: timedelta) -> QuerySet[Any]:
    """Those whose list was not tried for ``age``, never tried ones first."""
    old = (
        Q(member_list__isnull=True) | Q(member_list__tried_at=None) | Q(member_list__tried_at__lt=timezone.now() - age)
    )
    return owners.filter(old).order_by(F("member_list__tried_at").asc(nulls_first=True), "-created_at", "pk")
