"""What we believe that our operations did, held against what the vendor shows.

An item is *done* when the vendor took the call. Some time later a complete full pass has seen every row; then the
mirror is what the vendor shows. For each recording and field the last word of an operation counts: the value that its
kind foretells (``shows``). If the mirror shows another value, and no entry of the history says that the believed one
was ever there since the call, the vendor does not show what it took: that is kept with the item (``missing``) and told
in its report, on the recording's page and in the numbers. If the history says that it was there, somebody changed it
again, which is history and no question of ours.

Nothing has to be dismissed: the next pass that shows the value, a later operation on the same field, or a recording
that is gone ends it. How long a recording is kept is in no list: it is compared where it was read after the item ended.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext

from playback.models import Change, OperationItem, Recording, SyncRun, Version
from playback.sync.expiry import Kept
from playback.sync.freshness import COMPLETE

from . import registry
from .base import OperationKind
from .effects import CALLED, GRACE
from .kinds import kept

logger = logging.getLogger("playback.operations")

LOOKS_BACK = timedelta(days=30)
_BATCH = 500  # recordings
_KINDS = (SyncRun.Kind.RECORDINGS, SyncRun.Kind.VERSIONS)
_UNREAD, _GONE = object(), object()
Place = tuple[int | None, str]


@dataclass
class Mirrored:
    """One recording as the mirror shows it, and what its history says since."""

    facts: Mapping[str, Any]
    versions: dict[int, Any] = field(default_factory=dict)  # number → gone_at
    changes: list[tuple[str, int | None, str, Mapping[str, Any], datetime]] = field(default_factory=list)


def check(run: SyncRun) -> int:
    """After a complete full pass of recordings or versions; nothing else can be judged by. Answers how many items the
    vendor does not show, of those that this pass could tell about."""
    if not run.full or run.state not in COMPLETE or run.kind not in _KINDS:
        return 0
    of_versions = run.kind == SyncRun.Kind.VERSIONS
    missed = 0
    for items in _batches(run.started_at):
        missed += _judge(items, run.started_at, of_versions=of_versions)
    if missed:
        logger.warning("%s items of operations are done, but the vendor does not show them", missed)
    return missed


def not_shown() -> QuerySet[OperationItem]:
    return OperationItem.objects.filter(missing__isnull=False)


def told(item: OperationItem, kind: OperationKind | None) -> str:
    """What is said of an item that the vendor does not show; empty for any other."""
    if not item.missing:
        return ""
    pairs = [
        gettext("%(field)s: expected %(expected)s, shown is %(shown)s")
        % {
            "field": capfirst(_label(name, kind)),
            "expected": _shown(name, expected, kind),
            "shown": _shown(name, shown, kind),
        }
        for name, (expected, shown) in item.missing.items()
    ]
    return gettext("It is done, but the vendor does not show it. %(what)s.") % {"what": gettext("; ").join(pairs)}


def _label(name: str, kind: OperationKind | None) -> str:
    if name == "gone":
        return gettext("presence at the vendor")
    return str(kind.fields.get(name, name)) if kind else name


def _shown(name: str, value: Any, kind: OperationKind | None) -> str:
    if name == "gone":
        return gettext("gone") if value else gettext("still there")
    return kind.show(name, value) if kind else str(value)


# ---------------------------------------------------------------- comparing


def _batches(started_at: datetime) -> Iterator[list[OperationItem]]:
    """All items that count, of some hundred recordings at a time; those of a recording in the order they ended."""
    recent = Q(finished_at=None) | Q(finished_at__gte=timezone.now() - LOOKS_BACK) | Q(missing__isnull=False)
    items = OperationItem.objects.filter(recent, outcome__in=CALLED, recording__isnull=False)
    judged = items.filter(outcome=OperationItem.Outcome.DONE, finished_at__lt=started_at - GRACE)
    last = 0
    while True:
        recordings = list(
            judged.filter(recording__gt=last)
            .order_by("recording_id")
            .values_list("recording_id", flat=True)
            .distinct()[:_BATCH]
        )
        if not recordings:
            return
        last = recordings[-1]
        found = items.filter(recording__in=recordings).select_related("operation").defer("operation__attachment")
        yield sorted(found, key=lambda item: (item.finished_at is None, item.finished_at, item.pk))


def _judge(items: Sequence[OperationItem], started_at: datetime, *, of_versions: bool) -> int:
    believed = _last_words(items)
    earliest = min(item.claimed_at or item.finished_at or started_at for item in items)
    mirrored = _mirrored({item.recording_id for item in items if item.recording_id}, earliest, of_versions)
    verdicts: dict[int, dict[str, list[Any]]] = {}
    for (recording, (version, name)), (item, expected) in believed.items():
        ripe = item.finished_at is not None and item.finished_at < started_at - GRACE
        if item.outcome != OperationItem.Outcome.DONE or not ripe or (version is not None) != of_versions:
            continue
        found = mirrored[recording]
        shown = _value(found, version, name, item)
        if shown is _UNREAD:
            continue
        verdict = verdicts.setdefault(item.pk, {})
        if shown is _GONE:
            continue
        if not _same(name, expected, shown) and not _was_there(found, version, name, expected, item):
            verdict[name] = [expected, shown]
    known = {item.pk: item for item in items}
    _keep(known, verdicts, started_at)
    # What had been reported and is no operation's last word any more is over.
    last = {item.pk for item, _ in believed.values()}
    over = [pk for pk, item in known.items() if item.missing and pk not in last]
    OperationItem.objects.filter(pk__in=over).update(missing=None, checked_at=started_at)
    return sum(bool(verdict) for verdict in verdicts.values())


def _last_words(items: Sequence[OperationItem]) -> dict[tuple[int, Place], tuple[OperationItem, Any]]:
    """Recording and place → the last item about it, and what it foretells. One that touches the field unforetold, or
    of which nobody knows whether it was done, ends what was believed before."""
    last: dict[tuple[int, Place], tuple[OperationItem, Any]] = {}
    kinds = registry.kinds()
    for item in items:
        kind = kinds.get(item.operation.kind)
        if kind is None or item.recording_id is None:
            continue
        for name in kind.touches(item.change):
            last.pop((item.recording_id, (None, name)), None)
        for place, expected in kind.shows(item.change).items():
            last[item.recording_id, place] = (item, expected)
    return last


def _mirrored(recordings: set[int], since: datetime, of_versions: bool) -> dict[int, Mirrored]:
    columns = ("publish_status", "name", "main_version", "gone_at", "valid_days", "expires_at", "expiry_read_at")
    rows = Recording.objects.filter(pk__in=recordings).values("pk", *columns)
    found = {row["pk"]: Mirrored(row) for row in rows}
    if of_versions:
        versions = Version.objects.filter(recording__in=recordings).order_by()
        for recording, version, gone_at in versions.values_list("recording_id", "version", "gone_at"):
            found[recording].versions[version] = gone_at
    changes = Change.objects.filter(
        recording__in=recordings, seen_at__gte=since, kind__in=[Change.Kind.VENDOR, Change.Kind.GONE, Change.Kind.BACK]
    ).order_by()
    for recording, *entry in changes.values_list(
        "recording_id", "subject", "version__version", "kind", "fields", "seen_at"
    ):
        found[recording].changes.append(tuple(entry))
    return found


def _value(found: Mirrored, version: int | None, name: str, item: OperationItem) -> Any:
    """What the mirror shows at a place."""
    if version is not None:
        return version not in found.versions or found.versions[version] is not None
    gone = found.facts["gone_at"] is not None
    if name == "gone":
        return gone
    if gone:
        return _GONE
    if name != "expiry":
        return found.facts[name]
    read_at = found.facts["expiry_read_at"]
    if read_at is None or item.finished_at is None or read_at <= item.finished_at:
        return _UNREAD
    return kept.as_json(Kept(found.facts["valid_days"], found.facts["expires_at"]))


def _same(name: str, expected: Any, shown: Any) -> bool:
    return kept.same(expected, shown) if name == "expiry" else bool(expected == shown)


def _was_there(found: Mirrored, version: int | None, name: str, expected: Any, item: OperationItem) -> bool:
    """Does the history say that the believed value was at the vendor since the call, or the recording made anew?"""
    begun = item.claimed_at or item.finished_at
    for subject, number, kind, fields, seen_at in found.changes:
        of_version = subject == Change.Subject.VERSION
        if (begun is not None and seen_at < begun) or of_version != (version is not None) or number != version:
            continue
        if kind != Change.Kind.VENDOR or expected in fields.get(name, ()):
            return True
    return False


def _keep(items: Mapping[int, OperationItem], verdicts: Mapping[int, dict[str, list[Any]]], at: datetime) -> None:
    renewed = []
    for pk, verdict in verdicts.items():
        item = items[pk]
        if (item.missing or {}) != verdict:
            item.missing = verdict or None
            renewed.append(item)
    OperationItem.objects.bulk_update(renewed, ["missing"], batch_size=200)
    OperationItem.objects.filter(pk__in=verdicts).update(checked_at=at)
