"""Planning: what an operation would do to each target, stored before anybody confirms.

Set-based, because a selection has up to tens of thousands of recordings: one query reads the facts, the kind decides
on bare tuples, and the items are inserted in chunks. A plan is made from the mirror; a kind that ``reads`` asks the
vendor too: at once where one call tells all, else in the background (``prepare``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain, islice, starmap
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Count, Exists, F, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from playback.models import WHOLE, Operation, OperationItem, Recording, TrashEntry, Version
from playback.vendor.codes import Lane

from . import dispatch, reasons, registry
from .asking import asked
from .base import (
    COLUMNS,
    NOTHING,
    Attachment,
    Difference,
    Facts,
    OperationInvalid,
    OperationKind,
    Planned,
    Skipped,
    VersionFacts,
)
from .reasons import reason

if TYPE_CHECKING:
    from django.contrib.auth.models import User

T = TypeVar("T")
CHUNK = 2000
ROWS_A_STATEMENT = 62  # times 16 columns: SQLite may be built to take 999 parameters
Outcome = OperationItem.Outcome
Known = Mapping[int, Mapping[str, Any]]
Made = Mapping[int, tuple[Mapping[str, Any], Mapping[str, Any]]]  # recording → an item's change and state before


class Line(NamedTuple):
    """One target of a plan, before it is an item. ``facts`` is None for a kind without recordings."""

    facts: Facts | None
    label: str
    result: Planned | Skipped


class SummaryLine(NamedTuple):
    """So many targets of a plan, and what becomes of them, in the reader's language."""

    text: str
    number: int
    skipped: bool


class Rule(NamedTuple):
    """What decides on each target: the kind and its parameters or, for an undo, the changes to put back."""

    kind: OperationKind
    parameters: Mapping[str, Any]
    made: Made | None = None


def kind_of(name: str) -> OperationKind:
    """Raises :class:`OperationInvalid` for a kind that does not exist."""
    try:
        return registry.get(name)
    except KeyError:
        raise OperationInvalid({"kind": _("There is no such action.")}) from None


def check_permission(kind: OperationKind, user: User | AnonymousUser | None, *, undoing: bool = False) -> None:
    """Raises ``PermissionDenied`` unless the user is active and may run this kind."""
    needed = (undoing and kind.undo_permission) or kind.permission
    if user is None or not user.is_active or not user.has_perm(needed):
        raise PermissionDenied


def plan(
    kind: str,
    user: User | AnonymousUser | None,
    recordings: QuerySet[Recording],
    parameters: Mapping[str, Any],
    attachment: Attachment | None = None,
    *,
    selection: str = "",
    automatic: bool = False,
) -> Operation:
    """Store what the operation would do to each of ``recordings``, which keep their order unless the kind has its own.

    ``selection`` is the query string of the list that selected them, for the report. ``automatic``: the schedule asks,
    for something that somebody with the right decided before. Raises ``PermissionDenied``, or
    :class:`OperationInvalid` with a sentence a field.
    """
    made_by = kind_of(kind)
    if not automatic:
        check_permission(made_by, user)
    cleaned, attachment = made_by.clean(parameters, attachment)
    new = Operation(
        kind=made_by.kind,
        parameters=cleaned,
        attachment=attachment.content if attachment else None,
        attachment_type=attachment.content_type if attachment else "",
        attachment_name=attachment.filename[:255] if attachment else "",
        user_id=user.pk if user else None,
        selection=selection[:4000],
        automatic=automatic,
    )
    if made_by.targetless:
        return _begin(new, made_by, _lines_without_recordings(new))
    targets = list(_unique(targets_of(made_by, recordings)))
    if made_by.only_one and len(targets) > 1:
        raise OperationInvalid({"": _("This is done to one recording at a time.")})
    return _plan_targets(new, Rule(made_by, cleaned), targets)


