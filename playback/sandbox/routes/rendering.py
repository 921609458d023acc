"""Calls 16, 19, 20, 31, 38 and 39: plain videos made out of recordings, in the background."""

from __future__ import annotations

from typing import Any

from playback.vendor.codes import ConvertStatus, RecordingStatus

from .. import media
from ..call import Call, route
from ..jobs import job
from ..refusal import failed
from ..rows import absolute
from .lookup import must_be_ready, recording_of, room_of, version_of

_WORDS = {
    ConvertStatus.NOT_STARTED: "未开始",
    ConvertStatus.QUEUED: "排队中",
    ConvertStatus.RUNNING: "转换中",
    ConvertStatus.DONE: "完成",
    ConvertStatus.FAILED: "失败",
}
_UNDER_WAY = (ConvertStatus.QUEUED, ConvertStatus.RUNNING)


@route("convert_to_video")
def convert_to_video(call: Call) -> None:
    """Queued, then running, then done: half of ``transcode_seconds`` each. Assumed: refused while one is under way."""
    call.parameters.text("record_template")
    row = version_of(call)
    must_be_ready(row)
    if call.state.convert(row["playback_id"], row["version"])["status"] in _UNDER_WAY:
        raise failed("该回放正在转换中")
    call.state.set_convert(row["playback_id"], row["version"], ConvertStatus.QUEUED)
    call.sandbox.jobs.after(call.sandbox.transcode_seconds / 2, "convert_runs", video_id=row["video_id"])


@job("convert_runs")
def convert_runs(sandbox: Any, payload: dict[str, Any]) -> None:
    row = sandbox.state.version_of_video(payload["video_id"])
    if row is None:
        return
    made = sandbox.state.add_video(row["name"], length=row["length"], status=RecordingStatus.TRANSCODING)
    sandbox.state.set_convert(row["playback_id"], row["version"], ConvertStatus.RUNNING, made)
    sandbox.callbacks.queue("CB2", _converted(sandbox, row, made, RecordingStatus.TRANSCODING))
    sandbox.jobs.after(sandbox.transcode_seconds / 2, "convert_ends", video_id=row["video_id"], made=made)


@job("convert_ends")
def convert_ends(sandbox: Any, payload: dict[str, Any]) -> None:
    row = sandbox.state.version_of_video(payload["video_id"])
    if row is None:
        return
    good = "convert" not in sandbox.failing
    status = RecordingStatus.READY if good else RecordingStatus.FAILED
    sandbox.state.set_video_status(payload["made"], status)
    state = ConvertStatus.DONE if good else ConvertStatus.FAILED
    sandbox.state.set_convert(row["playback_id"], row["version"], state, payload["made"])
    sandbox.callbacks.queue("CB2", _converted(sandbox, row, payload["made"], status))


def _converted(sandbox: Any, row: dict[str, Any], made: int, status: int) -> dict[str, Any]:
    """CB2: as CB1, about the plain video."""
    film = sandbox.state.video(made)
    fields: dict[str, Any] = {"room_id": row["room_id"], "video_id": made, "status": int(status), "is_from_playback": 1}
    if row["session_id"]:
        fields["session_id"] = row["session_id"]
    if row["version"]:
        fields["version"] = row["version"]
    if status == RecordingStatus.TRANSCODING:
        fields |= {"total_size": film["total_size"], "file_md5": row["file_md5"]}
    if status == RecordingStatus.READY:
        fields |= {
            "preface_url": absolute(sandbox.base_url, film["cover"]),
            "total_size": film["total_size"],
            "total_transcode_size": film["total_size"] * 3,
            "length": film["length"],
            "file_md5": row["file_md5"],
            "now_definition": "low,high,720p",
            "origin_definition": "720p",
        }
    return fields


@route("convert_status")
def convert_status(call: Call) -> dict[str, Any]:
    """Of the version whose rendering was begun last."""
    status = call.state.convert(recording_of(call)["playback_id"])["status"]
    return {"status": int(status), "status_msg": _WORDS[ConvertStatus(status)]}


# ---------------------------------------------------------------- the recorded video


@route("generate_recorded_video")
def generate_recorded_video(call: Call) -> dict[str, Any]:
    """Starts every ready session of the room that is not under way; answers which, as strings."""
    started = []
    for row in call.state.list_sessions(room_of(call)["room_id"]):
        running = call.state.recorded_video(row["playback_id"]) in _UNDER_WAY
        if row["status"] == RecordingStatus.READY and not running:
            call.state.set_recorded_video(row["playback_id"], ConvertStatus.RUNNING)
            call.sandbox.jobs.after(call.sandbox.transcode_seconds, "recorded", playback_id=row["playback_id"])
            started.append(str(row["session_id"]))
    return {"success_fids": started}


@job("recorded")
def recorded(sandbox: Any, payload: dict[str, Any]) -> None:
    if sandbox.state.recording_by_id(payload["playback_id"]) is not None:
        sandbox.state.set_recorded_video(payload["playback_id"], ConvertStatus.DONE)


@route("recorded_video_url")
def recorded_video_url(call: Call) -> dict[str, Any]:
    row = version_of(call)
    if call.state.recorded_video(row["playback_id"]) != ConvertStatus.DONE:
        raise failed("录制视频未生成")
    return {"url": media.video_url(call.state, call.origin, f"{row['video_id']}_{row['file_md5']}")}


# ---------------------------------------------------------------- merged recordings


@route("render_merged")
def render_merged(call: Call) -> dict[str, Any]:
    """Assumed: refused while it is under way."""
    merge = _merge(call)
    number = merge["mixed_playback_id"]
    if merge["status"] in _UNDER_WAY:
        raise failed("合并回放正在转换中")
    call.state.set_merge(number, ConvertStatus.RUNNING, None)
    call.sandbox.jobs.after(call.sandbox.transcode_seconds, "merged", mixed_playback_id=number)
    return {"mixed_playback_id": str(number)}


@job("merged")
def merged(sandbox: Any, payload: dict[str, Any]) -> None:
    merge = sandbox.state.merge(payload["mixed_playback_id"])
    if merge is not None:
        made = sandbox.state.add_video(merge["name"], length=merge["length"])
        sandbox.state.set_merge(merge["mixed_playback_id"], ConvertStatus.DONE, made)


@route("merged_video")
def merged_video(call: Call) -> dict[str, Any]:
    merge = _merge(call)
    if merge["status"] != ConvertStatus.DONE:
        raise failed("合并视频未生成")
    return {
        "play_info": {
            "720p": {
                "duration": merge["length"],
                "height": 720,
                "width": 1280,
                "size": merge["length"] * 51_194,
                "url": media.video_url(call.state, call.origin, str(merge["video_id"])),
            }
        },
        "fid": str(merge["video_id"]),
    }


def _merge(call: Call) -> dict[str, Any]:
    merge = call.state.merge(call.parameters.integer("mixed_playback_id"))
    if merge is None:
        raise failed("合并回放不存在")
    return merge
