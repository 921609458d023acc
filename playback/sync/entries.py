"""From what differs to what is written down: entries of the history, in one insert for all that a page brought.

On the way from a draft to an entry it is left out if it is a recording's way to being ready, given to the operation
that did it, and marked as an echo if it is a version's that repeats its recording. Which changes are an operation's,
the layer above knows (``explain_by``).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from weakref import ref

from django.db import connection

from playback.models import Change, Recording, Room, SyncRun, Version
from playback.models.recording import vendor_key
from playback.vendor.codes import RecordingStatus

from .freshness import KINDS, Freshness
from .tables import RECORDINGS, ROOMS, VERSIONS, Table, listed, marks, stored_time

Kind = Change.Kind
TOLD = frozenset({"status", "video_id", "length", "total_transcode_size", "cover_url"})  # by callbacks
_SUBJECTS = {Room: Change.Subject.ROOM, Recording: Change.Subject.RECORDING, Version: Change.Subject.VERSION}


class Question(NamedTuple):
    """Did an operation do this? ``fields``: mirrored column → the vendor's value now; ``gone`` → True."""

    recording_id: int
    version: int | None
    fields: Mapping[str, Any]
    synced_at: datetime | None  # when the row's former words were stored
    last_seen: datetime | None  # when they were last known to hold
    asked_at: datetime


# One answer a question: field → the operation that did it.
Explainer = Callable[[Sequence[Question]], Sequence[Mapping[str, int]]]


def _nobody(questions: Sequence[Question]) -> Sequence[Mapping[str, int]]:
    return [{} for _ in questions]


_explainer: list[Explainer] = [_nobody]


def explain_by(explainer: Explainer) -> None:
    """Operations are a layer above: they say here which changes are theirs."""
    _explainer[0] = explainer


@dataclass
class Former:
    """A stored row, locked, before it is written."""

    pk: int
    synced_at: datetime | None
    gone_at: datetime | None
    pinned: str | None
    facts: tuple[Any, ...]
    key: tuple[Any, ...]  # (room id), (room id, session id) or (recording's pk, version)


@dataclass
class Draft:
    table: Table
    former: Former
    kind: str
    fields: dict[str, list[Any]]
    own: bool = False
    operation_id: int | None = None
    echo: bool = False


@dataclass
class _Parents:
    """What a version's entry needs of its recording."""

    rows: dict[int, tuple[str, int, int, int | None]] = field(default_factory=dict)

    @classmethod
    def of(cls, drafts: Sequence[Draft]) -> _Parents:
        keys = {draft.former.key[0] for draft in drafts if draft.table is VERSIONS}
        if not keys:
            return cls()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, name, room_id, session_id, main_version "  # noqa: S608
                f"FROM {Recording._meta.db_table} WHERE id IN ({marks(len(keys))})",
                [*keys],
            )
            return cls({pk: tuple(rest) for pk, *rest in cursor.fetchall()})


_HELD_FOR = 30.0  # s
_held: list[tuple[ref[SyncRun], float, Freshness]] = []


def _freshness(run: SyncRun | None) -> Freshness:
    """For a run that asks with every page: as it was a moment ago."""
    if run is None:
        return Freshness.load()
    for of_run, until, freshness in _held:
        if of_run() is run and time.monotonic() < until:
            return freshness
    found = Freshness.load()
    _held[:] = [(ref(run), time.monotonic() + _HELD_FOR, found)]
    return found


def write(drafts: Sequence[Draft], seen_at: datetime, run: SyncRun | None) -> None:
    """One insert for all of them, after a bounded number of questions. In the transaction that stores what they are
    about; versions after their recordings were written."""
    drafts = [draft for table in (ROOMS, RECORDINGS, VERSIONS) for draft in _to_keep(table, drafts)]
    if not drafts:
        return
    freshness = _freshness(run)
    parents = _Parents.of(drafts)
    drafts = _explained(drafts, seen_at, freshness)
    _mark_echoes([draft for draft in drafts if draft.table is VERSIONS], parents)
    _insert([_entry(draft, parents, seen_at, run, freshness) for draft in drafts])


_COLUMNS = tuple(str(column.column) for column in Change._meta.concrete_fields if not column.primary_key)
_AT_ONCE = 500


def _insert(entries: Sequence[dict[str, Any]]) -> None:
    """By hand, as the rows themselves are written: ``bulk_create`` took more than all the rest of it."""
    row = f"({marks(len(_COLUMNS))})"
    with connection.cursor() as cursor:
        for start in range(0, len(entries), _AT_ONCE):
            some = entries[start : start + _AT_ONCE]
            cursor.execute(
                f"INSERT INTO {Change._meta.db_table} ({listed(_COLUMNS)}) VALUES {marks(len(some), row)}",  # noqa: S608
                [entry[column] for entry in some for column in _COLUMNS],
            )


def _to_keep(table: Table, drafts: Sequence[Draft]) -> Sequence[Draft]:
    own = [draft for draft in drafts if draft.table is table]
    return _without_the_way(table, own) if own and table is not ROOMS else own


