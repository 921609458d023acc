"""When was a mirrored row last seen at the vendor?

A pass that finds a row unchanged writes nothing, so the row's own ``synced_at`` is a lower bound. The last complete
full pass of its kind saw every row that it did not mark as gone. A row was therefore last seen at the later of the
two. One query answers for a whole page of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from playback.models import Mirror, Recording, Room, SyncRun, Version

COMPLETE = (SyncRun.State.DONE, SyncRun.State.NOTHING_NEW)
KINDS: dict[type[Mirror], SyncRun.Kind] = {
    Room: SyncRun.Kind.ROOMS,
    Recording: SyncRun.Kind.RECORDINGS,
    Version: SyncRun.Kind.VERSIONS,
}


@dataclass(frozen=True)
class Freshness:
    """The starts of the last complete full passes, by kind. Load one a request."""

    full_starts: dict[str, datetime]

    @classmethod
    def load(cls) -> Freshness:
        """One query."""
        runs = SyncRun.objects.filter(full=True, state__in=COMPLETE).order_by()
        return cls(dict(runs.values_list("kind").annotate(Max("started_at"))))

    def last_seen(self, row: Mirror) -> datetime | None:
        """None for a row that only another list has told us of (a placeholder)."""
        if row.synced_at is None or row.gone_at is not None:
            return row.synced_at
        full = self.full_starts.get(KINDS[type(row)])
        # A full pass that started before the row was first met says nothing about it, but then synced_at is later.
        return max(row.synced_at, full) if full is not None else row.synced_at


def last_complete_start(kind: str) -> datetime | None:
    """The start of the last complete pass of a kind, full or not: what an incremental one may rely on."""
    found: datetime | None = SyncRun.objects.filter(kind=kind, state__in=COMPLETE).aggregate(at=Max("started_at"))["at"]
    return found
