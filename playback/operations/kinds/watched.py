"""Pointing out in a plan what was watched lately: somebody may still need what is about to go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from playback.sync import watching

from .. import reasons
from ..base import Facts, Planned
from ..reasons import Reason, reason

RECENT = timedelta(days=7)
STALE = timedelta(hours=6)  # the watch records are read every hour

reasons.add(
    {
        "watched_recently": _("It was watched in the last 7 days, lastly on %(at)s Beijing time."),
        "watched_count": _("Watched in the last 7 days: %(count)s of them."),
        "watching_unread": _("Who watched what was not read from the vendor yet: nobody knows what is still in use."),
        "watching_stale": _(
            "Who watched what was last read from the vendor on %(at)s Beijing time: later viewings are not pointed out."
        ),
    }
)


def note(facts: Facts) -> Reason | None:
    """Beside one target."""
    at = facts.last_watched_at
    if at is None or at < timezone.now() - RECENT:
        return None
    return reason("watched_recently", at=_minute(at))


def notes(planned: Sequence[Planned]) -> list[Reason]:
    """About the plan: how many those are, and whether that can be known."""
    told = []
    if count := sum(line.note is not None and line.note["code"] == "watched_recently" for line in planned):
        told.append(reason("watched_count", count=count))
    read_at = watching.last_read_at()
    if read_at is None:
        told.append(reason("watching_unread"))
    elif read_at < timezone.now() - STALE:
        told.append(reason("watching_stale", at=_minute(read_at)))
    return told


def _minute(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"
