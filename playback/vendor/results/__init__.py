"""Typed results of the vendor's calls, parsed once, tolerant of its loose types. The vendor's spellings end here."""

from .callbacks import Told, told
from .expiry import Expiry
from .media import (
    ClassTime,
    ConvertState,
    CoursewareRow,
    Document,
    MarkPoint,
    MergedVideo,
    OneTimeToken,
    PageTurn,
    PlayInfo,
    SignedUrl,
)
from .reading import Page, Reader, UnreadableAnswer, UnreadableRow
from .recordings import NewVersion, PlayerToken, RecordingInfo, RecordingRow, SessionRow
from .rooms import NewRoom, PartnerKey, RoomInfo, RoomRow
from .rows import column
from .values import BEIJING
from .viewers import MemberRow, WatchRow

__all__ = [
    "BEIJING",
    "ClassTime",
    "ConvertState",
    "CoursewareRow",
    "Document",
    "Expiry",
    "MarkPoint",
    "MemberRow",
    "MergedVideo",
    "NewRoom",
    "NewVersion",
    "OneTimeToken",
    "Page",
    "PageTurn",
    "PartnerKey",
    "PlayInfo",
    "PlayerToken",
    "Reader",
    "RecordingInfo",
    "RecordingRow",
    "RoomInfo",
    "RoomRow",
    "SessionRow",
    "SignedUrl",
    "Told",
    "UnreadableAnswer",
    "UnreadableRow",
    "WatchRow",
    "column",
    "told",
]
