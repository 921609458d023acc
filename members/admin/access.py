"""Can they watch? One person and one recording, or a whole list against a recording.

What is typed comes by POST, because it may be a phone number; the address of an answer holds ids alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from playback.admin import actions, link_making, spreadsheet
from playback.models import Recording, Room
from playback.operations import registry
from playback.operations.base import OperationInvalid

from .. import access, people, privacy
from ..access import Line
from ..lists import ListOf, list_of
from ..models import Member, RosterImport
from ..roster import importing
from . import asked, list_panel, search
from .pages import answer, page
from .roster import ask_vendor

RIGHT = "members.trace_access"
CHOICES = 20
SHOWN = 100
STATES = {
    access.OK: (_("ok"), "success", "check_circle"),
    access.FAILS: (_("fails"), "danger", "cancel"),
    access.UNKNOWN: (_("unknown"), "warning", "help"),
}
VERDICTS = {
    access.OK: _("Nothing stands in the way."),
    access.FAILS: _("They cannot watch."),
    access.UNKNOWN: _("Nothing known here stands in the way; not everything is known."),
}


@dataclass(frozen=True, slots=True)
class Mend:
    """A button beside a line. ``post`` needs a form; ``fields`` are its hidden ones."""

    label: str
    url: str
    post: bool = True
    fields: tuple[tuple[str, str], ...] = ()


@page(RIGHT)
def ask(request: HttpRequest) -> HttpResponse:
    """The form and, below it, the trace that the address asks for."""
    if request.method == "POST":
        return _asked(request)
    recording = _recording(request.GET.get("recording"))
    user_id = people.number(request.GET.get("person", ""))
    context: dict[str, Any] = {}
    if recording is not None:
        context["recording_text"] = recording.vendor_key
    if user_id is not None:
        context["person_text"] = str(user_id)
    if recording is not None and user_id is not None:
        context |= _trace(request, user_id, recording)
    return _page(request, context)


@page(RIGHT, ["POST"])
def read(request: HttpRequest) -> HttpResponse:
    """Ask the vendor for both lists."""
    user_id, recording = _both(request)
    ask_vendor(request, access.lists_of(recording))
    return HttpResponseRedirect(url_of(user_id, recording))


@page(RIGHT, ["POST"])
def put_on(request: HttpRequest) -> HttpResponse:
    """Plan to put the person on one of the two lists."""
    user_id, recording = _both(request)
    which: ListOf = list_of(recording.room if request.POST.get("of") == "room" else recording)
    try:
        operation = list_panel.plan(request, which, "add", [user_id])
    except OperationInvalid as invalid:
        return _page(request, {**_trace(request, user_id, recording), "errors": actions.sentences(invalid)}, 422)
    plan = reverse("admin:playback_operation_plan", args=[operation.uuid])
    return HttpResponseRedirect(f"{plan}?{actions.back_query(url_of(user_id, recording))}")


@page(RIGHT, ["GET", "HEAD"])
def everybody(request: HttpRequest) -> HttpResponse:
    recording, label, ids = _everybody(request)
    found = access.of_many(ids, recording)
    names = people.names([user_id for user_id, _why in [*found.cannot[:SHOWN], *found.unknown[:SHOWN]]])
    context = {
        "recording": recording,
        "label": label,
        "found": found,
        "shared": [line.text for line in found.shared],
        "tables": [
            (title, [(user_id, people.label(user_id, names), why) for user_id, why in rows[:SHOWN]], len(rows),
             max(len(rows) - SHOWN, 0))
            for title, rows in ((_("Cannot watch"), found.cannot), (_("Not known"), found.unknown)) if rows
        ],
        "fine": 0 if found.shared else found.total - len(found.cannot) - len(found.unknown),
        "download": f"{reverse('members-access-download')}?{request.GET.urlencode()}",
    }  # fmt: skip
    return answer(request, "access/everybody", context, title=_("Can they watch?"))


@page(RIGHT, ["GET", "HEAD"])
def download(request: HttpRequest) -> HttpResponse:
    """Who cannot watch, or of whom it is not known, and why."""
    recording, _label, ids = _everybody(request)
    found = access.of_many(ids, recording)
    all_of_them = [line.text for line in found.shared]
    if all_of_them:
        told: Iterable[tuple[int, str, str]] = ((pk, gettext("cannot watch"), " ".join(all_of_them)) for pk in ids)
    else:
        told = [(pk, gettext("cannot watch"), why) for pk, why in found.cannot]
        told = [*told, *((pk, gettext("not known"), why) for pk, why in found.unknown)]
    rows = list(told)
    names = people.names([pk for pk, _state, _why in rows])
    header = [gettext("Full name"), gettext("Number"), gettext("User id"), gettext("Can they watch?"), gettext("Why")]
    lines = (
        [names[pk].name if pk in names else "", names[pk].user_sn if pk in names else "", pk, state, why]
        for pk, state, why in rows
    )
    return spreadsheet.response(f"cannot-watch-{recording.vendor_key}", recording.vendor_key, header, lines)


def url_of(user_id: int, recording: Recording) -> str:
    return f"{reverse('members-access')}?{urlencode({'person': user_id, 'recording': recording.pk})}"


# ---------------------------------------------------------------- what was asked


def _asked(request: HttpRequest) -> HttpResponse:
    texts = {name: request.POST.get(name, "").strip()[:400] for name in ("person", "recording", "whose", "room")}
    context: dict[str, Any] = {f"{name}_text": text for name, text in texts.items()}
    many = "many" in request.POST
    recording = None
    try:
        recording = asked.one_recording(texts["recording"])
    except forms.ValidationError as error:
        context["recording_error"] = error.messages[0]
        found = asked.recordings(texts["recording"])
        context["recordings"] = found[: asked.SHOWN] if len(found) > 1 else []
    if many:
        return _asked_many(request, context, recording, texts)
    may_see = privacy.may_see_contacts(request.user)
    members: list[Any] = []
    if texts["person"]:
        found_people = Member.objects.filter(search.condition(texts["person"], may_see_contacts=may_see))
        members = list(found_people.order_by("name", "pk")[: CHOICES + 1])
    exactly = people.number(texts["person"])
    user_id = people.number(request.POST.get("chosen", ""))
    if user_id is None and len(members) == 1:
        user_id = members[0].pk
    elif user_id is None and not members and exactly is not None:
        user_id = exactly
    elif user_id is None:
        context["person_error"] = gettext("Choose who is meant.") if members else gettext("Nobody here matches this.")
        context["members"] = [
            (row.pk, people.label(row.pk, {row.pk: people.Name(row.name, row.user_sn)})) for row in members[:CHOICES]
        ]
        context["more_members"] = len(members) > CHOICES
    if user_id is not None and recording is not None:
        return HttpResponseRedirect(url_of(user_id, recording))
    return _page(request, context, 422)


def _asked_many(
    request: HttpRequest, context: dict[str, Any], recording: Recording | None, texts: dict[str, str]
) -> HttpResponse:
    query: dict[str, Any] = {}
    if texts["whose"]:
        query["roster"] = texts["whose"]
    elif texts["room"]:
        try:
            query["room"] = asked.one_room(texts["room"]).pk
        except forms.ValidationError as error:
            context["room_error"] = error.messages[0]
    elif recording is not None:
        query["room"] = recording.room_id
    if recording is None or not query:
        return _page(request, {**context, "many": True}, 422)
    query["recording"] = recording.pk
    return HttpResponseRedirect(f"{reverse('members-access-everybody')}?{urlencode(query)}")


def _both(request: HttpRequest) -> tuple[int, Recording]:
    recording, user_id = _recording(request.POST.get("recording")), people.number(request.POST.get("person", ""))
    if recording is None or user_id is None:
        raise Http404
    return user_id, recording


def _recording(text: Any) -> Recording | None:
    pk = people.number(text or "")
    return Recording.objects.filter(pk=pk).select_related("room").first() if pk else None


def _everybody(request: HttpRequest) -> tuple[Recording, str, list[int]]:
    """The recording, whose list it is, and the people."""
    recording = _recording(request.GET.get("recording"))
    if recording is None:
        raise Http404
    if "roster" in request.GET:
        roster = importing.find(request.user, request.GET["roster"])
        if roster is None:
            raise Http404
        return recording, roster.filename, importing.wanted(roster)
    room = get_object_or_404(Room, pk=people.number(request.GET.get("room", "")) or 0)
    which = list_of(room)
    ids = which.members().order_by("name", "pk").values_list("pk", flat=True)
    return recording, which.label, list(ids)


# ---------------------------------------------------------------- the page


def _trace(request: HttpRequest, user_id: int, recording: Recording) -> dict[str, Any]:
    found = access.trace(user_id, recording)
    member = Member.objects.filter(pk=user_id).first()
    return {
        "recording": recording,
        "user_id": user_id,
        "who": str(member) if member else str(user_id),
        "member": member,
        "verdict": VERDICTS[found.verdict],
        "verdict_state": STATES[found.verdict],
        "lines": [
            (access.SUBJECTS[line.subject], STATES[line.state], line.text, _mend(request, line, user_id, recording))
            for line in found.lines
        ],
    }


def _mend(request: HttpRequest, line: Line, user_id: int, recording: Recording) -> Mend | None:
    """The button that mends a line, for who has the right; it leads to the plan."""
    fields = (("person", str(user_id)), ("recording", str(recording.pk)))
    if not line.mend or recording.gone_at is not None:
        return None
    if line.mend == "ask":
        return Mend(gettext("Ask the vendor now"), reverse("members-access-read"), fields=fields)
    if line.mend == "link":
        if not link_making.may_make(request):
            return None
        return Mend(gettext("Make a link"), link_making.url_of(recording), post=False)
    kind = registry.kinds().get(line.mend)
    if kind is None or not request.user.has_perm(kind.permission):
        return None
    if kind.targetless:
        of = "room" if line.mend == "add_room_members" else "recording"
        words = gettext("Add to the room's list") if of == "room" else gettext("Add to the recording's list")
        return Mend(words, reverse("members-access-put-on"), fields=(*fields, ("of", of)))
    return Mend(str(kind.verb), reverse("admin:playback_recording_operate", args=[recording.pk, kind.kind]))


def _page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    rosters = RosterImport.of(request.user)[:20] if request.user.has_perm("members.import_roster") else []
    full = {"rosters": [(str(roster.uuid), roster.filename) for roster in rosters], **context}
    return answer(request, "access/ask", full, title=_("Can they watch?"), status=status)
