"""Changes: the history of what was found different at the vendor, or in our own copy. Read only.

The list leaves out what a version's row merely repeats of its recording; a version's own page, and the list narrowed
to one version, have it.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display as column

from playback import display
from playback.models import Change, Recording, Room

from . import change_display, search, stale_banner
from .base import ReadOnlyAdmin
from .facts import Fact, Group
from .filters import BeijingDaysFilter, ChoicesDropdownFilter, titled

OF_A_VERSION = "version__exact"
READ_BY = ("rooms", "recordings", "versions")


class CauseFilter(DropdownFilter):
    title = _("cause")
    parameter_name = "cause"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("behind", _("Behind our back")), ("own", _("By an operation here"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(own=self.value() == "own") if self.value() in {"behind", "own"} else queryset


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin):
    list_display = ["noticed", "kind_label", "about", "changed", "cause", "cause_in_short"]
    list_display_links = ["noticed"]
    list_filter = [
        ("kind", ChoicesDropdownFilter),
        CauseFilter,
        ("subject", titled(ChoicesDropdownFilter, _("what it is about"))),
        ("seen_at", titled(BeijingDaysFilter, _("day it was noticed"))),
    ]
    search_fields = ["label"]
    search_help_text = _("Name, room title or any ids")
    sortable_by = ["noticed"]

    def banner(self, request: HttpRequest) -> stale_banner.Banner | None:
        """A change is noticed by the pass over its list: of a list that was not read, none stands here."""
        return stale_banner.of_kinds(request, READ_BY)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("room", "recording", "version", "operation__user", "run")
        match = request.resolver_match
        in_list = match is not None and match.url_name == "playback_change_changelist"
        if in_list and OF_A_VERSION not in request.GET:
            rows = rows.filter(echo=False)
        return rows.defer("operation__attachment")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By what the rows are called and numbered now: ids and names are looked up where their indexes are."""
        if not search_term.strip():
            return queryset, False
        recordings = Recording.objects.filter(search.recordings(search_term)).order_by().values("pk")
        rooms = Room.objects.filter(search.rooms(search_term)).order_by().values("pk")
        return queryset.filter(Q(recording__in=recordings) | Q(room__in=rooms)), False

    def get_list_display(self, request: HttpRequest) -> list[str]:
        left_out = "cause_in_short" if request.user.has_perm("playback.view_operation") else "cause"
        return [name for name in self.list_display if name != left_out]

    @column(description=_("noticed (Beijing)"), ordering="seen_at")
    def noticed(self, change: Change) -> Any:
        return display.moment(change.seen_at)

    @column(description=_("kind"))
    def kind_label(self, change: Change) -> Any:
        return change_display.kind_badge(change)

    @column(description=_("what"))
    def about(self, change: Change) -> Any:
        return change_display.about(change)

    @column(description=_("change"))
    def changed(self, change: Change) -> Any:
        return display.lines([change_display.fields(change)]) if change.fields else display.EMPTY

    @column(description=_("done by"))
    def cause(self, change: Change) -> Any:
        return change_display.cause(change, in_detail=True)

    @column(description=_("done by"))
    def cause_in_short(self, change: Change) -> Any:
        return change_display.cause(change, in_detail=False)

    # ------------------------------------------------------------ one

    def title_of(self, obj: Change) -> str:
        return str(obj)

    def groups(self, request: HttpRequest, obj: Change) -> list[Group]:
        in_detail = request.user.has_perm("playback.view_operation")
        happened = [
            Fact(_("kind"), change_display.kind_badge(obj)),
            Fact(_("what"), change_display.about(obj)),
            Fact(_("noticed"), display.beijing(obj.seen_at)),
            Fact(_("last seen as before"), display.beijing(obj.since)),
            Fact(_("done by"), change_display.cause(obj, in_detail=in_detail)),
        ]
        if obj.run is not None and request.user.has_perm("playback.view_syncrun"):
            url = reverse("admin:playback_syncrun_change", args=[obj.run_id])
            happened.append(Fact(_("noticed by the sync run"), display.link(url, obj.run)))
        changed = [
            Fact(label, display.lines([display.muted(old), f"→\u00a0{new}"]))
            for label, old, new in change_display.words(obj, whole=True)
        ]
        groups = [Group(_("What was noticed"), happened)]
        return [*groups, Group(_("Change"), changed)] if changed else groups
