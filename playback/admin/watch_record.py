"""Watch records: who watched what, when, for how long and with which device; read only, also as a file.

At ten million rows only what an index answers is offered: days, a device, a recording, a viewer's number or whole name.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.http import HttpResponseRedirect as Redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter
from unfold.decorators import display as column
from unfold.utils import parse_date_str

from playback import display
from playback.models import Recording, WatchRecord

from . import search, watch_export
from .base import ReadOnlyAdmin
from .facts import Fact, Group, id_fact
from .filters import ChoicesDropdownFilter
from .watch_display import device, device_badge, may_see_addresses, number_of

MOST_RECORDINGS = 1_000  # whose records an id (a room's, for one) finds


class DaysFilter(RangeDateFilter):
    """Days, the last one included. A date that can't be read narrows nothing."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        for end, lookup in (("from", "gte"), ("to", "lte")):
            if day := parse_date_str(self.used_parameters.get(f"{self.parameter_name}_{end}")):
                queryset = queryset.filter(**{f"{self.field_path}__{lookup}": day})
        return queryset


@admin.register(WatchRecord)
class WatchRecordAdmin(ReadOnlyAdmin):
    list_display = ["whom", "recording_link", "began", "watched", "device_label", "area", "address"]
    list_display_links = ["whom"]
    list_filter = [("day", DaysFilter), ("client_type", ChoicesDropdownFilter), ("recording", AutocompleteSelectFilter)]
    list_select_related = ["recording", "recording__room"]
    search_fields = ["user_number"]
    search_help_text = _("Viewer's number or whole name, or any ids of recordings")
    list_before_template = "playback/watch_exports.html"
    sortable_by = ["began"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("recording", "recording__room")

    def get_list_display(self, request: HttpRequest) -> list[str]:
        return [name for name in self.list_display if name != "address" or may_see_addresses(request)]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(_condition(term)), False

    def get_urls(self) -> list[URLPattern]:
        export = path(
            "export/<slug:form>/", self.admin_site.admin_view(self.export), name="playback_watchrecord_export"
        )
        return [export, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        query = urlencode([(key, value) for key, values in request.GET.lists() if key != "p" for value in values])
        exports = {form: f"{export_url(form)}{f'?{query}' if query else ''}" for form in ("csv", "xlsx")}
        return super().changelist_view(request, {"exports": exports, **(extra_context or {})})

    def export(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """The list as it is filtered, searched and sorted, but all of it."""
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        if form not in {"csv", "xlsx"}:
            raise Http404
        back = f"{reverse('admin:playback_watchrecord_changelist')}?{request.GET.urlencode()}"
        try:
            records = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return Redirect(reverse("admin:playback_watchrecord_changelist"))
        if form == "csv":
            return watch_export.as_csv(request, records)
        answer = watch_export.as_xlsx(request, records)
        if answer is None:
            told = gettext("An Excel file takes up to %(most)s records. Narrow the list by days, or take the CSV file.")
            messages.warning(request, told % {"most": display.number(watch_export.MOST_XLSX)})
            return Redirect(back)
        return answer

    @column(description=_("viewer"))
    def whom(self, record: WatchRecord) -> Any:
        parts = [part for part in (record.user_name, number_of(record)) if part]
        return display.lines(parts) if parts else gettext("Unnamed viewer")

    @column(description=_("recording"))
    def recording_link(self, record: WatchRecord) -> Any:
        return _recording(record)

    @column(description=_("began (Beijing)"), ordering="day")
    def began(self, record: WatchRecord) -> Any:
        return display.moment(record.began_at) if record.began_at else str(record.day)

    @column(description=_("watched"))
    def watched(self, record: WatchRecord) -> str:
        return display.length(record.play_length)

    @column(description=_("device"))
    def device_label(self, record: WatchRecord) -> Any:
        return device_badge(record.client_type)

    @column(description=_("IP address"))
    def address(self, record: WatchRecord) -> str:
        return record.user_ip or display.EMPTY

    def title_of(self, obj: WatchRecord) -> str:
        return gettext("Watch record")

    def groups(self, request: HttpRequest, obj: WatchRecord) -> list[Group]:
        viewer = [
            Fact(_("viewer"), obj.user_name or display.EMPTY),
            Fact(_("viewer's number"), number_of(obj) or display.EMPTY, copy=number_of(obj)),
            Fact(_("device"), device(obj.client_type)),
            Fact(_("area"), obj.area or display.EMPTY),
        ]
        if may_see_addresses(request):
            viewer.append(Fact(_("IP address"), obj.user_ip or display.EMPTY))
        viewing = [
            Fact(_("recording"), _recording(obj)),
            Fact(_("version"), display.EMPTY if obj.version_number is None else str(obj.version_number)),
            id_fact(_("video id"), obj.video_id),
            Fact(_("began"), display.beijing(obj.began_at)),
            Fact(_("ended"), display.beijing(obj.ended_at)),
            Fact(_("watched"), display.length(obj.play_length)),
            Fact(_("extra data"), obj.ext_data or display.EMPTY),
            Fact(_("record id"), obj.guid, copy=obj.guid),
        ]
        return [Group(_("Viewer"), viewer), Group(_("Viewing"), viewing)]


def _condition(term: str) -> Q:
    """Of what the term may be only that which there is: with one of them left, its index has the list's order too, and
    no sub-query makes the table be read whole."""
    condition = Q(pk__in=[])
    for field in ("user_name", "user_number"):
        if WatchRecord.objects.order_by().filter(**{field: term}).exists():
            condition |= Q(**{field: term})
    if (ids := search.parse(term)) is not None:
        found = Recording.objects.order_by().filter(search.recordings_by_ids(ids)).values_list("pk", flat=True)
        condition |= Q(recording__in=list(found[:MOST_RECORDINGS]))
    return condition


def _recording(record: WatchRecord) -> Any:
    if record.recording is None:
        return display.muted(
            gettext("Not in the mirror (video %(video)s)") % {"video": record.video_id or display.EMPTY}
        )
    name = record.recording.name or gettext("a recording without a name")
    return display.link(reverse("admin:playback_recording_change", args=[record.recording_id]), name)


def export_url(form: str) -> str:
    return reverse("admin:playback_watchrecord_export", args=[form])


def of_recording(recording: Recording) -> str:
    """The filter of the list, as it stands in an address."""
    return urlencode({"recording__id__exact": recording.pk})
