"""What changed behind our back, written down: one entry a row and kind of change, in the transaction that stores it.

The comparison itself is in ``sides``. What is *not* history:

- a row that is new, and what a placeholder learns;
- play counts;
- a recording on its way: as long as it has never been ready, its status moves on and its facts are filled in;
- what a callback told ahead of the list (status, video, length, size, cover), when the list says it too. That a
  callback changed a *ready* recording is history, written when the callback is believed (``told``).

Every way by which the vendor's words come in writes here (``upsert``, ``single``, ``told``, ``gone``), from the row as
it was locked before its write. Whatever is stored is the *from* of the next comparison, so no change is written twice.

An effect of our own operation is history too, marked as such: a pass may well meet it before the operation's own
reading does. Which changes are ours, the layer above knows (``explain_by``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count
from django.utils import timezone

from playback.models import Change, Mirror, Recording, Room, SyncRun, Version
from playback.vendor.codes import RecordingStatus

from . import sides
from .freshness import KINDS, Freshness
from .tables import RECORDINGS, ROOMS, VERSIONS, Table

Kind = Change.Kind
KEEP = timedelta(days=400)
PLAYS = "play_times"
TOLD = frozenset({"status", "video_id", "length", "total_transcode_size", "cover_url"})  # by callbacks
TABLES: dict[type[Mirror], Table] = {Room: ROOMS, Recording: RECORDINGS, Version: VERSIONS}
_SUBJECTS = {Room: Change.Subject.ROOM, Recording: Change.Subject.RECORDING, Version: Change.Subject.VERSION}
_FOREGROUND = {"echo": False, "own": False}


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
    def of(cls, table: Table, drafts: Sequence[Draft]) -> _Parents:
        if table is not VERSIONS:
            return cls()
        keys = {draft.former.key[0] for draft in drafts}
        found = Recording.objects.filter(pk__in=keys).values_list("pk", "name", "room_id", "session_id", "main_version")
        return cls({pk: tuple(rest) for pk, *rest in found})


def formers(table: Table, keys: Iterable[int]) -> dict[int, Former]:
    """The stored rows, locked until the transaction's end. All writers lock in this order."""
    key = ("recording_id", "version") if table is VERSIONS else table.key
    columns = ("pk", "synced_at", "gone_at", "payload_hash", *key, *table.facts)
    rows = table.model.objects.filter(pk__in=list(keys)).order_by("pk").select_for_update().values_list(*columns)
    width = 4 + len(key)
    return {
        row[0]: Former(row[0], row[1], row[2], row[3].hex if row[3] else None, row[width:], row[4:width])
        for row in rows
    }


def former_of(table: Table, row: Any) -> Former:
    """Of an instance that was locked when it was read."""
    key = (row.recording_id, row.version) if table is VERSIONS else tuple(getattr(row, name) for name in table.key)
    pinned = row.payload_hash.hex if row.payload_hash else None
    return Former(row.pk, row.synced_at, row.gone_at, pinned, facts_of(table, row), key)


def facts_of(table: Table, row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in table.facts)


def note(
    table: Table, moved: Sequence[tuple[int, Sequence[Any]]], asked_at: datetime, run: SyncRun | None = None
) -> None:
    """Rows that the vendor's words are about to change: primary key and the facts it tells now. Call before the write,
    in its transaction."""
    if not moved:
        return
    before = formers(table, [pk for pk, _ in moved])
    drafts: list[Draft] = []
    for pk, facts in moved:
        former = before.get(pk)
        # The write's own guard: words older than the stored ones change nothing.
        if former is not None and not _later(former.synced_at, asked_at) and not _later(former.gone_at, asked_at):
            drafts.extend(drafts_of(table, former, facts))
    write(table, drafts, asked_at, run)


def drafts_of(table: Table, former: Former, facts: Sequence[Any]) -> list[Draft]:
    """What differs from the vendor's facts, by kind."""
    if former.gone_at is not None:
        return [Draft(former, Kind.BACK, _differences(table, former.facts, facts))]
    if former.synced_at is None:
        return []
    if former.pinned is None:
        fields = _differences(table, former.facts, facts)
        by_kind = {Kind.VENDOR: {name: pair for name, pair in fields.items() if name not in TOLD}}
    else:
        by_kind = {}
        for i, kind in sides.of_fields(former.facts, facts, former.pinned).items():
            if table.facts[i] != PLAYS:
                by_kind.setdefault(Kind(kind), {})[table.facts[i]] = [former.facts[i], facts[i]]
    return [Draft(former, kind, fields) for kind, fields in by_kind.items() if fields]


def note_told(table: Table, former: Former, facts: Sequence[Any], seen_at: datetime) -> None:
    """What a callback changed of a row that had the vendor's words already."""
    fields = _differences(table, former.facts, facts)
    if former.synced_at is not None and former.gone_at is None and fields:
        write(table, [Draft(former, Kind.VENDOR, fields)], seen_at, None)


