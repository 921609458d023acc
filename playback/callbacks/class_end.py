"""How long after the end of class was the recording ready? From what the vendor knows of the class (call 18), else from
the plan of an ordinary room; for a long-term room without an answer nobody knows."""

from __future__ import annotations

from datetime import datetime, timedelta

from playback.models import Recording
from playback.vendor.client import VendorClient
from playback.vendor.errors import VendorError

_LONGEST = timedelta(days=2)  # later than that it is no transcoding of a class that just ended


def seconds_since(client: VendorClient, recording: Recording, received_at: datetime) -> int | None:
    """Never raises: it is a figure beside the record."""
    ends = _class_ends(client, recording)
    if not ends and recording.session_id == 0 and recording.room.ends_at is not None:
        ends = [recording.room.ends_at]
    passed = [received_at - end for end in ends if timedelta(0) <= received_at - end <= _LONGEST]
    return int(min(passed).total_seconds()) if passed else None


def _class_ends(client: VendorClient, recording: Recording) -> list[datetime]:
    try:
        times = client.class_times(room_id=recording.room_id, session_id=recording.session_id)
    except VendorError:
        return []
    return [time.end for time in times.rows if time.end is not None]
