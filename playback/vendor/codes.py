"""The vendor's numbers as enums.

The reference gives each number its meaning; this file gives it its name. Plain Python: it is read by the client, the
models and the sandbox alike, and by nothing else of the vendor package. Unknown numbers are expected (the vendor adds
some): callers keep the bare ``int`` and show it as it is.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class ErrorCode(IntEnum):
    """``code`` of an answer. 0 is success; every other code comes with ``data: null`` and a Chinese ``msg``."""

    SUCCESS = 0
    FAILED = 1  # failed without a code of its own: the message says why
    NO_SUCH_PATH = 404
    BAD_PARAMETER = 1001
    BAD_SIGNATURE = 1002
    NO_SUCH_ACCOUNT = 2001
    NOT_PERMITTED = 2002
    SERVICE_STOPPED = 2003
    NO_SUCH_ROOM = 3001
    ROOM_DELETED = 3002
    UPLOAD_FAILED = 4001


class RecordingStatus(IntEnum):
    """``status`` of a recording or version. Below READY there may be no video, size, length or cover."""

    NOT_RECORDED = 0
    GENERATING = 10
    TRANSCODING = 20
    FAILED = 30
    READY = 100


class PublishStatus(IntEnum):
    """``publish_status``: a recording is published by default once its transcoding succeeds."""

    PUBLISHED = 1
    BLOCKED = 2


class ProductType(IntEnum):
    """``product_type`` of a list call. ALL asks for every kind; rows do not say which kind they are."""

    ALL = 0
    EDUCATION_LIVE = 1
    SMALL_CLASS = 2
    DOUBLE_TEACHER = 3
    ENTERPRISE_LIVE = 4


class VersionType(IntEnum):
    """``version_type`` of one cut of a recording."""

    ORIGINAL = 0
    EDITED = 1


class ReplaceType(IntEnum):
    """``type`` of call 14."""

    REPLACE = 1
    ADD_VERSION = 2


class ConvertStatus(IntEnum):
    """``status`` of call 31: how far the rendering of call 16 is."""

    NOT_STARTED = 0
    QUEUED = 1
    RUNNING = 2
    DONE = 3
    FAILED = 4


class ClientType(IntEnum):
    """``client_type`` of a watch record. The reference is unsure of 6 and 7."""

    OTHER = 0
    IPHONE = 1
    IPAD = 2
    ANDROID = 3
    MOBILE_WEB = 4
    PC_WEB = 5
    PC_APP = 6
    MAC_APP = 7
    ANDROID_MINI_PROGRAM = 8
    IOS_MINI_PROGRAM = 9


class SearchTimeType(IntEnum):
    """``search_time_type`` of call 37: which time of a watch record the range is about."""

    BEGIN = 1
    END = 2


class Definition(StrEnum):
    """Picture definitions, comma-joined where several are named."""

    LOW = "low"
    STD = "std"
    HIGH = "high"
    SUPER = "super"
    FULL_HD = "1080p"


class Lane(StrEnum):
    """Whose turn it is at the account's call budget; a lane is served before those below it.

    Ours, not the vendor's: it stands here because the throttle, the client, the models and the Celery queues name the
    same three.
    """

    PERSON = "person"  # somebody waits in front of a page
    OPERATION = "operation"  # a staff action's items
    SYNC = "sync"  # background mirroring
