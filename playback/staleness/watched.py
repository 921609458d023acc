"""Watch records: as of when all viewings are here, by the days that were read.

The days are read in their order, the present one last. So the newest day that was read to its end tells: all is here
until that reading began, or until that day ended if that was earlier.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from playback.models import WatchDay, WatchRecord

from .facts import Attempt, Ending, Facts, Reading
from .kinds import HOUR, Kind, Task

NAME = "watch_records"
_LOOKED_AT = 8  # days that the schedule reads
_BEGUN = timedelta(minutes=15)  # a reading that was begun later may be under way; an older one was broken off
_ENDINGS = {
    WatchDay.State.COMPLETE: Ending.GOOD,
    WatchDay.State.SHORT: Ending.INCOMPLETE,
    WatchDay.State.FAILED: Ending.FAILED,
}


def load(names: Sequence[str]) -> dict[str, Facts]:
    """One query; another where the last days were never read."""
    until = WatchDay.objects.filter(day__lte=timezone.localdate()).order_by("-day")
    days = list(until[:_LOOKED_AT])
    read = next((day for day in days if day.read_at), None)
    if read is None and len(days) == _LOOKED_AT:
        read = until.filter(read_at__isnull=False).first()
    begun = [day for day in days if day.started_at]
    last = max(begun, key=lambda day: (day.started_at, day.day)) if begun else None
    short = [day for day in days if day.state == WatchDay.State.SHORT]
    error = f"{short[0].day}: {short[0].error}" if short else ""
    facts = Facts(Reading(_as_of(read), _attempt(last)), alone=len(short), alone_error=error)
    return dict.fromkeys(names, facts)


def _as_of(day: WatchDay | None) -> datetime | None:
    if day is None or day.read_at is None:
        return None
    ends = timezone.make_aware(datetime.combine(day.day + timedelta(days=1), datetime.min.time()))
    return min(day.read_at, ends)


def _attempt(day: WatchDay | None) -> Attempt | None:
    if day is None or day.started_at is None:
        return None
    if day.state == WatchDay.State.READING:
        ending = Ending.UNDER_WAY if timezone.now() - day.started_at <= _BEGUN else Ending.INCOMPLETE
    else:
        ending = _ENDINGS[WatchDay.State(day.state)]
    return Attempt(day.started_at, ending, day.error, day.pages)


KIND = Kind(
    name=NAME,
    label=_("Watch records"),
    about=_("Who watched what. Days of the last week are read again once a day, for viewings reported late."),
    load=load,
    news=Task("playback.read_watched"),
    model=WatchRecord,
    news_at_least=3 * HOUR,  # it is read every hour
    needs=("recordings", "versions"),
)
