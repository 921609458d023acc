"""Rooms: the list and the page of one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display as column

from playback import display
from playback.models import Recording, Room

from . import change_display, owners, room_courseware, room_parts, room_sessions, search
from .base import MirrorAdmin
from .facts import Fact, Group, id_fact, mirror_group
from .filters import BeijingDaysFilter, ChoicesDropdownFilter, GoneFilter


@admin.register(Room)
class RoomAdmin(MirrorAdmin):
    list_display = ["name", "number", "kind", "product", "recordings_link", "starts", "seen"]
    list_display_links = ["name"]
    list_filter = [
        ("product_type", ChoicesDropdownFilter),
        ("is_long_term", admin.BooleanFieldListFilter),
        ("starts_at", BeijingDaysFilter),
        GoneFilter,
    ]
    search_fields = ["title"]
    search_help_text = _("Title or room ids")
    detail_template = "playback/room.html"

    def condition(self, term: str) -> Q:
        return search.rooms(term)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(recording_count=_live_recordings())

    def get_urls(self) -> list[URLPattern]:
        change_owners = path(
            "<int:pk>/owners/",
            self.admin_site.admin_view(lambda request, pk: owners.change(self, request, pk)),
            name="playback_room_owners",
        )
        courseware = path(
            "<int:pk>/courseware/",
            self.admin_site.admin_view(lambda request, pk: room_courseware.respond(self, request, pk)),
            name="playback_room_courseware",
        )
        sessions = path(
            "<int:pk>/sessions/",
            self.admin_site.admin_view(lambda request, pk: room_sessions.respond(self, request, pk)),
            name="playback_room_sessions",
        )
        return [change_owners, courseware, sessions, *super().get_urls()]

    @column(description=_("title"), ordering="title")
    def name(self, room: Room) -> Any:
        title = room.title or gettext("(no title yet)")
        return display.lines([title, display.gone_badge(room.gone_at)]) if room.gone_at else title

    @column(description=_("room id"), ordering="room_id")
    def number(self, room: Room) -> str:
        return str(room.room_id)

    @column(description=_("kind"), ordering="is_long_term")
    def kind(self, room: Room) -> str:
        return gettext("Long-term") if room.is_long_term else gettext("Single class")

    @column(description=_("product type"), ordering="product_type")
    def product(self, room: Room) -> str:
        return room.get_product_type_display() or display.EMPTY

    @column(description=_("recordings"))  # not sorted by: all rooms' recordings would be counted
    def recordings_link(self, room: Any) -> Any:
        if not room.recording_count:
            return "0"
        return display.link(_recordings_of(room), display.number(room.recording_count))

    @column(description=_("starts (Beijing)"), ordering="starts_at")
    def starts(self, room: Room) -> Any:
        return display.moment(room.starts_at)

    @column(description=_("last seen"))
    def seen(self, room: Any) -> Any:
        return display.moment(room.last_seen_at)

    def groups(self, request: HttpRequest, obj: Room) -> list[Group]:
        return [
            Group(
                _("Room"),
                [
                    id_fact(_("room id"), obj.room_id),
                    Fact(_("kind"), self.kind(obj)),
                    Fact(_("product type"), self.product(obj)),
                    Fact(_("seats"), display.number(obj.max_users)),
                ],
            ),
            Group(
                _("Times"),
                [
                    Fact(_("starts"), display.beijing(obj.starts_at)),
                    Fact(_("ends"), display.beijing(obj.ends_at)),
                    Fact(_("created"), display.beijing(obj.created_at)),
                ],
            ),
            mirror_group(obj),
        ]

    def sections(self, request: HttpRequest, obj: Room) -> dict[str, Any]:
        newest = list(obj.recordings.filter(gone_at=None).select_related("room").order_by("-created_at", "-id")[:11])
        return {
            "heading": obj.title or gettext("(no title yet)"),
            "recordings": newest[:10],
            "more_recordings": len(newest) > 10,
            "recordings_url": _recordings_of(obj),
            **owners.section(request, obj),
            "parts": room_parts.shown(request, obj),
            **change_display.section(request, obj.changes.all(), f"room__exact={obj.pk}"),
        }


def _recordings_of(room: Room) -> str:
    return f"{reverse('admin:playback_recording_changelist')}?room__room_id__exact={room.pk}"


def _live_recordings() -> Coalesce:
    """The number of a room's live recordings, as a sub-query: it is run for the shown page alone."""
    counted = (
        Recording.objects.filter(room=OuterRef("pk"), gone_at=None)
        .order_by()
        .values("room")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
