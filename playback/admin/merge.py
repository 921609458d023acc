"""Merges: what was rendered from the vendor's merged recordings, rendering one, and its videos' addresses.

The vendor has no list of merges: one is known here once somebody rendered it from here, by its id.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display as column

from playback import display
from playback.conf import vendor_client
from playback.models import Merge, Recording
from playback.operations import registry
from playback.operations.kinds.render_merged import RenderMerged, ready
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError

from . import actions, addresses, panels
from .base import ReadOnlyAdmin
from .facts import Fact, Group, id_fact
from .operation import report_url

ADDRESSES = "playback.render_recording"  # the right to see where a video is


@admin.register(Merge)
class MergeAdmin(ReadOnlyAdmin):
    list_display = ["number", "note", "state", "definitions", "by", "asked"]
    list_display_links = ["number"]
    search_fields = ["note"]
    search_help_text = _("Merge id or note")
    list_select_related = ["asked_by", "operation"]
    list_before_template = "playback/render_merge.html"
    detail_template = "playback/merge.html"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        condition = Q(note__icontains=term)
        if term.isascii() and term.isdigit() and len(term) < 19:
            condition |= Q(mixed_playback_id=int(term))
        return queryset.filter(condition), False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("render/", view(self.render), name="playback_merge_render"),
            path("<int:pk>/address/", view(self.address), name="playback_merge_address"),
            *super().get_urls(),
        ]

    @column(description=_("merge id"), ordering="mixed_playback_id")
    def number(self, merge: Merge) -> str:
        return str(merge.mixed_playback_id)

    @column(description=_("state"), ordering="ready_at")
    def state(self, merge: Merge) -> Any:
        if merge.ready_at is None:
            if merge.operation is not None and merge.operation.finished_at is None:
                return display.badge(gettext("Being rendered"), "info", "sync")
            return display.badge(gettext("No video came"), "warning", "warning")
        return display.badge(gettext("Ready"), "success", "check_circle", title=display.beijing(merge.ready_at))

    @column(description=_("videos"))
    def definitions(self, merge: Merge) -> str:
        return ", ".join(f"{video['definition']} {display.length(video['length'])}" for video in merge.videos) or "–"

    @column(description=_("by"), ordering="asked_by__username")
    def by(self, merge: Merge) -> str:
        return merge.asked_by.get_username() if merge.asked_by else display.EMPTY

    @column(description=_("asked for (Beijing)"), ordering="asked_at")
    def asked(self, merge: Merge) -> Any:
        return display.moment(merge.asked_at)

    def title_of(self, obj: Merge) -> str:
        return obj.note or gettext("Merge %(number)s") % {"number": obj.mixed_playback_id}

    def groups(self, request: HttpRequest, obj: Merge) -> list[Group]:
        report = display.EMPTY
        if obj.operation is not None and request.user.has_perm("playback.view_operation"):
            report = display.link(report_url(obj.operation), gettext("Report"))
        return [
            Group(
                _("Merge"),
                [
                    id_fact(_("merge id"), obj.mixed_playback_id),
                    Fact(_("note"), obj.note or display.EMPTY),
                    Fact(_("state"), self.state(obj)),
                    id_fact(_("file id"), obj.fid),
                ],
            ),
            Group(
                _("Rendering"),
                [
                    Fact(_("asked for"), display.beijing(obj.asked_at)),
                    Fact(_("by"), self.by(obj)),
                    Fact(_("ready"), display.beijing(obj.ready_at)),
                    Fact(_("operation"), report),
                ],
            ),
        ]

    def sections(self, request: HttpRequest, obj: Merge) -> dict[str, Any]:
        return {
            "heading": self.title_of(obj),
            "state": self.state(obj),
            "may_render": request.user.has_perm(RenderMerged.permission),
            "may_see_addresses": request.user.has_perm(ADDRESSES),
        }

    def render(self, request: HttpRequest) -> HttpResponse:
        """The form and, once it is filled in, the plan."""
        back = reverse("admin:playback_merge_changelist")
        return actions.begin(self, request, registry.get(RenderMerged.kind), Recording.objects.none(), [], back)

    def address(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A fresh address of one definition."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        merge = get_object_or_404(Merge, pk=pk)
        if not self.has_view_permission(request, merge) or not request.user.has_perm(ADDRESSES):
            raise PermissionDenied
        wanted = request.POST.get("definition", "")
        try:
            video = ready(vendor_client(Lane.PERSON, max_wait=panels.WAITS), merge.mixed_playback_id)
        except VendorError as error:
            return addresses.failed(request, error)
        if video is None:
            return addresses.refused(request, gettext("The vendor has no video of this merge yet."))
        if wanted not in video.play_info:
            return addresses.refused(request, gettext("The vendor has no video in this definition any more."))
        return addresses.shown(request, video.play_info[wanted].url, f"merge {merge.mixed_playback_id}")
