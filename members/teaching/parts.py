"""The parts of a recording's page that ask the vendor: chapters, courseware, who watched."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date

from playback.admin import courseware
from playback.models import Recording
from playback.operations import mark_lists
from playback.operations.marks import format_offset
from playback.vendor.errors import VendorOutcomeUnknown, VendorRefused

from .base import PartView
from .watching import first_watched, watched_on


class Chapters(PartView):
    """The mark points of the main version (call 21)."""

    name = "chapters"
    template_name = "teaching/parts/chapters.html"

    def load(self, recording: Recording) -> dict[str, Any]:
        marks = mark_lists.ask(self.client(), recording.room_id, recording.session_id)
        return {"marks": [(format_offset(mark.offset), mark.text) for mark in marks]}


class Courseware(PartView):
    """The PDFs, and which page was shown when (calls 13 and 34). An account that may not have the page turns still
    sees the files."""

    name = "courseware"
    template_name = "teaching/parts/courseware.html"

    def load(self, recording: Recording) -> dict[str, Any]:
        client = self.client()
        files = client.recording_courseware(recording.room_id, recording.session_id).rows
        try:
            turns = client.page_turns(recording.room_id, recording.session_id).rows
        except (VendorRefused, VendorOutcomeUnknown):
            turns = []
        return {"files": courseware.files(files, turns), "documents": courseware.documents(turns)}


class WhoWatched(PartView):
    """The viewings of one day (call 6)."""

    name = "watched"
    template_name = "teaching/parts/watched.html"

    def load(self, recording: Recording) -> dict[str, Any]:
        today = timezone.localdate()
        chosen = _day(self.request.GET.get("day", ""))
        client = self.client()
        watched = (
            watched_on(client, recording, min(chosen, today)) if chosen else first_watched(client, recording, today)
        )
        day = watched.day
        return {
            "watched": watched,
            "day": day,
            "before": day - timedelta(days=1),
            "after": day + timedelta(days=1) if day < today else None,
            "today": today,
        }


def _day(text: str) -> date | None:
    """None for what is no day: the usual one is shown then."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and day.year >= 2000 else None
