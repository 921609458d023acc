"""A recording that can be cut, the ways to cut it, and driving such an operation until the vendor is done with it."""

from __future__ import annotations

import time
from typing import Any

from django.contrib.auth.models import User

from playback.models import Operation, OperationItem, Recording
from playback.operations import execute
from playback.sandbox.server import Sandbox

from .vendor import confirmed, drive, mirrored

LENGTH = 3600
MARKS = [(5, "开场"), (600, "导入"), (1800, "例题"), (3599, "下课")]
PARTS = [
    {"start": "00:10:00", "end": "00:30:00", "name": "导入部分"},
    {"start": "00:30:00", "end": "01:00:00", "name": "例题部分"},
]
# What the two parts get of MARKS: moved by 600 and 1800 s.
CARRIED = [[(0, "导入")], [(0, "例题"), (1799, "下课")]]
WAYS: dict[str, tuple[str, dict[str, Any], list[tuple[str, int]], list[list[tuple[int, str]]]]] = {
    "crop": ("crop_recording", {"parts": PARTS}, [("导入部分", 1200), ("例题部分", 1800)], CARRIED),
    "crop_to_class": (
        "crop_recording",
        {"begins_at": "00:10:00"},
        [("第1课 (1)", 1200), ("第1课 (2)", 1700)],
        [[(0, "导入")], [(1699, "下课")]],
    ),
    "split": (
        "split_recording",
        {"seconds": 1500},
        [("第1课-1", 1500), ("第1课-2", 1500), ("第1课-3", 600)],
        [[(5, "开场"), (600, "导入")], [(300, "例题")], [(599, "下课")]],
    ),
}


def lesson(sandbox: Sandbox, **facts: Any) -> Recording:
    """An hour, with marks; class ran from 10 to 30 minutes and, after 100 s, to its end."""
    recording = mirrored(sandbox, **facts)
    held = sandbox.state.recording(recording.room_id, recording.session_id)
    assert held is not None
    sandbox.state.set_mark_points(held["playback_id"], 0, MARKS)
    began = held["created_at"] - LENGTH
    sandbox.state.add_class_time(recording.room_id, recording.session_id, began + 600, began + 1800)
    sandbox.state.add_class_time(
        recording.room_id, recording.session_id, began + 1900, began + 3600, auto_completion=True
    )
    return recording


def cut(sandbox: Sandbox, user: User, kind: str, **facts: Any) -> tuple[Recording, Operation]:
    """A confirmed operation of this kind on a lesson; the sandbox's calls are counted from here."""
    recording = lesson(sandbox, **facts)
    operation = confirmed(kind, user, [recording], WAYS[kind][1])
    sandbox.calls.clear()
    return recording, operation


def finish(operation: Operation, seconds: float = 8.0) -> OperationItem:
    """Drive the operation until it is over; the vendor's transcoding takes its time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        drive(operation, rounds=1)
        item = operation.items.get()
        if item.finished_at is not None:
            return item
        time.sleep(0.05)
    raise AssertionError(f"still {operation.items.get().outcome}: {operation.items.get().reason}")


def first_run(operation: Operation) -> OperationItem:
    execute.run_item(operation.items.get().pk)
    return operation.items.get()


def cuts_at_the_vendor(sandbox: Sandbox, recording: Recording) -> list[dict[str, Any]]:
    return [row for row in sandbox.state.versions(recording.room_id, recording.session_id) if row["version"]]


def marks_at_the_vendor(sandbox: Sandbox, recording: Recording) -> list[list[tuple[int, str]]]:
    rows = cuts_at_the_vendor(sandbox, recording)
    return [sandbox.state.mark_points(row["playback_id"], row["version"]) for row in rows]
