"""The admin's pages. Importing this package registers them."""

from . import delivery, operation, people, recording, room, schedules, sync_run, version

__all__ = ["delivery", "operation", "people", "recording", "room", "schedules", "sync_run", "version"]
