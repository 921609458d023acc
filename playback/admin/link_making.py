"""The pages that make play links: a form, what will be made, and the links, which are shown this once.

Three steps of one address. The first two change nothing. The last is a POST whose answer is the only place where a
link ever stands: a page for one recording, an XLSX file for a selection; it is not to be stored, and a form that is
sent again (a second click, a reload) is told that its links are gone.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import redis
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from playback.models import PlayLink, Recording
from playback.play_links import ledger, making
from playback.play_links.making import MOST_RECORDINGS, PERMISSION, SENTENCES, Result, Why

from . import actions, spreadsheet
from .link_form import OneRecordingForm, SelectionForm, TermsForm

TITLE = _("Make play links")
REVIEW, MAKE, EDIT = "_review", "_make", "_edit"  # the buttons
KEY, SEEN = "_key", "_seen"  # this form, and the plan that it showed
SHOWN = 100  # rows of a plan
Planned = Sequence[tuple[Recording, Why | None]]


def may_make(request: HttpRequest) -> bool:
    return request.user.has_perm(PERMISSION)


def list_actions(request: HttpRequest) -> dict[str, tuple[Callable[..., Any], str, str]]:
    """The list's action, as Django has them, for those who may."""
    if not may_make(request):
        return {}
    return {"play_links": (for_selection, "play_links", gettext("Make play links (XLSX)"))}


def menu_buttons(request: HttpRequest, recording: Recording) -> dict[str, list[actions.Button]]:
    """The button of one recording's menu, under its heading."""
    if not may_make(request) or recording.gone_at is not None:
        return {}
    return {"people": [actions.Button("play_links", str(TITLE), url_of(recording), "add_link", "default")]}


def url_of(recording: Recording) -> str:
    return reverse("admin:playback_recording_links", args=[recording.pk])


def for_one(model_admin: Any, request: HttpRequest, pk: int) -> HttpResponse:
    """Links of one recording, each for somebody."""
    if request.method not in {"GET", "HEAD", "POST"}:
        return HttpResponseNotAllowed(["GET", "POST"])
    recording = get_object_or_404(model_admin.get_queryset(request), pk=pk)
    if not model_admin.has_view_permission(request, recording) or not may_make(request):
        raise PermissionDenied
    back = reverse("admin:playback_recording_change", args=[pk])
    page = _Page(model_admin, request, back, recording=recording)
    if not page.sent:
        return page.form(OneRecordingForm())
    form = OneRecordingForm(request.POST)
    if not form.is_valid() or EDIT in request.POST:
        return page.form(form)
    viewers = form.cleaned_data["viewers"]
    until = form.terms.until(timezone.now())
    ((_recording, why),) = making.plan([recording])
    facts = {
        "viewers": viewers,
        "count": len(viewers),
        "until": until,
        "warning": SENTENCES[why] if why else "",
        "ends_sooner": int(_ends_sooner(recording, until)),
    }
    if MAKE not in request.POST:
        return page.review(form, facts)
    if refused := page.refused(form, facts):
        return refused
    return page.results(making.make_for_one(request.user, recording, viewers, form.terms))


