"""The mirror of the vendor's rooms, recordings and versions, and the records of what we did."""

from .mirror import Mirror, MirrorQuerySet
from .operation import Operation, OperationItem
from .recording import PUBLISH_STATUSES, STATUSES, Recording
from .room import PRODUCT_TYPES, Room
from .sync_run import SyncLease, SyncRun
from .version import VERSION_TYPES, Version

__all__ = [
    "PRODUCT_TYPES",
    "PUBLISH_STATUSES",
    "STATUSES",
    "VERSION_TYPES",
    "Mirror",
    "MirrorQuerySet",
    "Operation",
    "OperationItem",
    "Recording",
    "Room",
    "SyncLease",
    "SyncRun",
    "Version",
]
