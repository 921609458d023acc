"""Calls 14, 15, 17 and 35: replacing recordings, splitting and cropping them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from playback.vendor.codes import RecordingStatus, ReplaceType

from .. import transcoding
from ..call import Call, route
from ..parameters import parse_number
from ..refusal import bad_parameter, failed, no_recording
from ..state import Row
from .lookup import must_be_ready, recording_of, room_of, version_of

_MOST_PARTS = 100
_LONGEST_NAME = 255


@route("replace_recording")
def replace_recording(call: Call) -> None:
    """Type 1: the target's version takes the source's film. Type 2: the source becomes a new version of the target.

    Assumed: where no target_version is sent, type 1 replaces the main one; names and dates of the target stay; the film
    is a copy with a video_id of its own, ready at once and without a callback.
    """
    kind = call.parameters.choice("type", (ReplaceType.REPLACE, ReplaceType.ADD_VERSION))
    main_too = call.parameters.flag("is_replace_main")
    source = version_of(call, "source_")
    must_be_ready(source)
    if kind == ReplaceType.REPLACE:
        target = version_of(call, "target_")
        if target["video_id"] == source["video_id"]:
            raise failed("源回放与目标回放相同")
        call.state.replace_film(target["video_id"], source)
        if main_too:
            call.state.set_main(target["playback_id"], target["version"])
        return
    target_room = room_of(call, "target_room_id")
    session_id = call.parameters.integer("target_session_id")
    target_row = call.state.recording(target_room["room_id"], session_id)
    if target_row is None:
        _add_session(call, target_room, session_id, source)
        return
    added = call.state.add_version(
        target_room["room_id"], session_id, name=source["name"], length=source["length"], is_main=main_too
    )
    call.state.replace_film(added["video_id"], source)


def _add_session(call: Call, room: Row, session_id: int, source: Row) -> None:
    if not room["is_long_term"]:
        raise no_recording()
    if not _is_session(session_id):
        raise bad_parameter("target_session_id", "必须是日期加一位数字")
    added = call.state.add_recording(room["room_id"], session_id, name=source["name"], length=source["length"])
    call.state.replace_film(added["video_id"], source)


def _is_session(session_id: int) -> bool:
    if not re.fullmatch(r"\d{9}", str(session_id)):
        return False
    try:
        datetime.strptime(str(session_id)[:8], "%Y%m%d")  # noqa: DTZ007 - only whether there is such a day
    except ValueError:
        return False
    return True


@route("replace_by_video")
def replace_by_video(call: Call) -> None:
    """The target's version (the main one by default) shows the VOD video, under that video's id if it is free."""
    main_too = call.parameters.flag("is_replace_main")
    film = call.state.video(call.parameters.integer("video_id"))
    if film is None:
        raise failed("视频不存在")
    if film["status"] != RecordingStatus.READY:
        raise failed("视频未转码完成")
    target = version_of(call, "target_")
    call.state.replace_film(target["video_id"], film)
    if main_too:
        call.state.set_main(target["playback_id"], target["version"])


@route("split_recording")
def split_recording(call: Call) -> dict[str, Any]:
    """The main version in parts of equal length; the last one is what is left."""
    step = call.parameters.integer("length_per_segment", least=1)
    row = recording_of(call)
    must_be_ready(row)
    if step >= row["length"]:
        raise bad_parameter("length_per_segment", "必须小于回放时长")
    starts = range(0, row["length"], step)
    if len(starts) > _MOST_PARTS:
        raise bad_parameter("length_per_segment", f"不能分成超过{_MOST_PARTS}段")
    parts = [(start, min(start + step, row["length"]), f"{row['name']}-{n}") for n, start in enumerate(starts, 1)]
    return _cut(call, row, parts)


@route("crop_recording")
def crop_recording(call: Call) -> dict[str, Any]:
    items = call.parameters.json_list("crop_info", most=_MOST_PARTS)
    if not items:
        raise bad_parameter("crop_info", "不能为空")
    row = recording_of(call)
    must_be_ready(row)
    return _cut(call, row, [_part(item, row) for item in items])


def _part(item: dict[str, Any], row: Row) -> tuple[int, int, str]:
    start = parse_number("crop_info.start_time", item.get("start_time"))
    end = parse_number("crop_info.end_time", item.get("end_time"))
    if start >= end:
        raise bad_parameter("crop_info.end_time", "必须大于start_time")
    if end > row["length"]:
        raise bad_parameter("crop_info.end_time", f"不能超过回放时长{row['length']}秒")
    name = item.get("name")
    if isinstance(name, bool) or not isinstance(name, str | int | float) or not str(name).strip():
        raise bad_parameter("crop_info.name", "不能为空")
    if len(str(name)) > _LONGEST_NAME:
        raise bad_parameter("crop_info.name", f"不能超过{_LONGEST_NAME}个字符")
    return start, end, str(name)


def _cut(call: Call, row: Row, parts: list[tuple[int, int, str]]) -> dict[str, Any]:
    """Each part becomes a version of its own, in the background. room_id is a string in this answer."""
    made = []
    for start, end, name in parts:
        added = call.state.add_version(
            row["room_id"],
            row["session_id"],
            name=name,
            status=RecordingStatus.TRANSCODING,
            length=end - start,
            segments=[(start, end)],
        )
        transcoding.begin(call.sandbox, added["video_id"], rebuilt=True)
        made.append(
            {
                "video_id": added["video_id"],
                "room_id": str(row["room_id"]),
                "session_id": row["session_id"],
                "version": added["version"],
            }
        )
    return {"total": len(made), "list": made}
