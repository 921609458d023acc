"""Calls 23–28: who may watch a recording's or a room's videos. All of the ids of a call are taken, or none."""

from __future__ import annotations

from typing import Any

from playback.vendor.codes import ErrorCode

from ..call import Call, route
from ..refusal import Refusal, failed
from ..rows import member
from ..state import Row
from .lookup import recording_of, room_of

_PAGE_SIZE = 20


@route("add_recording_members")
def add_recording_members(call: Call) -> bool:
    row, numbers = _recording_and_members(call)
    call.state.add_recording_members(row["playback_id"], numbers)
    return True


@route("remove_recording_members")
def remove_recording_members(call: Call) -> None:
    """Assumed: a member of the account who is not on the recording's list is passed over."""
    row, numbers = _recording_and_members(call)
    call.state.remove_recording_members(row["playback_id"], numbers)


def _recording_and_members(call: Call) -> tuple[Row, list[int]]:
    """1001 for an unknown recording (also where its room is unknown or deleted) or an unknown user."""
    numbers = call.parameters.numbers("user_ids")
    row = call.state.recording(call.parameters.integer("room_id"), call.parameters.integer("session_id"))
    if row is None or call.state.unknown_members(numbers):
        raise Refusal(ErrorCode.BAD_PARAMETER, "无效的回放或者用户")
    return row, numbers


@route("list_recording_members")
def list_recording_members(call: Call) -> dict[str, Any]:
    _page, size, offset = call.parameters.page(_PAGE_SIZE)
    total, found = call.state.list_recording_members(recording_of(call)["playback_id"], offset, size)
    return {"total": total, "list": [member(row) for row in found]}


@route("add_room_members")
def add_room_members(call: Call) -> bool:
    """Assumed: an unknown user is refused as in call 28."""
    numbers = call.parameters.numbers("user_ids")
    room_id = room_of(call)["room_id"]
    _refuse(call.state.unknown_members(numbers))
    call.state.add_room_members(room_id, numbers)
    return True


@route("list_room_members")
def list_room_members(call: Call) -> dict[str, Any]:
    _page, size, offset = call.parameters.page(_PAGE_SIZE)
    total, found = call.state.list_room_members(room_of(call)["room_id"], offset, size)
    return {"total": total, "list": [member(row) for row in found]}


@route("remove_room_members")
def remove_room_members(call: Call) -> bool:
    """Code 1 names the first one who is not on the room's list."""
    numbers = call.parameters.numbers("user_ids")
    room_id = room_of(call)["room_id"]
    _refuse(call.state.absent_room_members(room_id, numbers))
    call.state.remove_room_members(room_id, numbers)
    return True


def _refuse(missing: list[int]) -> None:
    if missing:
        raise failed(f"用户{missing[0]}不存在")
