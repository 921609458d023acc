"""The trash's books: entries are opened and closed together with the outcome of the operation that did it.

And what stands in the way of an entry: an open one is deleted at the vendor when its date comes, unless its recording
is on hold, was published again at the vendor, or (a version) became the main one. Then it stays, and says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from playback.conf import MOST_TRASH_DAYS
from playback.models import WHOLE, Operation, OperationItem, Recording, TrashEntry, Version
from playback.vendor.codes import PublishStatus

from . import reasons
from .base import OperationInvalid, Target
from .reasons import Reason

FIRST_WAIT = timedelta(hours=1)  # after a delete that failed; then twice as long each time
LONGEST_WAIT = timedelta(days=1)
RUNS = {True: ("delete", "trash"), False: ("delete_version",)}  # the schedule's kinds: on the whole, on a version
Outcome = OperationItem.Outcome

reasons.add(
    {
        "trash_gone": _("The vendor no longer has it. The entry ends when its date comes."),
        "trash_held": _("It is on legal hold: it stays until the hold is released."),
        "trash_going": _("It is being deleted at the vendor."),
        "trash_published": _(
            "It was published at the vendor since, so it is not deleted. Restore it, or move it to the trash again."
        ),
        "trash_unblocked": _("It was published when its transcoding ended: it will be blocked within minutes."),
        "trash_blocking": _("It was published when its transcoding ended: it is being blocked."),
        "trash_main": _(
            "It is the main version now, so it is not deleted. Restore it, or choose another main version."
        ),
        "trash_with_whole": _("It goes with its recording, which is in the trash too."),
        "trash_again": _("The last try failed; there will be another one."),
        "trash_due": _("Its date has come: it will be deleted within minutes."),
        "trash_waiting": _("It waits for its date."),
        "trash_restored": _("It was restored."),
        "trash_deleted": _("It was deleted at the vendor."),
    }
)


class Standing(NamedTuple):
    """How it is with an entry: a reason of those above, why the last try failed, and when the next one is."""

    code: str
    why: Reason | None = None
    again_at: datetime | None = None

    @property
    def stays(self) -> bool:
        """Will it not be deleted, although it is in the trash?"""
        return self.code in {"trash_held", "trash_published", "trash_main"}


def clean_days(value: object) -> int:
    """How long it stays in the trash; nothing given is the setting. Raises :class:`OperationInvalid`."""
    if value is None or value == "":
        return int(settings.TRASH_DAYS)
    text = str(value).strip() if isinstance(value, int | str) else ""
    days = int(text) if text.isdecimal() and len(text) < 10 else 0
    if not 1 <= days <= MOST_TRASH_DAYS:
        sentence = _now("Give a whole number of days, from 1 to %(most)s.") % {"most": MOST_TRASH_DAYS}
        raise OperationInvalid({"days": sentence})
    return days


# ---------------------------------------------------------------- opened and closed, by ``OperationKind.ended``


def put(target: Target, version: int, days: int, former_publish_status: int | None) -> None:
    """Open an entry, or give the open one a new date."""
    now = timezone.now()
    values = {
        "put_at": now,
        "due_at": now + timedelta(days=days),
        "former_publish_status": former_publish_status,
        "operation": None,
    }
    if target.user_id is not None:  # else the schedule did it, for whoever put it there
        values["put_by_id"] = target.user_id
    if not _open(target.recording, version).update(**values):
        TrashEntry.objects.create(recording=target.recording, version=version, **values)


def restored(recording: Recording, version: int) -> None:
    _open(recording, version).update(ended_at=timezone.now(), ended_as=TrashEntry.End.RESTORED)


def deleted(recording: Recording, version: int) -> None:
    """The whole recording takes its versions' entries along."""
    entries = TrashEntry.objects.filter(recording=recording, ended_at=None)
    if version != WHOLE:
        entries = entries.filter(version=version)
    entries.update(ended_at=timezone.now(), ended_as=TrashEntry.End.DELETED)


def is_open(recording: Recording, version: int) -> bool:
    return _open(recording, version).exists()