def note_gone(
    table: Table, keys: Iterable[int], gone_at: datetime, run: SyncRun | None = None, *, echo: bool = False
) -> None:
    """Rows that were just marked as gone. ``echo``: versions that went along with their recording."""
    drafts = [Draft(former, Kind.GONE, {}, echo=echo) for former in formers(table, keys).values()]
    write(table, drafts, gone_at, run)


def note_back(table: Table, keys: Iterable[int], asked_at: datetime) -> None:
    """Gone rows that are there again, though their own facts are not told yet. Call before they are written."""
    gone = [former for former in formers(table, keys).values() if former.gone_at is not None]
    write(table, [Draft(former, Kind.BACK, {}) for former in gone], asked_at, None)


# ---------------------------------------------------------------- writing


def write(table: Table, drafts: Sequence[Draft], seen_at: datetime, run: SyncRun | None) -> None:
    """One insert for all of them, after a bounded number of questions."""
    drafts = _without_the_way(table, drafts) if table is not ROOMS else drafts
    if not drafts:
        return
    full_start = Freshness.load().full_starts.get(KINDS[table.model])
    parents = _Parents.of(table, drafts)
    drafts = _explained(table, drafts, parents, seen_at, full_start)
    if table is VERSIONS:
        _mark_echoes(drafts, parents)
    Change.objects.bulk_create([_entry(table, draft, parents, seen_at, run, full_start) for draft in drafts], 500)


def _without_the_way(table: Table, drafts: Sequence[Draft]) -> list[Draft]:
    """Leave out the normal life of what has never been ready. A row that was ready once has an entry for that its
    status moved: the way itself never writes one."""
    status = table.facts.index("status")
    on_way = {
        draft.former.pk
        for draft in drafts
        if draft.kind == Kind.VENDOR and draft.former.facts[status] != RecordingStatus.READY
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


def _explained(
    table: Table, drafts: Sequence[Draft], parents: _Parents, seen_at: datetime, full_start: datetime | None
) -> list[Draft]:
    """What is our own operation's effect becomes an entry of its own, with the operation."""
    open_ = [draft for draft in drafts if draft.kind in (Kind.VENDOR, Kind.GONE)] if table is not ROOMS else []
    if not open_:
        return list(drafts)
    questions = [
        Question(
            draft.former.key[0] if table is VERSIONS else draft.former.pk,
            draft.former.key[1] if table is VERSIONS else None,
            {"gone": True} if draft.kind == Kind.GONE else {name: new for name, (_, new) in draft.fields.items()},
            draft.former.synced_at,
            _last_seen(draft.former, full_start),
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
            told.append(Draft(draft.former, draft.kind, fields, own=True, operation_id=operation))
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
    table: Table, draft: Draft, parents: _Parents, seen_at: datetime, run: SyncRun | None, full_start: datetime | None
) -> Change:
    former = draft.former
    subject = _SUBJECTS[table.model]
    change = Change(
        kind=draft.kind,
        subject=subject,
        fields={name: [_plain(old), _plain(new)] for name, (old, new) in draft.fields.items()},
        since=former.gone_at if draft.kind == Kind.BACK else _last_seen(former, full_start),
        seen_at=seen_at,
        run=run,
        own=draft.own,
        operation_id=draft.operation_id,
        echo=draft.echo,
    )
    setattr(change, f"{subject.value}_id", former.pk)
    if table is ROOMS:
        name, key = former.facts[0], str(former.pk)
    elif table is RECORDINGS:
        name, key = former.facts[table.facts.index("name")], _vendor_key(*former.key)
    else:
        change.recording_id = former.key[0]
        parent, room_id, session_id, _main = parents.rows[former.key[0]]
        name = former.facts[table.facts.index("name")] or parent
        key = f"{_vendor_key(room_id, session_id)} v{former.key[1]}"
    change.label = f"{name[:250]} ({key})" if name else key
    return change


def _differences(table: Table, old: Sequence[Any], new: Sequence[Any]) -> dict[str, list[Any]]:
    return {
        name: [was, now] for name, was, now in zip(table.facts, old, new, strict=True) if was != now and name != PLAYS
    }


def _last_seen(former: Former, full_start: datetime | None) -> datetime | None:
    if former.synced_at is None or full_start is None:
        return former.synced_at
    return max(former.synced_at, full_start)


def _later(stored_at: datetime | None, asked_at: datetime) -> bool:
    return stored_at is not None and stored_at > asked_at


def _vendor_key(room_id: int, session_id: int) -> str:
    return f"{room_id}-{session_id}" if session_id else str(room_id)


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


# ---------------------------------------------------------------- over time


def summary(since: datetime) -> dict[str, int]:
    """How many rows changed behind our back since then, by kind; every kind is present."""
    counted = Change.objects.filter(seen_at__gte=since, **_FOREGROUND).order_by().values_list("kind")
    found = dict(counted.annotate(Count("pk")))
    return {kind: found.get(kind, 0) for kind in Kind.values}


def forget_old() -> int:
    """Entries of long ago."""
    removed: int = Change.objects.filter(seen_at__lt=timezone.now() - KEEP).delete()[0]
    return removed
