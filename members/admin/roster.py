"""Import a roster: upload, preview with the rows to look at, plans. Everybody sees their own imports alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from playback.admin import actions, spreadsheet
from playback.admin.operation import plan_url
from playback.operations.base import OperationInvalid

from .. import people
from ..lists import RECORDING, ROOM, ListOf
from ..models import RosterImport
from ..roster import importing, matching
from ..roster.matching import Problem
from ..roster.reading import MOST_ROWS, RosterUnreadable
from ..roster.template import blank
from . import list_panel
from .pages import answer, page
from .roster_form import UploadForm

RIGHT = "members.import_roster"
SHOWN = 50  # rows to look at, a page
NAMED = 12  # people of the difference
KIND_WORDS = {
    matching.UNKNOWN: _("Unknown"),
    matching.SPOILT: _("Digits lost"),
    matching.AMBIGUOUS: _("Ambiguous"),
    matching.CONFLICT: _("Contradictory"),
    matching.DOUBLED: _("Doubled"),
    matching.OTHER_NAME: _("Other name"),
}
KIND_SENTENCES = {
    matching.UNKNOWN: _("Nobody here has this number or phone."),
    matching.SPOILT: _("The spreadsheet program has lost digits of a number: write it as text."),
    matching.AMBIGUOUS: _("Several people fit."),
    matching.CONFLICT: _("Its columns name different people."),
    matching.DOUBLED: _("Line %(line)s names the same person. This line changes nothing."),
    matching.OTHER_NAME: _("Found, but the name here is another."),
}
LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Shown:
    """A row to look at, as the page has it."""

    problem: Problem
    word: str
    sentence: str
    options: Sequence[tuple[str, str, bool]]  # value, label, chosen
    decided: bool
    typed: str = ""
    error: str = ""


@page(RIGHT)
def upload(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _upload_page(request, UploadForm(initial=_asked_for(request)))
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            made = importing.start(request.user, form.which, file.name, file.read())
        except RosterUnreadable as error:
            form.add_error("file", str(error))
        else:
            return HttpResponseRedirect(_url("preview", made))
    return _upload_page(request, form, 422)


@page(RIGHT, ["GET", "HEAD"])
def template(request: HttpRequest) -> HttpResponse:
    """A file to fill in, its headings in the reader's language."""
    language = (get_language() or "").partition("-")[0]
    answer = HttpResponse(blank(language), content_type=spreadsheet.XLSX)
    answer["Content-Disposition"] = 'attachment; filename="roster.xlsx"'
    return answer


@page(RIGHT)
def preview(request: HttpRequest, uuid: Any) -> HttpResponse:
    roster = _own(request, uuid)
    if request.method != "POST":
        return _preview_page(request, roster)
    if "leave_out" in request.POST:
        count = importing.leave_out(roster)
        said = ngettext("%(count)s row is left out.", "%(count)s rows are left out.", count)
        messages.success(request, said % {"count": f"{count:,}"})
        return HttpResponseRedirect(_url("preview", roster))
    decisions, errors = _decisions(request, roster)
    importing.decide(roster, decisions)
    if errors:
        return _preview_page(request, roster, errors=errors, status=422)
    return HttpResponseRedirect(_url("preview", roster))


@page(RIGHT, ["POST"])
def plan(request: HttpRequest, uuid: Any) -> HttpResponse:
    roster = _own(request, uuid)
    try:
        planned = importing.plan(roster, request.user, removing="removing" in request.POST)
    except OperationInvalid as invalid:
        return _preview_page(request, roster, refused=actions.sentences(invalid), status=422)
    if len(planned) > 1:
        return HttpResponseRedirect(_url("preview", roster) + "#plans")
    return HttpResponseRedirect(f"{plan_url(planned[0])}?{actions.back_query(_url('preview', roster))}")


@page(RIGHT, ["POST"])
def read(request: HttpRequest, uuid: Any) -> HttpResponse:
    """Ask the vendor now who is on the list."""
    roster = _own(request, uuid)
    ask_vendor(request, [importing.list_for(roster)])
    return HttpResponseRedirect(_url("preview", roster))


@page(RIGHT, ["GET", "HEAD"])
def problems(request: HttpRequest, uuid: Any) -> HttpResponse:
    """All rows to look at as a file. Telephones stay masked in it."""
    roster = _own(request, uuid)
    header = [
        gettext("Line"), gettext("What is wrong"), gettext("User id"), gettext("Number"), gettext("Full name"),
        gettext("Phone"), gettext("Who may be meant"), gettext("Stands for"),
    ]  # fmt: skip
    rows = importing.problems(roster)
    names = _names(roster, rows)

    def said(problem: Problem) -> list[Any]:
        who = importing.meant(roster, problem)
        may_be = "; ".join(people.label(pk, names) for pk in problem.candidates)
        means = people.label(who, names) if who else ""
        word = f"{KIND_WORDS[problem.kind]}: {_sentence(problem)}"
        return [problem.line, word, problem.user_id, problem.user_sn, problem.name, problem.phone, may_be, means]

    return spreadsheet.response("roster-rows", gettext("Rows to look at"), header, map(said, rows))


def ask_vendor(request: HttpRequest, lists: Iterable[ListOf]) -> None:
    """Read lists while somebody waits, and tell them what came of it."""
    well = True
    for which in lists:
        told, words = list_panel.read_now(which)
        if told:
            well = False
            messages.warning(request, f"{which.label}: {told} {words}".strip())
    if well:
        messages.success(request, gettext("The vendor was asked just now."))


# ---------------------------------------------------------------- the pages' parts


