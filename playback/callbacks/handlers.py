"""Stored deliveries, applied: the mirror is told at once, then the vendor's own word about the recording is read.

What is applied may be applied again: nothing here counts or appends, and the vendor's word, which stands last, is the
same whatever the order was. Deliveries about one recording are taken together, so that a burst of them reads the
recording once. One that cannot be applied is due again later, ever more rarely, and is given up in the end.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from playback.conf import vendor_client
from playback.models import Delivery, OperationItem, Recording, Version
from playback.operations import execute
from playback.sync import told as mirror
from playback.sync.single import refresh_recording
from playback.vendor.client import VendorClient
from playback.vendor.codes import Lane, RecordingStatus
from playback.vendor.errors import VendorError
from playback.vendor.results import Told, told

from . import class_end, queue
from .inbox import problems
from .told_at import told_at

logger = logging.getLogger("playback.callbacks")
State = Delivery.State
WAITING = (State.RECEIVED, State.FAILED)

BACK_OFF = (60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600)  # s before each further attempt; then it is given up
LEASE = 600  # s; longer than three reads with all their repeating
HEARD = 120  # s until a delivery that was handed to a worker counts as lost on its way
AT_ONCE = 500  # deliveries of one look at the table
_KEYS = ("room_id", "session_id")


@dataclass
class Work:
    """One delivery in hand."""

    delivery: Delivery
    told: Told
    noted: mirror.Noted | None = None


def take_up() -> int:
    """Have everything that is due applied, a task a recording; the only one is applied here. Answers how many."""
    queue.awake()
    now = timezone.now()
    due = Delivery.objects.filter(state__in=WAITING, due_at__lte=now).order_by("due_at", "pk")
    rows = list(due.values_list("pk", *_KEYS)[:AT_ONCE])
    if not rows:
        return 0
    keys = [pk for pk, *_ in rows]
    Delivery.objects.filter(pk__in=keys).update(due_at=now + timedelta(seconds=HEARD))
    # A delivery that does not say which recording it is about goes alone.
    by_recording = sorted(rows, key=lambda row: (row[1] or 0, row[2] or 0, row[0]))
    groups = [[pk for pk, *_ in group] for _, group in groupby(by_recording, key=lambda row: row[1:])]
    if len(groups) == 1:
        apply(groups[0])
    else:
        for group in groups:
            queue.send(group)
    if len(rows) == AT_ONCE:
        queue.wake()
    return len(rows)


def apply(delivery_ids: Sequence[int]) -> None:
    """Apply some deliveries of one recording. What others have in hand, or is over, is left alone."""
    held = _claim(delivery_ids)
    try:
        works = [work for delivery in held if (work := _read(delivery)) is not None]
        for work in works:
            _note(work)
        _conclude(works)
    except VendorError as error:
        _put_off(held, str(error))
    except Exception as error:
        # Whatever it is, it is shown in the end, and does not take the other deliveries down with it.
        logger.exception("deliveries could not be applied: %s", list(delivery_ids))
        if len(held) == 1:
            _put_off(held, type(error).__name__)
            return
        Delivery.objects.filter(pk__in=[delivery.pk for delivery in held], state__in=WAITING).update(claimed_at=None)
        for delivery in held:
            apply([delivery.pk])


def replay(delivery: Delivery, user_id: int) -> bool:
    """Apply it once more, because a person asked for it. False for one that was refused, or waits anyway."""
    now = timezone.now()
    asked = Delivery.objects.filter(pk=delivery.pk, verdict=Delivery.Verdict.GOOD, claimed_at=None).update(
        state=State.RECEIVED, due_at=now, attempts=0, error="", replayed_at=now, replayed_by_id=user_id
    )
    if asked:
        transaction.on_commit(queue.wake)
    return bool(asked)


def _claim(delivery_ids: Sequence[int]) -> list[Delivery]:
    now = timezone.now()
    free = Q(claimed_at=None) | Q(claimed_at__lt=now - timedelta(seconds=LEASE))
    waiting = Delivery.objects.filter(free, pk__in=delivery_ids, state__in=WAITING)
    waiting.update(claimed_at=now, attempts=F("attempts") + 1, due_at=now + timedelta(seconds=LEASE))
    held = Delivery.objects.filter(pk__in=delivery_ids, claimed_at=now, state__in=WAITING)
    return sorted(held, key=lambda delivery: (told_at(delivery), delivery.pk))


def _read(delivery: Delivery) -> Work | None:
    """What the delivery tells; one that tells nothing of ours is over."""
    said, wrong = told(delivery.fields)
    delivery.error = problems(wrong)  # and not why an earlier attempt failed
    if said is None or said.room_id <= 0 or said.session_id < 0:
        _finish(delivery, State.IGNORED, "it does not say which recording it is about")
    elif delivery.kind == Delivery.Kind.UNKNOWN:
        _finish(delivery, State.IGNORED, "it tells nothing that is known here")
    else:
        return Work(delivery, said)
    return None


def _note(work: Work) -> None:
    """Tell the mirror what it may believe at once."""
    delivery, now = work.delivery, timezone.now()
    note = {
        Delivery.Kind.TRANSCODED: mirror.note_transcoding,
        Delivery.Kind.RENDERED: mirror.note_rendered,
        Delivery.Kind.REBUILT: mirror.note_rebuilt,
    }[Delivery.Kind(delivery.kind)]
    work.noted = noted = note(work.told, told_at(delivery), now)
    # Kept as it happens: a second attempt finds the mirror changed already.
    delivery.changed = merged(delivery.changed, noted.changed)
    delivery.recording = noted.recording
    delivery.version = noted.version
    delivery.save(update_fields=["changed", "recording", "version"])


def _conclude(works: Sequence[Work]) -> None:
    """Read the recording from the vendor where that is needed, settle what waits for it, and close the deliveries."""
    asking = [work for work in works if _must_ask(work)]
    client = vendor_client(Lane.SYNC) if asking else None
    if client is not None:
        _ask(client, asking)
    for work in works:
        assert work.noted is not None  # noqa: S101 - noted before this
        delivery = work.delivery
        if client is not None and _is_first_ready(delivery):
            delivery.seconds_after_class = class_end.seconds_since(client, work.noted.recording, delivery.received_at)
        if _ends_work(work) and (settled := _settle(work.noted.recording)):
            delivery.changed = merged(delivery.changed, {"settled": settled})
        overtaken = work.noted.outdated and not delivery.replayed_at
        _finish(
            delivery,
            State.IGNORED if overtaken else State.APPLIED,
            "a later one about the same version was applied before" if overtaken else "",
        )


def _must_ask(work: Work) -> bool:
    assert work.noted is not None  # noqa: S101 - noted before this
    if work.delivery.replayed_at:
        return True
    return not (work.noted.conclusive or work.noted.outdated)


def _ask(client: VendorClient, works: Sequence[Work]) -> None:
    """One reading for all; what it changed is told by the last of them."""
    last = works[-1]
    assert last.noted is not None  # noqa: S101 - noted before this
    before = _rows(last.noted)
    refresh_recording(client, last.noted.recording)
    read = mirror.differences(before, _rows(last.noted))
    last.delivery.changed = merged(last.delivery.changed, read)


def _rows(noted: mirror.Noted) -> dict[str, dict[str, object]]:
    recording = Recording.objects.get(pk=noted.recording.pk)
    return mirror.snapshot(recording, Version.objects.filter(recording=recording, version=noted.version).first())


def _ends_work(work: Work) -> bool:
    """May something that the vendor worked on be done now?"""
    if work.delivery.kind == Delivery.Kind.REBUILT:
        return True
    return work.told.status in (RecordingStatus.READY, RecordingStatus.FAILED)


def _is_first_ready(delivery: Delivery) -> bool:
    """The original is ready for the first time: how long after class was that?"""
    told_ready = {"kind": Delivery.Kind.TRANSCODED, "status": RecordingStatus.READY, "version": 0}
    if any(getattr(delivery, name) != value for name, value in told_ready.items()):
        return False
    same = Delivery.objects.filter(recording=delivery.recording, **told_ready)
    return delivery.seconds_after_class is None and not same.exclude(pk=delivery.pk).exists()


def _settle(recording: Recording) -> list[int]:
    """Ask about the operation items that wait for the vendor's work on this recording. Answers which ended."""
    waiting = OperationItem.objects.filter(
        recording=recording, outcome=OperationItem.Outcome.WORKING, finished_at=None
    ).values_list("pk", flat=True)
    asked = list(waiting)
    for pk in asked:
        execute.settle_item(pk)
    return list(OperationItem.objects.filter(pk__in=asked, finished_at__isnull=False).values_list("pk", flat=True))