def _open(recording: Recording, version: int) -> QuerySet[TrashEntry]:
    return TrashEntry.objects.filter(recording=recording, version=version, ended_at=None)


# ---------------------------------------------------------------- how it is with them


def standings(entries: Sequence[TrashEntry], now: datetime | None = None) -> dict[int, Standing]:
    """By the entry's primary key; three queries, however many. ``recording`` should be loaded with them."""
    now = now or timezone.now()
    entries = [entry for entry in entries if entry.pk is not None]
    still = [entry for entry in entries if entry.ended_at is None]
    of = [entry.recording_id for entry in still]
    gone = set(
        Version.objects.filter(recording__in=of, gone_at__isnull=False).values_list("recording_id", "version")
        if any(entry.version != WHOLE for entry in still)
        else ()
    )
    whole = set(
        TrashEntry.objects.filter(recording__in=of, version=WHOLE, ended_at=None).values_list("recording_id", flat=True)
        if any(entry.version != WHOLE for entry in still)
        else ()
    )
    tries = _tries(still)
    found = {}
    for entry in entries:
        if entry.ended_at is not None:
            was_restored = entry.ended_as == TrashEntry.End.RESTORED
            found[entry.pk] = Standing("trash_restored" if was_restored else "trash_deleted")
        else:
            is_gone = entry.recording.gone_at is not None or (entry.recording_id, entry.version) in gone
            in_the_way = "trash_gone" if is_gone else _in_the_way(entry, whole)
            found[entry.pk] = Standing(in_the_way) if in_the_way else _awaiting(entry, tries[entry.pk], now)
    return found


def _in_the_way(entry: TrashEntry, whole: set[int]) -> str:
    recording = entry.recording
    if recording.held_at is not None:
        return "trash_held"
    if entry.version != WHOLE:
        if entry.recording_id in whole:
            return "trash_with_whole"
        return "trash_main" if entry.version == recording.main_version else ""
    return "trash_published" if _was_published_since(entry) and entry.former_publish_status is not None else ""


def _was_published_since(entry: TrashEntry) -> bool:
    """By the vendor's words of after it was put there: older ones show it as it was before."""
    read = entry.recording.synced_at
    published = entry.recording.publish_status == PublishStatus.PUBLISHED
    return published and read is not None and read >= entry.put_at


def _awaiting(entry: TrashEntry, tries: list[OperationItem], now: datetime) -> Standing:
    if under_way := [item for item in tries if item.finished_at is None]:
        return Standing("trash_blocking" if under_way[-1].operation.kind == "trash" else "trash_going")
    if failed := [item for item in tries if item.outcome not in (Outcome.DONE, Outcome.SKIPPED)]:
        last = failed[-1]
        wait = min(FIRST_WAIT * 2 ** min(len(failed) - 1, 10), LONGEST_WAIT)
        again_at = (last.finished_at or now) + wait
        if again_at > now:
            return Standing("trash_again", last.reason, again_at)
    if entry.version == WHOLE and _was_published_since(entry):
        return Standing("trash_unblocked")
    return Standing("trash_due" if entry.due_at <= now else "trash_waiting")


def _tries(entries: Iterable[TrashEntry]) -> dict[int, list[OperationItem]]:
    """What the schedule did about each entry since it was put there, oldest first."""
    by_recording: dict[int | None, list[OperationItem]] = defaultdict(list)
    items = (
        OperationItem.objects.filter(
            recording__in=[entry.recording_id for entry in entries],
            operation__automatic=True,
            operation__kind__in=[*RUNS[True], *RUNS[False]],
        )
        .exclude(operation__state=Operation.State.PLANNED)
        .select_related("operation")
        .defer("operation__attachment")
        .order_by("pk")
    )
    for item in items:
        by_recording[item.recording_id].append(item)
    return {
        entry.pk: [item for item in by_recording[entry.recording_id] if _is_about(item, entry)] for entry in entries
    }


def _is_about(item: OperationItem, entry: TrashEntry) -> bool:
    if item.operation.kind not in RUNS[entry.version == WHOLE] or item.operation.created_at < entry.put_at:
        return False
    return entry.version == WHOLE or item.before.get("version") == entry.version