def _without_the_way(table: Table, drafts: Sequence[Draft]) -> list[Draft]:
    """Leave out the normal life of what has never been ready. A row that was ready once has an entry for that its
    status moved: the way itself never writes one."""
    status = table.facts.index("status")
    # Where our own status strayed, the vendor's is what it was.
    meant = {draft.former.pk: draft.former.facts[status] for draft in drafts}
    for draft in drafts:
        if draft.kind in (Kind.STRAYED, Kind.BOTH) and "status" in draft.fields:
            meant[draft.former.pk] = draft.fields["status"][1]
    on_way = {
        draft.former.pk
        for draft in drafts
        if draft.kind == Kind.VENDOR and meant[draft.former.pk] != RecordingStatus.READY
    }
    if on_way:
        name = _SUBJECTS[table.model].value
        moved = Change.objects.filter(subject=name, fields__has_key="status", **{f"{name}__in": on_way})
        on_way -= set(moved.values_list(f"{name}_id", flat=True))
    left = []
    for draft in drafts:
        if draft.kind == Kind.VENDOR and draft.former.pk in on_way:
            draft.fields = {name: pair for name, pair in draft.fields.items() if not _on_the_way(name, *pair)}
        if draft.fields or draft.kind in (Kind.GONE, Kind.BACK):
            left.append(draft)
    return left


def _on_the_way(name: str, old: Any, new: Any) -> bool:
    if name == "status":
        return bool(new > old)
    return name in TOLD or old is None or old == ""


def _explained(drafts: Sequence[Draft], seen_at: datetime, freshness: Freshness) -> list[Draft]:
    """What is our own operation's effect becomes an entry of its own, with the operation."""
    open_ = [draft for draft in drafts if draft.kind in (Kind.VENDOR, Kind.GONE) and draft.table is not ROOMS]
    if not open_:
        return list(drafts)
    questions = [
        Question(
            draft.former.key[0] if draft.table is VERSIONS else draft.former.pk,
            draft.former.key[1] if draft.table is VERSIONS else None,
            {"gone": True} if draft.kind == Kind.GONE else {name: new for name, (_, new) in draft.fields.items()},
            draft.former.synced_at,
            _last_seen(draft, freshness),
            seen_at,
        )
        for draft in open_
    ]
    answers = dict(zip(map(id, open_), _explainer[0](questions), strict=True))
    told: list[Draft] = []
    for draft in drafts:
        ours = answers.get(id(draft), {})
        if draft.kind == Kind.GONE and "gone" in ours:
            draft.own, draft.operation_id = True, ours["gone"]
            ours = {}
        for operation in dict.fromkeys(ours.values()):
            fields = {name: pair for name, pair in draft.fields.items() if ours.get(name) == operation}
            told.append(Draft(draft.table, draft.former, draft.kind, fields, own=True, operation_id=operation))
        draft.fields = {name: pair for name, pair in draft.fields.items() if name not in ours}
        if draft.fields or draft.kind in (Kind.GONE, Kind.BACK):
            told.append(draft)
    return told


def _mark_echoes(drafts: Sequence[Draft], parents: _Parents) -> None:
    """The main version's facts are its recording's, and the publish state is so for all versions. What went along with
    its recording comes back along with it."""
    back = {draft.former.pk for draft in drafts if draft.kind == Kind.BACK}
    along: dict[int, bool] = {}
    if back:
        gone = Change.objects.filter(version__in=back, kind=Kind.GONE).order_by("seen_at", "pk")
        along = dict(gone.values_list("version_id", "echo"))
    for draft in drafts:
        if draft.kind == Kind.VENDOR:
            main = parents.rows[draft.former.key[0]][3] == draft.former.key[1]
            draft.echo = main or draft.fields.keys() == {"publish_status"}
        elif draft.kind == Kind.BACK:
            draft.echo = along.get(draft.former.pk, False)


def _entry(
    draft: Draft, parents: _Parents, seen_at: datetime, run: SyncRun | None, freshness: Freshness
) -> dict[str, Any]:
    """The columns of a ``Change``, as the database is given them."""
    table, former = draft.table, draft.former
    subject = _SUBJECTS[table.model]
    since = former.gone_at if draft.kind == Kind.BACK else _last_seen(draft, freshness)
    about: dict[str, int | None] = {"room_id": None, "recording_id": None, "version_id": None}
    about[f"{subject.value}_id"] = former.pk
    if table is ROOMS:
        name, key = former.facts[0], str(former.pk)
    elif table is RECORDINGS:
        name, key = former.facts[table.facts.index("name")], vendor_key(*former.key)
    else:
        about["recording_id"] = former.key[0]
        parent, room_id, session_id, _main = parents.rows[former.key[0]]
        name = former.facts[table.facts.index("name")] or parent
        key = f"{vendor_key(room_id, session_id)} v{former.key[1]}"
    return {
        "kind": str(draft.kind),
        "subject": subject.value,
        **about,
        "label": f"{name[:250]} ({key})" if name else key,
        "fields": json.dumps({field: [plain(old), plain(new)] for field, (old, new) in draft.fields.items()}),
        "since": None if since is None else stored_time(since),
        "seen_at": stored_time(seen_at),
        "run_id": None if run is None else run.pk,
        "own": draft.own,
        "operation_id": draft.operation_id,
        "echo": draft.echo,
    }


def _last_seen(draft: Draft, freshness: Freshness) -> datetime | None:
    synced_at, full_start = draft.former.synced_at, freshness.full_starts.get(KINDS[draft.table.model])
    if synced_at is None or full_start is None:
        return synced_at
    return max(synced_at, full_start)


def plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
