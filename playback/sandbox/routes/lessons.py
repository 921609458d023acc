"""Calls 12, 13, 18, 21, 22, 32 and 34: courseware, class times, mark points, chat."""

from __future__ import annotations

import re
from typing import Any

from playback.vendor.codes import RecordingStatus

from ..call import Call, route
from ..jobs import job
from ..parameters import parse_moment, parse_number
from ..refusal import bad_parameter, failed
from ..rows import absolute, beijing
from ..state import Row
from ..transcoding import rebuilt_fields
from .lookup import must_be_ready, recording_of, room_of, version_of

_LONGEST_DESCRIPTION = 255


@route("room_courseware")
def room_courseware(call: Call) -> dict[str, Any]:
    day = call.parameters.get("date", "")
    if day:
        parse_moment("date", f"{day} 00:00:00", "必须是YYYY-MM-DD格式的日期")
    found = call.state.documents(room_of(call)["room_id"])
    return _courseware(call, [row for row in found if not day or _day_of(row) == day])


@route("recording_courseware")
def recording_courseware(call: Call) -> dict[str, Any]:
    row = recording_of(call)
    return _courseware(call, call.state.documents(row["room_id"], row["session_id"]))


def _day_of(row: Row) -> str:
    """The session's day, or of an ordinary room the day the document was made."""
    day = str(row["session_id"])[:8]
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if row["session_id"] else beijing(row["created_at"])[:10]


def _courseware(call: Call, documents: list[Row]) -> dict[str, Any]:
    rows = [
        {
            "room_id": row["room_id"],
            "session_id": row["session_id"],
            "version": row["version"],
            "version_type": row["version_type"],
            "ppt_url": absolute(call.origin, row["pdf_url"]),
        }
        for row in documents
        if row["pdf_url"]
    ]
    return {"list": rows, "total": len(rows)}


@route("page_turns")
def page_turns(call: Call) -> dict[str, Any]:
    row = recording_of(call)
    return {
        "list": [
            {
                "page": turn["page"],
                "time": turn["time_ms"],
                "doc": {
                    "id": str(turn["id"]),
                    "name": turn["name"],
                    "total_pages": turn["total_pages"],
                    "is_doc": True,
                    "is_h5_doc": bool(turn["is_h5"]),
                    "number": str(turn["id"]),
                    "url": "",
                    "url_prefix": absolute(call.origin, turn["url_prefix"]),
                    "ppt_url": absolute(call.origin, turn["pdf_url"]),
                },
            }
            for turn in call.state.page_turns(row["room_id"], row["session_id"])
        ]
    }


@route("class_times")
def class_times(call: Call) -> dict[str, Any]:
    row = recording_of(call)
    nodes = []
    for found in call.state.class_times(row["room_id"], row["session_id"]):
        node = {"start": found["starts_at"], "end": found["ends_at"]}
        nodes.append(node | {"auto_completion": 1} if found["auto_completion"] else node)
    return {"time_node": nodes}


# ---------------------------------------------------------------- mark points


@route("mark_points")
def mark_points(call: Call) -> dict[str, Any]:
    row = version_of(call)
    found = call.state.mark_points(row["playback_id"], row["version"])
    return {"list": [{"desc": words, "time_offset": _offset(seconds)} for seconds, words in found]}


@route("set_mark_points")
def set_mark_points(call: Call) -> bool:
    """Replaces the whole list; a description that comes as a number is kept as its digits."""
    points = []
    for item in call.parameters.json_list("content"):
        found = re.fullmatch(r"(\d\d):([0-5]\d):([0-5]\d)", str(item.get("time_offset")), re.ASCII)
        if found is None:
            raise bad_parameter("content.time_offset", "格式必须是HH:MM:SS")
        words = item.get("desc")
        if not isinstance(words, str | int | float) or isinstance(words, bool) or not str(words):
            raise bad_parameter("content.desc", "不能为空")
        if len(str(words)) > _LONGEST_DESCRIPTION:
            raise bad_parameter("content.desc", f"不能超过{_LONGEST_DESCRIPTION}个字符")
        hours, minutes, seconds = map(int, found.groups())
        points.append((hours * 3600 + minutes * 60 + seconds, str(words)))
    row = version_of(call)
    call.state.set_mark_points(row["playback_id"], row["version"], points)
    return True


def _offset(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


# ---------------------------------------------------------------- chat


@route("remove_chat")
def remove_chat(call: Call) -> bool:
    """One rebuilding at a time per recording; the messages are gone when it is done, which CB3 tells.

    Assumed: a second removal meanwhile is refused by code 1, and the version has status 20 until it is rebuilt. The
    reference says neither, nor whether a rebuilt version keeps its video_id: ``Sandbox.rebuild_shows``.
    """
    fields = call.parameters
    items: list[dict[str, Any]]
    if fields.get("delete_json"):
        items = fields.json_list("delete_json")
    else:
        names = ("delete_user_number", "delete_start_time", "delete_end_time")
        items = [{name: fields[name] for name in names if fields.get(name)}]
    if not items or not all(items):
        raise bad_parameter("delete_json、delete_user_number", "不能都为空")
    parts = [_chat_part(item) for item in items]
    row = version_of(call)
    subject = str(row["playback_id"])
    if call.state.has_job("chat_removed", subject):
        raise failed("该回放正在处理中，请稍后再试")
    must_be_ready(row)
    if call.sandbox.rebuild_shows == "status":
        call.state.update_version(row["video_id"], status=RecordingStatus.TRANSCODING)
    call.sandbox.jobs.after(
        call.sandbox.transcode_seconds, "chat_removed", subject, video_id=row["video_id"], parts=parts
    )
    return True


def _chat_part(item: dict[str, Any]) -> tuple[int | None, int | None, int | None]:
    number, start, end = (item.get(f"delete_{name}") for name in ("user_number", "start_time", "end_time"))
    part = (
        parse_number("delete_user_number", number) if number else None,
        parse_moment("delete_start_time", start) if start else None,
        parse_moment("delete_end_time", end) if end else None,
    )
    if part == (None, None, None):
        raise bad_parameter("delete_json", "的每一项都不能为空")
    if part[1] is not None and part[2] is not None and part[2] < part[1]:
        raise bad_parameter("delete_end_time", "不能早于delete_start_time")
    return part


@job("chat_removed")
def chat_removed(sandbox: Any, payload: dict[str, Any]) -> None:
    row = sandbox.state.version_of_video(payload["video_id"])
    if row is None:
        return
    if "rebuild" in sandbox.failing:
        sandbox.state.update_version(row["video_id"], status=RecordingStatus.FAILED)
        return
    sandbox.state.remove_chat(row["playback_id"], payload["parts"])
    video_id = row["video_id"]
    if sandbox.rebuild_shows == "video_id":
        video_id = sandbox.state.replace_film(video_id, row)
    else:
        sandbox.state.update_version(video_id, status=RecordingStatus.READY)
    sandbox.callbacks.queue("CB3", rebuilt_fields(row | {"video_id": video_id}))