def plan_undo(operation: Operation, user: User | AnonymousUser) -> Operation:
    """A new operation that puts back what ``operation`` did, as far as nothing changed it since. Raises as ``plan``."""
    kind = kind_of(operation.kind)
    check_permission(kind, user, undoing=True)
    if not kind.undoable:
        raise OperationInvalid({"": _("This cannot be undone.")})
    done = operation.items.filter(outcome=Outcome.DONE)
    if kind.targetless:
        new = Operation(kind=kind.kind, parameters=operation.parameters, user_id=user.pk, undoes=operation)
        lines = _lines_without_recordings(new)
        if not lines:
            raise OperationInvalid({"": _("Nothing is selected.")})
        return _begin(new, kind, lines)
    ids = list(done.order_by("position").values_list("recording_id", flat=True))
    new = Operation(kind=kind.kind, parameters=operation.parameters, user_id=user.pk, undoes=operation)
    return _plan_targets(new, Rule(kind, operation.parameters, _made_by(operation)), by_ids(kind, ids))


def plan_retry(operation: Operation, user: User | AnonymousUser) -> Operation:
    """A new operation on what ``operation`` did not get done: refused, cancelled or unknown. Raises as ``plan``."""
    kind = kind_of(operation.kind)
    check_permission(kind, user, undoing=operation.undoes_id is not None)
    failed = operation.items.filter(
        outcome__in=[Outcome.REFUSED, Outcome.CANCELLED, Outcome.UNKNOWN], finished_at__isnull=False
    )
    new = Operation(
        kind=kind.kind,
        parameters=operation.parameters,
        attachment=Operation.objects.values_list("attachment", flat=True).get(pk=operation.pk),
        attachment_type=operation.attachment_type,
        attachment_name=operation.attachment_name,
        user_id=user.pk,
        undoes=operation.undoes,
        retries=operation,
    )
    if kind.targetless:
        labels = set(failed.values_list("label", flat=True))
        lines = [line for line in _lines_without_recordings(new) if line.label in labels]
        if not lines:
            raise OperationInvalid({"": _("There is nothing to try again.")})
        return _begin(new, kind, lines)
    ids = list(failed.order_by("position").values_list("recording_id", flat=True))
    if not ids:
        raise OperationInvalid({"": _("There is nothing to try again.")})
    return _plan_targets(new, rule_of(new), by_ids(kind, ids))


def _lines_without_recordings(operation: Operation) -> list[Line]:
    """The lines of a ``targetless`` kind or, for an undo, of what the undone operation did."""
    kind = kind_of(operation.kind)
    if operation.undoes is None:
        planned = kind.plan_lines(operation.parameters)
        lines = [Line(None, label[:300], result) for label, result in planned]
        if not lines:
            raise OperationInvalid({"": _("Nothing is selected.")})
        return lines
    done = operation.undoes.items.filter(outcome=Outcome.DONE).order_by("position")
    return [
        Line(None, label, kind.undo_line(operation.parameters, change, before))
        for label, change, before in done.values_list("label", "change", "before").iterator(chunk_size=CHUNK)
    ]


def rule_of(operation: Operation) -> Rule:
    """Raises :class:`OperationInvalid` for a kind that does not exist (any more)."""
    made = _made_by(operation.undoes) if operation.undoes is not None else None
    return Rule(kind_of(operation.kind), operation.parameters, made)


def _made_by(operation: Operation) -> Made:
    done = operation.items.filter(outcome=Outcome.DONE).values_list("recording_id", "change", "before")
    return {pk: (change, before) for pk, change, before in done.iterator(chunk_size=CHUNK) if pk is not None}


def _plan_targets(new: Operation, rule: Rule, targets: list[Facts]) -> Operation:
    if not targets:
        raise OperationInvalid({"": _("Nothing is selected.")})
    if not rule.kind.reads:
        return _begin(new, rule.kind, list(_decide(rule, targets)))
    readable = [facts for facts in targets if facts.gone_at is None or rule.kind.takes_gone]
    if len(readable) <= rule.kind.read_batch:
        found = asked(rule.kind, readable, rule.parameters, Lane.PERSON)
        return _begin(
            new,
            rule.kind,
            list(_decide(rule, [facts._replace(known=found.get(facts.id, NOTHING)) for facts in targets])),
        )
    with transaction.atomic():
        new.state = Operation.State.PREPARING
        new.save()
        _insert(new, [Line(facts, facts.label, Planned({}, {})) for facts in targets], timezone.now())
        dispatch.send_preparation(new.pk)
    return new


