"""From a selection to a plan: the only way in which these pages change anything at the vendor.

A button or a list action never acts. It re-selects the recordings inside ``get_queryset(request)`` with the list's
filters, asks for what the kind of operation needs to know (a form, for some), and stores a plan; the plan's page then
shows what would happen, and confirming it is a POST of its own. Rights are asked for here, and again by the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from playback.models import Operation, Recording
from playback.operations import execute, registry
from playback.operations.base import OperationInvalid, OperationKind

from . import forms

SUBMITTED = "_planned"  # the form's own submit; without it the form is shown for the first time
PREVIEW = "_preview"  # the form asks what it would do, while it is being filled in
PREVIEWED = 8

FIELD_OF = {"name": "name", "pattern": "name", "cover": "cover"}  # the engine's field → the form's

# Order, icon and tone of the buttons; kinds that are registered later come after these.
_LOOKS = {
    "publish": ("visibility", "default"),
    "block": ("visibility_off", "default"),
    "rename": ("edit", "default"),
    "refresh": ("refresh", "default"),
    "delete": ("delete", "danger"),
}


@dataclass(frozen=True, slots=True)
class Button:
    kind: str
    title: str
    url: str
    icon: str
    tone: str


def permitted(request: HttpRequest) -> list[OperationKind]:
    """The kinds that this person may run, in the order of the buttons."""
    order = list(_LOOKS)
    kinds = [kind for kind in registry.kinds().values() if request.user.has_perm(kind.permission)]
    return sorted(kinds, key=lambda kind: (order.index(kind.kind) if kind.kind in order else len(order), kind.kind))


def for_selection(request: HttpRequest) -> dict[str, tuple[Callable[..., Any], str, str]]:
    """Django's shape of a list's actions. The titles are formatted by Django, hence the doubled percent signs."""
    return {kind.kind: (_action_of(kind), kind.kind, str(kind.title).replace("%", "%%")) for kind in permitted(request)}


def _action_of(kind: OperationKind) -> Callable[..., HttpResponse]:
    def act(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        hidden = [(name, value) for name in ("action", "select_across", "index") for value in _posted(request, name)]
        hidden += [(ACTION_CHECKBOX_NAME, pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)]
        return begin(model_admin, request, kind, queryset, hidden, request.get_full_path())

    return act


def _posted(request: HttpRequest, name: str) -> list[str]:
    """The last value, as the list itself reads it."""
    values = request.POST.getlist(name)
    return [str(value) for value in values[-1:]]


def for_one(model_admin: Any, request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The buttons of one recording's page."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        chosen = registry.get(kind)
    except KeyError:
        raise Http404 from None
    recording = get_object_or_404(model_admin.get_queryset(request), pk=pk)
    queryset = model_admin.get_queryset(request).filter(pk=recording.pk)
    back = reverse("admin:playback_recording_change", args=[pk])
    return begin(model_admin, request, chosen, queryset, [], back)


def begin(
    model_admin: Any,
    request: HttpRequest,
    kind: OperationKind,
    queryset: QuerySet[Any],
    hidden: Sequence[tuple[str, str]],
    back: str,
) -> HttpResponse:
    """Show the kind's form or, with all that is needed, store the plan and go to it."""
    if not request.user.has_perm(kind.permission):
        raise PermissionDenied
    form_class = forms.FORMS.get(kind.kind)
    form = None
    if form_class is not None:
        sent = SUBMITTED in request.POST or PREVIEW in request.POST
        form = form_class(request.POST, request.FILES) if sent else form_class()
        if PREVIEW in request.POST:
            return _preview(request, form, queryset)
        if not sent or not form.is_valid():
            return _form_page(model_admin, request, kind, form, queryset, hidden, back)
    try:
        operation = execute.plan(
            kind.kind,
            request.user,
            queryset,
            form.parameters() if form else {},
            form.attachment() if form else None,
        )
    except OperationInvalid as invalid:
        if form is not None:
            for name, sentence in invalid.errors.items():
                form.add_error(FIELD_OF.get(name), sentence)
            return _form_page(model_admin, request, kind, form, queryset, hidden, back)
        for sentence in invalid.errors.values():
            messages.error(request, sentence)
        return HttpResponseRedirect(back)
    return HttpResponseRedirect(f"{reverse('admin:playback_operation_plan', args=[operation.uuid])}?{back_query(back)}")


def _form_page(
    model_admin: Any,
    request: HttpRequest,
    kind: OperationKind,
    form: Any,
    queryset: QuerySet[Any],
    hidden: Sequence[tuple[str, str]],
    back: str,
) -> HttpResponse:
    first = list(queryset[: PREVIEWED + 1])
    return TemplateResponse(
        request,
        f"playback/forms/{kind.kind}.html",
        {
            **model_admin.admin_site.each_context(request),
            "opts": Operation._meta,
            "title": kind.title,
            "kind": kind,
            "form": form,
            "hidden": hidden,
            "here": request.get_full_path(),
            "back": back,
            "targets": first[:PREVIEWED],
            "more_targets": len(first) > PREVIEWED,
            "single": first[0] if len(first) == 1 else None,
            "submitted": SUBMITTED,
            "preview_name": PREVIEW,
        },
    )


def _preview(request: HttpRequest, form: Any, queryset: QuerySet[Any]) -> HttpResponse:
    """The first few results of a form that is being filled in."""
    rows, error = forms.preview(form, queryset, PREVIEWED)
    return TemplateResponse(request, "playback/forms/preview.html", {"rows": rows, "error": error})


def buttons(request: HttpRequest, recording: Recording) -> list[Button]:
    """What this person can do to this recording in its present state."""
    return [
        Button(
            kind.kind,
            str(kind.verb),
            reverse("admin:playback_recording_operate", args=[recording.pk, kind.kind]),
            *_LOOKS.get(kind.kind, ("bolt", "default")),
        )
        for kind in permitted(request)
        if _applies(kind, recording)
    ]


def _applies(kind: OperationKind, recording: Recording) -> bool:
    """A button that could only be skipped is not offered."""
    if recording.gone_at is not None:
        return kind.takes_gone
    if kind.kind == "publish":
        return recording.is_ready and recording.publish_status != 1
    if kind.kind == "block":
        return recording.is_ready and not recording.is_blocked
    return True


def back_query(back: str) -> str:
    return urlencode({"back": back})


def back_of(request: HttpRequest) -> str:
    """Where the person came from: a page of our own, or the list of recordings."""
    wanted = request.POST.get("back") or request.GET.get("back") or ""
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return reverse("admin:playback_recording_changelist")


def sentences(invalid: OperationInvalid) -> list[str]:
    return list(invalid.errors.values()) or [gettext("This cannot be done.")]
