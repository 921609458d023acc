"""The recordings of a long-term room as the vendor lists them now (call 5), beside what is stored here.

A part of the room's page that looks and changes nothing. What the vendor has and the mirror has not comes with the next
sync; that somebody can see it here at once is the point.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from playback import display
from playback.conf import vendor_client
from playback.models import Recording, Room
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError
from playback.vendor.results import SessionRow

from . import panels

UNFOLDED = 10


@dataclass(frozen=True, slots=True)
class Session:
    """One row: the vendor's words, and our recording of it."""

    session_id: int
    name: str
    status: Any
    published: Any
    length: int | None
    created: datetime | None
    recording: Recording | None
    differs: bool


def respond(model_admin: Any, request: HttpRequest, pk: int) -> HttpResponse:
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET"])
    room = get_object_or_404(model_admin.get_queryset(request), pk=pk)
    if not model_admin.has_view_permission(request, room) or not request.user.has_perm("playback.view_recording"):
        raise PermissionDenied
    context: dict[str, Any] = {"panel_url": reverse("admin:playback_room_sessions", args=[pk])}
    template = "playback/panels/room_sessions.html"
    try:
        page = vendor_client(Lane.PERSON, max_wait=panels.WAITS).list_sessions(room.room_id)
    except VendorError as error:
        template = "playback/panels/failed.html"
        context |= {"sentence": panels.sentence(error), "words": panels.words(error)}
    else:
        rows, missing = _compared(room, page.rows)
        context |= {
            "total": len(rows),
            "first": rows[:UNFOLDED],
            "folded": rows[UNFOLDED:],
            "new": sum(row.recording is None for row in rows),
            "differing": sum(row.differs for row in rows),
            "missing": missing if not page.unreadable else [],
            "unreadable": len(page.unreadable),
        }
    response = TemplateResponse(request, template, context)
    response["Cache-Control"] = "no-store"
    return response


def _compared(room: Room, told: Iterable[SessionRow]) -> tuple[list[Session], list[Recording]]:
    """The vendor's rows, the newest first; and our live recordings that are not among them."""
    ours = {row.session_id: row for row in Recording.objects.filter(room=room, gone_at=None)}
    rows = []
    for row in sorted(told, key=lambda row: -row.session_id):
        recording = ours.pop(row.session_id, None)
        seen = Recording(status=row.status, publish_status=row.publish_status)
        rows.append(
            Session(
                session_id=row.session_id,
                name=row.name,
                status=display.status_badge(seen),
                published=display.publish_badge(seen),
                length=row.length,
                created=row.created_at,
                recording=recording,
                differs=recording is not None and _differs(recording, row),
            )
        )
    return rows, list(ours.values())


def _differs(recording: Recording, row: SessionRow) -> bool:
    return (recording.name, recording.status, recording.publish_status) != (row.name, row.status, row.publish_status)