def _begin(new: Operation, kind: OperationKind, lines: Sequence[Line]) -> Operation:
    with transaction.atomic():
        new.save()
        store(new, kind, lines)
    return new


def lay_out(kind: OperationKind, recordings: QuerySet[Recording], parameters: Mapping[str, Any]) -> Iterator[Line]:
    """Decide on each target as the mirror has it now. A recording that a join brought twice is one target."""
    return _decide(Rule(kind, parameters), _unique(targets_of(kind, recordings)))


def targets_of(kind: OperationKind, recordings: QuerySet[Recording]) -> Iterator[Facts]:
    """The mirror's facts of a selection, in the kind's order."""
    if kind.oldest_first:
        if recordings.query.is_sliced:
            recordings = Recording.objects.filter(pk__in=list(recordings.values_list("pk", flat=True)))
        recordings = recordings.order_by(F("created_at").asc(nulls_last=True), "pk")
    rows: Iterator[Facts] = starmap(
        Facts, _annotated(kind, recordings).values_list(*COLUMNS).iterator(chunk_size=CHUNK)
    )
    if kind.needs_versions:
        rows = chain.from_iterable(_with_versions(some) for some in batched(rows, CHUNK))
    if kind.needs_trash:
        rows = chain.from_iterable(_with_trash(some) for some in batched(rows, CHUNK))
    return rows


def _annotated(kind: OperationKind, recordings: QuerySet[Recording]) -> QuerySet[Any]:
    """With ``room_title``, ``trashed`` and ``version_count`` for :class:`Facts`; counting costs, so few do."""
    count: Any = Value(0)
    if kind.counts_versions:
        live = Version.objects.filter(recording=OuterRef("pk"), gone_at=None).order_by().values("recording")
        many = live.annotate(many=Count("pk")).values("many")
        count = Coalesce(Subquery(many, output_field=IntegerField()), 0)
    trashed = Exists(TrashEntry.objects.filter(recording=OuterRef("pk"), version=WHOLE, ended_at=None))
    return recordings.select_related(None).annotate(room_title=F("room__title"), version_count=count, trashed=trashed)


def _with_versions(some: list[Facts]) -> list[Facts]:
    found: dict[int, dict[int, VersionFacts]] = {}
    rows = Version.objects.filter(recording__in=[facts.id for facts in some], gone_at=None).order_by()
    for recording, *facts in rows.values_list("recording_id", *VersionFacts._fields):
        version = VersionFacts._make(facts)
        found.setdefault(recording, {})[version.version] = version
    return [facts._replace(versions=found.get(facts.id, NOTHING)) for facts in some]


def _with_trash(some: list[Facts]) -> list[Facts]:
    found: dict[int, dict[int, int | None]] = {}
    entries = TrashEntry.objects.filter(recording__in=[facts.id for facts in some], ended_at=None).order_by()
    for recording, version, former in entries.values_list("recording_id", "version", "former_publish_status"):
        found.setdefault(recording, {})[version] = former
    return [facts._replace(trash=found.get(facts.id, NOTHING)) for facts in some]


def _unique(targets: Iterable[Facts]) -> Iterator[Facts]:
    seen: set[int] = set()
    for facts in targets:
        if facts.id not in seen:
            seen.add(facts.id)
            yield facts


def by_ids(kind: OperationKind, ids: Iterable[int | None]) -> list[Facts]:
    """In the order of ``ids``, or the kind's own. By ids and not by a join: right after a large plan was stored, a
    database that has not counted its rows yet chooses a join that takes half a minute."""
    wanted = [pk for pk in ids if pk is not None]
    now_known: dict[int, Facts] = {}
    for some in batched(wanted, CHUNK):
        now_known |= {facts.id: facts for facts in targets_of(kind, Recording.objects.filter(pk__in=some).order_by())}
    targets = [now_known[pk] for pk in wanted if pk in now_known]
    if kind.oldest_first:
        last = timezone.now()
        targets.sort(key=lambda facts: (facts.created_at is None, facts.created_at or last, facts.id))
    return targets


