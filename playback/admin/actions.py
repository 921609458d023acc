"""From a selection to a plan: the only way in which these pages change anything at the vendor.

A button or a list action never acts. It re-selects the recordings inside ``get_queryset(request)`` with the list's
filters, asks for what the kind of operation needs to know (a form, for some), and stores a plan; the plan's page then
shows what would happen, and confirming it is a POST of its own. Rights are asked for here, and again by the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from django.utils.translation import gettext_lazy as _lazy

from playback.models import Operation, Recording
from playback.operations import execute, registry
from playback.operations.base import OperationInvalid, OperationKind

from . import forms

SUBMITTED = "_planned"  # the form's own submit; without it the form is shown for the first time
PREVIEW = "_preview"  # the form asks what it would do, while it is being filled in
PREVIEWED = 8

MAIN = "main"  # the group of kinds with a button of their own


@dataclass(frozen=True, slots=True)
class Button:
    kind: str
    title: str
    url: str
    icon: str
    tone: str


@dataclass(frozen=True, slots=True)
class Menu:
    """Buttons under a heading of the page's menu."""

    title: str
    buttons: list[Button]


# The headings of the menu, in its order; a kind names its heading as ``group``.
GROUPS = {
    "versions": _lazy("Versions"),
    "content": _lazy("Content"),
    "video": _lazy("Plain video"),
    "keeping": _lazy("Keeping"),
    "people": _lazy("Viewers"),
    "more": _lazy("More"),
}


def permitted(request: HttpRequest) -> list[OperationKind]:
    """The kinds on recordings that this person may run, in the order of the buttons."""
    kinds = [kind for kind in registry.kinds().values() if request.user.has_perm(kind.permission)]
    return sorted((kind for kind in kinds if not kind.targetless), key=lambda kind: (kind.rank, kind.kind))


def for_selection(request: HttpRequest) -> dict[str, tuple[Callable[..., Any], str, str]]:
    """Django's shape of a list's actions. The titles are formatted by Django, hence the doubled percent signs."""
    return {
        kind.kind: (_action_of(kind), kind.kind, str(kind.title).replace("%", "%%"))
        for kind in permitted(request)
        if kind.in_lists and not kind.only_one
    }


def _action_of(kind: OperationKind) -> Callable[..., HttpResponse]:
    def act(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        selection = request.GET.urlencode() if request.POST.get("select_across") == "1" else ""
        return begin(model_admin, request, kind, queryset, carried(request), request.get_full_path(), selection)

    return act


def carried(request: HttpRequest) -> list[tuple[str, str]]:
    """The list's own fields, for the hidden ones of a page that comes back to the same action."""
    hidden = [(name, value) for name in ("action", "select_across", "index") for value in _posted(request, name)]
    return hidden + [(ACTION_CHECKBOX_NAME, pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)]


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
    selection: str = "",
) -> HttpResponse:
    """Show the kind's form or, with all that is needed, store the plan and go to it.

    ``selection`` is the list's query string where all that match it were selected.
    """
    if not request.user.has_perm(kind.permission):
        raise PermissionDenied
    form_class = forms.form_of(kind.kind)
    form = None
    if form_class is not None:
        sent = SUBMITTED in request.POST or PREVIEW in request.POST
        first = list(queryset[:2])
        single = first[0] if len(first) == 1 else None
        form = form_class(request.POST, request.FILES, single=single) if sent else form_class(single=single)
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
            selection=selection,
        )
    except OperationInvalid as invalid:
        if form is not None:
            form.refuse(invalid.errors)
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
        [f"playback/forms/{kind.kind}.html", "playback/forms/form.html"],
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
            **form.extra_context(),
        },
    )


def _preview(request: HttpRequest, form: Any, queryset: QuerySet[Any]) -> HttpResponse:
    """The first few results of a form that is being filled in."""
    rows, error = forms.preview(form, queryset, PREVIEWED)
    return TemplateResponse(request, "playback/forms/preview.html", {"rows": rows, "error": error})


def buttons(request: HttpRequest, recording: Recording) -> list[Button]:
    """What this person can do to this recording in its present state, by buttons of the page's head."""
    return [_button(kind, recording) for kind in _applicable(request, recording) if kind.group == MAIN]


def menus(
    request: HttpRequest, recording: Recording, beside: Mapping[str, Sequence[Button]] | None = None
) -> list[Menu]:
    """What else, under headings. ``beside``: buttons of what is no operation, by heading."""
    by_group: dict[str, list[Button]] = {group: list(buttons) for group, buttons in (beside or {}).items()}
    for kind in _applicable(request, recording):
        if kind.group != MAIN:
            by_group.setdefault(kind.group if kind.group in GROUPS else "more", []).append(_button(kind, recording))
    return [Menu(str(title), by_group[group]) for group, title in GROUPS.items() if group in by_group]


def _applicable(request: HttpRequest, recording: Recording) -> list[OperationKind]:
    """A button that could only be skipped is not offered."""
    return [
        kind
        for kind in permitted(request)
        if (kind.takes_gone if recording.gone_at is not None else kind.offered(recording))
    ]


def _button(kind: OperationKind, recording: Recording) -> Button:
    url = reverse("admin:playback_recording_operate", args=[recording.pk, kind.kind])
    return Button(kind.kind, str(kind.verb), url, kind.icon, "danger" if kind.destructive else "default")


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
