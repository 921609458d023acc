"""Who the rows of a roster are: by user id, then by the school's number, then by telephone.

The people are read once, whatever the length of the roster: one query that streams past, of which only those are kept
whom a row may mean. Several who fit are told apart by their name; if that does not leave one, a person has to say who
is meant. A row is never given to somebody whom its own columns contradict.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .. import people
from ..models import Member
from ..privacy import masked_phone
from .reading import Row
from .values import digits, phone_key, zeroless

BY_USER_ID, BY_NUMBER, BY_PHONE = "user_id", "user_sn", "phone"

UNKNOWN = "unknown"  # nobody here has what the row says
SPOILT = "spoilt"  # the digits that would tell are lost
AMBIGUOUS = "ambiguous"  # several people fit
CONFLICT = "conflict"  # its columns name different people
DOUBLED = "doubled"  # a row above names the same person
OTHER_NAME = "other_name"  # found, but called otherwise
UNDECIDED = (AMBIGUOUS, CONFLICT, SPOILT, UNKNOWN)  # rows that mean nobody until somebody decides
MOST_CANDIDATES = 20
KINDS = (*UNDECIDED, OTHER_NAME, DOUBLED)


class Found(NamedTuple):
    user_id: int
    user_sn: str
    name: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A row to look at. ``taken`` is who it stands for until somebody decides otherwise; ``named`` is a user id in it
    that no list has named yet. The telephone is kept masked: it is for finding people, not for showing."""

    line: int
    kind: str
    user_id: str
    user_sn: str
    name: str
    phone: str
    candidates: tuple[int, ...] = ()
    taken: int | None = None
    named: int | None = None
    first_line: int | None = None  # of the row above, where it is ``doubled``


@dataclass(slots=True)
class Matched:
    lines: dict[int, int] = field(default_factory=dict)  # line → user id
    by: dict[str, int] = field(default_factory=lambda: {BY_USER_ID: 0, BY_NUMBER: 0, BY_PHONE: 0})
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class _Known:
    """The people whom a row may mean."""

    by_id: dict[int, Found] = field(default_factory=dict)
    by_number: dict[str, list[int]] = field(default_factory=dict)
    by_phone: dict[str, list[int]] = field(default_factory=dict)


def match(rows: Sequence[Row]) -> Matched:
    known = _look_up(rows)
    matched = Matched()
    first_lines: dict[int, int] = {}
    for row in rows:
        by, user_id, problem = _decide(row, known)
        if user_id is not None and user_id in first_lines:
            matched.problems.append(_problem(row, DOUBLED, [user_id], first_line=first_lines[user_id]))
            continue
        if user_id is not None:
            first_lines[user_id] = row.line
            matched.lines[row.line] = user_id
            matched.by[by] += 1
        if problem is not None:
            matched.problems.append(problem)
    return matched


def _look_up(rows: Iterable[Row]) -> _Known:
    ids, numbers, phones = set[int](), set[str](), set[str]()
    for row in rows:
        if (user_id := _id_of(row)) is not None:
            ids.add(user_id)
        if row.user_sn.text and not row.user_sn.spoilt:
            numbers.add(zeroless(row.user_sn.text))
        if row.phone.text and not row.phone.spoilt:
            phones.add(phone_key(row.phone.text))
    phones.discard("")
    known = _Known()
    everybody = Member.objects.order_by().values_list("pk", "user_sn", "name", "phone_number", "synced_at")
    for pk, user_sn, name, phone, synced_at in everybody.iterator(chunk_size=5000):
        number = zeroless(user_sn) if user_sn else ""
        dialled = phone_key(phone) if phones and phone else ""
        wanted = pk in ids and synced_at is not None
        if number and number in numbers:
            known.by_number.setdefault(number, []).append(pk)
            wanted = True
        if dialled and dialled in phones:
            known.by_phone.setdefault(dialled, []).append(pk)
            wanted = True
        if wanted:
            known.by_id[pk] = Found(pk, user_sn, name)
    return known


def _decide(row: Row, known: _Known) -> tuple[str, int | None, Problem | None]:
    """By what it was found, who it is, and what is to be looked at."""
    given = _id_of(row)
    by_number = _by_number(row, known)
    if given is not None and given in known.by_id:
        if by_number and given not in by_number:
            return BY_USER_ID, None, _problem(row, CONFLICT, [given, *by_number])
        return _found(row, BY_USER_ID, known.by_id[given])
    by_phone = known.by_phone.get(phone_key(row.phone.text), []) if row.phone.text and not row.phone.spoilt else []
    for by, candidates in ((BY_NUMBER, by_number), (BY_PHONE, by_phone)):
        if not candidates:
            continue
        same = _of_that_name(row, candidates, known)
        if given is not None:
            return by, None, _problem(row, CONFLICT, candidates, named=given)
        if by == BY_PHONE and len(same) != 1 and _contradicts(row, candidates, known):
            return by, None, _problem(row, CONFLICT, candidates)
        one = candidates if len(candidates) == 1 else same
        if len(one) == 1:
            return _found(row, by, known.by_id[one[0]])
        return by, None, _problem(row, AMBIGUOUS, candidates)
    spoilt = row.user_id.spoilt or row.user_sn.spoilt or row.phone.spoilt
    return "", None, _problem(row, SPOILT if spoilt else UNKNOWN, [], named=given)


def _found(row: Row, by: str, person: Found) -> tuple[str, int, Problem | None]:
    named_otherwise = row.name.text and person.name and _plain(row.name.text) != _plain(person.name)
    problem = _problem(row, OTHER_NAME, [person.user_id], taken=person.user_id) if named_otherwise else None
    return by, person.user_id, problem


def _id_of(row: Row) -> int | None:
    return None if row.user_id.spoilt else people.number(row.user_id.text)


def _by_number(row: Row, known: _Known) -> list[int]:
    """Where the zeros in front count, whoever has them too comes before those who have not."""
    value = row.user_sn
    if not value.text or value.spoilt:
        return []
    candidates = known.by_number.get(zeroless(value.text), [])
    if value.typed and len(candidates) > 1:
        exactly = [pk for pk in candidates if known.by_id[pk].user_sn.casefold() == value.text.casefold()]
        return exactly or candidates
    return candidates


def _contradicts(row: Row, candidates: Sequence[int], known: _Known) -> bool:
    """The row has a number that nobody has, and whoever has its telephone has another: it may be a brother's."""
    return bool(row.user_sn.text) and not row.user_sn.spoilt and all(known.by_id[pk].user_sn for pk in candidates)


def _of_that_name(row: Row, candidates: Sequence[int], known: _Known) -> list[int]:
    name = _plain(row.name.text)
    return [pk for pk in candidates if name and _plain(known.by_id[pk].name) == name]


def _plain(name: str) -> str:
    return "".join(name.split()).replace("·", "").casefold()


def _problem(
    row: Row,
    kind: str,
    candidates: Sequence[int],
    *,
    taken: int | None = None,
    named: int | None = None,
    first_line: int | None = None,
) -> Problem:
    unique = tuple(sorted(set(candidates)))
    return Problem(
        row.line,
        kind,
        row.user_id.text[:40],
        row.user_sn.text[:64],
        row.name.text[:120],
        masked_phone(digits(row.phone.text)[:20]),
        unique[:MOST_CANDIDATES],
        taken,
        named,
        first_line,
    )
