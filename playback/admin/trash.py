"""The trash: what waits there for its date, what became of it, and the buttons to restore it or delete it at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display as column

from playback import display
from playback.models import WHOLE, Recording, TrashEntry
from playback.operations import execute, reasons, registry, trash
from playback.operations.base import OperationInvalid
from playback.vendor.codes import PublishStatus

from . import actions, keeping, search
from .base import ReadOnlyAdmin
from .filters import BeijingDaysFilter
from .operation import plan_url, report_url

# What is done to whole recordings, and to versions.
KINDS = {"restore": ("restore", "restore_version"), "delete": ("delete", "delete_version")}
LOOKS: dict[str, tuple[Any, str, str]] = {
    "trash_waiting": (_("Waiting"), "neutral", "schedule"),
    "trash_due": (_("Due"), "info", "hourglass_top"),
    "trash_going": (_("Being deleted"), "info", "sync"),
    "trash_blocking": (_("Being blocked"), "info", "sync"),
    "trash_unblocked": (_("Published"), "warning", "visibility"),
    "trash_held": (_("On hold"), "warning", "lock"),
    "trash_published": (_("Published again"), "danger", "visibility"),
    "trash_main": (_("Main version"), "warning", "star"),
    "trash_with_whole": (_("With its recording"), "neutral", "schedule"),
    "trash_again": (_("Failed"), "danger", "error"),
    "trash_gone": (_("Gone at the vendor"), "neutral", "link_off"),
    "trash_restored": (_("Restored"), "success", "restore_from_trash"),
    "trash_deleted": (_("Deleted"), "neutral", "delete_forever"),
}
PUBLISHED_SINCE = Q(
    version=WHOLE, recording__publish_status=PublishStatus.PUBLISHED, recording__synced_at__gte=F("put_at")
)


class StateFilter(DropdownFilter):
    """What is in the trash now, unless somebody asks for what has left it."""

    title = _("state")
    parameter_name = "state"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("", _("In the trash")),
            ("stays", _("Will not be deleted")),
            ("restored", _("Restored")),
            ("deleted", _("Deleted")),
            ("all", _("All")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "stays":
                main = Q(version=F("recording__main_version"))
                in_the_way = Q(recording__held_at__isnull=False) | main | PUBLISHED_SINCE
                return queryset.filter(in_the_way, ended_at=None)
            case TrashEntry.End.RESTORED | TrashEntry.End.DELETED:
                return queryset.filter(ended_as=self.value())
            case "all":
                return queryset
        return queryset.filter(ended_at=None)


class WhatFilter(DropdownFilter):
    title = _("what")
    parameter_name = "what"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("recordings", _("Whole recordings")), ("versions", _("Single versions"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "recordings":
            return queryset.filter(version=WHOLE)
        return queryset.exclude(version=WHOLE) if self.value() == "versions" else queryset


@admin.register(TrashEntry)
class TrashEntryAdmin(ReadOnlyAdmin):
    list_display = ["title", "what", "person", "put", "due", "left", "state"]
    list_display_links = None
    list_filter = [StateFilter, WhatFilter, ("due_at", BeijingDaysFilter)]
    search_fields = ["recording__name"]
    search_help_text = _("Name, room title or any ids")
    list_select_related = ["recording", "recording__room", "put_by", "operation"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("operation__attachment")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        found = Recording.objects.filter(search.recordings(search_term))
        return queryset.filter(recording__in=found.order_by().values("pk")), False

    def decorate(self, rows: list[Any]) -> None:
        """How each stands, in three queries at most."""
        found = trash.standings(rows)
        for row in rows:
            row.standing = found[row.pk]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """With a column of those buttons that this person may press."""
        may = [how for how in KINDS if self._may(request, how)]

        @column(description="")
        def buttons(entry: TrashEntry) -> Any:
            return _buttons(entry, may)

        return [*self.list_display, buttons] if may else [*self.list_display]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        entry = self.get_object(request, object_id)
        if entry is None or not self.has_view_permission(request, entry):
            return super().change_view(request, object_id, form_url, extra_context)
        return HttpResponseRedirect(recording_url(entry))

    # ------------------------------------------------------------ the list

    @column(description=_("recording"), ordering="recording__name")
    def title(self, entry: TrashEntry) -> Any:
        recording = entry.recording
        parts: list[Any] = [display.link(recording_url(entry), recording), display.muted(recording.room)]
        if recording.held_at is not None:
            parts.append(keeping.hold_badge(recording))
        return display.lines(parts)

    @column(description=_("version"), ordering="version")
    def what(self, entry: TrashEntry) -> str:
        return gettext("all") if entry.version == WHOLE else str(entry.version)

    @column(description=_("put there by"), ordering="put_by__username")
    def person(self, entry: TrashEntry) -> str:
        return entry.put_by.get_username() if entry.put_by else gettext("(a deleted person)")

    @column(description=_("put there (Beijing)"), ordering="put_at")
    def put(self, entry: TrashEntry) -> Any:
        return display.moment(entry.put_at)

    @column(description=_("will be deleted (Beijing)"), ordering="due_at")
    def due(self, entry: Any) -> Any:
        return display.EMPTY if entry.ended_at or entry.standing.stays else display.moment(entry.due_at)

    @column(description=_("time left"), ordering="due_at")
    def left(self, entry: Any) -> str:
        if entry.ended_at or entry.standing.stays:
            return display.EMPTY
        seconds = (entry.due_at - timezone.now()).total_seconds()
        if seconds < 86_400:
            return gettext("less than a day")
        days = round(seconds / 86_400)  # of 7 days, 7 are left a minute later
        return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}

    @column(description=_("state"))
    def state(self, entry: Any) -> Any:
        standing = entry.standing
        word, tone, icon = LOOKS[standing.code]
        parts: list[Any] = [display.badge(word, tone, icon)]
        if entry.ended_at is not None:
            parts.append(display.moment(entry.ended_at))
        elif standing.code != "trash_waiting":
            parts += [display.muted(sentence) for sentence in keeping.told(standing)]
            parts += [display.muted(words) for words in [reasons.vendor_words(standing.why)] if words]
        if entry.operation is not None and standing.code in {"trash_going", "trash_blocking", "trash_again"}:
            parts.append(display.link(report_url(entry.operation), gettext("Report")))
        return display.lines(parts)

    def _may(self, request: HttpRequest, how: str) -> bool:
        return all(request.user.has_perm(registry.get(kind).permission) for kind in KINDS[how])

    # ------------------------------------------------------------ restore, delete now

    def get_actions(self, request: HttpRequest) -> dict[str, tuple[Callable[..., Any], str, str]]:
        titles = {"restore": gettext("Restore"), "delete": gettext("Delete at the vendor now")}
        return {how: (partial(_act, how), how, titles[how]) for how in KINDS if self._may(request, how)}

    def get_urls(self) -> list[URLPattern]:
        one = path(
            "<int:pk>/operate/<slug:how>/",
            self.admin_site.admin_view(self.operate),
            name="playback_trashentry_operate",
        )
        return [one, *super().get_urls()]

    def operate(self, request: HttpRequest, pk: int, how: str) -> HttpResponse:
        """The buttons of one row."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if how not in KINDS:
            raise Http404
        if not self.has_view_permission(request):
            raise PermissionDenied
        entry = get_object_or_404(self.get_queryset(request), pk=pk)
        return begin(
            request, how, TrashEntry.objects.filter(pk=entry.pk), reverse("admin:playback_trashentry_changelist")
        )


