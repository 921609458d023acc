"""Operations: the list, the plan to confirm, the progress while it runs, and the report that remains."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display as column

from playback import display
from playback.models import Operation, OperationItem
from playback.operations import execute, reasons, registry
from playback.operations.base import OperationInvalid, OperationKind, PlanChanged
from playback.operations.plan import summary
from playback.templatetags.playback_display import operation_title as title_of

from . import actions
from .base import ReadOnlyAdmin
from .filters import BeijingDaysFilter, ChoicesDropdownFilter

PER_PAGE = 50
OPEN_STATES = (Operation.State.QUEUED, Operation.State.RUNNING)


class KindFilter(DropdownFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, kind.title) for name, kind in registry.kinds().items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Operation)
class OperationAdmin(ReadOnlyAdmin):
    list_display = ["what", "person", "state_label", "counts", "planned", "took"]
    list_display_links = ["what"]
    list_filter = [KindFilter, ("state", ChoicesDropdownFilter), ("created_at", BeijingDaysFilter)]
    list_select_related = ["user"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("attachment")

    def decorate(self, rows: list[Any]) -> None:
        """The counts of the shown operations alone, in one query: operations may have thousands of items."""
        counted = (
            OperationItem.objects.filter(operation__in=[row.pk for row in rows])
            .order_by()
            .values_list("operation_id", "outcome")
            .annotate(many=Count("pk"))
        )
        tally: dict[int, dict[str, int]] = {}
        for operation, outcome, many in counted:
            tally.setdefault(operation, {})[outcome] = many
        for row in rows:
            row.tally = tally.get(row.pk, {})

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<uuid:uuid>/plan/", view(self.plan_page), name="playback_operation_plan"),
            path("<uuid:uuid>/confirm/", view(self.confirm), name="playback_operation_confirm"),
            path("<uuid:uuid>/discard/", view(self.discard), name="playback_operation_discard"),
            path("<uuid:uuid>/progress/", view(self.progress), name="playback_operation_progress"),
            path("<uuid:uuid>/", view(self.report), name="playback_operation_report"),
            *super().get_urls(),
        ]

    # ------------------------------------------------------------ the list

    @column(description=_("operation"), ordering="kind")
    def what(self, operation: Operation) -> str:
        return title_of(operation)

    @column(description=_("person"), ordering="user__username")
    def person(self, operation: Operation) -> str:
        return person_of(operation)

    @column(description=_("state"), ordering="state")
    def state_label(self, operation: Operation) -> Any:
        return display.operation_badge(operation)

    @column(description=_("recordings by outcome"))
    def counts(self, operation: Any) -> Any:
        told = [
            (label, operation.tally[value])
            for value, label in OperationItem.Outcome.choices
            if value in operation.tally
        ]
        return format_html_join(" · ", "{} {}", told) if told else display.EMPTY

    @column(description=_("planned (Beijing)"), ordering="created_at")
    def planned(self, operation: Operation) -> Any:
        return display.moment(operation.created_at)

    @column(description=_("duration"))
    def took(self, operation: Operation) -> str:
        end = operation.finished_at or (timezone.now() if operation.state in OPEN_STATES else None)
        return display.duration(operation.confirmed_at, end)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        operation = self.get_object(request, object_id)
        if operation is None:
            return super().change_view(request, object_id, form_url, extra_context)
        return HttpResponseRedirect(report_url(operation))

    # ------------------------------------------------------------ plan, confirm, discard

    def plan_page(self, request: HttpRequest, uuid: Any) -> HttpResponse:
        operation = self._visible(request, uuid)
        if operation.state != Operation.State.PLANNED:
            return HttpResponseRedirect(report_url(operation))
        return self._plan_page(request, operation)

    def _plan_page(
        self, request: HttpRequest, operation: Operation, error: str = "", differences: Any = (), status: int = 200
    ) -> HttpResponse:
        kind = kind_of(operation)
        lines = summary(operation) if kind else []
        to_do = sum(line.number for line in lines if not line.skipped)
        return TemplateResponse(
            request,
            "playback/plan.html",
            {
                **self._context(request, operation, kind),
                "lines": lines,
                "to_do": to_do,
                "total": sum(line.number for line in lines),
                "notes": [reasons.text(note) for note in operation.notes],
                "page": self._items(request, operation, kind, ""),
                "error": error,
                "differences": differences,
                "seen_plan": operation.planned_at.isoformat(),
                "mine": may_decide(request, operation),
                "back": actions.back_of(request),
                "destructive": bool(kind and kind.destructive),
            },
            status=status,
        )

    def confirm(self, request: HttpRequest, uuid: Any) -> HttpResponse:
        """Start what the plan says. A second click finds it started, and lands on the same report."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        operation = self._visible(request, uuid)
        if operation.state != Operation.State.PLANNED:
            return HttpResponseRedirect(report_url(operation))
        typed = request.POST.get("typed_count", "").strip().replace(",", "").replace("，", "")
        try:
            execute.confirm(
                operation,
                request.user,
                typed_count=int(typed) if typed.isdecimal() and len(typed) < 10 else None,
                seen_plan=request.POST.get("seen_plan"),
            )
        except PlanChanged as changed:
            operation.refresh_from_db()
            sentence = gettext("Something changed since this plan was made. It was made anew: look at it again.")
            return self._plan_page(request, operation, sentence, changed.differences, status=409)
        except OperationInvalid as invalid:
            operation.refresh_from_db()
            if operation.state != Operation.State.PLANNED:
                return HttpResponseRedirect(report_url(operation))
            return self._plan_page(request, operation, " ".join(actions.sentences(invalid)), status=422)
        return HttpResponseRedirect(report_url(operation))

    def discard(self, request: HttpRequest, uuid: Any) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        operation = self._visible(request, uuid)
        try:
            execute.discard(operation, request.user)
        except OperationInvalid as invalid:
            for sentence in actions.sentences(invalid):
                messages.error(request, sentence)
            return HttpResponseRedirect(report_url(operation))
        messages.success(request, gettext("The plan was discarded. Nothing was changed."))
        return HttpResponseRedirect(actions.back_of(request))

    # ------------------------------------------------------------ progress and report

    def report(self, request: HttpRequest, uuid: Any) -> HttpResponse:
        operation = self._visible(request, uuid)
        if operation.state == Operation.State.PLANNED:
            return HttpResponseRedirect(reverse("admin:playback_operation_plan", args=[operation.uuid]))
        return TemplateResponse(request, "playback/report.html", self._report_context(request, operation))

    def progress(self, request: HttpRequest, uuid: Any) -> HttpResponse:
        """The part of the report that renews itself. Without ``polling`` in it once nothing moves any more."""
        operation = self._visible(request, uuid)
        response = TemplateResponse(request, "playback/progress.html", self._report_context(request, operation))
        response["Cache-Control"] = "no-store"
        return response

    def _report_context(self, request: HttpRequest, operation: Operation) -> dict[str, Any]:
        kind = kind_of(operation)
        counted = {str(outcome): many for outcome, many in execute.counts(operation).items() if many}
        total = sum(counted.values())
        waiting = operation.items.filter(finished_at=None).count()
        wanted = request.GET.get("outcome", "")
        wanted = wanted if wanted in OperationItem.Outcome.values else ""
        return {
            **self._context(request, operation, kind),
            "total": total,
            "finished": total - waiting,
            "percent": 100 if not total else (total - waiting) * 100 // total,
            "outcomes": [
                {
                    "value": outcome.value,
                    "badge": display.outcome_badge(outcome.value),
                    "count": counted[outcome.value],
                    "share": counted[outcome.value] * 100 / total,
                    "tone": display.OUTCOME_LOOKS[outcome][0],
                }
                for outcome in OperationItem.Outcome
                if counted.get(outcome.value)
            ],
            "wanted": wanted,
            "page": self._items(request, operation, kind, wanted),
            # Unknown items are still being settled; the page keeps looking until the operation is over.
            "polling": operation.state in OPEN_STATES,
            "progress_url": reverse("admin:playback_operation_progress", args=[operation.uuid]),
        }

    def _context(self, request: HttpRequest, operation: Operation, kind: OperationKind | None) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "is_fullwidth": "1",
            "title": title_of(operation),
            "operation": operation,
            "kind": kind,
            "person": person_of(operation),
            "confirmed_by": operation.confirmed_by.get_username() if operation.confirmed_by else person_of(operation),
            "state": display.operation_badge(operation),
            "described": kind.describe(operation.parameters) if kind else [],
            "planned_at": display.beijing(operation.created_at),
            "confirmed_at": display.beijing(operation.confirmed_at),
            "took": self.took(operation),
        }

    def _items(self, request: HttpRequest, operation: Operation, kind: OperationKind | None, outcome: str) -> Any:
        items = operation.items.select_related("recording", "recording__room").order_by("position")
        if outcome:
            items = items.filter(outcome=outcome)
        page = Paginator(items, PER_PAGE).get_page(request.GET.get("p"))
        shown: list[Any] = list(page.object_list)
        for item in shown:
            item.badge = display.outcome_badge(item.outcome)
            item.changes = kind.changes(item.change) if kind else []
            item.sentences = [words for words in (reasons.text(item.reason), reasons.text(item.note)) if words]
            item.vendor_words = reasons.vendor_words(item.reason)
        page.object_list = shown
        return page

    def _visible(self, request: HttpRequest, uuid: Any) -> Operation:
        """One's own operations, and everybody's for those who may view operations."""
        operation = get_object_or_404(
            Operation.objects.defer("attachment").select_related("user", "confirmed_by"), uuid=uuid
        )
        if operation.user_id != request.user.pk and not self.has_view_permission(request, operation):
            raise PermissionDenied
        return operation


def kind_of(operation: Operation) -> OperationKind | None:
    """None for a kind that this release no longer has: its reports stay readable."""
    return registry.kinds().get(operation.kind)


def person_of(operation: Operation) -> str:
    return operation.user.get_username() if operation.user else gettext("(a deleted person)")


def may_decide(request: HttpRequest, operation: Operation) -> bool:
    """By whoever made the plan, or by those who may do it for all; the engine asks again."""
    return operation.user_id == request.user.pk or request.user.has_perm("playback.confirm_any_operation")


def report_url(operation: Operation) -> str:
    return reverse("admin:playback_operation_report", args=[operation.uuid])
