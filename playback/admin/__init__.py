"""The admin's pages. Importing this package registers them."""

from . import (
    change,
    delivery,
    merge,
    operation,
    people,
    play_link,
    recording,
    room,
    schedules,
    sync_run,
    trash,
    version,
    watch_record,
)

__all__ = [
    "change",
    "delivery",
    "merge",
    "operation",
    "people",
    "play_link",
    "recording",
    "room",
    "schedules",
    "sync_run",
    "trash",
    "version",
    "watch_record",
]
