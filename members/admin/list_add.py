"""The page that adds people to a list: by picking them, by pasting numbers, by another room's list.

Whatever of it cannot be resolved is listed with a sentence, and nothing typed is lost. The page only collects user ids;
what happens to each is the plan's to say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from playback.admin import actions
from playback.admin import search as playback_search
from playback.models import Room
from playback.operations.base import OperationInvalid

from .. import lists, people, privacy
from ..lists import ListOf
from ..models import Member, MemberList
from ..pasted import MOST, Resolved, resolve
from . import contacts, list_panel, search

RESULTS = 30
CHOICES = 8
PROBLEMS = 200  # shown; the others are counted


@dataclass
class Form:
    """What was typed and ticked so far."""

    which: ListOf
    words: str = ""
    picked: list[int] = field(default_factory=list)
    pasted: str = ""
    from_room: str = ""
    as_ids: list[int] = field(default_factory=list)  # unknown numbers that the vendor shall be asked about
    seen: str = ""  # the problems that the person saw, and went on without
    resolved: Resolved = field(default_factory=Resolved)
    rooms: list[Room] = field(default_factory=list)
    room_error: str = ""
    errors: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, which: ListOf, data: Any) -> Form:
        def numbers(name: str) -> list[int]:
            return list(dict.fromkeys(n for value in data.getlist(name) if (n := people.number(value)) is not None))

        texts = {name: data.get(name, "") for name in ("words", "pasted", "from_room", "seen")}
        return cls(which, picked=numbers("picked"), as_ids=numbers("as_id"), **texts)

    @property
    def problems(self) -> str:
        return " ".join([*self.resolved.unknown, *self.resolved.ambiguous])

    def collect(self) -> list[int]:
        """The user ids, in the order of the page; ``errors`` and ``room_error`` say what is wrong."""
        self.resolved = resolve(self.pasted)
        ids = [*self.picked, *self.resolved.found.values(), *self.as_ids, *self._of_room()]
        if self.resolved.left_out:
            sentence = gettext("At most %(most)s numbers are taken at once: paste the others afterwards.")
            self.errors.append(sentence % {"most": f"{MOST:,}"})
        if not ids and not self.room_error and not self.problems:
            self.errors.append(gettext("Pick somebody, paste numbers or name a room first."))
        return list(dict.fromkeys(ids))

    def _of_room(self) -> list[int]:
        if not self.from_room.strip():
            return []
        own = self.which.owner if self.which.of == lists.ROOM else None
        found = Room.objects.live().filter(playback_search.rooms(self.from_room))
        self.rooms = list(found.order_by("-created_at", "pk")[: CHOICES + 1])
        if len(self.rooms) != 1:
            self.room_error = gettext("There is no such room.")
            if self.rooms:
                self.room_error = gettext("Several rooms are called so: choose one.")
            return []
        (room,) = self.rooms
        if own is not None and room.pk == own.pk:
            self.room_error = gettext("That is this room itself.")
            return []
        source = lists.list_of(room)
        if not MemberList.objects.filter(room=room, read_at__isnull=False).exists():
            trouble, words = list_panel.read_now(source)
            if trouble:
                self.room_error = f"{trouble} {words}".strip()
                return []
        return list(source.members().order_by("name", "pk").values_list("pk", flat=True))


def add(model_admin: Any, request: HttpRequest, of: str, pk: int) -> HttpResponse:
    which = list_panel.wanted(request, of, pk, list_panel.EDIT)
    form = Form.of(which, request.POST)
    if request.method == "POST" and request.POST.get("do", "plan") == "plan":
        ids = form.collect()
        unseen = form.problems and form.seen != form.problems
        if not (form.errors or form.room_error or unseen):
            try:
                return list_panel.to_plan(list_panel.plan(request, which, "add", ids), which)
            except OperationInvalid as invalid:
                form.errors.extend(actions.sentences(invalid))
    return _page(model_admin, request, form)


def _page(model_admin: Any, request: HttpRequest, form: Form) -> HttpResponse:
    results, more = _results(request, form)
    picked: list[Any] = list(Member.objects.filter(pk__in=form.picked[:500]).order_by("name", "pk"))
    contacts.show(request, [*results, *picked], "adding members")
    unknown = form.resolved.unknown
    ambiguous = [
        {"word": word, "members": [_told(member, form) for member in members]}
        for word, members in form.resolved.ambiguous.items()
    ]
    response = TemplateResponse(
        request,
        "members/add.html",
        {
            **model_admin.admin_site.each_context(request),
            "opts": Member._meta,
            "title": _("Add members"),
            "form": form,
            "which": form.which,
            "here": request.path,
            "back": list_panel.page_of(form.which),
            "results": results,
            "more_results": more,
            "picked": picked,
            "unknown": [
                {"word": word, "number": people.number(word), "ticked": people.number(word) in form.as_ids}
                for word in unknown[:PROBLEMS]
            ],
            "unknown_more": max(0, len(unknown) - PROBLEMS),
            "ambiguous": ambiguous,
            "problem_count": len(unknown) + len(ambiguous),
            "found_words": _found_words(form),
            "rooms": form.rooms[:CHOICES] if len(form.rooms) > 1 else [],
        },
        status=422 if form.errors or form.room_error else 200,
    )
    response["Cache-Control"] = "no-store"
    return response


def _results(request: HttpRequest, form: Form) -> tuple[list[Any], bool]:
    if not form.words.strip():
        return [], False
    may_see = privacy.may_see_contacts(request.user)
    found = Member.objects.filter(search.condition(form.words, may_see_contacts=may_see))
    rows = list(found.exclude(pk__in=form.picked[:500]).order_by("name", "pk")[: RESULTS + 1])
    on_list = set(form.which.memberships().filter(member__in=rows, gone_at=None).values_list("member_id", flat=True))
    for row in rows:
        row.is_on_list = row.pk in on_list
    return rows[:RESULTS], len(rows) > RESULTS


def _told(member: Member, form: Form) -> dict[str, Any]:
    name = people.label(member.pk, {member.pk: people.Name(member.name, member.user_sn)})
    return {"pk": member.pk, "name": name, "ticked": member.pk in form.picked}


def _found_words(form: Form) -> str:
    count = len(form.resolved.found)
    if not count:
        return ""
    return ngettext("%(count)s number was found.", "%(count)s numbers were found.", count) % {"count": count}
