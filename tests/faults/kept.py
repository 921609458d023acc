"""What staff own: set before the fault, and there unchanged after it.

A back-office of its own work: an operation with its report, something in the trash, a legal hold, a room's owner, and
the rows that all of these hang on, by the very keys that they had.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from playback.models import Operation, OperationItem, Recording, Room, TrashEntry, Version
from playback.operations import execute
from tests.operations.vendor import confirmed, drive

Picture = dict[str, Any]


class StaffsWork:
    """Done on the first recordings of a mirror that is the vendor's; :meth:`check` is the end of a test."""

    def __init__(self, chief: User) -> None:
        first, second, third = Recording.objects.live().filter(status=100).order_by("created_at", "pk")[:3]
        renamed = confirmed("rename", chief, [first], {"name": "复习课"})
        trashed = confirmed("trash", chief, [second], {"days": 7})
        drive(renamed, trashed)
        assert execute.counts(renamed)["done"] == execute.counts(trashed)["done"] == 1
        Recording.objects.filter(pk=third.pk).update(held_at=timezone.now(), held_by=chief, hold_reason="a dispute")
        first.room.owners.add(chief)
        self.before = picture()

    def check(self) -> None:
        after = picture()
        for name, rows in self.before.items():
            lost = [row for row in rows if row not in after[name]]
            assert not lost, f"{name} that were there before the fault are changed or lost: {lost}"


def picture() -> Picture:
    """The rows that staff made and those they made them on, by their keys."""
    reports = ("pk", "kind", "state", "parameters", "confirmed_by_id", "confirmed_at", "finished_at")
    items = ("pk", "operation_id", "recording_id", "label", "outcome", "reason", "change", "before", "finished_at")
    trash = ("pk", "recording_id", "version", "put_by_id", "put_at", "due_at", "former_publish_status", "ended_at")
    holds = ("pk", "held_at", "held_by_id", "hold_reason")
    done = OperationItem.objects.exclude(finished_at=None)
    return {
        "operations": [*Operation.objects.filter(state=Operation.State.DONE).values(*reports)],
        "operation items": [*done.values(*items)],
        "trash entries": [*TrashEntry.objects.values(*trash)],
        "holds": [*Recording.objects.exclude(held_at=None).values(*holds)],
        "owners": [*Room.owners.through.objects.values("room_id", "user_id")],
        # No row is deleted and made again: what hangs on it would hang in the air.
        "rooms": [*Room.objects.values("pk", "first_seen_at")],
        "recordings": [*Recording.objects.values("pk", "room_id", "session_id", "first_seen_at")],
        "versions": [*Version.objects.values("pk", "recording_id", "version", "first_seen_at")],
    }


Work = Callable[[], StaffsWork]