def _decide(rule: Rule, targets: Iterable[Facts]) -> Iterator[Line]:
    kind = rule.kind
    number = 0
    for facts in targets:
        if facts.gone_at is not None and not kind.takes_gone:
            yield Line(facts, facts.label, Skipped(reason("gone")))
            continue
        number += 1
        yield Line(facts, facts.label, _one(rule, facts, number))


def _one(rule: Rule, facts: Facts, number: int) -> Planned | Skipped:
    if facts.trashed and not rule.kind.takes_trashed:
        return Skipped(reason("in_trash"))
    if failed := facts.known.get("unread"):
        return Skipped(failed)
    if rule.made is None:
        return rule.kind.plan_item(facts, rule.parameters, number)
    change, before = rule.made.get(facts.id, (NOTHING, NOTHING))
    return rule.kind.undo_item(facts, change, before) if change else Skipped(reason("state_before_unknown"))


def prepared(operation: Operation) -> list[Line]:
    """The plan of an operation whose targets were all asked about: decided on with what was stored."""
    rule = rule_of(operation)
    known = dict(operation.items.order_by("position").values_list("recording_id", "known").iterator(chunk_size=CHUNK))
    targets = [facts._replace(known=known[facts.id]) for facts in by_ids(rule.kind, known)]
    return list(_decide(rule, targets))


def store(operation: Operation, kind: OperationKind, lines: Sequence[Line]) -> None:
    """Replace the plan's items. In one transaction with whatever made them necessary."""
    now = timezone.now()
    operation.items.all().delete()
    _insert(operation, lines, now)
    planned = [line.result for line in lines if isinstance(line.result, Planned)]
    operation.notes = [] if operation.undoes_id else kind.plan_notes(planned)
    # A single item has a person waiting in front of the page.
    operation.lane = (Lane.PERSON if len(planned) == 1 and not operation.automatic else Lane.OPERATION).value
    operation.planned_at = now
    operation.save(update_fields=["notes", "lane", "planned_at"])


def _insert(operation: Operation, lines: Sequence[Line], now: datetime) -> None:
    """Rows without instances: ``bulk_create`` takes several times as long, most of it in making them."""
    common = OperationItem(operation=operation)
    varying = [
        "position",
        "recording",
        "label",
        "outcome",
        "reason",
        "change",
        "before",
        "known",
        "note",
        "finished_at",
    ]
    meta = OperationItem._meta
    constant = [field for field in meta.concrete_fields if not field.primary_key and field.name not in varying]
    by_name = {field.name: field for field in meta.concrete_fields}
    columns = [by_name[name].column for name in varying] + [field.column for field in constant]
    fixed = [field.get_db_prep_save(getattr(common, field.attname), connection) for field in constant]
    json = partial(connection.ops.adapt_json_value, encoder=None)
    skipped_at = by_name["finished_at"].get_db_prep_save(now, connection)
    nothing = json({})

    def row(position: int, facts: Facts | None, label: str, result: Planned | Skipped) -> list[Any]:
        ends: list[Any]
        known = json(dict(facts.known)) if facts and facts.known else nothing
        if isinstance(result, Planned):
            note = json(result.note) if result.note else nothing
            ends = [Outcome.PLANNED.value, nothing, json(result.change), json(result.before), known, note, None]
        else:
            ends = [Outcome.SKIPPED.value, json(result.reason), nothing, nothing, known, nothing, skipped_at]
        return [position, facts.id if facts else None, label, *ends, *fixed]

    quote = connection.ops.quote_name
    # Names of columns alone, quoted; the values are parameters.
    insert = f"INSERT INTO {quote(meta.db_table)} ({', '.join(map(quote, map(str, columns)))}) VALUES "  # noqa: S608
    places = f"({', '.join(['%s'] * len(columns))})"
    with connection.cursor() as cursor:
        for some in batched(enumerate(lines), ROWS_A_STATEMENT):
            values = chain.from_iterable(row(position, *line) for position, line in some)
            cursor.execute(insert + ", ".join([places] * len(some)), list(values))


