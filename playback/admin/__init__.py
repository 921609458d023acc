"""The admin's pages. Importing this package registers them."""

from . import operation, people, recording, room, schedules, sync_run, trash, version

__all__ = ["operation", "people", "recording", "room", "schedules", "sync_run", "trash", "version"]
