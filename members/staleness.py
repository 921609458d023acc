"""How old the lists of members are: those of rooms with recent recordings, and those of all rooms.

Recordings' own lists are left out: they are read up to a week apart, and a page shows each one's age. A list that
cannot be read while the others are is told beside the age; it does not make all lists old. Where a tenth cannot be
read, that is no odd list any more, and the oldest counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.cache import cache
from django.db.models import Count, F, Min, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from playback.models import Recording, Room
from playback.staleness import HOUR, Attempt, Ending, Facts, Kind, Reading, Task, register

from .models import Member, MemberList
from .sync.due import RECENT
from .sync.passes import KEY

NAME = "members"
ODD = 10  # one of so many


def load(names: Sequence[str]) -> dict[str, Facts]:
    """Two queries, and one more where some list could not be read."""
    since = timezone.now() - RECENT
    recent = Recording.objects.filter(gone_at=None, created_at__gte=since).order_by().values("room")
    rooms = Room.objects.live()
    every = _ages(rooms)
    if not every["many"]:
        return dict.fromkeys(names, Facts(None))
    return dict.fromkeys(names, _facts(every, _ages(rooms.filter(pk__in=recent))))


def _ages(rooms: QuerySet[Room]) -> dict[str, Any]:
    """A room whose list was never read waits since it is known."""
    read = Q(member_list__error="") | Q(member_list__isnull=True)
    as_of = Coalesce("member_list__read_at", "first_seen_at")
    return rooms.order_by().aggregate(
        many=Count("pk"),
        failing=Count("pk", filter=~read),
        ever=Count("member_list__read_at"),
        oldest=Min(as_of),
        oldest_read=Min(as_of, filter=read),
    )


def _facts(every: dict[str, Any], recent: dict[str, Any]) -> Facts:
    odd = every["failing"] * ODD < every["many"]
    failed = _failed() if every["failing"] else None
    if not every["ever"]:
        never = Reading(None, Attempt(timezone.now(), Ending.UNDER_WAY) if _being_read() else failed)
        return Facts(never, never)
    which = "oldest_read" if odd else "oldest"
    news = Reading(recent[which] or timezone.now(), failed) if recent["many"] else None
    full = Reading(every[which] or timezone.now(), failed)
    error = failed.error if failed is not None else ""
    return Facts(news, full, alone=every["failing"] if odd else 0, alone_error=error)


def _failed() -> Attempt | None:
    """The last try of the list that was read longest ago, of those that could not be read."""
    lists = MemberList.objects.filter(room__gone_at=None, room__isnull=False, tried_at__isnull=False).exclude(error="")
    row = lists.order_by(F("read_at").asc(nulls_first=True), "pk").first()
    return None if row is None or row.tried_at is None else Attempt(row.tried_at, Ending.FAILED, row.error)


def _being_read() -> bool:
    """Asked only until the first list was read: afterwards some list is nearly always being read."""
    try:
        return cache.get(KEY) is not None
    except RedisError:
        return False


register(
    Kind(
        name=NAME,
        label=_("Lists of members"),
        about=_("Who may watch: the lists of rooms with recent recordings every hour, those of all rooms every day."),
        load=load,
        news=Task("members.read_lists"),
        full=Task("members.read_lists"),
        model=Member,
        news_at_least=3 * HOUR,
        needs=("rooms",),
        kept=60.0,
    )
)
