"""How a version becomes ready: status 20 at once, 100 after ``transcode_seconds``, each told by CB1."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from playback.vendor.codes import RecordingStatus

from .jobs import job
from .rows import absolute
from .state import BEIJING, Row, session_of

if TYPE_CHECKING:
    from .server import Sandbox


def begin(sandbox: Sandbox, video_id: int, *, rebuilt: bool = False) -> None:
    """Set a version to status 20 and have it ready later. ``rebuilt``: then CB3 follows (a crop, chat removed)."""
    sandbox.state.update_version(video_id, status=RecordingStatus.TRANSCODING)
    row = sandbox.state.version_of_video(video_id)
    if row is None:
        return
    sandbox.callbacks.queue("CB1", _fields(row, RecordingStatus.TRANSCODING, sandbox))
    sandbox.jobs.after(sandbox.transcode_seconds, "transcoded", str(video_id), video_id=video_id, rebuilt=rebuilt)


@job("transcoded")
def transcoded(sandbox: Sandbox, payload: dict[str, Any]) -> None:
    """The version is ready (or failed, as ``Sandbox.failing`` says), if it still is there."""
    row = sandbox.state.version_of_video(payload["video_id"])
    if row is None:
        return
    status = RecordingStatus.FAILED if "transcode" in sandbox.failing else RecordingStatus.READY
    sandbox.state.update_version(row["video_id"], status=status)
    sandbox.callbacks.queue("CB1", _fields(row, status, sandbox))
    if payload["rebuilt"] and status == RecordingStatus.READY:
        sandbox.callbacks.queue("CB3", rebuilt_fields(row))


def rebuilt_fields(row: Row) -> dict[str, Any]:
    return {
        "room_id": row["room_id"],
        "session_id": row["session_id"],
        "version": row["version"],
        "video_id": row["video_id"],
        "version_type": row["version_type"],
    }


def _fields(row: Row, status: int, sandbox: Sandbox) -> dict[str, Any]:
    """CB1's fields; session_id and version only where they say something."""
    fields: dict[str, Any] = {"room_id": row["room_id"], "video_id": row["video_id"], "status": int(status)}
    if row["session_id"]:
        fields["session_id"] = row["session_id"]
    if row["version"]:
        fields["version"] = row["version"]
    if status == RecordingStatus.TRANSCODING:
        fields |= {"total_size": row["total_size"], "file_md5": row["file_md5"]}
    if status == RecordingStatus.READY:
        fields |= {
            "preface_url": absolute(sandbox.base_url, row["cover"]),
            "total_size": row["total_size"],
            "total_transcode_size": row["total_transcode_size"],
            "length": row["length"],
            "file_md5": row["file_md5"],
            "now_definition": row["now_definition"],
            "origin_definition": row["origin_definition"],
        }
    return fields


def end_class(
    sandbox: Sandbox, room_id: int | None = None, session_id: int | None = None, name: str = "", length: int = 2700
) -> dict[str, Any]:
    """A class ends now: its recording appears with status 20. ``ValueError``: unknown room, or the session is taken.

    In a long-term room without a ``session_id`` it is today's next session.
    """
    state = sandbox.state
    with state.transaction():
        if room_id is None:
            room_id = state.add_room(name or "刚刚结束的课", starts_at=state.now() - length)
        room = state.room(int(room_id))
        if room is None or room["deleted_at"] is not None:
            raise ValueError(f"no room {room_id}")
        if session_id is None:
            session_id = _next_session(sandbox, room) if room["is_long_term"] else 0
        if state.recording(room_id, session_id) is not None:
            raise ValueError(f"room {room_id} has a recording of session {session_id}")
        row = state.add_recording(
            room_id, session_id, name=name or room["title"], length=int(length), status=RecordingStatus.TRANSCODING
        )
        state.add_class_time(room_id, session_id, state.now() - int(length), state.now())
        begin(sandbox, row["video_id"])
    return {"room_id": room_id, "session_id": session_id, "video_id": row["video_id"]}


def _next_session(sandbox: Sandbox, room: Row) -> int:
    from datetime import datetime

    first = session_of(datetime.fromtimestamp(sandbox.clock(), BEIJING))
    taken = {row["session_id"] for row in sandbox.state.list_sessions(room["room_id"])}
    free = [first + digit for digit in range(10) if first + digit not in taken]
    return free[0] if free else first + random.randrange(10, 100)  # noqa: S311 - a name, not a secret
