"""Planning: what an operation would do to each target, stored before anybody confirms.

Set-based, because a selection has up to tens of thousands of recordings: one query reads the facts, the kind decides
on bare tuples, and the items are inserted in chunks. A plan is made from the mirror alone; no vendor call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Count, F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from playback.models import Operation, OperationItem, Recording
from playback.vendor.codes import Lane

from . import reasons, registry
from .base import Attachment, Difference, Facts, OperationInvalid, OperationKind, Planned, Skipped
from .reasons import reason

if TYPE_CHECKING:
    from django.contrib.auth.models import User

T = TypeVar("T")
CHUNK = 2000
ROWS_A_STATEMENT = 64  # times 14 columns: SQLite may be built to take 999 parameters
Outcome = OperationItem.Outcome


class Line(NamedTuple):
    """One target of a plan, before it is an item."""

    facts: Facts
    result: Planned | Skipped


class SummaryLine(NamedTuple):
    """So many targets of a plan, and what becomes of them, in the reader's language."""

    text: str
    number: int
    skipped: bool


def kind_of(name: str) -> OperationKind:
    """Raises :class:`OperationInvalid` for a kind that does not exist."""
    try:
        return registry.get(name)
    except KeyError:
        raise OperationInvalid({"kind": _("There is no such action.")}) from None


def check_permission(kind: OperationKind, user: User | AnonymousUser | None) -> None:
    """Raises ``PermissionDenied`` unless the user is active and may run this kind."""
    if user is None or not user.is_active or not user.has_perm(kind.permission):
        raise PermissionDenied


def plan(
    kind: str,
    user: User | AnonymousUser,
    recordings: QuerySet[Recording],
    parameters: Mapping[str, Any],
    attachment: Attachment | None = None,
) -> Operation:
    """Store what the operation would do to each of ``recordings``, which keep their order unless the kind has its own.

    Raises ``PermissionDenied``, or :class:`OperationInvalid` with a sentence a field.
    """
    made_by = kind_of(kind)
    check_permission(made_by, user)
    cleaned, attachment = made_by.clean(parameters, attachment)
    lines = list(lay_out(made_by, recordings, cleaned))
    if not lines:
        raise OperationInvalid({"": _("Nothing is selected.")})
    with transaction.atomic():
        operation = Operation.objects.create(
            kind=made_by.kind,
            parameters=cleaned,
            attachment=attachment.content if attachment else None,
            attachment_type=attachment.content_type if attachment else "",
            attachment_name=attachment.filename[:255] if attachment else "",
            user_id=user.pk,
        )
        store(operation, made_by, lines)
    return operation


def lay_out(kind: OperationKind, recordings: QuerySet[Recording], parameters: Mapping[str, Any]) -> Iterator[Line]:
    """Decide on each target as the mirror has it now. A recording that a join brought twice is one target."""
    if kind.oldest_first:
        if recordings.query.is_sliced:
            recordings = Recording.objects.filter(pk__in=list(recordings.values_list("pk", flat=True)))
        recordings = recordings.order_by(F("created_at").asc(nulls_last=True), "pk")
    return _decide(kind, _facts(kind, recordings), parameters)


def _facts(kind: OperationKind, recordings: QuerySet[Recording]) -> Iterator[Facts]:
    rows = kind.annotated(recordings.select_related(None)).values_list(*Facts._fields)
    return map(Facts._make, rows.iterator(chunk_size=CHUNK))


def _decide(kind: OperationKind, targets: Iterable[Facts], parameters: Mapping[str, Any]) -> Iterator[Line]:
    seen: set[int] = set()
    number = 0
    for facts in targets:
        if facts.id in seen:
            continue
        seen.add(facts.id)
        if facts.gone_at is not None and not kind.takes_gone:
            yield Line(facts, Skipped(reason("gone")))
            continue
        number += 1
        yield Line(facts, kind.plan_item(facts, parameters, number))


def store(operation: Operation, kind: OperationKind, lines: Sequence[Line]) -> None:
    """Replace the plan's items. In one transaction with whatever made them necessary."""
    now = timezone.now()
    operation.items.all().delete()
    _insert(operation, lines, now)
    planned = [line.result for line in lines if isinstance(line.result, Planned)]
    operation.notes = kind.plan_notes(planned)
    # A single item has a person waiting in front of the page.
    operation.lane = (Lane.PERSON if len(planned) == 1 else Lane.OPERATION).value
    operation.planned_at = now
    operation.save(update_fields=["notes", "lane", "planned_at"])


