"""Versions: the list and the page of one cut."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display as column

from playback import display
from playback.models import Version

from . import change_display, keeping, search
from .base import MirrorAdmin
from .facts import Fact, Group, id_fact, mirror_group
from .filters import BeijingDaysFilter, ChoicesDropdownFilter, GoneFilter, LengthFilter, MainFilter, RoomFilter


@admin.register(Version)
class VersionAdmin(MirrorAdmin):
    list_display = ["cover", "title", "recording_link", "main", "status_label", "long", "big", "played", "made", "seen"]
    list_display_links = ["title"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("version_type", ChoicesDropdownFilter),
        MainFilter,
        ("recording__room", RoomFilter),
        ("created_at", BeijingDaysFilter),
        ("length", LengthFilter),
        GoneFilter,
    ]
    # By what an index orders alone: recordings are where one looks for the largest and the most played.
    sortable_by = ["status_label", "made"]
    search_fields = ["name"]
    search_help_text = _("Name, room title or any ids")
    list_select_related = ["recording", "recording__room"]
    detail_template = "playback/version.html"

    def condition(self, term: str) -> Q:
        return search.versions(term)

    def decorate(self, rows: list[Any]) -> None:
        super().decorate(rows)
        keeping.decorate_versions(rows)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("recording", "recording__room")

    @column(description=_("cover"))
    def cover(self, version: Version) -> Any:
        return display.cover(version)

    @column(description=_("version"))
    def title(self, version: Any) -> Any:
        parts: list[Any] = [name_of(version)]
        if version.gone_at:
            parts.append(display.gone_badge(version.gone_at))
        elif version.trash_entry is not None:
            parts.append(keeping.trash_badge(version.trash_entry))
        return display.lines(parts)

    @column(description=_("recording"))
    def recording_link(self, version: Version) -> Any:
        url = reverse("admin:playback_recording_change", args=[version.recording_id])
        return display.link(url, version.recording)

    @column(description=_("main version"))
    def main(self, version: Version) -> Any:
        return main_badge(version) or display.EMPTY

    @column(description=_("status"), ordering="status")
    def status_label(self, version: Version) -> Any:
        return display.status_badge(version)

    @column(description=_("length"))
    def long(self, version: Version) -> str:
        return display.length(version.length)

    @column(description=_("size"))
    def big(self, version: Version) -> str:
        return display.size(version.total_transcode_size)

    @column(description=_("plays"))
    def played(self, version: Version) -> str:
        return display.number(version.play_times)

    @column(description=_("created (Beijing)"), ordering="created_at")
    def made(self, version: Version) -> Any:
        return display.moment(version.created_at)

    @column(description=_("last seen"))
    def seen(self, version: Any) -> Any:
        return display.moment(version.last_seen_at)

    def title_of(self, obj: Version) -> str:
        return name_of(obj)

    def groups(self, request: HttpRequest, obj: Version) -> list[Group]:
        return [
            Group(
                _("Version"),
                [
                    Fact(_("recording"), self.recording_link(obj)),
                    Fact(_("version"), str(obj.version)),
                    Fact(_("kind of version"), obj.get_version_type_display() or display.EMPTY),
                    Fact(_("main version"), main_badge(obj) or gettext("No")),
                    Fact(_("status"), display.status_badge(obj)),
                    Fact(_("publish state"), display.publish_badge(obj)),
                    id_fact(_("video id"), obj.video_id),
                    id_fact(_("rendered video"), obj.rendered_video_id),
                ],
            ),
            Group(
                _("Content"),
                [
                    Fact(_("length"), display.length(obj.length)),
                    Fact(_("size"), display.size(obj.total_transcode_size)),
                    Fact(_("definitions"), (obj.definitions or display.EMPTY).replace(",", ", ")),
                    Fact(_("plays"), display.number(obj.play_times)),
                    Fact(_("created"), display.beijing(obj.created_at)),
                ],
            ),
            mirror_group(obj),
        ]

    def sections(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        trashed = "" if obj.gone_at or obj.trash_entry is None else keeping.trash_badge(obj.trash_entry)
        return {
            "heading": name_of(obj),
            "cover": display.cover(obj, wide=True),
            "trash_badge": trashed,
            **change_display.section(request, obj.changes.all(), f"version__exact={obj.pk}"),
        }


def name_of(version: Version) -> str:
    name = version.name or version.recording.name or version.recording.vendor_key
    return gettext("%(name)s · version %(number)d") % {"name": name, "number": version.version}


def main_badge(version: Version) -> Any:
    return display.badge(gettext("Main version"), "success", "star") if version.is_main else ""
