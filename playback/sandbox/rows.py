"""Rows of the state as the vendor prints them: names, types and order of the documented samples."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec

from playback.vendor.codes import RecordingStatus

from .state import LISTED, ListedValues, Row, State

_BEIJING_SECONDS = 8 * 3600
_DAY = 86_400
_MINUTES = tuple(f"{minute // 60:02}:{minute % 60:02}:" for minute in range(1440))
_SECONDS = tuple(f"{second:02}" for second in range(60))
_READY, _TRANSCODING = int(RecordingStatus.READY), int(RecordingStatus.TRANSCODING)


def beijing(moment: int) -> str:
    """``YYYY-MM-DD HH:MM:SS`` in Beijing."""
    day, second = divmod(moment + _BEIJING_SECONDS, _DAY)
    minute, second = divmod(second, 60)
    return _date(day) + _MINUTES[minute] + _SECONDS[second]


@lru_cache(4096)
def _date(day: int) -> str:
    return time.strftime("%Y-%m-%d ", time.gmtime(day * _DAY))


def absolute(origin: str, address: str) -> str:
    """A path of ours as an address; other addresses as they are."""
    return origin + address if address.startswith("/") else address


def video(row: Row, origin: str) -> dict[str, Any]:
    """What depends on how far a version is: before it is ready it has no length, size or cover, before transcoding no
    video."""
    ready = row["status"] == _READY
    return {
        "video_id": row["video_id"] if row["status"] >= _TRANSCODING else None,
        "length": row["length"] if ready else 0,
        "preface_url": absolute(origin, row["cover"]) if ready else "",
        "total_transcode_size": row["total_transcode_size"] if ready else 0,
    }


def page_url(room_id: int, session_id: int, origin: str) -> str:
    """The player's page; unless a token is added it asks for one."""
    session = f"&session_id={session_id}" if session_id else ""
    return f"{origin}/web/playback/index?classid={room_id}{session}"


class Listed(msgspec.Struct, gc=False):
    """A row of calls 2 and 10. A page may have a thousand: structs are made and printed faster than dicts."""

    room_id: int
    playback_id: int
    session_id: int
    video_id: int | None
    name: str
    status: int
    create_time: str
    length: int
    preface_url: str
    total_transcode_size: int
    play_url: str
    play_times: int
    publish_status: int
    version: int


def listed_page(rows: Iterable[ListedValues], origin: str, state: State) -> list[Listed]:
    """Rows with the columns ``LISTED`` as the lists print them. What is not ready shows what :func:`video` says."""
    printed = []
    token = state.standing_key().token
    for room, playback, session, video, name, status, created, length, cover, size, plays, publish, version in rows:
        at = beijing(created)
        if status == _READY:
            cover = absolute(origin, cover)
            url = f"{page_url(room, session, origin)}&token={token(video)}"
        else:
            length, cover, size, url = 0, "", 0, ""
            if status < _TRANSCODING:
                video = None
        printed.append(
            Listed(room, playback, session, video, name, status, at, length, cover, size, url, plays, publish, version)
        )
    return printed


def listed(row: Row, origin: str, state: State) -> dict[str, Any]:
    """One such row of a version's columns, to be added to."""
    (printed,) = listed_page([tuple(row[column] for column in LISTED)], origin, state)
    return msgspec.structs.asdict(printed)


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
