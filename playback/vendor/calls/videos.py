"""What belongs to a recording, and how long it lives: courseware, mark points, plain videos, expiry, merges
(calls 12, 13, 16, 18–21, 29–32, 34, 36, 38, 39)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from ..results import (
    ClassTime,
    ConvertState,
    CoursewareRow,
    Expiry,
    MarkPoint,
    MergedVideo,
    Page,
    PageTurn,
    expiry,
    media,
)
from ..secret import Secret
from .base import Calls, as_json, beijing, room_and_session


class VideoCalls(Calls):
    def room_courseware(self, room_id: int, date: date | None = None) -> Page[CoursewareRow]:
        """Call 12: the PDFs of all recordings of a room, or of one day."""
        return self._ask("room_courseware", {"room_id": room_id, "date": date}, media.COURSEWARE_ROW.page)

    def recording_courseware(self, room_id: int, session_id: int = 0) -> Page[CoursewareRow]:
        """Call 13."""
        return self._ask("recording_courseware", room_and_session(room_id, session_id), media.COURSEWARE_ROW.page)

    def page_turns(self, room_id: int, session_id: int = 0) -> Page[PageTurn]:
        """Call 34: ``page`` from 0, ``time`` in milliseconds from the start."""
        return self._ask("page_turns", room_and_session(room_id, session_id), media.PAGE_TURN.page)

    def class_times(self, room_id: int, session_id: int = 0) -> Page[ClassTime]:
        """Call 18: when class really ran."""
        return self._ask("class_times", room_and_session(room_id, session_id), media.class_times)

    # ------------------------------------------------------------ mark points

    def mark_points(self, room_id: int, session_id: int = 0, version: int | None = None) -> Page[MarkPoint]:
        """Call 21: offsets ``HH:MM:SS`` from the start."""
        params = {**room_and_session(room_id, session_id), "version": version}
        return self._ask("mark_points", params, media.MARK_POINT.page)

    def set_mark_points(
        self, room_id: int, session_id: int = 0, *, content: Sequence[MarkPoint], version: int | None = None
    ) -> None:
        """Call 32: replaces the whole list; an empty one removes all."""
        params = {**room_and_session(room_id, session_id), "version": version, "content": as_json(content)}
        self._do("set_mark_points", params)

    # ------------------------------------------------------------ plain videos

    def convert_to_video(
        self, room_id: int, session_id: int = 0, version: int | None = None, record_template: str | None = None
    ) -> None:
        """Call 16: renders a plain video for minutes; see :meth:`convert_status` and callback 2. 2002 where the
        account may not. Not repeatable."""
        params = {**room_and_session(room_id, session_id), "version": version, "record_template": record_template}
        self._do("convert_to_video", params)

    def convert_status(self, room_id: int, session_id: int = 0) -> ConvertState:
        """Call 31: how far call 16 is."""
        return self._ask("convert_status", room_and_session(room_id, session_id), media.CONVERT_STATE.one)

    def generate_recorded_video(self, room_id: int) -> list[int]:
        """Call 19: starts generating, answers with the sessions started. 2002 where the account's switch
        ``enable_playback_record_video`` is off. Not repeatable."""
        return self._ask("generate_recorded_video", {"room_id": room_id}, media.started_fids)

    def recorded_video_url(self, room_id: int, session_id: int = 0, version: int | None = None) -> Secret:
        """Call 20: an address that plays for whoever holds it, for 2 hours."""
        params = {**room_and_session(room_id, session_id), "version": version}
        return self._ask("recorded_video_url", params, media.SIGNED_URL.one).url

    def render_merged(self, mixed_playback_id: int) -> int:
        """Call 38: renders a merge to one video; answers with the merge's id. Not repeatable."""
        return self._ask(
            "render_merged", {"mixed_playback_id": mixed_playback_id}, media.MERGE_ID.one
        ).mixed_playback_id

    def merged_video(self, mixed_playback_id: int) -> MergedVideo:
        """Call 39: definition → video, with signed addresses."""
        return self._ask("merged_video", {"mixed_playback_id": mixed_playback_id}, media.merged_video)

    # ------------------------------------------------------------ expiry

    def expiry(self, product_type: int, video_ids: Iterable[int]) -> Expiry:
        """Call 29: days to live (0: for ever) and fixed times. Holds for recordings made after 2022-11-23."""
        return self._ask("expiry", {"product_type": product_type, "video_ids": video_ids}, expiry.expiry)

    def set_valid_days(self, product_type: int, video_ids: Iterable[int], valid_day: int) -> None:
        """Call 30: days to live; 0 for ever."""
        self._do("set_valid_days", {"product_type": product_type, "video_ids": video_ids, "valid_day": valid_day})

    def set_expire_times(self, data: Mapping[int, datetime]) -> list[int]:
        """Call 36: video_id → time. Answers with the videos that took it: **the others failed without a word**."""
        rows = [{"video_id": video_id, "expire_time": beijing(moment)} for video_id, moment in data.items()]
        return self._ask("set_expire_times", {"data": as_json(rows)}, expiry.success_list)