def for_selection(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
    """A link of each selected recording, as a file. The list's action, which re-selects them for each step."""
    if not may_make(request):
        raise PermissionDenied
    back = request.get_full_path()
    recordings = list(queryset[: MOST_RECORDINGS + 1])
    if len(recordings) > MOST_RECORDINGS:
        sentence = gettext(
            "Links are made for at most %(most)s recordings at once. Narrow the selection with the filters."
        )
        messages.error(request, sentence % {"most": f"{MOST_RECORDINGS:,}"})
        return HttpResponseRedirect(back)
    page = _Page(model_admin, request, back, hidden=actions.carried(request), selected=len(recordings))
    planned = making.plan(recordings)
    if not page.sent:
        return page.form(SelectionForm(), _summary(planned))
    form = SelectionForm(request.POST)
    if not form.is_valid() or EDIT in request.POST:
        return page.form(form, _summary(planned))
    facts = {**_summary(planned), **_details(planned, form), SEEN: _digest(planned)}
    if MAKE not in request.POST:
        return page.review(form, facts)
    if request.POST.get(SEEN) != facts[SEEN]:
        sentence = gettext("Something changed since this plan was made. It was made anew: look at it again.")
        return page.review(form, facts, sentence, status=409)
    if refused := page.refused(form, facts):
        return refused
    results = making.make_for_many(request.user, [recording for recording, _why in planned], form.viewer, form.terms)
    return _file(results) if any(result.made for result in results) else page.results(results)


class _Page:
    """The steps' pages: what they have in common."""

    def __init__(self, model_admin: Any, request: HttpRequest, back: str, **context: Any) -> None:
        self.request = request
        self.context = {
            **model_admin.admin_site.each_context(request),
            "opts": PlayLink._meta,
            "title": TITLE,
            "here": request.get_full_path(),
            "back": back,
            "may_see_ledger": request.user.has_perm("playback.view_playlink"),
            **context,
        }

    @property
    def sent(self) -> bool:
        """One of the form's own buttons was pressed; a menu's button only opens the form."""
        return self.request.method == "POST" and not {REVIEW, MAKE, EDIT}.isdisjoint(self.request.POST)

    def form(self, form: TermsForm, facts: dict[str, Any] | None = None) -> HttpResponse:
        return self._answer("form", {"form": form, **(facts or {})})

    def review(self, form: TermsForm, facts: dict[str, Any], error: str = "", status: int = 200) -> HttpResponse:
        """What will be made. Its form is good for one making."""
        carried = [*form.carried(), (KEY, uuid4().hex)]
        if SEEN in facts:
            carried.append((SEEN, facts[SEEN]))
        return self._answer("review", {"carried": carried, "terms": form.terms, "error": error, **facts}, status)

    def refused(self, form: TermsForm, facts: dict[str, Any]) -> HttpResponse | None:
        """The answer to a form that makes nothing: it was sent before, or there is no store to tell by."""
        try:
            if ledger.claim(self.request.POST.get(KEY, "")):
                return None
        except redis.RedisError:
            sentence = gettext("Nothing was made: the store of the call budget does not answer. Try again in a moment.")
            return self.review(form, facts, sentence, status=503)
        return self._answer("used", {}, 409)

    def results(self, results: Sequence[Result]) -> HttpResponse:
        """The links of one recording; or why there is none, of any selection."""
        made = [result for result in results if result.made]
        return self._answer(
            "made",
            {
                "results": results[:SHOWN],
                "more": len(results) - len(results[:SHOWN]),
                "made_count": len(made),
                "refused_count": len(results) - len(made),
                "one_time": any(result.row.kind == PlayLink.Kind.ONE_TIME for result in made if result.row),
                "copied": "\n".join(_copied(result, alone=len(made) == 1) for result in made),
            },
        )

    def _answer(self, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        response = TemplateResponse(
            self.request, f"playback/links/{name}.html", {**self.context, **context}, status=status
        )
        response["Cache-Control"] = "no-store"
        return response


def _copied(result: Result, *, alone: bool) -> str:
    """One link for the clipboard; several are rows that a spreadsheet takes."""
    if alone:
        return result.url
    number = "" if result.viewer.number is None else str(result.viewer.number)
    return "\t".join([result.viewer.name, number, result.url])


def _summary(planned: Planned) -> dict[str, Any]:
    """The plan in numbers: how many links, and how many skipped for which reason."""
    counted = Counter(why for _recording, why in planned)
    skipped = [(SENTENCES[why], many) for why, many in counted.most_common() if why]
    return {"count": counted[None], "skipped": skipped}


def _details(planned: Planned, form: SelectionForm) -> dict[str, Any]:
    until = form.terms.until(timezone.now())
    rows = [(recording, SENTENCES[why] if why else "") for recording, why in planned]
    rows.sort(key=lambda row: not row[1])  # what is skipped first: nobody reads to the end
    return {
        "viewers": [form.viewer],
        "until": until,
        "rows": rows[:SHOWN],
        "more": len(rows) - len(rows[:SHOWN]),
        "ends_sooner": sum(_ends_sooner(recording, until) for recording, why in planned if not why),
    }


def _ends_sooner(recording: Recording, until: datetime | None) -> bool:
    """The vendor will have removed the video before the link is over."""
    return recording.expires_at is not None and (until is None or recording.expires_at < until)


def _digest(planned: Planned) -> str:
    """Of which recordings, and what becomes of each: what the plan that was looked at said."""
    told = [(recording.pk, why) for recording, why in planned]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def table(results: Sequence[Result]) -> tuple[list[str], Iterator[list[Any]]]:
    """The links as a sheet: its header and rows."""
    header = [
        gettext("Recording"), gettext("Room"), gettext("Vendor's id"), gettext("Link"), gettext("Good until (Beijing)"),
        gettext("Outcome"), gettext("The vendor said"), gettext("For whom"), gettext("Viewer's number"),
    ]  # fmt: skip
    rows = (
        [
            result.recording.name or result.recording.vendor_key,
            str(result.recording.room),
            result.recording.vendor_key,
            result.url,
            (result.row.expires_at or gettext("For ever")) if result.row else "",
            gettext("Made") if result.made else gettext("Not made: %(why)s") % {"why": result.sentence},
            result.words,
            result.viewer.name,
            result.viewer.number,
        ]
        for result in results
    )
    return header, rows


def _file(results: Sequence[Result]) -> HttpResponse:
    header, rows = table(results)
    name = f"play-links-{timezone.localtime():%Y%m%d-%H%M}"
    return spreadsheet.response(name, gettext("Play links"), header, rows)
