"""Who may watch and who watched: members (25, 27) and watch records (6, 37)."""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct, field

from .reading import Reader
from .values import BEIJING, Small, Unsigned


class MemberRow(Struct, frozen=True):
    """A user of the account's who may watch. ``user_id`` is the vendor's, ``user_sn`` the school's own number."""

    user_id: int
    user_sn: str = ""
    email: str = ""
    name: str = ""
    remark: str = ""
    phone_number: str = ""
    created_at: datetime | None = field(default=None, name="create_time")
    role: Small | None = None


class WatchRow(Struct, frozen=True):
    """One viewing. ``play_length`` is the seconds really watched; ``user_number`` goes beyond 63 bits."""

    guid: str
    video_id: int | None = None
    user_number: Unsigned | None = None
    user_name: str = ""
    began_at: datetime | None = field(default=None, name="play_begin_time")
    ended_at: datetime | None = field(default=None, name="play_end_time")
    play_length: Small | None = None
    client_type: Small | None = None
    user_ip: str = ""
    area: str = ""
    ext_data: str = ""
    uuid: str = ""  # call 37 alone
    date: str = ""  # call 37 alone: the day it is reported under, YYYY-MM-DD


MEMBER_ROW = Reader(MemberRow, "user_id")
WATCH_ROW = Reader(WatchRow, "guid")


def beijing_day(moment: datetime) -> date:
    """The day in Beijing that the vendor counts a moment to: a range of 6 and 37 stays within one."""
    return moment.astimezone(BEIJING).date()