def _insert(operation: Operation, lines: Sequence[Line], now: datetime) -> None:
    """Rows without instances: ``bulk_create`` takes several times as long, most of it in making them."""
    common = OperationItem(operation=operation)
    varying = ["position", "recording", "label", "outcome", "reason", "change", "before", "finished_at"]
    meta = OperationItem._meta
    constant = [field for field in meta.concrete_fields if not field.primary_key and field.name not in varying]
    by_name = {field.name: field for field in meta.concrete_fields}
    columns = [by_name[name].column for name in varying] + [field.column for field in constant]
    fixed = [field.get_db_prep_save(getattr(common, field.attname), connection) for field in constant]
    json = partial(connection.ops.adapt_json_value, encoder=None)
    skipped_at = by_name["finished_at"].get_db_prep_save(now, connection)
    nothing = json({})

    def row(position: int, facts: Facts, result: Planned | Skipped) -> list[Any]:
        ends: list[Any]
        if isinstance(result, Planned):
            ends = [Outcome.PLANNED.value, nothing, json(result.change), json(result.before), None]
        else:
            ends = [Outcome.SKIPPED.value, json(result.reason), nothing, nothing, skipped_at]
        return [position, facts.id, facts.label, *ends, *fixed]

    quote = connection.ops.quote_name
    # Names of columns alone, quoted; the values are parameters.
    insert = f"INSERT INTO {quote(meta.db_table)} ({', '.join(map(quote, map(str, columns)))}) VALUES "  # noqa: S608
    places = f"({', '.join(['%s'] * len(columns))})"
    with connection.cursor() as cursor:
        for some in batched(enumerate(lines), ROWS_A_STATEMENT):
            values = chain.from_iterable(row(position, *line) for position, line in some)
            cursor.execute(insert + ", ".join([places] * len(some)), list(values))


def again(operation: Operation, kind: OperationKind) -> tuple[list[Line], list[Difference]]:
    """The same targets decided on anew, and how that differs from the stored plan. Writes nothing."""
    stored = {
        recording: (label, outcome, why, change)
        for recording, label, outcome, why, change in operation.items.order_by("position")
        .values_list("recording_id", "label", "outcome", "reason", "change")
        .iterator(chunk_size=CHUNK)
    }
    # By their ids and not by a join: right after a large plan was stored, a database that has not counted its rows yet
    # chooses a join that takes half a minute.
    now_known: dict[int, Facts] = {}
    for ids in batched(stored, CHUNK):
        now_known |= {facts.id: facts for facts in _facts(kind, Recording.objects.filter(pk__in=ids).order_by())}
    targets = [now_known[pk] for pk in stored if pk in now_known]
    if kind.oldest_first:
        targets.sort(key=lambda facts: (facts.created_at is None, facts.created_at or operation.created_at, facts.id))
    lines = list(_decide(kind, targets, operation.parameters))
    differences = []
    for line in lines:
        label, outcome, why, change = stored.pop(line.facts.id, (line.facts.label, Outcome.SKIPPED, {}, {}))
        was = (outcome == Outcome.SKIPPED, why, change)
        now = (True, line.result.reason, {}) if isinstance(line.result, Skipped) else (False, {}, line.result.change)
        if was != now:
            differences.append(Difference(label, _told(kind, *was), _told(kind, *now)))
    differences += [
        Difference(label, _told(kind, outcome == Outcome.SKIPPED, why, change), reasons.text(reason("gone")))
        for label, outcome, why, change in stored.values()
    ]
    return lines, differences


def _told(kind: OperationKind, skipped: bool, why: Mapping[str, Any], change: Mapping[str, Sequence[Any]]) -> str:
    if skipped:
        return reasons.text(why)
    told = [f"{label}: {old} → {new}" for label, old, new in kind.changes(change)]
    return "; ".join(told) or str(kind.will)


def summary(operation: Operation) -> list[SummaryLine]:
    """What the plan does, in numbers: first what will be done, then what is skipped by reason, most frequent first."""
    kind = registry.get(operation.kind)
    counted: Counter[tuple[bool, str]] = Counter()
    for outcome, code, many in (
        operation.items.order_by().values_list("outcome", "reason__code").annotate(many=Count("id"))
    ):
        counted[(True, code or "") if outcome == Outcome.SKIPPED else (False, "")] += many
    lines = [
        SummaryLine(reasons.text({"code": code}) if skipped else str(kind.will), many, skipped)
        for (skipped, code), many in counted.items()
    ]
    return sorted(lines, key=lambda line: (line.skipped, -line.number))


def batched(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """In lists of ``size``; the last may be shorter."""
    found = iter(rows)
    while batch := list(islice(found, size)):
        yield batch
