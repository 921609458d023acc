"""The stand-in vendor's state: what the calls read and change, and what tests and the seed write.

One SQLite file, not Django's database. ``clock`` gives unix seconds, so that a test decides what time it is.
"""

from __future__ import annotations

from .base import BEIJING, Moment, Row, unix
from .lessons import Lessons
from .lists import LISTED, ListedValues, Lists
from .members import Members
from .queue import Queue
from .recordings import session_of
from .rooms import Rooms
from .videos import Videos
from .watching import EXPIRY_SINCE, Watching

__all__ = ["BEIJING", "EXPIRY_SINCE", "LISTED", "ListedValues", "Moment", "Row", "State", "session_of", "unix"]


class State(Rooms, Watching, Lists, Members, Lessons, Videos, Queue):
    """All of it. Rows are dicts with the columns of ``schema.py``."""

    def counts(self) -> dict[str, int]:
        """How many of each there are."""
        tables = ("rooms", "recordings", "versions", "members", "watch_records", "documents", "videos", "merges")
        found = {table: self.value(f"SELECT count(*) FROM {table}") for table in tables}  # noqa: S608 - our own names
        found["rooms"] = self.value("SELECT count(*) FROM rooms WHERE deleted_at IS NULL")
        found["recordings"] = self.value("SELECT count(*) FROM recordings WHERE deleted_at IS NULL")
        found["jobs"] = self.value("SELECT count(*) FROM jobs")
        found["deliveries_waiting"] = self.value("SELECT count(*) FROM deliveries WHERE due_at IS NOT NULL")
        return found
