"""Expiry: since when some recording waits to be asked about for the first time, and which was asked longest ago.

No index helps with that, so the answer is kept for some minutes.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, Min, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from playback.models import Recording
from playback.sync.expiry import SINCE

from .facts import Facts, Reading
from .kinds import HOUR, Kind, Task

NAME = "expiry"
_TASK = "playback.read_expiry"


def load(names: Sequence[str]) -> dict[str, Facts]:
    """One query."""
    never = Q(expiry_read_at=None)
    asked = Recording.objects.filter(gone_at=None, video_id__isnull=False, created_at__gte=SINCE).aggregate(
        many=Count("pk"), oldest=Min("expiry_read_at"), waits_since=Min("first_seen_at", filter=never)
    )
    if not asked["many"]:
        return dict.fromkeys(names, Facts(None))
    if asked["oldest"] is None:
        return dict.fromkeys(names, Facts(Reading(None), Reading(None)))
    news = asked["waits_since"] or timezone.now()
    return dict.fromkeys(names, Facts(Reading(news), Reading(asked["oldest"])))


KIND = Kind(
    name=NAME,
    label=_("Expiry"),
    about=_("How long the vendor keeps each recording: asked soon for new ones, and every night for all."),
    load=load,
    news=Task(_TASK, {"only_new": True}),
    full=Task(_TASK),
    news_at_least=2 * HOUR,
    needs=("recordings",),
    kept=5 * 60.0,
)
