"""The mirror equals the vendor: what every test of this folder ends with.

What is expected is made from the sandbox's own tables by code of the tests' own, fact by fact, and not read through
the client and the mapping that are under test. Each difference is a line that names the row, the fact, and both values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from playback.models import Recording, Room, Version
from playback.sandbox.server import Sandbox

Facts = dict[str, Any]
Rows = Mapping[tuple[int, ...], Facts]
READY, TRANSCODING = 100, 20
_OF_A_VERSION = (
    "SELECT v.*, r.publish_status FROM versions v JOIN recordings r ON r.playback_id = v.playback_id"
    " WHERE r.deleted_at IS NULL"
)
MANY = 30  # lines of a failure


def assert_mirror_is_vendor(sandbox: Sandbox) -> None:
    """Every room, recording and version of the vendor's is here with every fact equal, and no other row is live."""
    found = differences(sandbox)
    assert not found, "the mirror is not the vendor:\n  " + "\n  ".join(
        [*found[:MANY], *([f"… and {len(found) - MANY} more"] if len(found) > MANY else [])]
    )


def differences(sandbox: Sandbox) -> list[str]:
    return [
        *compared("room", _vendor_rooms(sandbox), _our_rooms()),
        *compared("recording", _vendor_recordings(sandbox), _our_recordings()),
        *compared("version", _vendor_versions(sandbox), _our_versions()),
    ]


def compared(name: str, theirs: Rows, ours: Rows) -> list[str]:
    found = [f"{name} {_key(key)} is not in the mirror" for key in sorted(theirs.keys() - ours.keys())]
    found += [f"{name} {_key(key)} is live here and not at the vendor" for key in sorted(ours.keys() - theirs.keys())]
    for key in sorted(theirs.keys() & ours.keys()):
        for fact, value in theirs[key].items():
            if ours[key][fact] != value:
                found.append(f"{name} {_key(key)}: {fact} is {ours[key][fact]!r} here, {value!r} at the vendor")
    return found


def _key(key: Iterable[int]) -> str:
    return "-".join(map(str, key))


# ---------------------------------------------------------------- the vendor's side


def _vendor_rooms(sandbox: Sandbox) -> Rows:
    return {
        (row["room_id"],): {
            "title": row["title"],
            "starts_at": _at(row["starts_at"]),
            "ends_at": _at(row["ends_at"]),
            "created_at": _at(row["created_at"]),
            "room_type": row["room_type"],
            "product_type": row["product_type"],
            "is_long_term": bool(row["is_long_term"]),
            "max_users": row["max_users"],
        }
        for row in sandbox.state.rows("SELECT * FROM rooms WHERE deleted_at IS NULL")
    }


def _vendor_recordings(sandbox: Sandbox) -> Rows:
    return {
        (row["room_id"], row["session_id"]): {
            **_vendor_video(sandbox, row),
            "main_version": row["version"],
            "playback_id": row["playback_id"],
            "product_type": row["product_type"],
        }
        for row in sandbox.state.rows(f"{_OF_A_VERSION} AND v.is_main = 1")
    }


def _vendor_versions(sandbox: Sandbox) -> Rows:
    return {
        (row["room_id"], row["session_id"], row["version"]): _vendor_video(sandbox, row)
        for row in sandbox.state.rows(_OF_A_VERSION)
    }


def _vendor_video(sandbox: Sandbox, row: Facts) -> Facts:
    """A video has no number before it is transcoded, and neither length, size nor cover before it is ready."""
    ready = row["status"] == READY
    cover = f"{sandbox.base_url}{row['cover']}" if row["cover"].startswith("/") else row["cover"]
    return {
        "video_id": row["video_id"] if row["status"] >= TRANSCODING else None,
        "name": row["name"],
        "status": row["status"],
        "publish_status": row["publish_status"],
        "created_at": _at(row["created_at"]),
        "length": row["length"] if ready else 0,
        "total_transcode_size": row["total_transcode_size"] if ready else 0,
        "cover_url": cover if ready else "",
        "play_times": row["play_times"],
    }


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


# ---------------------------------------------------------------- our side

_VIDEO = (
    "video_id",
    "name",
    "status",
    "publish_status",
    "created_at",
    "length",
    "total_transcode_size",
    "cover_url",
    "play_times",
)


def _our_rooms() -> Rows:
    facts = ("title", "starts_at", "ends_at", "created_at", "room_type", "product_type", "is_long_term", "max_users")
    return {(row["room_id"],): row for row in Room.objects.live().values("room_id", *facts)}


def _our_recordings() -> Rows:
    facts = ("room_id", "session_id", *_VIDEO, "main_version", "playback_id", "product_type")
    return {(row["room_id"], row["session_id"]): row for row in Recording.objects.live().values(*facts)}


def _our_versions() -> Rows:
    parents = ("recording__room_id", "recording__session_id", "version")
    return {tuple(row[part] for part in parents): row for row in Version.objects.live().values(*parents, *_VIDEO)}
