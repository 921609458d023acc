"""Operations: the list, the plan to confirm, the progress while it runs, and the report that remains."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display as column

from playback import display
from playback.models import Operation, OperationItem
from playback.operations import belief, execute, reasons, registry
from playback.operations.base import OperationInvalid, OperationKind, PlanChanged
from playback.operations.plan import check_permission, summary
from playback.templatetags.playback_display import operation_title as title_of

from . import actions, spreadsheet
from .base import ReadOnlyAdmin
from .filters import BeijingDaysFilter, ChoicesDropdownFilter, titled
from .made import link_versions

PER_PAGE = 50
OPEN_STATES = (Operation.State.QUEUED, Operation.State.RUNNING, Operation.State.PAUSED)
STEERS = {"pause": execute.pause, "resume": execute.resume, "cancel": execute.cancel}
NOT_SHOWN = "not_shown"  # beside the outcomes: done, and the vendor does not show it
AGAIN = {"undo": execute.plan_undo, "retry": execute.plan_retry}


class KindFilter(DropdownFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, kind.title) for name, kind in registry.kinds().items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class NotShownFilter(DropdownFilter):
    """What the vendor took and does not show (``operations.belief``)."""

    title = _("effect at the vendor")
    parameter_name = "shown"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("Not shown by the vendor"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(pk__in=belief.not_shown().values("operation")) if self.value() == "no" else queryset


@admin.register(Operation)
class OperationAdmin(ReadOnlyAdmin):
    list_display = ["what", "person", "state_label", "counts", "planned", "took"]
    list_display_links = ["what"]
    list_filter = [
        KindFilter,
        ("state", ChoicesDropdownFilter),
        ("created_at", titled(BeijingDaysFilter, _("day of the plan"))),
        NotShownFilter,
    ]
    list_select_related = ["user"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("attachment")

    def decorate(self, rows: list[Any]) -> None:
        """The counts of the shown operations alone, in one query: operations may have thousands of items."""
        counted = (
            OperationItem.objects.filter(operation__in=[row.pk for row in rows])
            .order_by()
            .values_list("operation_id", "outcome")
            .annotate(many=Count("pk"), missed=Count("pk", filter=Q(missing__isnull=False)))
        )
        tally: dict[int, dict[str, int]] = {}
        missed: dict[int, int] = {}
        for operation, outcome, many, not_shown in counted:
            tally.setdefault(operation, {})[outcome] = many
            missed[operation] = missed.get(operation, 0) + not_shown
        for row in rows:
            row.tally = tally.get(row.pk, {})
            row.missed = missed.get(row.pk, 0)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<uuid:uuid>/plan/", view(self.plan_page), name="playback_operation_plan"),
            path("<uuid:uuid>/confirm/", view(self.confirm), name="playback_operation_confirm"),
            path("<uuid:uuid>/anew/", view(self.anew), name="playback_operation_anew"),
            path("<uuid:uuid>/discard/", view(self.discard), name="playback_operation_discard"),
            path("<uuid:uuid>/preparation/", view(self.preparation), name="playback_operation_preparation"),
            path("<uuid:uuid>/progress/", view(self.progress), name="playback_operation_progress"),
            path("<uuid:uuid>/report.xlsx", view(self.download), name="playback_operation_download"),
            path("<uuid:uuid>/steer/<slug:how>/", view(self.steer), name="playback_operation_steer"),
            path("<uuid:uuid>/again/<slug:how>/", view(self.again), name="playback_operation_again"),
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

    @column(description=_("by outcome"))
    def counts(self, operation: Any) -> Any:
        told = [
            (label, operation.tally[value])
            for value, label in OperationItem.Outcome.choices
            if value in operation.tally
        ]
        counts = format_html_join(" · ", "{} {}", told) if told else display.EMPTY
        return display.lines([counts, not_shown_badge(operation.missed)]) if operation.missed else counts

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
        if operation.state == Operation.State.PREPARING:
            return TemplateResponse(request, "playback/preparing.html", self._preparation_context(request, operation))
        if operation.state != Operation.State.PLANNED:
            return HttpResponseRedirect(report_url(operation))
        return self._plan_page(request, operation)

    def preparation(self, request: HttpRequest, uuid: Any) -> HttpResponse:
        """How far the vendor was asked for the plan; once that is done, the browser is sent to the plan."""
        operation = get_object_or_404(Operation.objects.defer("attachment"), uuid=uuid)
        self._check_visible(request, operation)
        if operation.state != Operation.State.PREPARING:
            response = HttpResponse(status=204)
            response["HX-Refresh"] = "true"
            return response
        context = self._preparation_context(request, operation)
        return TemplateResponse(request, "playback/preparation.html", context, headers={"Cache-Control": "no-store"})

    def _preparation_context(self, request: HttpRequest, operation: Operation) -> dict[str, Any]:
        total = operation.items.count()
        read = operation.items.exclude(known={}).count()
        return {
            **self._context(request, operation, kind_of(operation)),
            "total": total,
            "read": read,
            "percent": read * 100 // max(total, 1),
            "mine": may_decide(request, operation),
            "back": actions.back_of(request),
            "preparation_url": reverse("admin:playback_operation_preparation", args=[operation.uuid]),
        }

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
                "unread": kind is not None and kind.reads and execute.unread(operation).exists(),
                "seen_plan": operation.planned_at.isoformat(),
                "mine": may_decide(request, operation),
                "back": actions.back_of(request),
                "destructive": bool(kind and kind.destructive and not operation.undoes_id),
                "outlook": execute.outlook(operation, to_do),
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

    def anew(self, request: HttpRequest, uuid: Any) -> HttpResponse:
        """Ask the vendor again for what it did not tell the plan."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        operation = self._visible(request, uuid)
        try:
            execute.plan_anew(operation, request.user)
        except OperationInvalid as invalid:
            for sentence in actions.sentences(invalid):
                messages.error(request, sentence)
        return HttpResponseRedirect(f"{plan_url(operation)}?{actions.back_query(actions.back_of(request))}")

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
        if operation.state in (Operation.State.PLANNED, Operation.State.PREPARING):
            return HttpResponseRedirect(plan_url(operation))
        return TemplateResponse(request, "playback/report.html", self._report_context(request, operation))

    def progress(self, request: HttpRequest, uuid: Any) -> HttpResponse:
        """The part of the report that renews itself. Without ``polling`` in it once nothing moves any more."""
        operation = self._visible(request, uuid)
        response = TemplateResponse(request, "playback/progress.html", self._report_context(request, operation))
        response["Cache-Control"] = "no-store"
        return response

    def steer(self, request: HttpRequest, uuid: Any, how: str) -> HttpResponse:
        """Pause, go on, cancel what has not started; the engine asks for the right."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if how not in STEERS:
            raise Http404
        operation = self._visible(request, uuid)
        try:
            cancelled = STEERS[how](operation, request.user)
        except OperationInvalid as invalid:
            for sentence in actions.sentences(invalid):
                messages.warning(request, sentence)
        else:
            if cancelled is not None:
                sentence = ngettext(
                    "%(count)d that had not started was cancelled.",
                    "%(count)d that had not started were cancelled.",
                    cancelled,
                )
                messages.success(request, sentence % {"count": cancelled})
        return HttpResponseRedirect(report_url(operation))

    def again(self, request: HttpRequest, uuid: Any, how: str) -> HttpResponse:
        """Plan an undo of this operation, or another try of what it did not get done."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if how not in AGAIN:
            raise Http404
        operation = self._visible(request, uuid)
        try:
            planned = AGAIN[how](operation, request.user)
        except OperationInvalid as invalid:
            for sentence in actions.sentences(invalid):
                messages.error(request, sentence)
            return HttpResponseRedirect(report_url(operation))
        return HttpResponseRedirect(f"{plan_url(planned)}?{actions.back_query(report_url(operation))}")

    def download(self, request: HttpRequest, uuid: Any) -> HttpResponse:
        """The report as XLSX: every item, with the outcome that is asked for."""
        operation = self._visible(request, uuid)
        kind = kind_of(operation)
        items = operation.items.select_related("recording", "recording__room").order_by("position")
        items = _narrowed(items, _wanted(request))
        alone = kind is not None and kind.targetless
        header = [
            gettext("Target") if alone else gettext("Recording"),
            gettext("Room"), gettext("Vendor's id"), gettext("Outcome"), gettext("Change"),
            gettext("What happened"), gettext("The vendor said"), gettext("Ended (Beijing)"),
        ]  # fmt: skip
        rows = (
            [
                item.label,
                str(item.recording.room) if item.recording else "",
                item.recording.vendor_key if item.recording else "",
                item.get_outcome_display(),
                "; ".join(f"{label}: {old} → {new}" for label, old, new in kind.changes(item.change)) if kind else "",
                " ".join(told(item)),
                reasons.vendor_words(item.reason) or reasons.vendor_words(item.note),
                item.finished_at,
            ]
            for item in items.iterator(chunk_size=2000)
        )
        name = f"{operation.kind}-{timezone.localtime(operation.created_at):%Y%m%d-%H%M}"
        return spreadsheet.response(name, title_of(operation), header, rows)

    def _report_context(self, request: HttpRequest, operation: Operation) -> dict[str, Any]:
        kind = kind_of(operation)
        counted = {str(outcome): many for outcome, many in execute.counts(operation).items() if many}
        total = sum(counted.values())
        waiting = operation.items.filter(finished_at=None).count()
        wanted = _wanted(request)
        polling = operation.state in OPEN_STATES
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
            # Full passes tell, long after.
            "not_shown": 0 if polling else _narrowed(operation.items.all(), NOT_SHOWN).count(),
            "not_shown_badge": not_shown_badge(),
            "wanted": wanted,
            "page": self._items(request, operation, kind, wanted),
            # Unknown items are still being settled; the page keeps looking until the operation is over.
            "polling": polling,
            "outlook": execute.outlook(operation, waiting, total - waiting - counted.get("skipped", 0)),
            "may_steer": operation.state in OPEN_STATES and execute.may_steer(operation, request.user),
            "paused": operation.state == Operation.State.PAUSED,
            "stoppable": counted.get("planned", 0),
            "failures": 0
            if waiting
            else sum(counted.get(outcome, 0) for outcome in ("refused", "cancelled", "unknown")),
            "may_retry": kind is not None and _may_plan(request, kind, undoing=operation.undoes_id is not None),
            "may_undo": kind is not None and execute.undoable(operation) and _may_plan(request, kind, undoing=True),
            "related": self._related(operation),
            "progress_url": reverse("admin:playback_operation_progress", args=[operation.uuid]),
        }

    def _related(self, operation: Operation) -> list[tuple[str, str, str]]:
        """The operations that this one takes back or tries again, and those that do so with it: words, title, url."""
        pairs = [(gettext("Takes back:"), operation.undoes), (gettext("Tries again:"), operation.retries)]
        later = Operation.objects.defer("attachment").exclude(state__in=["planned", "preparing"])
        pairs += [(gettext("Taken back by:"), row) for row in later.filter(undoes=operation, retries=None)[:5]]
        pairs += [(gettext("Tried again by:"), row) for row in later.filter(retries=operation)[:5]]
        return [
            (words, f"{title_of(row)}, {display.beijing(row.created_at)}", report_url(row))
            for words, row in pairs
            if row is not None
        ]

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
            "selection": unquote_plus(operation.selection),
            "described": kind.describe(operation.parameters) if kind else [],
            "planned_at": display.beijing(operation.created_at),
            "confirmed_at": display.beijing(operation.confirmed_at),
            "took": self.took(operation),
        }

    def _items(self, request: HttpRequest, operation: Operation, kind: OperationKind | None, outcome: str) -> Any:
        items = operation.items.select_related("recording", "recording__room").order_by("position")
        page = Paginator(_narrowed(items, outcome), PER_PAGE).get_page(request.GET.get("p"))
        shown: list[Any] = list(page.object_list)
        for item in shown:
            item.badge = display.outcome_badge(item.outcome)
            if item.missing:
                item.badge = display.lines([item.badge, not_shown_badge()])
            item.changes = kind.changes(item.change) if kind else []
            item.sentences = told(item)
            item.vendor_words = reasons.vendor_words(item.reason) or reasons.vendor_words(item.note)
        link_versions(shown)
        page.object_list = shown
        return page

    def _visible(self, request: HttpRequest, uuid: Any) -> Operation:
        """One's own operations, and everybody's for those who may view operations."""
        operation = get_object_or_404(
            Operation.objects.defer("attachment", "undoes__attachment", "retries__attachment").select_related(
                "user", "confirmed_by", "undoes", "retries"
            ),
            uuid=uuid,
        )
        self._check_visible(request, operation)
        return operation

    def _check_visible(self, request: HttpRequest, operation: Operation) -> None:
        if operation.user_id != request.user.pk and not self.has_view_permission(request, operation):
            raise PermissionDenied


