"""The mirror of the vendor's rooms, recordings and versions, and the records of what we did."""

from . import bigrams as bigrams  # for its lookups
from .change import Change
from .delivery import CallbackAddress, Delivery, OverdueLook, RefusedCallbacks
from .expiry_digest import ExpiryDigest
from .merge import Merge
from .mirror import Mirror, MirrorQuerySet
from .operation import Operation, OperationItem
from .play_link import PlayLink
from .recording import PUBLISH_STATUSES, STATUSES, Recording
from .room import PRODUCT_TYPES, Room
from .sync_run import SyncLease, SyncRun
from .trash import WHOLE, TrashEntry
from .version import VERSION_TYPES, Version
from .watch_record import CLIENT_TYPES, RecordingDay, WatchDay, WatchRecord

__all__ = [
    "CLIENT_TYPES",
    "PRODUCT_TYPES",
    "PUBLISH_STATUSES",
    "STATUSES",
    "VERSION_TYPES",
    "WHOLE",
    "CallbackAddress",
    "Change",
    "Delivery",
    "ExpiryDigest",
    "Merge",
    "Mirror",
    "MirrorQuerySet",
    "Operation",
    "OperationItem",
    "OverdueLook",
    "PlayLink",
    "Recording",
    "RecordingDay",
    "RefusedCallbacks",
    "Room",
    "SyncLease",
    "SyncRun",
    "TrashEntry",
    "Version",
    "WatchDay",
    "WatchRecord",
]
