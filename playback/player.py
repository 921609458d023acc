"""The embedded player for one viewer: a token made for this view, or the reason why there is none.

The vendor decides, not the mirror: its answer to calls 1 (state) and 3 (token) is asked for each time, so that a
recording blocked a minute ago elsewhere is not shown. The mirror decides alone only when it knows that the recording
is gone. The token lives ``PLAYER_TOKEN_SECONDS`` and stands nowhere but in the address of the frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote, urlencode

from django.conf import settings

from playback.conf import player_origin, vendor_client
from playback.models import Recording
from playback.vendor.codes import Lane, PublishStatus, RecordingStatus
from playback.vendor.errors import (
    VendorError,
    VendorGone,
    VendorMisconfigured,
    VendorRateLimited,
    VendorRefused,
)
from playback.vendor.secret import Secret

PLAYER_PATH = "/web/playback/index"
_WAIT = 5.0  # s that a person waits at most for the account's call budget


class Obstacle(StrEnum):
    """Why there is nothing to play."""

    GONE = "gone"
    BLOCKED = "blocked"
    NOT_RECORDED = "not_recorded"
    GENERATING = "generating"
    TRANSCODING = "transcoding"
    FAILED = "failed"
    EXPIRED = "expired"
    REFUSED = "refused"
    MISCONFIGURED = "misconfigured"
    BUSY = "busy"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who watches: the vendor shows both in the watch records, where they are given. ``number`` is digits only; of our
    own staff it is the local user's key."""

    name: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """An address to embed, or an obstacle with the vendor's own words where it said any."""

    url: str = field(default="", repr=False)
    origin: str = ""
    obstacle: Obstacle | None = None
    vendor_words: str = ""


_NOT_READY = {
    RecordingStatus.NOT_RECORDED: Obstacle.NOT_RECORDED,
    RecordingStatus.GENERATING: Obstacle.GENERATING,
    RecordingStatus.TRANSCODING: Obstacle.TRANSCODING,
    RecordingStatus.FAILED: Obstacle.FAILED,
}


def preview(recording: Recording, viewer: Viewer) -> Preview:
    """Ask the vendor for a token for this viewer. Two calls (1 and 3); raises nothing of the vendor's."""
    if recording.gone_at is not None:
        return Preview(obstacle=Obstacle.GONE)
    key = {"room_id": recording.room_id, "session_id": recording.session_id}
    try:
        client = vendor_client(Lane.PERSON, max_wait=_WAIT)
        info = client.recording_info(**key)
        if obstacle := obstacle_of(info.status, info.publish_status):
            return Preview(obstacle=obstacle)
        token = client.player_token(**key, expires_in=settings.PLAYER_TOKEN_SECONDS)
        return Preview(url=embed_url(recording, token.token, viewer), origin=player_origin())
    except VendorError as error:
        obstacle = obstacle_in(error)
        return Preview(obstacle=obstacle, vendor_words="" if obstacle is Obstacle.UNREACHABLE else error.vendor_message)


def embed_url(recording: Recording, token: str, viewer: Viewer) -> Secret:
    """The player's address, as the reference's "The web player" has it. A space is written ``%20``: an address is also
    read by programs that do not take ``+`` for one."""
    query: dict[str, object] = {"classid": recording.room_id, "token": token}
    if recording.session_id:
        query["session_id"] = recording.session_id
    if viewer.name:
        query["user_name"] = viewer.name
    if viewer.number is not None:
        query["user_number"] = viewer.number
    return Secret(f"{player_origin()}{PLAYER_PATH}?{urlencode(query, quote_via=quote)}")


def obstacle_of(status: int | None, publish_status: int | None) -> Obstacle | None:
    """An unknown status is no obstacle: the vendor adds numbers, and call 3 has the last word."""
    if status in _NOT_READY:
        return _NOT_READY[RecordingStatus(status)]
    return Obstacle.BLOCKED if publish_status == PublishStatus.BLOCKED else None


def obstacle_in(error: VendorError) -> Obstacle:
    """What stands in the way when a call for a token fails."""
    if isinstance(error, VendorGone):
        return Obstacle.GONE
    if isinstance(error, VendorMisconfigured):
        return Obstacle.MISCONFIGURED
    if isinstance(error, VendorRateLimited):
        return Obstacle.BUSY
    if isinstance(error, VendorRefused):
        # The reference gives expiry no code of its own: only the message tells.
        return Obstacle.EXPIRED if "过期" in error.vendor_message else Obstacle.REFUSED
    return Obstacle.UNREACHABLE