def _buttons(entry: TrashEntry, may: list[str]) -> Any:
    """A row stands within the list's own form: its buttons send that form elsewhere."""
    if entry.ended_at is not None or entry.recording.gone_at is not None:
        return ""
    looks = {
        "restore": ("", "restore_from_trash", gettext("Restore")),
        "delete": (" bo-button-danger-quiet", "delete_forever", gettext("Delete now")),
    }
    button = (
        '<button type="submit" class="bo-button{}" formaction="{}"><span class="material-symbols-outlined" '
        'aria-hidden="true">{}</span>{}</button>'
    )
    made = []
    for how in may:
        if how == "delete" and entry.recording.held_at is not None:
            continue
        tone, icon, word = looks[how]
        made.append((tone, reverse("admin:playback_trashentry_operate", args=[entry.pk, how]), icon, word))
    return format_html('<span class="bo-row">{}</span>', format_html_join("", button, made))


def _act(how: str, model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
    return begin(request, how, queryset, request.get_full_path())


def begin(request: HttpRequest, how: str, entries: QuerySet[Any], back: str) -> HttpResponse:
    """Plan it for the open ones among the entries. Whole recordings and single versions are different operations."""
    still = list(entries.filter(ended_at=None).order_by().values_list("recording_id", "version"))
    whole = [recording for recording, version in still if version == WHOLE]
    versions: dict[str, list[int]] = defaultdict(list)
    for recording, version in still:
        if version != WHOLE:
            versions[str(recording)].append(version)
    kind = KINDS[how][0 if whole else 1]
    if not request.user.has_perm(registry.get(kind).permission):
        raise PermissionDenied
    if not still or (whole and versions):
        sentence = (
            gettext("Select whole recordings or single versions, not both at once: filter the list by “what”.")
            if still
            else gettext("None of the selected is in the trash any more.")
        )
        messages.error(request, sentence)
        return HttpResponseRedirect(back)
    wanted = Recording.objects.filter(pk__in=whole or [int(key) for key in versions]).order_by("pk")
    try:
        operation = execute.plan(kind, request.user, wanted, {} if whole else {"versions": versions})
    except OperationInvalid as invalid:
        for sentence in actions.sentences(invalid):
            messages.error(request, sentence)
        return HttpResponseRedirect(back)
    return HttpResponseRedirect(f"{plan_url(operation)}?{actions.back_query(back)}")


def recording_url(entry: TrashEntry) -> str:
    return reverse("admin:playback_recording_change", args=[entry.recording_id])