def _finish(delivery: Delivery, state: str, error: str = "") -> None:
    delivery.state, delivery.error = state, error or delivery.error
    delivery.applied_at = timezone.now() if state == State.APPLIED else delivery.applied_at
    delivery.due_at = delivery.claimed_at = None
    delivery.save(
        update_fields=["state", "error", "applied_at", "due_at", "claimed_at", "changed", "seconds_after_class"]
    )


def _put_off(held: Sequence[Delivery], why: str) -> None:
    """Those that are still open are due again later, or given up."""
    now = timezone.now()
    for delivery in held:
        if delivery.state not in WAITING:
            continue
        given_up = delivery.attempts > len(BACK_OFF)
        Delivery.objects.filter(pk=delivery.pk).update(
            state=State.DEAD if given_up else State.FAILED,
            error=why[:500],
            due_at=None if given_up else next_attempt(now, delivery.attempts),
            claimed_at=None,
        )


def next_attempt(now: datetime, attempts: int) -> datetime:
    return now + timedelta(seconds=BACK_OFF[min(attempts, len(BACK_OFF)) - 1])


def merged(first: mirror.Changes, second: mirror.Changes) -> mirror.Changes:
    """One change after the other: from the first's old value to the second's new one; what came back is no change."""
    both = dict(first)
    for name, moved in second.items():
        if not isinstance(moved, dict):
            both[name] = [*both.get(name, []), *(one for one in moved if one not in both.get(name, []))]
            continue
        facts = dict(both.get(name, {}))
        for fact, (old, new) in moved.items():
            facts[fact] = [facts[fact][0] if fact in facts else old, new]
        both[name] = {fact: pair for fact, pair in facts.items() if pair[0] != pair[1]}
        if not both[name]:
            del both[name]
    return both
