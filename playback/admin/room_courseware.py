"""All courseware of a room, or of one day (call 12): a part of the room's page, fetched when it comes into view."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from playback.conf import vendor_client
from playback.models import Recording, Room
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError

from . import courseware, panels


class DayForm(forms.Form):
    day = forms.DateField(
        label=_("Day of the class"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "bo-input"}),
        input_formats=["%Y-%m-%d"],
    )


def respond(model_admin: Any, request: HttpRequest, pk: int) -> HttpResponse:
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET"])
    room = get_object_or_404(model_admin.get_queryset(request), pk=pk)
    if not model_admin.has_view_permission(request, room) or not request.user.has_perm("playback.view_recording"):
        raise PermissionDenied
    form = DayForm(request.GET)
    url = reverse("admin:playback_room_courseware", args=[pk])
    context: dict[str, Any] = {"room": room, "form": form, "panel_url": url, "asked": form.is_valid()}
    template = "playback/panels/room_courseware.html"
    if form.is_valid():
        day = form.cleaned_data["day"]
        try:
            page = vendor_client(Lane.PERSON, max_wait=panels.WAITS).room_courseware(room.room_id, day)
        except VendorError as error:
            template = "playback/panels/failed.html"
            if day:
                context["panel_url"] = f"{url}?day={day.isoformat()}"
            context |= {"sentence": panels.sentence(error), "words": panels.words(error)}
        else:
            rows = _rows(room, courseware.files(page.rows))
            context |= {
                "total": len(rows),
                "first": rows[: courseware.UNFOLDED],
                "folded": rows[courseware.UNFOLDED :],
                "unreadable": len(page.unreadable),
            }
    response = TemplateResponse(request, template, context)
    response["Cache-Control"] = "no-store"
    return response


def _rows(room: Room, files: list[courseware.File]) -> list[tuple[courseware.File, Recording | None]]:
    """Each file with its recording, the newest session first."""
    sessions = {file.session_id for file in files}
    ours = {row.session_id: row for row in Recording.objects.filter(room=room, session_id__in=sessions)}
    newest = sorted(files, key=lambda file: -file.session_id)
    return [(file, ours.get(file.session_id)) for file in newest]
