"""Recordings, their sessions and versions: calls 1, 2, 5, 10, 17 and 35, and the small answers about one of them."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field

from ..secret import Secret
from .reading import Reader, UnreadableAnswer
from .values import Small, integer, mapping, secret


class RecordingInfo(Struct, frozen=True):
    """Call 1. ``length`` in seconds, sizes in bytes; before the recording is ready there may be a status alone."""

    status: Small
    video_id: int | None = None
    name: str = ""
    total_size: int | None = None
    total_transcode_size: int | None = None
    total_ext_media_size: int | None = None
    cover_url: str = field(default="", name="preface_url")
    length: Small | None = None
    publish_status: Small | None = None
    created_at: datetime | None = field(default=None, name="create_time")


class RecordingRow(Struct, frozen=True):
    """Calls 2 and 10. ``session_id`` is 0 for an ordinary room.

    The play and crop addresses that come along carry a token and are not kept: ask for a token when one is needed.
    """

    room_id: int
    status: Small
    session_id: int = 0
    playback_id: int | None = None
    video_id: int | None = None
    name: str = ""
    created_at: datetime | None = field(default=None, name="create_time")
    length: Small | None = None
    total_transcode_size: int | None = None
    play_times: int | None = None
    cover_url: str = field(default="", name="preface_url")
    publish_status: Small | None = None
    version: Small | None = None
    version_type: Small | None = None


class SessionRow(Struct, frozen=True):
    """Call 5: one recording of a long-term room."""

    session_id: int
    status: Small
    video_id: int | None = None
    name: str = ""
    publish_status: Small | None = None
    length: Small | None = None
    total_transcode_size: int | None = None
    cover_url: str = field(default="", name="preface_url")
    created_at: datetime | None = field(default=None, name="create_time")


class NewVersion(Struct, frozen=True):
    """Calls 17 and 35: a version that was made; its video is transcoded in the background."""

    room_id: int
    version: Small
    session_id: int = 0
    video_id: int | None = None


class PlayerToken(Struct, frozen=True):
    """Call 3."""

    token: Secret
    video_id: int | None = None


class PublishState(Struct, frozen=True):
    """Call 7."""

    status: Small


RECORDING_INFO = Reader(RecordingInfo)
RECORDING_ROW = Reader(RecordingRow, "room_id", "session_id")
SESSION_ROW = Reader(SessionRow, "session_id")
NEW_VERSION = Reader(NewVersion, "room_id", "session_id", "version")
PLAYER_TOKEN = Reader(PlayerToken)
PUBLISH_STATE = Reader(PublishState)


def player_tokens(data: object) -> dict[tuple[int, int], Secret]:
    """Call 4: (room_id, session_id) → token; ``[]`` where there is none."""
    try:
        return {_vendor_key(key): secret(token) for key, token in mapping(data).items() if token}
    except ValueError as error:
        raise UnreadableAnswer(str(error)) from None


def _vendor_key(key: str) -> tuple[int, int]:
    room_id, _, session_id = key.partition("-")
    return integer(room_id), integer(session_id or 0)
