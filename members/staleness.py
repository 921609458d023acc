"""How old the lists of members are: those of rooms with recent recordings, and those of all rooms.

Recordings' own lists are left out: they are read up to a week apart, and a page shows each one's age. A list that
cannot be read while the others are is told beside the age; it does not make all lists old. Where a tenth cannot be
read, that is no odd list any more, and the oldest counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Exists, F, Min, OuterRef, Q
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
    """Two queries."""
    recent = Recording.objects.filter(room=OuterRef("pk"), gone_at=None, created_at__gte=timezone.now() - RECENT)
    # A room whose list was never read waits since it is known.
    rooms = Room.objects.live().annotate(recent=Exists(recent), as_of=Coalesce("member_list__read_at", "first_seen_at"))
    read = Q(member_list__error="") | Q(member_list__isnull=True)
    found = rooms.order_by().aggregate(
        many=Count("pk"),
        recents=Count("pk", filter=Q(recent=True)),
        failing=Count("pk", filter=~read),
        ever=Count("pk", filter=Q(member_list__read_at__isnull=False)),
        all=Min("as_of"),
        all_read=Min("as_of", filter=read),
        recents_all=Min("as_of", filter=Q(recent=True)),
        recents_read=Min("as_of", filter=Q(recent=True) & read),
    )
    return dict.fromkeys(names, _facts(found))


def _facts(found: dict[str, Any]) -> Facts:
    if not found["many"]:
        return Facts(None)
    odd = found["failing"] * ODD < found["many"]
    failed = _failed() if found["failing"] else None
    if not found["ever"]:
        never = Reading(None, Attempt(timezone.now(), Ending.UNDER_WAY) if _being_read() else failed)
        return Facts(never, never)
    which = "_read" if odd else "_all"
    news = Reading(found[f"recents{which}"] or timezone.now(), failed) if found["recents"] else None
    full = Reading(found["all_read" if odd else "all"] or timezone.now(), failed)
    error = failed.error if failed is not None else ""
    return Facts(news, full, alone=found["failing"] if odd else 0, alone_error=error)


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
