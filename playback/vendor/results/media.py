"""What belongs to a recording: courseware (12, 13, 34), mark points (21), class times (18), videos (19, 20, 31, 39)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from ..secret import Secret
from .reading import Page, Reader, UnreadableAnswer
from .values import Small, integer, mapping, sequence, text


class CoursewareRow(Struct, frozen=True):
    """Calls 12 and 13: a PDF; one recording may have several."""

    room_id: int
    ppt_url: str
    session_id: int = 0
    version: Small | None = None
    version_type: Small | None = None


class ClassTime(Struct, frozen=True):
    """Call 18: when class really ran. ``end_filled_in``: the vendor completed a missing end itself."""

    start: datetime
    end: datetime | None = None
    end_filled_in: bool = field(default=False, name="auto_completion")


class MarkPoint(Struct, frozen=True):
    """Calls 21 and 32. ``time_offset`` is the vendor's ``HH:MM:SS`` from the start; :attr:`seconds` the same."""

    time_offset: str
    desc: str = ""

    @property
    def seconds(self) -> int:
        hours, minutes, seconds = (int(part) for part in self.time_offset.split(":"))
        return hours * 3600 + minutes * 60 + seconds


class Document(Struct, frozen=True):
    """The ``doc`` of call 34."""

    id: str = ""
    name: str = ""
    total_pages: Small | None = None
    is_doc: bool = False
    is_h5_doc: bool = False
    number: str = ""
    url: str = ""
    url_prefix: str = ""
    ppt_url: str = ""


class PageTurn(Struct, frozen=True):
    """Call 34. ``page`` from 0; ``time`` in milliseconds from the start."""

    page: Small
    time: int
    doc: Document = field(default_factory=Document)


class ConvertState(Struct, frozen=True):
    """Call 31; ``status`` as :class:`~playback.vendor.codes.ConvertStatus`."""

    status: Small
    status_msg: str = ""


class SignedUrl(Struct, frozen=True):
    """Call 20: an address that plays for whoever holds it, for 2 hours."""

    url: Secret


class PlayInfo(Struct, frozen=True):
    """One definition of call 39; ``duration`` in seconds, ``size`` in bytes; the address is signed."""

    url: Secret
    duration: Small | None = None
    height: Small | None = None
    width: Small | None = None
    size: int | None = None


class MergedVideo(Struct, frozen=True):
    """Call 39. ``play_info``: definition (``720p``) → video; empty until rendered."""

    fid: int | None
    play_info: dict[str, PlayInfo]


class OneTimeToken(Struct, frozen=True):
    """Call 33: opens the player once, within 24 hours, in the player's URL in place of a token."""

    limited_token: Secret


class MergeId(Struct, frozen=True):
    """Call 38."""

    mixed_playback_id: int


COURSEWARE_ROW = Reader(CoursewareRow, "room_id", "session_id", "version")
CLASS_TIME = Reader(ClassTime)
MARK_POINT = Reader(MarkPoint)
PAGE_TURN = Reader(PageTurn)
CONVERT_STATE = Reader(ConvertState)
SIGNED_URL = Reader(SignedUrl)
ONE_TIME_TOKEN = Reader(OneTimeToken)
MERGE_ID = Reader(MergeId)
_PLAY_INFO = Reader(PlayInfo)


def started_fids(data: object) -> list[int]:
    """Call 19: the ids of the sessions whose video is being generated."""
    try:
        return [integer(fid) for fid in sequence(_member(data, "success_fids"))]
    except ValueError as error:
        raise UnreadableAnswer(f"success_fids {error}") from None


def merged_video(data: object) -> MergedVideo:
    """Call 39."""
    try:
        fields = mapping(data)
        infos = mapping(fields.get("play_info"))
        fid = fields.get("fid")
        return MergedVideo(
            None if fid in (None, "") else integer(fid),
            {text(name): _PLAY_INFO.one(info) for name, info in infos.items()},
        )
    except ValueError as error:
        raise UnreadableAnswer(str(error)) from None


def _member(data: object, name: str) -> Any:
    fields: Mapping[str, Any] = mapping(data)
    if name not in fields:
        raise UnreadableAnswer(f"{name} is missing")
    return fields[name]


def class_times(data: object) -> Page[ClassTime]:
    """Call 18: the list stands under a name of its own, without a total."""
    return CLASS_TIME.page(data, "time_node")
