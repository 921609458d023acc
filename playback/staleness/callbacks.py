"""Callbacks: not an age (a quiet day has none) but whether what came was applied, and whether any can come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.utils import timezone

from playback.callbacks import address
from playback.models import CallbackAddress, Delivery, OverdueLook

_PATIENCE = timedelta(minutes=5)  # the schedule looks every minute


@dataclass(frozen=True)
class Health:
    last_good: datetime | None
    dead: int
    waiting: int  # longer than they should
    waiting_since: datetime | None
    overdue: int  # recordings that are looked up because their callback did not come
    address: CallbackAddress | None
    elsewhere: bool  # as far as is known the vendor calls another address

    @property
    def well(self) -> bool:
        return not (self.dead or self.waiting or self.elsewhere)


def look() -> Health:
    """Five small queries."""
    now = timezone.now()
    genuine = Delivery.objects.filter(verdict=Delivery.Verdict.GOOD).order_by("-received_at")
    late = Delivery.objects.filter(
        state__in=[Delivery.State.RECEIVED, Delivery.State.FAILED], due_at__lt=now - _PATIENCE
    ).aggregate(many=Count("pk"), since=Min("due_at"))
    known = address.known()
    return Health(
        last_good=genuine.values_list("received_at", flat=True).first(),
        dead=Delivery.objects.filter(state=Delivery.State.DEAD).count(),
        waiting=late["many"],
        waiting_since=late["since"],
        overdue=OverdueLook.objects.count(),
        address=known,
        elsewhere=address.differs(known),
    )