def _may_plan(request: HttpRequest, kind: OperationKind, *, undoing: bool) -> bool:
    try:
        check_permission(kind, request.user, undoing=undoing)
    except PermissionDenied:
        return False
    return True


def _wanted(request: HttpRequest) -> str:
    """Which items a report is narrowed to: an outcome's, or those that the vendor does not show; empty: all."""
    wanted = request.GET.get("outcome", "")
    return wanted if wanted in {*OperationItem.Outcome.values, NOT_SHOWN} else ""


def _narrowed(items: QuerySet[OperationItem], wanted: str) -> QuerySet[OperationItem]:
    if wanted == NOT_SHOWN:
        return items.filter(missing__isnull=False)
    return items.filter(outcome=wanted) if wanted else items


def told(item: OperationItem) -> list[str]:
    """What is said of an item, in the reader's language."""
    beside = belief.told(item, kind_of(item.operation)) if item.missing else ""
    return [words for words in (reasons.text(item.reason), reasons.text(item.note), beside) if words]


def not_shown_badge(many: int = 1) -> Any:
    """An item that is done and not shown, or how many of an operation's."""
    words = gettext("Not shown by the vendor")
    return display.badge(f"{words} {many}" if many > 1 else words, "warning", "cloud_off")


def kind_of(operation: Operation) -> OperationKind | None:
    """None for a kind that this release no longer has: its reports stay readable."""
    return registry.kinds().get(operation.kind)


def person_of(operation: Operation) -> str:
    if operation.user is None and operation.automatic:
        return gettext("(the schedule)")
    return operation.user.get_username() if operation.user else gettext("(a deleted person)")


def may_decide(request: HttpRequest, operation: Operation) -> bool:
    """By whoever made the plan, or by those who may do it for all; the engine asks again."""
    return operation.user_id == request.user.pk or request.user.has_perm("playback.confirm_any_operation")


def plan_url(operation: Operation) -> str:
    return reverse("admin:playback_operation_plan", args=[operation.uuid])


def report_url(operation: Operation) -> str:
    return reverse("admin:playback_operation_report", args=[operation.uuid])
