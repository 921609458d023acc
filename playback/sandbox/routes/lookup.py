"""Finding what a call is about, or refusing it as the vendor does."""

from __future__ import annotations

from playback.vendor.codes import ErrorCode, PublishStatus, RecordingStatus

from ..call import Call
from ..refusal import Refusal, failed, no_recording, no_such_room, recording_deleted, room_deleted
from ..state import Row


def room_of(call: Call, name: str = "room_id") -> Row:
    """The room that a parameter names. 3001: unknown, 3002: deleted."""
    number = call.parameters.integer(name)
    room = call.state.room(number)
    if room is None:
        raise no_such_room(number)
    if room["deleted_at"] is not None:
        raise room_deleted()
    return room


def recording_of(call: Call, prefix: str = "") -> Row:
    """The recording that room_id and session_id name, as its main version's row."""
    room = room_of(call, f"{prefix}room_id")
    return recording_in(call, room["room_id"], call.parameters.integer(f"{prefix}session_id"))


def recording_in(call: Call, room_id: int, session_id: int) -> Row:
    found = call.state.recording(room_id, session_id)
    if found is not None:
        return found
    raise recording_deleted() if call.state.was_recording(room_id, session_id) else no_recording()


def version_of(call: Call, prefix: str = "") -> Row:
    """The version that room_id, session_id and version name; the main one where no version is sent."""
    main = recording_of(call, prefix)
    number = call.parameters.optional_integer(f"{prefix}version")
    if number is None or number == main["version"]:
        return main
    found = call.state.version(main["room_id"], main["session_id"], number)
    if found is None:
        raise no_version(number)
    return found


def no_version(number: int) -> Refusal:
    """Assumed: the version is a parameter of the call, so one that is not there is a bad parameter."""
    return Refusal(ErrorCode.BAD_PARAMETER, f"参数错误：回放版本{number}不存在")


def why_not_playable(call: Call, row: Row) -> str:
    """In words, for a token that is not given; "" if it may be watched."""
    if row["status"] != RecordingStatus.READY:
        return "回放未生成"
    if row["publish_status"] != PublishStatus.PUBLISHED:
        return "回放已屏蔽"
    return "回放已过期" if call.state.is_expired(row) else ""


def must_be_ready(row: Row) -> None:
    if row["status"] != RecordingStatus.READY:
        raise failed("回放未生成，请稍后再试")
