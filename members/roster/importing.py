"""One import: the file matched and kept, what people decide about its rows, the difference to the list, the plans.

Nothing here changes a list: confirming a plan does, like for every other operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from playback.models import Operation, Recording
from playback.operations import execute
from playback.operations.base import OperationInvalid

from .. import people
from ..lists import ListOf, list_of
from ..models import Member, MemberList, RosterImport
from ..sync import store
from . import matching, reading
from .matching import Problem
from .values import tidy

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

KEPT = timedelta(hours=24)
LEFT_OUT = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """Of what the roster wants to the list as it is known here."""

    add: list[int]
    remove: list[int]
    keep: int
    read_at: datetime | None  # when the list was read; None: never, so nothing is known of who is on it


def start(user: User | AnonymousUser, which: ListOf, filename: str, content: bytes) -> RosterImport:
    """Read and match a file. Raises :class:`reading.RosterUnreadable`."""
    assert user.pk is not None  # noqa: S101 - signed in
    roster = reading.read(content)
    matched = matching.match(roster.rows)
    facts = {
        "rows": len(roster.rows),
        "columns": roster.columns,
        "header_line": roster.header_line,
        "encoding": roster.encoding,
        "sheet": roster.sheet,
        "other_sheets": roster.other_sheets[:20],
        "by": matched.by,
    }
    return RosterImport.objects.create(
        user_id=user.pk,
        filename=filename[:255],
        facts=facts,
        lines=matched.lines,
        problems=[asdict(problem) for problem in matched.problems],
        **{which.of: which.owner},
    )


def of(user: User | AnonymousUser, uuid: Any) -> RosterImport | None:
    """Somebody's own import, while it is kept."""
    young = timezone.now() - KEPT
    return RosterImport.of(user).filter(uuid=uuid, created_at__gt=young).select_related("room", "recording").first()


def find(user: User | AnonymousUser, text: str) -> RosterImport | None:
    """As :func:`of`, by what an address says."""
    try:
        return of(user, UUID(text))
    except ValueError:
        return None


def forget() -> int:
    """Remove what is older than a day. Answers how many."""
    return RosterImport.objects.filter(created_at__lte=timezone.now() - KEPT).delete()[0]


def list_for(roster: RosterImport) -> ListOf:
    owner = roster.room or roster.recording
    assert owner is not None  # noqa: S101 - the database keeps that
    return list_of(owner)


def problems(roster: RosterImport) -> list[Problem]:
    return [Problem(**{**row, "candidates": tuple(row["candidates"])}) for row in roster.problems]


def meant(roster: RosterImport, problem: Problem) -> int | None:
    """Who a row to look at stands for by now; None for nobody (yet)."""
    decided = roster.decisions.get(str(problem.line))
    return (decided or None) if decided is not None else problem.taken


def undecided(roster: RosterImport) -> list[Problem]:
    """Rows that mean nobody, and of which nobody said that they are to be left out."""
    return [
        problem
        for problem in problems(roster)
        if problem.kind in matching.UNDECIDED and str(problem.line) not in roster.decisions
    ]


def wanted(roster: RosterImport) -> list[int]:
    """Everybody whom the roster names, in its order, each once."""
    by_line = {int(line): user_id for line, user_id in roster.lines.items()}
    by_line |= {int(line): user_id for line, user_id in roster.decisions.items()}
    return list(dict.fromkeys(user_id for _line, user_id in sorted(by_line.items()) if user_id != LEFT_OUT))


def difference(roster: RosterImport) -> Difference:
    which = list_for(roster)
    here = store.ids_here(which)
    named = wanted(roster)
    kept = MemberList.objects.filter(**{which.of: which.owner}).first()
    return Difference(
        add=[user_id for user_id in named if user_id not in here],
        remove=sorted(here.difference(named)),
        keep=len(here.intersection(named)),
        read_at=kept.read_at if kept else None,
    )


def decide(roster: RosterImport, decisions: Mapping[int, int | None]) -> None:
    """Say who rows mean (0: left out; None: undecided again). Lines that are no rows to look at are passed over."""
    lines = {row["line"] for row in roster.problems}
    merged = roster.decisions | {str(line): who for line, who in decisions.items() if line in lines}
    roster.decisions = {line: who for line, who in merged.items() if who is not None}
    roster.save(update_fields=["decisions"])


def leave_out(roster: RosterImport) -> int:
    """All rows that mean nobody yet. Answers how many."""
    rest = undecided(roster)
    decide(roster, {problem.line: LEFT_OUT for problem in rest})
    return len(rest)


def plan(roster: RosterImport, user: User | AnonymousUser, *, removing: bool) -> list[Operation]:
    """Plan the addition and, if asked for, the removal; former plans of this import are discarded.

    Nobody is removed while a row is undecided: it may mean somebody who is on the list. Raises
    :class:`OperationInvalid`, or ``PermissionDenied``.
    """
    change = difference(roster)
    if removing and (rest := len(undecided(roster))):
        sentence = _(
            "%(count)s rows are undecided: they may mean people who are on the list. Decide on them first, or leave "
            "them out."
        )
        raise OperationInvalid({"removing": sentence % {"count": f"{rest:,}"}})
    if removing and change.read_at is None:
        raise OperationInvalid({"removing": _("The list was never read here, so nobody knows who would be removed.")})
    ids = {"add": change.add, "remove": change.remove if removing else []}
    if not any(ids.values()):
        raise OperationInvalid({"": _("There is nothing to do: everybody of the roster is on the list.")})
    for former in (roster.addition, roster.removal):
        if former is not None and former.state == Operation.State.PLANNED and former.user_id == user.pk:
            execute.discard(former, user)
    roster.addition = _planned(roster, user, "add", ids["add"])
    roster.removal = _planned(roster, user, "remove", ids["remove"])
    roster.save(update_fields=["addition", "removal"])
    return [operation for operation in (roster.addition, roster.removal) if operation is not None]


def _planned(roster: RosterImport, user: User | AnonymousUser, verb: str, ids: Iterable[int]) -> Operation | None:
    if not (some := list(ids)):
        return None
    which = list_for(roster)
    kind = f"{verb}_{which.of}_members"
    return execute.plan(kind, user, Recording.objects.none(), {f"{which.of}_id": which.pk, "user_ids": some})


def who(text: str) -> int | None:
    """The one person whom a user id or a school's number names. A number that nobody has is not taken for an id: it
    may be mistyped."""
    plain = tidy(text)
    number = people.number(plain)
    if number is not None and people.names([number]):
        return number
    by_number = list(Member.objects.filter(user_sn=plain).values_list("pk", flat=True)[:2]) if plain else []
    return by_number[0] if len(by_number) == 1 else None
