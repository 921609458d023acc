"""The admin's pages. Importing this package registers them."""

from . import merge, operation, people, play_link, recording, room, schedules, sync_run, trash, version

__all__ = [
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
