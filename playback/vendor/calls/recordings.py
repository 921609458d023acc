"""Recordings: list, read, publish, rename, delete, and the tokens that open them (calls 1–5, 7–9, 33)."""

from __future__ import annotations

from collections.abc import Iterable

from ..codes import PublishStatus
from ..results import Page, PlayerToken, RecordingInfo, RecordingRow, SessionRow, media, recordings
from ..secret import Secret
from ..transport import Upload
from .base import MAX_PAGE, Calls, room_and_session


class RecordingCalls(Calls):
    def recording_info(self, room_id: int, session_id: int = 0) -> RecordingInfo:
        """Call 1. Sizes in bytes, length in seconds. ``VendorGone`` where the room is not there any more."""
        return self._ask("recording_info", room_and_session(room_id, session_id), recordings.RECORDING_INFO.one)

    def list_recordings(
        self,
        product_type: int,
        page: int = 1,
        page_size: int = MAX_PAGE,
        crop_video: bool = False,
        room_id: int | None = None,
    ) -> Page[RecordingRow]:
        """Call 2, newest first. ``crop_video`` lists versions that were cut as rows of their own too."""
        params = {
            "product_type": product_type,
            "page": page,
            "page_size": page_size,
            "crop_video": True if crop_video else None,
            "room_id": room_id,
        }
        return self._ask_page("list_recordings", params, recordings.RECORDING_ROW)

    def list_sessions(self, room_id: int) -> Page[SessionRow]:
        """Call 5: all recordings of a long-term room, on one page."""
        return self._ask("list_sessions", {"room_id": room_id}, recordings.SESSION_ROW.page)

    def player_token(self, room_id: int, session_id: int = 0, expires_in: int | None = None) -> PlayerToken:
        """Call 3. ``expires_in`` in seconds; 0 never expires, None leaves it to the vendor."""
        params = {**room_and_session(room_id, session_id), "expires_in": expires_in}
        return self._ask("player_token", params, recordings.PLAYER_TOKEN.one)

    def player_tokens(
        self, room_ids: Iterable[tuple[int, int]], expires_in: int | None = None
    ) -> dict[tuple[int, int], Secret]:
        """Call 4. ``room_ids`` are (room_id, session_id) with session 0 for an ordinary room, and so are the result's
        keys; a recording without a token is absent from it. ``expires_in`` as in call 3."""
        keys = [f"{room}-{session}" if session else str(room) for room, session in room_ids]
        return self._ask("player_tokens", {"room_ids": keys, "expires_in": expires_in}, recordings.player_tokens)

    def one_time_token(self, room_id: int, session_id: int = 0) -> Secret:
        """Call 33: opens the player once, within 24 hours."""
        found = self._ask("one_time_token", room_and_session(room_id, session_id), media.ONE_TIME_TOKEN.one)
        return found.limited_token

    def set_publish_status(self, room_id: int, session_id: int = 0, *, status: int) -> int:
        """Call 7. ``status`` as :class:`~playback.vendor.codes.PublishStatus`; answers with what it is now."""
        wanted = int(PublishStatus(status))
        params = {**room_and_session(room_id, session_id), "status": wanted}

        def now(data: object) -> int:
            # Success is success: what it is now is only told beside it.
            return recordings.PUBLISH_STATE.one(data).status if data else wanted

        return self._ask("set_publish_status", params, now)

    def update_recording(
        self, room_id: int, session_id: int = 0, *, name: str | None = None, preface: Upload | None = None
    ) -> None:
        """Call 9. What is None stays as it is; ``preface`` is the cover, an image file. 4001: the upload failed."""
        params = {**room_and_session(room_id, session_id), "name": name}
        self._do("update_recording", params, ("preface", preface) if preface else None)

    def delete_recording(self, room_id: int, session_id: int = 0, version: int | None = None) -> None:
        """Call 8: for good. With ``version`` that cut alone. Not repeatable: settle an unknown outcome by reading."""
        self._do("delete_recording", {**room_and_session(room_id, session_id), "version": version})
