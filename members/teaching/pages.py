"""The pages: all recordings of one's rooms, one recording, and the same with the player."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse

from playback.admin import stale_banner
from playback.admin.search import recordings as matching
from playback.models import Recording, Room
from playback.player import preview
from playback.views.player import SENTENCES, framing, viewer_of

from .base import TeachingView
from .rights import rooms_of

PER_PAGE = 20
LONGEST_SEARCH = 200


class Home(TeachingView):
    """My rooms and their recordings, newest first."""

    template_name = "teaching/home.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        rooms = list(
            rooms_of(request.user)
            .annotate(held=Count("recordings", filter=Q(recordings__gone_at=None)))
            .order_by("-starts_at", "-room_id")
        )
        chosen = _chosen(rooms, request.GET.get("room", ""))
        term = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
        found = self.get_queryset().filter(gone_at=None)
        if chosen:
            found = found.filter(room=chosen)
        if term:
            found = found.filter(matching(term))
        page = Paginator(found.order_by("-created_at", "-pk"), PER_PAGE).get_page(request.GET.get("p"))
        kept = {name: value for name, value in (("room", chosen and chosen.pk), ("q", term)) if value}
        return self.page(
            {
                "rooms": rooms,
                "chosen": chosen,
                "term": term,
                "page": page,
                "more_query": f"&{urlencode(kept)}" if kept else "",
                "searched": urlencode({"q": term}) if term else "",
                "stale": stale_banner.of_list(request, Recording) if rooms else None,
            }
        )


def _chosen(rooms: Sequence[Room], asked: str) -> Room | None:
    """Of the teacher's own rooms: another's number is no room here."""
    return next((room for room in rooms if str(room.pk) == asked), None)


class OneRecording(TeachingView):
    template_name = "teaching/recording.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.page(about(self.recording(pk)))


class Play(TeachingView):
    """The recording's page with the player in place of the cover: the token is made for this view."""

    template_name = "teaching/recording.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        recording = self.recording(pk)
        made = preview(recording, viewer_of(request))
        context = {**about(recording), "preview": made}
        if made.obstacle is not None:
            context["heading"], context["explanation"], _icon = SENTENCES[made.obstacle]
        return framing(request, self.page(context), made)


def about(recording: Recording) -> dict[str, Any]:
    return {"recording": recording, "here": recording.gone_at is None}
