"""What the summary of drift shows (``playback/drift_summary.html``): numbers of the last days, each with its list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from playback import display
from playback.models import Change
from playback.operations import belief
from playback.sync import history

from .change_display import kind_badge
from .operation import NotShownFilter

DAYS = 7


def context(request: HttpRequest, days: int = DAYS) -> dict[str, Any]:
    """``{"drift": …}``, or nothing for who may not view changes. Two queries, three where something is not shown."""
    if not request.user.has_perm("playback.view_change"):
        return {}
    since = timezone.now() - timedelta(days=days)
    counted = history.summary(since)
    url = reverse("admin:playback_change_changelist")
    day = timezone.localtime(since).date()
    sees_operations = request.user.has_perm("playback.view_operation")
    operations = f"{reverse('admin:playback_operation_changelist')}?{NotShownFilter.parameter_name}=no"
    return {
        "drift": {
            "days": days,
            "url": f"{url}?cause=behind",
            "kinds": [
                {
                    "badge": kind_badge(Change(kind=kind)),
                    "count": display.number(counted[kind]),
                    "url": f"{url}?cause=behind&kind__exact={kind}&seen_at_from={day}",
                }
                for kind in Change.Kind.values
            ],
            "not_shown": belief.summary()["count"],
            "not_shown_url": operations if sees_operations else "",
        }
    }
