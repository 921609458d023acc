"""Recordings: the list with its actions, and the page of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display as column

from playback import display
from playback.models import WHOLE, Operation, Recording

from . import actions, change_display, keeping, link_making, panels, search, version_table
from .base import MirrorAdmin
from .facts import Fact, Group, id_fact, mirror_group
from .filters import BeijingDaysFilter, ChoicesDropdownFilter, ExpiryFilter, GoneFilter, LengthFilter, RoomFilter
from .panels.versions import actions_context


@admin.register(Recording)
class RecordingAdmin(MirrorAdmin):
    list_display = [
        "cover",
        "title",
        "room_link",
        "status_label",
        "publish_label",
        "long",
        "big",
        "played",
        "made",
        "expires",
        "seen",
    ]
    list_display_links = ["title"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("publish_status", ChoicesDropdownFilter),
        ("room", RoomFilter),
        ("created_at", BeijingDaysFilter),
        ("product_type", ChoicesDropdownFilter),
        ("length", LengthFilter),
        ExpiryFilter,
        keeping.KeepingFilter,
        GoneFilter,
    ]
    search_fields = ["name"]
    search_help_text = _("Name, room title or any ids")
    list_select_related = ["room"]
    detail_template = "playback/recording.html"
    list_before_template = "playback/picked.html"

    def condition(self, term: str) -> Q:
        return search.recordings(term)

    def ordering_by(self, parameters: Mapping[str, str]) -> list[str]:
        """What is about to expire, or has: the nearest to now first."""
        return ExpiryFilter.ORDERS.get(parameters.get("expires", ""), [])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("room")

    def decorate(self, rows: list[Any]) -> None:
        super().decorate(rows)
        keeping.decorate(rows)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return actions.for_selection(request) | link_making.list_actions(request)

    def get_urls(self) -> list[URLPattern]:
        one = path(
            "<int:pk>/operate/<slug:kind>/",
            self.admin_site.admin_view(lambda request, pk, kind: actions.for_one(self, request, pk, kind)),
            name="playback_recording_operate",
        )
        panel = path(
            "<int:pk>/panel/<slug:name>/",
            self.admin_site.admin_view(lambda request, pk, name: panels.respond(self, request, pk, name)),
            name="playback_recording_panel",
        )
        links = path(
            "<int:pk>/links/",
            self.admin_site.admin_view(lambda request, pk: link_making.for_one(self, request, pk)),
            name="playback_recording_links",
        )
        return [one, panel, links, *super().get_urls()]

    @column(description=_("cover"))
    def cover(self, recording: Recording) -> Any:
        return display.cover(recording)

    @column(description=_("name"), ordering="name")
    def title(self, recording: Recording) -> Any:
        parts: list[Any] = [name_of(recording)]
        if recording.gone_at:
            parts.append(display.gone_badge(recording.gone_at))
        return display.lines([*parts, *keeping.badges(recording)])

    @column(description=_("room"))  # not sorted by: its titles are in another table, where no index has both
    def room_link(self, recording: Recording) -> Any:
        return display.link(reverse("admin:playback_room_change", args=[recording.room_id]), recording.room)

    @column(description=_("status"), ordering="status")
    def status_label(self, recording: Recording) -> Any:
        return display.status_badge(recording)

    @column(description=_("publish state"), ordering="publish_status")
    def publish_label(self, recording: Recording) -> Any:
        return display.publish_badge(recording)

    @column(description=_("length"), ordering="length")
    def long(self, recording: Recording) -> str:
        return display.length(recording.length)

    @column(description=_("size"), ordering="total_transcode_size")
    def big(self, recording: Recording) -> str:
        return display.size(recording.total_transcode_size)

    @column(description=_("plays"), ordering="play_times")
    def played(self, recording: Recording) -> str:
        return display.number(recording.play_times)

    @column(description=_("created (Beijing)"), ordering="created_at")
    def made(self, recording: Recording) -> Any:
        return display.moment(recording.created_at)

    @column(description=_("expires"), ordering=F("expires_at").asc(nulls_last=True))
    def expires(self, recording: Recording) -> Any:
        return display.expiry_badge(recording)

    @column(description=_("last seen"))
    def seen(self, recording: Any) -> Any:
        return display.moment(recording.last_seen_at)

    def title_of(self, obj: Recording) -> str:
        return name_of(obj)

    def groups(self, request: HttpRequest, obj: Recording) -> list[Group]:
        return [
            Group(
                _("Recording"),
                [
                    Fact(_("room"), self.room_link(obj)),
                    Fact(_("status"), display.status_badge(obj)),
                    Fact(_("publish state"), display.publish_badge(obj)),
                    Fact(_("product type"), obj.get_product_type_display() or display.EMPTY),
                    Fact(_("length"), display.length(obj.length)),
                    Fact(_("plays"), display.number(obj.play_times)),
                    Fact(_("created"), display.beijing(obj.created_at)),
                    Fact(_("kept"), display.expiry(obj)),
                    Fact(_("size"), display.size(obj.total_transcode_size)),
                    Fact(_("original size"), display.size(obj.total_size)),
                    Fact(_("size of other cameras"), display.size(obj.total_ext_media_size)),
                ],
            ),
            Group(
                _("Vendor's ids"),
                [
                    Fact(_("recording"), obj.vendor_key, copy=obj.vendor_key),
                    id_fact(_("room id"), obj.room_id),
                    id_fact(_("session id"), obj.session_id),
                    id_fact(_("video id"), obj.video_id),
                    id_fact(_("playback id"), obj.playback_id),
                ],
            ),
            mirror_group(obj),
        ]

    def sections(self, request: HttpRequest, obj: Recording) -> dict[str, Any]:
        may_see_operations = request.user.has_perm("playback.view_operation")
        items = (
            obj.operation_items.select_related("operation", "operation__user")
            .defer("operation__attachment")
            .exclude(operation__state__in=[Operation.State.PREPARING, Operation.State.PLANNED])
            .order_by("-id")
        )
        return {
            "heading": name_of(obj),
            "cover": display.cover(obj, wide=True),
            "versions": version_table.of_mirror(obj),
            "versions_url": reverse("admin:playback_recording_panel", args=[obj.pk, "versions"]),
            **actions_context(request, obj),
            "may_see_operations": may_see_operations,
            # What nobody confirmed was not done to it.
            "items": items[:10] if may_see_operations else [],
            "not_shown": change_display.not_shown(items) if may_see_operations else [],
            **change_display.section(request, obj.changes.filter(echo=False), f"recording__exact={obj.pk}"),
            "notices": keeping.notices(request, obj),
            "hold_badge": keeping.hold_badge(obj) if obj.held_at else "",
            "trash_badge": keeping.trash_badge(obj.open_trash[WHOLE]) if WHOLE in obj.open_trash else "",
            "buttons": actions.buttons(request, obj),
            "menus": actions.menus(request, obj, link_making.menu_buttons(request, obj)),
            "panels": panels.shown(request, obj),
            "may_preview": request.user.has_perm("playback.preview_recording"),
            "preview_url": reverse("recording-preview", args=[obj.pk]),
        }


def name_of(recording: Recording) -> str:
    return recording.name or gettext("%(key)s (no name)") % {"key": recording.vendor_key}
