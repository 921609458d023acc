"""Rooms: the calls beside the numbered ones (``room/list``, ``room/info``, ``room/create``) and the account's own."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field

from ..secret import Secret
from .reading import Reader
from .values import Small


class RoomRow(Struct, frozen=True):
    """``room/list``. The join codes that come along let their holder into a class and are not kept."""

    room_id: int
    title: str = ""
    starts_at: datetime | None = field(default=None, name="start_time")
    ends_at: datetime | None = field(default=None, name="end_time")
    created_at: datetime | None = field(default=None, name="create_time")
    room_type: Small | None = field(default=None, name="type")
    is_long_term: bool = False
    max_users: Small | None = None
    product_type: Small | None = None


class RoomInfo(Struct, frozen=True):
    """``room/info``. The codes let their holder into the class as administrator or teacher."""

    room_id: int
    title: str = ""
    starts_at: datetime | None = field(default=None, name="start_time")
    ends_at: datetime | None = field(default=None, name="end_time")
    created_at: datetime | None = field(default=None, name="create_time")
    room_type: Small | None = field(default=None, name="type")
    is_long_term: bool = False
    max_users: Small | None = None
    product_type: Small | None = None
    admin_code: Secret = Secret("")
    teacher_code: Secret = Secret("")


class NewRoom(Struct, frozen=True):
    """``room/create``."""

    room_id: int
    admin_code: Secret = Secret("")
    teacher_code: Secret = Secret("")
    student_code: Secret = Secret("")


class CallbackUrl(Struct, frozen=True):
    """``video_account/getTranscodeCallbackUrl``; empty where none is set."""

    url: str = ""


class PartnerKey(Struct, frozen=True):
    """``partner/createkey``."""

    partner_key: Secret


ROOM_ROW = Reader(RoomRow, "room_id")
ROOM_INFO = Reader(RoomInfo)
NEW_ROOM = Reader(NewRoom)
CALLBACK_URL = Reader(CallbackUrl)
PARTNER_KEY = Reader(PartnerKey)
