"""Who may watch and who watched: members (calls 23–28) and watch records (6, 37)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ..codes import SearchTimeType
from ..results import MemberRow, Page, WatchRow, viewers
from .base import MAX_PAGE, Calls, room_and_session


class ViewerCalls(Calls):
    def add_recording_members(self, room_id: int, session_id: int = 0, *, user_ids: Iterable[int]) -> None:
        """Call 23. 1001 for an unknown recording or user, and then nobody is added."""
        self._do("add_recording_members", {**room_and_session(room_id, session_id), "user_ids": user_ids})

    def remove_recording_members(self, room_id: int, session_id: int = 0, *, user_ids: Iterable[int]) -> None:
        """Call 24. Not repeatable."""
        self._do("remove_recording_members", {**room_and_session(room_id, session_id), "user_ids": user_ids})

    def list_recording_members(
        self, room_id: int, session_id: int = 0, page: int = 1, page_size: int = MAX_PAGE
    ) -> Page[MemberRow]:
        """Call 25."""
        params = {**room_and_session(room_id, session_id), "page": page, "page_size": page_size}
        return self._ask_page("list_recording_members", params, viewers.MEMBER_ROW)

    def add_room_members(self, room_id: int, *, user_ids: Iterable[int]) -> None:
        """Call 26."""
        self._do("add_room_members", {"room_id": room_id, "user_ids": user_ids})

    def list_room_members(self, room_id: int, page: int = 1, page_size: int = MAX_PAGE) -> Page[MemberRow]:
        """Call 27."""
        params = {"room_id": room_id, "page": page, "page_size": page_size}
        return self._ask_page("list_room_members", params, viewers.MEMBER_ROW)

    def remove_room_members(self, room_id: int, *, user_ids: Iterable[int]) -> None:
        """Call 28. Code 1 ``用户…不存在`` for a user who is none. Not repeatable."""
        self._do("remove_room_members", {"room_id": room_id, "user_ids": user_ids})

    def recording_watch_records(
        self,
        room_id: int,
        session_id: int = 0,
        *,
        start_time: datetime,
        end_time: datetime,
        user_number: int | None = None,
        version: int | None = None,
        page: int = 1,
        page_size: int = MAX_PAGE,
    ) -> Page[WatchRow]:
        """Call 6, for a range within one day of Beijing. Raises ``ValueError`` for a longer one."""
        params = {
            **room_and_session(room_id, session_id),
            **_day(start_time, end_time),
            "user_number": user_number,
            "version": version,
            "page": page,
            "page_size": page_size,
        }
        return self._ask_page("recording_watch_records", params, viewers.WATCH_ROW)

    def account_watch_records(
        self,
        *,
        start_time: datetime,
        end_time: datetime,
        search_time_type: int | None = None,
        page: int = 1,
        page_size: int = MAX_PAGE,
    ) -> Page[WatchRow]:
        """Call 37, for a range within one day of Beijing. ``search_time_type`` as
        :class:`~playback.vendor.codes.SearchTimeType`. Raises ``ValueError`` for a longer range."""
        params = {
            **_day(start_time, end_time),
            "search_time_type": None if search_time_type is None else SearchTimeType(search_time_type),
            "page": page,
            "page_size": page_size,
        }
        return self._ask_page("account_watch_records", params, viewers.WATCH_ROW)


def _day(start_time: datetime, end_time: datetime) -> dict[str, object]:
    if start_time.tzinfo is None or end_time.tzinfo is None:
        raise ValueError("a time for the vendor must be aware")
    if viewers.beijing_day(start_time) != viewers.beijing_day(end_time) or end_time < start_time:
        raise ValueError("watch records are asked for within one day of Beijing")
    return {"start_time": start_time, "end_time": end_time}
