"""One page of a list into the mirror, and what an operation did to a list: a few statements, whatever their length.

People are written only where the vendor's words differ from what is stored; somebody who was made anonymous here stays
so. A membership has no facts but that it is: it is written when it begins, comes back or ends.

Words that are older than what is stored change nothing: a page that was asked for before somebody was added or removed
does not undo it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from playback.sync.mapping import Row, first_of_each
from playback.vendor.results import MemberRow

from ..lists import ListOf, on_no_list
from ..models import Member
from .mapping import MEMBERS, keyed, member_row

CHUNK = 500  # parameters of a statement; SQLite may be built to take 999


@dataclass
class Counts:
    """What a reading changed here."""

    people: int = 0  # new, or with other facts
    joined: int = 0
    left: int = 0


@dataclass
class KnownList:
    """Who was on a list when its reading began: member → since when gone (None: is on it)."""

    gone: dict[int, datetime | None] = field(default_factory=dict)

    @classmethod
    def load(cls, which: ListOf) -> KnownList:
        return cls(dict(which.memberships().order_by().values_list("member_id", "gone_at")))


def store_page(
    which: ListOf, known: KnownList, rows: Iterable[MemberRow], asked_at: datetime, since: datetime, counts: Counts
) -> list[int]:
    """Answers the user ids of the page."""
    mapped = first_of_each([member_row(row) for row in rows if keyed(row)], 1)
    ids = [row[0] for row in mapped]
    with transaction.atomic():
        counts.people += _write_people(mapped, asked_at, since)
        counts.joined += _join(which, known, ids, asked_at)
    return ids


def _write_people(rows: Sequence[Row], asked_at: datetime, since: datetime) -> int:
    by_position = {entry.position: entry for entry in MEMBERS.known(rows, asked_at, since)}
    changed: list[Row] = []
    for position, row in enumerate(rows):
        entry = by_position.get(position)
        if entry is None or (
            not entry.newer
            and (entry.gone or entry.payload_hash != row[1] or (row[-1] is not None and row[-1] != entry.sticky))
        ):
            changed.append(row)
    if not changed:
        return 0
    ids = [row[0] for row in changed]
    anonymous: set[int] = set()
    for some in _chunks(ids):
        people = Member.objects.filter(pk__in=some, anonymised_at__isnull=False)
        anonymous.update(people.values_list("pk", flat=True))
    if anonymous:
        Member.objects.filter(pk__in=anonymous, gone_at__lte=asked_at).update(gone_at=None)
        changed = [row for row in changed if row[0] not in anonymous]
    MEMBERS.write(changed, asked_at)
    return len(changed)


def _join(which: ListOf, known: KnownList, ids: Sequence[int], asked_at: datetime) -> int:
    new = [pk for pk in ids if pk not in known.gone]
    back = [pk for pk in ids if known.gone.get(pk) is not None]
    _insert(which, new, asked_at)
    count = len(new)
    for some in _chunks(back):
        gone = which.memberships().filter(member__in=some, gone_at__lte=asked_at)
        count += gone.update(gone_at=None, synced_at=asked_at)
    known.gone.update(dict.fromkeys([*new, *back]))
    return count


def _insert(which: ListOf, ids: Iterable[int], at: datetime) -> None:
    model: Any = which.model
    begins = {which.of: which.owner, "first_seen_at": at, "synced_at": at}
    model._base_manager.bulk_create([model(member_id=pk, **begins) for pk in ids], ignore_conflicts=True)


def part(which: ListOf, ids: Sequence[int], since: datetime) -> int:
    """The list does not name these people: mark it, unless they were put on it after ``since``. Answers how many."""
    now = timezone.now()
    count = 0
    with transaction.atomic():
        for some in _chunks(ids):
            untouched = Q(synced_at__lt=since) | Q(synced_at=None)
            count += which.memberships().filter(untouched, member__in=some, gone_at=None).update(gone_at=now)
            Member.objects.filter(on_no_list(), pk__in=some, gone_at=None).update(gone_at=now)
    return count


def note_added(which: ListOf, ids: Sequence[int], at: datetime) -> None:
    """The vendor took these ids at ``at``. One that the mirror never met is a user of the vendor's all the same."""
    with transaction.atomic():
        for some in _chunks(ids):
            Member.objects.bulk_create([Member(pk=pk, first_seen_at=at) for pk in some], ignore_conflicts=True)
            Member.objects.filter(pk__in=some, gone_at__isnull=False).update(gone_at=None)
            _insert(which, some, at)
            which.memberships().filter(member__in=some).update(gone_at=None, synced_at=at)


def note_removed(which: ListOf, ids: Sequence[int], at: datetime) -> None:
    """The vendor removed these ids at ``at``."""
    with transaction.atomic():
        for some in _chunks(ids):
            which.memberships().filter(member__in=some, gone_at=None).update(gone_at=at, synced_at=at)
            Member.objects.filter(on_no_list(), pk__in=some, gone_at=None).update(gone_at=at)


def sweep() -> int:
    """People whom no list names any more because their rooms and recordings are gone. Answers how many."""
    return Member.objects.filter(on_no_list(), gone_at=None).update(gone_at=timezone.now())


def _chunks(ids: Sequence[int]) -> list[list[int]]:
    """Sorted, so that two writers lock rows in the same order."""
    ids = sorted(ids)
    return [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]


def ids_here(which: ListOf) -> set[int]:
    """Who is on the list, as far as the mirror knows."""
    found: Any = which.memberships().filter(gone_at=None).order_by().values_list("member_id", flat=True)
    return set(found)
