"""Is one thing still at the vendor? Asked about it alone, where no list can be trusted to say so.

The reference gives codes for a room that is unknown or deleted (3001, 3002) and none for a recording that is missing
from a room that stays. So a refusal without a meaning of its own is checked against the room's own part of the list
(call 2 with ``room_id``) before it counts as gone.
"""

from __future__ import annotations

from playback.vendor.client import VendorClient
from playback.vendor.codes import ErrorCode, ProductType
from playback.vendor.errors import VendorGone, VendorRefused
from playback.vendor.results import RecordingInfo

# What a vendor answers who has no code for "there is no such recording".
UNSAID = frozenset({ErrorCode.FAILED, ErrorCode.BAD_PARAMETER})


def recording_info(client: VendorClient, room_id: int, session_id: int) -> RecordingInfo | None:
    """Call 1; None where the vendor has no such recording (any more). Raises the client's other errors."""
    try:
        return client.recording_info(room_id=room_id, session_id=session_id)
    except VendorGone:
        return None
    except VendorRefused as error:
        if error.code not in UNSAID or is_listed(client, room_id, session_id):
            raise
        return None


def is_listed(client: VendorClient, room_id: int, session_id: int) -> bool:
    """Does the room's part of the list name the recording? An unreadable row may be it. Raises the client's errors."""
    for page in client.pages(client.list_recordings, product_type=ProductType.ALL.value, room_id=room_id):
        if page.unreadable or any(row.room_id == room_id and row.session_id == session_id for row in page.rows):
            return True
    return False


def room_is_there(client: VendorClient, room_id: int) -> bool:
    """``room/info``. Raises the client's errors."""
    try:
        client.room_info(room_id=room_id)
    except VendorGone:
        return False
    return True


def versions_there(client: VendorClient, room_id: int, session_id: int) -> set[int] | None:
    """The version numbers that call 10 names; none where the vendor does not know the recording (any more), and None
    where a row could not be read: it may be any of them. Raises the client's errors."""
    there: set[int] = set()
    try:
        for page in client.pages(client.list_versions, room_id=room_id, session_id=session_id):
            if page.unreadable or any(row.version is None for row in page.rows):
                return None
            there.update(row.version for row in page.rows if row.version is not None)
    except VendorGone:
        return set()
    except VendorRefused as error:
        if error.code not in UNSAID or is_listed(client, room_id, session_id):
            raise
        return set()
    return there
