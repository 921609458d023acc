"""The vendor's calls as typed methods: one for each row of the endpoint table, named as the row.

Arguments are named as the vendor's parameters, in Python's types; ``session_id=0`` (an ordinary room) and ``None`` are
not sent. Times are aware datetimes and go out in Beijing time. Every method raises the exceptions of ``errors.py`` and
no others for what the network or the vendor does; an answer of success whose data cannot be read is
``VendorOutcomeUnknown``. Nothing is cached and nothing is stored here.
"""

from __future__ import annotations

from .calls.account import AccountCalls
from .calls.recordings import RecordingCalls
from .calls.versions import ChatSpan, Crop, VersionCalls
from .calls.videos import VideoCalls
from .calls.viewers import ViewerCalls
from .transport import Upload

__all__ = ["ChatSpan", "Crop", "Upload", "VendorClient"]


class VendorClient(RecordingCalls, VersionCalls, ViewerCalls, VideoCalls, AccountCalls):
    """All calls of one account in one lane. Built by ``playback.conf.vendor_client``; cheap, made when called."""
