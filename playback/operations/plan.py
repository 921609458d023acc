"""Planning: what an operation would do to each target, stored before anybody confirms.

Set-based, because a selection has up to tens of thousands of recordings: one query reads the facts, the kind decides
on bare tuples, and the items are inserted in chunks. A plan is made from the mirror alone; no vendor call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
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

CHUNK = 2000
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
    rows = kind.annotated(recordings.select_related(None)).values_list(*Facts._fields)
    seen: set[int] = set()
    number = 0
    for row in rows.iterator(chunk_size=CHUNK):
        facts = Facts._make(row)
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
    OperationItem.objects.bulk_create(
        (_item(operation, position, line, now) for position, line in enumerate(lines)), batch_size=CHUNK
    )
    planned = [line.result for line in lines if isinstance(line.result, Planned)]
    operation.notes = kind.plan_notes(planned)
    # A single item has a person waiting in front of the page.
    operation.lane = (Lane.PERSON if len(planned) == 1 else Lane.OPERATION).value
    operation.planned_at = now
    operation.save(update_fields=["notes", "lane", "planned_at"])


def _item(operation: Operation, position: int, line: Line, now: Any) -> OperationItem:
    item = OperationItem(operation=operation, position=position, recording_id=line.facts.id, label=line.facts.label)
    if isinstance(line.result, Planned):
        item.change, item.before = line.result.change, line.result.before
    else:
        item.outcome, item.reason, item.finished_at = Outcome.SKIPPED, line.result.reason, now
    return item


def again(operation: Operation, kind: OperationKind) -> tuple[list[Line], list[Difference]]:
    """The same targets decided on anew, and how that differs from the stored plan. Writes nothing."""
    targets: QuerySet[Recording] = Recording.objects.filter(operation_items__operation=operation).order_by(
        "operation_items__position"
    )
    lines = list(lay_out(kind, targets, operation.parameters))
    stored = {
        recording: (label, outcome, why, change)
        for recording, label, outcome, why, change in operation.items.values_list(
            "recording_id", "label", "outcome", "reason", "change"
        ).iterator(chunk_size=CHUNK)
    }
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
