"""Calls 1, 2, 5, 7–11: reading recordings, publishing, deleting, renaming, choosing the main version."""

from __future__ import annotations

import io
import warnings
from typing import Any

from PIL import Image

from playback.vendor.codes import ErrorCode, PublishStatus, RecordingStatus

from ..call import Call, route
from ..refusal import Refusal, bad_parameter
from ..rows import absolute, beijing, listed, listed_page, page_url, video
from ..state import Row
from .lookup import must_be_ready, no_version, recording_of, room_of, version_of

_PRODUCT_TYPES = (0, 1, 2, 3, 4)
_IMAGE_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp", "BMP": "image/bmp"}


@route("recording_info")
def recording_info(call: Call) -> dict[str, Any]:
    row = recording_of(call)
    ready = row["status"] == RecordingStatus.READY
    media = video(row, call.origin)
    return {
        "video_id": media["video_id"],
        "status": row["status"],
        "name": row["name"],
        "total_size": row["total_size"] if ready else 0,
        "total_transcode_size": media["total_transcode_size"],
        "total_ext_media_size": row["total_ext_media_size"] if ready else 0,
        "preface_url": media["preface_url"],
        "length": media["length"],
        "publish_status": row["publish_status"],
        "create_time": beijing(row["created_at"]),
    }


@route("list_recordings")
def list_recordings(call: Call) -> dict[str, Any]:
    """A row is a recording's main version; with ``crop_video`` its other versions are rows too.

    Assumed: a ``room_id`` that is unknown gives an empty list, not an error.
    """
    product_type = call.parameters.choice("product_type", _PRODUCT_TYPES)
    _page, size, offset = call.parameters.page()
    total, found = call.state.list_versions(
        offset=offset,
        limit=size,
        product_type=product_type,
        crops=call.parameters.flag("crop_video"),
        room_id=call.parameters.integer("room_id"),
    )
    return {"total": total, "list": listed_page(found, call.origin, call.state)}


@route("list_sessions")
def list_sessions(call: Call) -> dict[str, Any]:
    found = call.state.list_sessions(room_of(call)["room_id"])
    return {"total": len(found), "list": [_session(row, call.origin) for row in found]}


def _session(row: Row, origin: str) -> dict[str, Any]:
    media = video(row, origin)
    return {
        "session_id": row["session_id"],
        "video_id": media["video_id"],
        "name": row["name"],
        "status": row["status"],
        "publish_status": row["publish_status"],
        "length": media["length"],
        "total_transcode_size": media["total_transcode_size"],
        "preface_url": media["preface_url"],
        "play_url": page_url(row["room_id"], row["session_id"], origin),
        "create_time": beijing(row["created_at"]),
    }


@route("set_publish_status")
def set_publish_status(call: Call) -> dict[str, Any]:
    status = call.parameters.choice("status", (PublishStatus.PUBLISHED, PublishStatus.BLOCKED))
    call.state.set_publish_status(recording_of(call)["playback_id"], status)
    return {"status": status}


@route("delete_recording")
def delete_recording(call: Call) -> None:
    """The recording with all its versions, or one crop. Assumed: naming version 0 is refused, as it is no crop."""
    row = recording_of(call)
    number = call.parameters.optional_integer("version")
    if number is None:
        call.state.remove_recording(row["room_id"], row["session_id"])
    elif number == 0:
        raise bad_parameter("version", "只能是裁剪的版本")
    elif not call.state.remove_version(row["room_id"], row["session_id"], number):
        raise no_version(number)


@route("update_recording")
def update_recording(call: Call) -> None:
    """Name and cover of the main version: both are checked before one is changed."""
    row = recording_of(call)
    changes: dict[str, Any] = {}
    if name := call.parameters.text("name"):
        if not name.strip():
            raise bad_parameter("name", "不能为空")
        changes["name"] = name
    if (picture := call.files.get("preface")) is not None:
        content = picture.read()
        changes["cover"] = call.state.add_image(_image_type(content), content)
    if not changes:
        raise bad_parameter("name、preface", "不能都为空")
    call.state.update_version(row["video_id"], **changes)


def _image_type(content: bytes) -> str:
    """The type of a picture; 4001 for anything else."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as picture:
                picture.verify()
                return _IMAGE_TYPES[picture.format or ""]
    except (OSError, SyntaxError, ValueError, KeyError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refusal(ErrorCode.UPLOAD_FAILED, "文件上传失败：preface不是有效的图片") from None


@route("list_versions")
def list_versions(call: Call) -> dict[str, Any]:
    """Newest first; the original alone has ``crop_url``. Assumed: another product_type than its own gives no rows."""
    product_type = call.parameters.choice("product_type", _PRODUCT_TYPES, 0)
    _page, size, offset = call.parameters.page()
    row = recording_of(call)
    found = call.state.versions(row["room_id"], row["session_id"])
    found = [each for each in found if product_type in (0, each["product_type"])]
    found.sort(key=lambda each: (each["created_at"], each["video_id"]), reverse=True)
    return {"total": len(found), "list": [_version(each, call) for each in found[offset : offset + size]]}


def _version(row: Row, call: Call) -> dict[str, Any]:
    printed = listed(row, call.origin, call.state) | {"version_type": row["version_type"]}
    del printed["playback_id"]  # the sample has none
    if row["version"] == 0:
        printed["crop_url"] = absolute(
            call.origin, f"/web/playback/crop?classid={row['room_id']}&sid={row['session_id']}"
        )
    return printed


@route("set_main_version")
def set_main_version(call: Call) -> None:
    """Assumed: what players get by default must be ready, so a version that is still transcoding is refused."""
    row = version_of(call)
    must_be_ready(row)
    call.state.set_main(row["playback_id"], row["version"])
