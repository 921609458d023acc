"""The admin's pages. Importing this package registers them."""

from . import delivery, merge, operation, people, play_link, recording, room, schedules, sync_run, trash, version

__all__ = [
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
]
