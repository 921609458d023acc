"""Rooms and the account itself: the calls beside the numbered ones."""

from __future__ import annotations

from datetime import datetime

from ..results import NewRoom, Page, PartnerKey, RoomInfo, RoomRow, rooms
from ..secret import Secret
from .base import MAX_PAGE, Calls


class AccountCalls(Calls):
    def list_rooms(self, page: int = 1, limit: int = MAX_PAGE, product_type: int | None = None) -> Page[RoomRow]:
        """``room/list``. Without the join codes."""
        return self._ask_page(
            "list_rooms", {"page": page, "limit": limit, "product_type": product_type}, rooms.ROOM_ROW
        )

    def room_info(self, room_id: int) -> RoomInfo:
        """``room/info``. The codes in it let their holder into the class."""
        return self._ask("room_info", {"room_id": room_id}, rooms.ROOM_INFO.one)

    def create_room(
        self,
        *,
        title: str,
        start_time: datetime,
        end_time: datetime,
        type: int | None = None,  # noqa: A002 - the vendor's name
        max_users: int | None = None,
        is_long_term: bool | None = None,
    ) -> NewRoom:
        """``room/create``. Times go out in unix seconds here, as in the vendor's signing example. Not repeatable."""
        if start_time.tzinfo is None or end_time.tzinfo is None:
            raise ValueError("a time for the vendor must be aware")
        params = {
            "title": title,
            "start_time": int(start_time.timestamp()),
            "end_time": int(end_time.timestamp()),
            "type": type,
            "max_users": max_users,
            "is_long_term": is_long_term,
        }
        return self._ask("create_room", params, rooms.NEW_ROOM.one)

    def set_callback_url(self, url: str) -> None:
        """``video_account/setTranscodeCallbackUrl``: one address for all callbacks of the account."""
        self._do("set_callback_url", {"url": url})

    def callback_url(self) -> str:
        """``video_account/getTranscodeCallbackUrl``; empty where none is set."""
        return self._ask("callback_url", {}, rooms.CALLBACK_URL.one).url

    def create_key(self, secret_key: Secret, regenerate: bool | None = None) -> PartnerKey:
        """``partner/createkey``: the account's key; with ``regenerate`` a new one, and the old one ends. Not
        repeatable."""
        params = {"secret_key": secret_key, "regenerate": regenerate}
        return self._ask("create_key", params, rooms.PARTNER_KEY.one)
