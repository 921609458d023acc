"""Rows of the state as the vendor prints them: names, types and order of the documented samples."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from playback.vendor.codes import RecordingStatus

from .state import Row, State

_BEIJING_SECONDS = 8 * 3600


def beijing(moment: int) -> str:
    """``YYYY-MM-DD HH:MM:SS`` in Beijing."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment + _BEIJING_SECONDS))


def absolute(origin: str, address: str) -> str:
    """A path of ours as an address; other addresses as they are."""
    return origin + address if address.startswith("/") else address


def video(row: Row, origin: str) -> dict[str, Any]:
    """What depends on how far a version is: before it is ready it has no length, size or cover, before transcoding no
    video."""
    ready = row["status"] == RecordingStatus.READY
    return {
        "video_id": row["video_id"] if row["status"] >= RecordingStatus.TRANSCODING else None,
        "length": row["length"] if ready else 0,
        "preface_url": absolute(origin, row["cover"]) if ready else "",
        "total_transcode_size": row["total_transcode_size"] if ready else 0,
    }


def page_url(row: Row, origin: str, token: str = "") -> str:
    """The player's page; without a token it asks for one."""
    session = f"&session_id={row['session_id']}" if row["session_id"] else ""
    return f"{origin}/web/playback/index?classid={row['room_id']}{session}" + (f"&token={token}" if token else "")


def listed(row: Row, origin: str, state: State) -> dict[str, Any]:
    """A row of calls 2 and 10."""
    media = video(row, origin)
    ready = row["status"] == RecordingStatus.READY
    return {
        "room_id": row["room_id"],
        "playback_id": row["playback_id"],
        "session_id": row["session_id"],
        "video_id": media["video_id"],
        "name": row["name"],
        "status": row["status"],
        "create_time": beijing(row["created_at"]),
        "length": media["length"],
        "preface_url": media["preface_url"],
        "total_transcode_size": media["total_transcode_size"],
        "play_url": page_url(row, origin, state.standing_token(row["video_id"])) if ready else "",
        "play_times": row["play_times"],
        "publish_status": row["publish_status"],
        "version": row["version"],
    }


def member(row: Row) -> dict[str, Any]:
    """A row of calls 25 and 27: everything is a string."""
    return {
        "user_id": str(row["user_id"]),
        "user_sn": row["user_sn"],
        "email": row["email"],
        "name": row["name"],
        "remark": row["remark"],
        "phone_number": row["phone_number"],
        "create_time": beijing(row["created_at"]),
        "role": row["role"],
    }


def room(row: Row) -> dict[str, Any]:
    """The answer of ``room/info``, in the types that the vendor's live API documents: clients in Go depend on them."""
    return {
        "room_id": row["room_id"],
        "title": row["title"],
        "start_time": beijing(row["starts_at"]),
        "end_time": beijing(row["ends_at"]),
        "create_time": beijing(row["created_at"]),
        "type": str(row["room_type"]),
        "is_long_term": row["is_long_term"],
        "max_users": str(row["max_users"]),
        "product_type": row["product_type"],
        "admin_code": row["admin_code"],
        "teacher_code": row["teacher_code"],
    }


def student_code(room_id: int) -> str:
    """The code that lets students into a class: six letters and digits, printed once, when the room is made."""
    return hashlib.sha256(f"student of {room_id}".encode()).hexdigest()[:6]


def object_or_php_empty(found: dict[str, Any]) -> dict[str, Any] | list[Any]:
    """PHP prints an empty associative array as ``[]``: so does the vendor where ids are keys."""
    return found or []
