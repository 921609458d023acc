"""Sync runs: what each pass over the vendor's lists did, starting one by hand, and letting a held one go on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display as column
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from playback import display
from playback.models import SyncRun

from . import queueing
from .base import ReadOnlyAdmin
from .facts import Fact, Group
from .filters import BeijingDaysFilter, ChoicesDropdownFilter


class StartForm(forms.Form):
    """Which list to read, and how thoroughly."""

    kind = forms.ChoiceField(
        label=_("What to read"), choices=[("", _("Everything")), *SyncRun.Kind.choices], required=False,
        widget=UnfoldAdminSelectWidget,
    )  # fmt: skip
    full = forms.BooleanField(
        label=_("Full run: also find what is gone"), required=False, widget=UnfoldBooleanSwitchWidget
    )


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    list_display = ["what", "state_label", "thoroughness", "by", "began", "took", "counts", "problem"]
    list_display_links = ["what"]
    list_filter = [
        ("kind", ChoicesDropdownFilter),
        ("state", ChoicesDropdownFilter),
        ("trigger", ChoicesDropdownFilter),
        ("started_at", BeijingDaysFilter),
    ]
    list_select_related = ["user"]
    list_before_template = "playback/start_sync.html"
    detail_template = "playback/sync_run.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("unreadable_rows")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("start/", view(self.start), name="playback_syncrun_start"),
            path("<int:pk>/release/", view(self.release), name="playback_syncrun_release"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "start_form": StartForm()})

    def start(self, request: HttpRequest) -> HttpResponse:
        """Queue a run. The worker does it; this page only says that it is on its way."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm("playback.start_syncrun"):
            raise PermissionDenied
        form = StartForm(request.POST)
        if not form.is_valid():
            messages.error(request, gettext("Choose what to read from the list."))
            return HttpResponseRedirect(reverse("admin:playback_syncrun_changelist"))
        kinds = [form.cleaned_data["kind"]] if form.cleaned_data["kind"] else list(SyncRun.Kind.values)
        if queueing.start_sync(kinds, full=form.cleaned_data["full"], user=request.user):
            messages.success(request, gettext("The run is queued. It appears in this list as soon as it starts."))
        else:
            messages.error(request, gettext("The run could not be queued: the queue does not answer. Try again."))
        return HttpResponseRedirect(reverse("admin:playback_syncrun_changelist"))

    def release(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A person has looked: the held run may mark as gone what it did not meet."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm("playback.release_syncrun"):
            raise PermissionDenied
        run = get_object_or_404(SyncRun, pk=pk)
        back = HttpResponseRedirect(reverse("admin:playback_syncrun_change", args=[pk]))
        if run.state != SyncRun.State.HELD:
            messages.warning(request, gettext("This run is not waiting for anybody."))
        elif queueing.release_run(run, request.user):
            messages.success(request, gettext("The run goes on: what it did not meet is being marked as gone."))
        else:
            messages.error(request, gettext("The run could not be queued: the queue does not answer. Try again."))
        return back

    @column(description=_("kind"), ordering="kind")
    def what(self, run: SyncRun) -> str:
        return str(run.get_kind_display())

    @column(description=_("state"), ordering="state")
    def state_label(self, run: SyncRun) -> Any:
        return display.run_badge(run)

    @column(description=_("thoroughness"), ordering="full")
    def thoroughness(self, run: SyncRun) -> str:
        return gettext("Full") if run.full else gettext("What is new")

    @column(description=_("started by"), ordering="trigger")
    def by(self, run: SyncRun) -> str:
        return run.user.get_username() if run.user else str(run.get_trigger_display())

    @column(description=_("start (Beijing)"), ordering="started_at")
    def began(self, run: SyncRun) -> Any:
        return display.moment(run.started_at)

    @column(description=_("duration"))
    def took(self, run: SyncRun) -> str:
        return display.duration(run.started_at, run.finished_at or timezone.now())

    @column(description=_("seen / new / changed / gone"))
    def counts(self, run: SyncRun) -> str:
        return " / ".join(display.number(n) for n in (run.seen, run.created, run.updated, run.gone))

    @column(description=_("error"))
    def problem(self, run: SyncRun) -> Any:
        parts: list[Any] = []
        if run.unreadable:
            words = gettext("%(count)s unreadable") % {"count": display.number(run.unreadable)}
            parts.append(display.badge(words, "warning", "warning"))
        if run.error:
            parts.append(Truncator(run.error).chars(80))
        return display.lines(parts) if parts else display.EMPTY

    def groups(self, request: HttpRequest, obj: SyncRun) -> list[Group]:
        return [
            Group(
                _("Sync run"),
                [
                    Fact(_("kind"), obj.get_kind_display()),
                    Fact(_("state"), obj.get_state_display()),
                    Fact(_("thoroughness"), self.thoroughness(obj)),
                    Fact(_("started by"), self.by(obj)),
                    Fact(_("lane"), obj.get_lane_display()),
                ],
            ),
            Group(
                _("Times"),
                [
                    Fact(_("start"), display.beijing(obj.started_at)),
                    Fact(_("end"), display.beijing(obj.finished_at)),
                    Fact(_("duration"), self.took(obj)),
                ],
            ),
            Group(
                _("Counts"),
                [
                    Fact(_("pages"), display.number(obj.pages)),
                    Fact(_("total at the vendor"), display.number(obj.total)),
                    Fact(_("rows read"), display.number(obj.seen)),
                    Fact(_("new rows"), display.number(obj.created)),
                    Fact(_("changed rows"), display.number(obj.updated)),
                    Fact(_("unchanged rows"), display.number(obj.unchanged)),
                    Fact(_("rows gone"), display.number(obj.gone)),
                    Fact(_("missing at the vendor"), display.number(obj.would_go)),
                    Fact(_("unreadable rows"), display.number(obj.unreadable)),
                ],
            ),
        ]

    def sections(self, request: HttpRequest, obj: SyncRun) -> dict[str, Any]:
        held = obj.state == SyncRun.State.HELD
        return {
            "heading": obj.get_kind_display(),
            "state": display.run_badge(obj),
            "may_release": held and request.user.has_perm("playback.release_syncrun"),
            "held": held,
        }
