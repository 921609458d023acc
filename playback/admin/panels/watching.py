"""How a recording is watched: plays by day, viewers, devices and completion, out of our own copy of the records.

The chart has the last ``DAYS`` days with plays on them and those between; the table beside it says the same in
numbers. All sums are the database's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, FloatField, Q, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from playback import display
from playback.models import Recording, RecordingDay, WatchDay, WatchRecord

from ..watch_display import device, percent
from ..watch_record import export_url, of_recording
from . import Panel, register

DAYS = 30  # of the chart
LINES = 10  # of the table
_GUEST = Q(user_number__in=["", "0"])


@register
class Watching(Panel):
    name = "watching"
    title = _("Who watched")
    template = "playback/panels/watching.html"
    permission = "playback.view_watchrecord"
    rank = 70

    def offered(self, recording: Recording) -> bool:
        return True  # who watched what is gone is a question too

    def load(self, request: HttpRequest, recording: Recording) -> Mapping[str, Any]:
        newest = list(RecordingDay.objects.filter(recording=recording).order_by("-day")[: DAYS + 1])
        read_at = WatchDay.objects.filter(read_at__isnull=False).order_by("-day").values_list("read_at", flat=True)
        context: dict[str, Any] = {"read_at": display.beijing(read_at.first())}
        if not newest:
            return context
        query = of_recording(recording)
        last = newest[0].day
        shown = [row for row in newest if row.day > last - timedelta(days=DAYS)]
        return {
            **context,
            "totals": _totals(recording),
            "chart": json.dumps(_chart(shown)),
            "lines": [_line(row) for row in newest[:LINES]],
            "more_days": len(newest) > LINES,
            "devices": _devices(recording),
            "list_url": f"{reverse('admin:playback_watchrecord_changelist')}?{query}",
            "csv_url": f"{export_url('csv')}?{query}",
            "xlsx_url": f"{export_url('xlsx')}?{query}",
        }


def _totals(recording: Recording) -> dict[str, Any]:
    """Completion by the viewers of each day: whoever watched half on each of two days counts as two halves."""
    told = Q(completion__isnull=False)
    sums = RecordingDay.objects.filter(recording=recording).aggregate(
        plays=Sum("plays"),
        seconds=Sum("seconds"),
        shares=Sum(F("viewers") * F("completion"), filter=told, output_field=FloatField()),
        of=Sum("viewers", filter=told),
    )
    viewers = WatchRecord.objects.filter(recording=recording).aggregate(
        numbers=Count("user_number", distinct=True, filter=~_GUEST),
        names=Count("user_name", distinct=True, filter=_GUEST),
    )
    return {
        "plays": display.number(sums["plays"]),
        "viewers": display.number(viewers["numbers"] + viewers["names"]),
        "watched": display.length(sums["seconds"]),
        "completion": percent(sums["shares"] / sums["of"] if sums["of"] else None),
    }


def _chart(rows: list[RecordingDay]) -> dict[str, Any]:
    """From the first of the days to the last, also those without plays."""
    by_day = {row.day: row for row in rows}
    first, last = min(by_day), max(by_day)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return {
        "labels": [f"{day:%m-%d}" for day in days],
        "plays": {
            "label": gettext("Plays"),
            "data": [by_day[day].plays if day in by_day else 0 for day in days],
        },
        "viewers": {
            "label": gettext("Viewers"),
            "data": [by_day[day].viewers if day in by_day else 0 for day in days],
        },
    }


def _line(row: RecordingDay) -> dict[str, Any]:
    return {
        "day": f"{row.day:%Y-%m-%d}",
        "plays": display.number(row.plays),
        "viewers": display.number(row.viewers),
        "watched": display.length(row.seconds),
        "completion": percent(row.completion),
    }


def _devices(recording: Recording) -> list[dict[str, Any]]:
    counted = (
        WatchRecord.objects.filter(recording=recording)
        .order_by()
        .values_list("client_type")
        .annotate(plays=Count("pk"))
        .order_by("-plays", "client_type")
    )
    total = sum(plays for _type, plays in counted)
    return [
        {
            "name": gettext("Unknown device") if client_type is None else device(client_type),
            "plays": display.number(plays),
            "share": percent(plays / total),
        }
        for client_type, plays in counted
    ]