def again(operation: Operation) -> tuple[list[Line], list[Difference]]:
    """The same targets decided on anew, and how that differs from the stored plan. Writes nothing.

    What the vendor was asked for the plan is asked again where that is one call, else taken as it was read: the call
    itself then meets what changed since.
    """
    rule = rule_of(operation)
    kind = rule.kind
    if kind.targetless:
        return _again_without_recordings(operation, kind)
    stored: dict[int, tuple[Any, ...]] = {}
    known: dict[int, Mapping[str, Any]] = {}
    rows = operation.items.order_by("position").values_list(
        "recording_id", "label", "outcome", "reason", "change", "known"
    )
    for pk, label, outcome, why, change, read in rows.iterator(chunk_size=CHUNK):
        stored[pk] = (label, outcome, why, change)
        known[pk] = read
    targets = by_ids(kind, stored)
    if kind.reads:
        live = [facts for facts in targets if facts.gone_at is None or kind.takes_gone]
        if len(live) <= kind.read_batch:
            known |= asked(kind, live, rule.parameters, Lane.PERSON)
        targets = [facts._replace(known=known[facts.id]) for facts in targets]
    lines = list(_decide(rule, targets))
    differences = []
    for line in lines:
        assert line.facts is not None  # noqa: S101 - the kind has recordings
        label, outcome, why, change = stored.pop(line.facts.id, (line.label, Outcome.SKIPPED, {}, {}))
        was = (outcome == Outcome.SKIPPED, why, change)
        now = (True, line.result.reason, {}) if isinstance(line.result, Skipped) else (False, {}, line.result.change)
        if was != now:
            differences.append(Difference(label, _told(kind, *was), _told(kind, *now)))
    differences += [
        Difference(label, _told(kind, outcome == Outcome.SKIPPED, why, change), reasons.text(reason("gone")))
        for label, outcome, why, change in stored.values()
    ]
    return lines, differences


def _again_without_recordings(operation: Operation, kind: OperationKind) -> tuple[list[Line], list[Difference]]:
    rows = operation.items.order_by("position").values_list("label", "outcome", "reason", "change")
    stored = {label: (outcome == Outcome.SKIPPED, why, change) for label, outcome, why, change in rows}
    lines = _lines_without_recordings(operation)
    if operation.retries_id:
        lines = [line for line in lines if line.label in stored]
    differences = []
    for line in lines:
        was = stored.pop(line.label, (True, {}, {}))
        now = (True, line.result.reason, {}) if isinstance(line.result, Skipped) else (False, {}, line.result.change)
        if was != now:
            differences.append(Difference(line.label, _told(kind, *was), _told(kind, *now)))
    differences += [Difference(label, _told(kind, *was), "–") for label, was in stored.items()]
    return lines, differences


def _told(kind: OperationKind, skipped: bool, why: Mapping[str, Any], change: Mapping[str, Sequence[Any]]) -> str:
    if skipped:
        return reasons.text(why)
    told = [f"{label}: {old} → {new}" for label, old, new in kind.changes(change)]
    return "; ".join(told) or str(kind.will)


def summary(operation: Operation) -> list[SummaryLine]:
    """What the plan does, in numbers: first what will be done, then what is skipped by reason, most frequent first."""
    kind = registry.get(operation.kind)
    will = _("will be put back") if operation.undoes_id else kind.will
    counted: Counter[tuple[bool, str]] = Counter()
    for outcome, code, many in (
        operation.items.order_by().values_list("outcome", "reason__code").annotate(many=Count("id"))
    ):
        counted[(True, code or "") if outcome == Outcome.SKIPPED else (False, "")] += many
    lines = [
        SummaryLine(reasons.text({"code": code}) if skipped else str(will), many, skipped)
        for (skipped, code), many in counted.items()
    ]
    return sorted(lines, key=lambda line: (line.skipped, -line.number))


def batched(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """In lists of ``size``; the last may be shorter."""
    found = iter(rows)
    while batch := list(islice(found, size)):
        yield batch
