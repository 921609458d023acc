"""Versions of a recording: list, choose, cut, replace, rebuild (calls 10, 11, 14, 15, 17, 22, 35)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from ..codes import ReplaceType
from ..results import NewVersion, Page, RecordingRow, recordings
from .base import MAX_PAGE, Calls, as_json, beijing, room_and_session


class Crop(Struct, frozen=True):
    """One part to cut out: seconds from the start."""

    start_time: int
    end_time: int
    name: str


class ChatSpan(Struct, frozen=True):
    """Whose chat is removed, and of which time; None: of anybody, from the start, to the end."""

    user_number: int | None = None
    start: datetime | None = None
    end: datetime | None = None

    def as_params(self) -> dict[str, str]:
        params: dict[str, str] = {}
        if self.user_number is not None:
            params["delete_user_number"] = str(self.user_number)
        if self.start is not None:
            params["delete_start_time"] = beijing(self.start)
        if self.end is not None:
            params["delete_end_time"] = beijing(self.end)
        return params


class VersionCalls(Calls):
    def list_versions(
        self,
        room_id: int,
        session_id: int = 0,
        page: int = 1,
        page_size: int = MAX_PAGE,
        product_type: int | None = None,
    ) -> Page[RecordingRow]:
        """Call 10: the original and all cuts of one recording."""
        params = {
            **room_and_session(room_id, session_id),
            "product_type": product_type,
            "page": page,
            "page_size": page_size,
        }
        return self._ask_page("list_versions", params, recordings.RECORDING_ROW)

    def set_main_version(self, room_id: int, session_id: int = 0, *, version: int) -> None:
        """Call 11: which version players get by default."""
        self._do("set_main_version", {**room_and_session(room_id, session_id), "version": version})

    def crop_recording(self, room_id: int, session_id: int = 0, *, crop_info: Sequence[Crop]) -> Page[NewVersion]:
        """Call 35: each part becomes a new version, transcoded in the background (callback 3). Not repeatable."""
        params = {**room_and_session(room_id, session_id), "crop_info": as_json(crop_info)}
        return self._ask("crop_recording", params, recordings.NEW_VERSION.page)

    def split_recording(self, room_id: int, session_id: int = 0, *, length_per_segment: int) -> Page[NewVersion]:
        """Call 17: new versions of ``length_per_segment`` seconds each. Not repeatable."""
        params = {**room_and_session(room_id, session_id), "length_per_segment": length_per_segment}
        return self._ask("split_recording", params, recordings.NEW_VERSION.page)

    def replace_recording(
        self,
        *,
        type: int,  # noqa: A002 - the vendor's name
        source_room_id: int,
        target_room_id: int,
        source_session_id: int = 0,
        source_version: int | None = None,
        is_replace_main: bool | None = None,
        target_session_id: int = 0,
        target_version: int | None = None,
    ) -> None:
        """Call 14. ``type`` as :class:`~playback.vendor.codes.ReplaceType`: with REPLACE the target must exist, with
        ADD_VERSION it may name a new session of a long-term room. Not repeatable."""
        params = {
            "type": ReplaceType(type),
            "source_room_id": source_room_id,
            "source_session_id": source_session_id or None,
            "source_version": source_version,
            "is_replace_main": is_replace_main,
            "target_room_id": target_room_id,
            "target_session_id": target_session_id or None,
            "target_version": target_version,
        }
        self._do("replace_recording", params)

    def replace_by_video(
        self,
        *,
        video_id: int,
        target_room_id: int,
        is_replace_main: bool | None = None,
        target_session_id: int = 0,
        target_version: int | None = None,
    ) -> None:
        """Call 15: puts a VOD video in a recording's place. Not repeatable."""
        params = {
            "video_id": video_id,
            "is_replace_main": is_replace_main,
            "target_room_id": target_room_id,
            "target_session_id": target_session_id or None,
            "target_version": target_version,
        }
        self._do("replace_by_video", params)

    def remove_chat(
        self, room_id: int, session_id: int = 0, *, spans: Sequence[ChatSpan], version: int | None = None
    ) -> None:
        """Call 22: rebuilds the recording without this chat, in the background (callback 3), one at a time.

        One span goes as ``delete_user_number``, ``delete_start_time`` and ``delete_end_time``, several as
        ``delete_json``. Not repeatable. Raises ``ValueError`` where nothing would be named: what the vendor takes
        that for is not documented.
        """
        parts = [span.as_params() for span in spans]
        if not parts or not all(parts):
            raise ValueError("removing chat needs at least one span, and each of them a user or a time")
        params = {**room_and_session(room_id, session_id), "version": version}
        params.update(parts[0] if len(parts) == 1 else {"delete_json": as_json(parts)})
        self._do("remove_chat", params)
