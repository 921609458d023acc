"""Recordings that exist at the sandbox and in the mirror alike, and an operation driven to its end."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from playback.conf import vendor_client
from playback.models import Operation, OperationItem, Recording, Room
from playback.operations import execute
from playback.operations.base import Attachment
from playback.sandbox.server import Sandbox
from playback.sync.single import refresh_recording
from playback.vendor.codes import Lane

CALLS = {
    "publish": "set_publish_status",
    "block": "set_publish_status",
    "rename": "update_recording",
    "delete": "delete_recording",
    "refresh": "recording_info",
}


# Faults of an answer that is lost: after the vendor did what it was asked, and before it did anything.
LOST_AFTER: list[tuple[str, dict[str, Any]]] = [
    ("timeout_after_change", {"seconds": 1.5}),
    ("drop", {"when": "after"}),
    ("html", {"after_change": True}),
    ("status", {"status": 502, "after_change": True}),
    ("broken_json", {"after_change": True}),
    ("truncated", {}),
]
LOST_BEFORE: list[tuple[str, dict[str, Any]]] = [
    ("drop", {"when": "before"}),
    ("html", {}),
    ("status", {"status": 503}),
    ("broken_json", {}),
]


def mirrored(sandbox: Sandbox, **facts: Any) -> Recording:
    """As :func:`recorded`, with all that the vendor says of it (versions, length, video ids) in the mirror too."""
    return refresh_recording(vendor_client(Lane.PERSON), recorded(sandbox, **facts))


def recorded(sandbox: Sandbox, name: str = "第1课", publish_status: int = 1, session_id: int = 0) -> Recording:
    """A ready recording, as the vendor has it and as the mirror has it."""
    room_id = sandbox.state.add_room(title="高一3班", is_long_term=bool(session_id))
    room_id = room_id["room_id"] if isinstance(room_id, dict) else room_id
    sandbox.state.add_recording(room_id, session_id, name=name, publish_status=publish_status)
    room = Room.objects.create(room_id=room_id, title="高一3班", first_seen_at=timezone.now())
    return Recording.objects.create(
        room=room,
        session_id=session_id,
        name=name,
        status=100,
        publish_status=publish_status,
        created_at=timezone.now(),
        first_seen_at=timezone.now(),
    )


def confirmed(
    kind: str,
    user: User,
    recordings: list[Recording],
    parameters: dict[str, Any] | None = None,
    attachment: Attachment | None = None,
) -> Operation:
    """An operation on these recordings, planned and confirmed."""
    chosen = Recording.objects.filter(pk__in=[recording.pk for recording in recordings]).order_by("pk")
    operation = execute.plan(kind, user, chosen, parameters or {}, attachment)
    return execute.confirm(operation, user, typed_count=execute.counts(operation)["planned"])


def row(sandbox: Sandbox, recording: Recording) -> dict[str, Any] | None:
    """The recording as the vendor has it."""
    return sandbox.state.recording(recording.room_id, recording.session_id)


def drive(*operations: Operation, rounds: int = 12) -> None:
    """Run and settle what is open, as the workers would, until nothing is (or the rounds are over)."""
    for _ in range(rounds):
        still = list(
            OperationItem.objects.filter(operation__in=operations, finished_at=None)
            .order_by("pk")
            .values_list("pk", "outcome")
        )
        if not still:
            return
        for pk, outcome in still:
            (execute.settle_item if outcome in {"unknown", "working"} else execute.run_item)(pk)