def _upload_page(request: HttpRequest, form: UploadForm, status: int = 200) -> HttpResponse:
    own = RosterImport.of(request.user).select_related("room", "recording")[:5]
    context = {
        "form": form,
        "most_rows": f"{MOST_ROWS:,}",
        "own": [(roster, importing.list_for(roster).label, _url("preview", roster)) for roster in own],
    }
    return answer(request, "roster/upload", context, title=_("Import a roster"), status=status)


def _preview_page(
    request: HttpRequest,
    roster: RosterImport,
    *,
    errors: dict[int, tuple[str, str]] | None = None,
    refused: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    change = importing.difference(roster)
    rows = importing.problems(roster)
    open_rows = importing.undecided(roster)
    counts = {kind: sum(row.kind == kind for row in rows) for kind in matching.KINDS}
    still = {row.line for row in open_rows}
    order = sorted(rows, key=lambda row: (row.line not in still, matching.KINDS.index(row.kind), row.line))
    shown = order[:SHOWN]
    names = _names(roster, shown) | people.names([*change.add[:NAMED], *change.remove[:NAMED]])
    which = importing.list_for(roster)
    context = {
        "roster": roster,
        "which": which,
        "facts": roster.facts,
        "change": change,
        "added": [people.label(pk, names) for pk in change.add[:NAMED]],
        "more_added": max(len(change.add) - NAMED, 0),
        "removed": [people.label(pk, names) for pk in change.remove[:NAMED]],
        "more_removed": max(len(change.remove) - NAMED, 0),
        "counts": [(KIND_WORDS[kind], many) for kind, many in counts.items() if many],
        "rows": [_shown(roster, row, names, errors or {}) for row in shown],
        "total": len(rows),
        "more": len(rows) - len(shown),
        "undecided": len(open_rows),
        "refused": refused,
        "removing": "removing" in request.POST,
        "may_edit": request.user.has_perm("members.edit_lists"),
        "plans": [operation for operation in (roster.addition, roster.removal) if operation is not None],
        "urls": {name: _url(name, roster) for name in ("preview", "plan", "read", "problems")},
    }
    return answer(request, "roster/preview", context, title=_("Import a roster"), status=status)


def _shown(
    roster: RosterImport, problem: Problem, names: dict[int, people.Name], errors: dict[int, tuple[str, str]]
) -> Shown:
    decided = roster.decisions.get(str(problem.line))
    typed, error = errors.get(problem.line, ("", ""))
    now = "" if decided is None else LEAVE if decided == importing.LEFT_OUT else str(decided)
    choices = [(str(pk), people.label(pk, names)) for pk in problem.candidates]
    if problem.named and problem.named not in problem.candidates:
        label = gettext("User id %(number)s, though nobody here has it") % {"number": problem.named}
        choices.append((str(problem.named), label))
    if decided and str(decided) not in dict(choices):
        choices.append((str(decided), people.label(decided, names)))
    if problem.kind == matching.DOUBLED:
        choices = []
    first = people.label(problem.taken, names) if problem.taken else "–"
    options = [
        ("", first),
        *[entry for entry in choices if entry[0] != str(problem.taken)],
        (LEAVE, gettext("Leave out")),
    ]
    return Shown(
        problem,
        str(KIND_WORDS[problem.kind]),
        _sentence(problem),
        [(value, label, value == now) for value, label in options] if problem.kind != matching.DOUBLED else [],
        decided is not None,
        typed,
        error,
    )


def _sentence(problem: Problem) -> str:
    return str(KIND_SENTENCES[problem.kind]) % {"line": problem.first_line}


def _decisions(request: HttpRequest, roster: RosterImport) -> tuple[dict[int, int | None], dict[int, tuple[str, str]]]:
    """What the posted rows say: line → user id (0: left out, None: undecided again); and what was typed that names
    nobody, with a sentence."""
    by_line = {problem.line: problem for problem in importing.problems(roster)}
    decisions: dict[int, int | None] = {}
    errors: dict[int, tuple[str, str]] = {}
    for name, value in request.POST.items():
        field, _dash, number = name.partition("-")
        line = int(number) if number.isdecimal() and len(number) < 9 else 0
        problem = by_line.get(line)
        if problem is None or field not in {"who", "typed"}:
            continue
        if field == "typed":
            if not str(value).strip():
                continue
            found = importing.who(str(value))
            if found is None:
                errors[line] = (str(value)[:64], gettext("No one person here has this user id or number."))
            else:
                decisions[line] = found
        elif line not in decisions:
            allowed = {
                str(pk): pk for pk in (*problem.candidates, problem.named, roster.decisions.get(str(line))) if pk
            }
            if not value:
                decisions[line] = None
            elif value == LEAVE:
                decisions[line] = importing.LEFT_OUT
            elif value in allowed:
                decisions[line] = allowed[str(value)]
    return decisions, errors


def _names(roster: RosterImport, rows: Iterable[Problem]) -> dict[int, people.Name]:
    ids = set[int]()
    for row in rows:
        ids.update(row.candidates)
        ids.add(importing.meant(roster, row) or 0)
    return people.names(ids - {0})


def _own(request: HttpRequest, uuid: Any) -> RosterImport:
    roster = importing.of(request.user, uuid)
    if roster is None:
        raise Http404
    return roster


def _asked_for(request: HttpRequest) -> dict[str, str]:
    """A room's or a recording's page links here with its id."""
    for of in (ROOM, RECORDING):
        key = request.GET.get(of, "")
        if key:
            return {"of": of, "key": key[:400]}
    return {}


def _url(name: str, roster: RosterImport) -> str:
    return reverse(f"members-roster-{name}", args=[roster.uuid])
