"""The front page: how fresh the mirror is, what is in it, what changed behind our back, and what is going on.
About a dozen queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from playback import display, staleness
from playback.callbacks import address
from playback.models import Delivery, Operation, Recording, Room
from playback.templatetags.playback_display import operation_title as title_of
from playback.vendor.codes import PublishStatus, RecordingStatus

from . import drift, mirror_state, stale_banner
from .filters import expires_within
from .operation import OPEN_STATES, report_url

NEWEST = 8
COUNTED_SLOWLY = 50_000  # recordings; so many are counted once a minute
KEPT = 60  # s
_COUNTS = "front-page:counts:2"  # the number goes up with what is kept


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's hook for the front page. A person without a right doesn't pay for what they don't see."""
    user = request.user
    sees_recordings = user.has_perm("playback.view_recording")
    sees_runs = user.has_perm("playback.view_syncrun")
    context["is_fullwidth"] = "1"
    context["title"] = _("Overview")
    context["configured"] = staleness.Needs().account
    drifted = None
    if sees_recordings:
        counted, earlier = counts()
        drifted = counted.drift
        context["tiles"] = tiles(counted)
        context["counted_at"] = display.moment(counted.at) if earlier else ""
        context["newest"] = [
            {"recording": row, "cover": display.cover(row), "made": display.moment(row.created_at),
             "status": display.status_badge(row), "publish": display.publish_badge(row)}
            for row in Recording.objects.filter(gone_at=None).select_related("room")[:NEWEST]
        ]  # fmt: skip
    if user.has_perm("playback.register_callback_address"):
        context["callbacks_elsewhere"] = address.differs(address.known())
    if user.has_perm("playback.view_delivery"):
        context["dead_deliveries"] = Delivery.objects.filter(state=Delivery.State.DEAD).count()
    context["freshness"] = mirror_state.brief()
    if sees_recordings and not context["newest"]:
        context["first_sync"] = staleness.standing("recordings").state is staleness.State.FIRST
        context["stale"] = stale_banner.of_list(request, Recording)
    context["sees_runs"] = sees_runs
    context.update(drift.context(request, counts=drifted))
    if user.has_perm("playback.view_operation"):
        running = Operation.objects.filter(state__in=OPEN_STATES).select_related("user").defer("attachment")[:5]
        context["running"] = [
            {"operation": row, "title": title_of(row), "url": report_url(row), "state": display.operation_badge(row)}
            for row in running
        ]
    return context


@dataclass(frozen=True)
class Counts:
    """What is counted for the page. ``groups``: whether still there, status, publish state, how many."""

    groups: list[tuple[bool, int, int | None, int]]
    expiring: int
    rooms: int
    drift: dict[str, int]
    at: datetime


def counts() -> tuple[Counts, bool]:
    """And whether they are older than this moment. Where counting takes long, it is done once a minute for everybody;
    a cache that does not answer costs a count."""
    try:
        if (kept := cache.get(_COUNTS)) is not None:
            return kept, True
    except RedisError:
        pass
    counted = _count()
    if sum(many for *_state, many in counted.groups) >= COUNTED_SLOWLY:
        try:
            cache.set(_COUNTS, counted, KEPT)
        except RedisError:
            pass
    return counted, False


def _count() -> Counts:
    now = timezone.now()
    groups = list(
        Recording.objects.order_by()
        .annotate(there=Q(gone_at=None))
        .values_list("there", "status", "publish_status")
        .annotate(many=Count("pk"))
    )
    expiring = Recording.objects.filter(expires_within(timedelta(days=30)), gone_at=None).count()
    return Counts(groups, expiring, Room.objects.filter(gone_at=None).count(), drift.counted(), now)


def tiles(counted: Counts) -> list[dict[str, Any]]:
    """Counts of recordings, each leading to the list that it counts."""
    live = [(status, publish, many) for there, status, publish, many in counted.groups if there]
    gone = sum(many for there, _status, _publish, many in counted.groups if not there)

    def having(status: int | None = None, publish: int | None = None) -> int:
        return sum(n for s, p, n in live if status in (None, s) and publish in (None, p))

    url = reverse("admin:playback_recording_changelist")
    return [
        _tile(_("Recordings"), having(), url, "smart_display", ""),
        _tile(_("Published"), having(publish=PublishStatus.PUBLISHED), f"{url}?publish_status__exact=1", "visibility",
              "success"),
        _tile(_("Blocked"), having(publish=PublishStatus.BLOCKED), f"{url}?publish_status__exact=2", "visibility_off",
              "warning"),
        _tile(_("Transcoding"), having(RecordingStatus.TRANSCODING), f"{url}?status__exact=20", "sync", "info"),
        _tile(_("Failed"), having(RecordingStatus.FAILED), f"{url}?status__exact=30", "error", "danger"),
        _tile(_("Expires within 30 days"), counted.expiring, f"{url}?expires=month", "event_busy", "warning"),
        _tile(_("Gone at the vendor"), gone, f"{url}?presence=gone",
              "link_off", ""),
        _tile(_("Rooms"), counted.rooms, reverse("admin:playback_room_changelist"), "meeting_room", ""),
    ]  # fmt: skip


def _tile(title: str, count: int, url: str, icon: str, tone: str) -> dict[str, Any]:
    return {"title": title, "count": display.number(count), "url": url, "icon": icon, "tone": tone if count else ""}
