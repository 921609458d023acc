"""What the summary of drift shows (``playback/drift_summary.html``): numbers of the last days, each with its list."""

from __future__ import annotations

from collections.abc import Mapping
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


def counted(days: int = DAYS) -> dict[str, int]:
    """By kind. One query; with very many changes it takes its time."""
    return history.summary(timezone.now() - timedelta(days=days))


def context(request: HttpRequest, days: int = DAYS, counts: Mapping[str, int] | None = None) -> dict[str, Any]:
    """``{"drift": …}``, or nothing for who may not view changes. Two queries, one where the
    changes were counted before (``counts``)."""
    if not request.user.has_perm("playback.view_change"):
        return {}
    since = timezone.now() - timedelta(days=days)
    counts = counted(days) if counts is None else counts
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
                    "count": display.number(counts.get(kind, 0)),
                    "url": f"{url}?cause=behind&kind__exact={kind}&seen_at_from={day}",
                }
                for kind in Change.Kind.values
            ],
            "not_shown": belief.not_shown().count(),
            "not_shown_url": operations if sees_operations else "",
        }
    }
