"""How fresh a row is: the later of its own ``synced_at`` and the start of the last complete full pass of its kind.

That pass read the vendor's whole list and would have marked the row as gone, had it not met it; unchanged rows are
not written, so their own column doesn't tell. The pass comes along as a sub-query that doesn't depend on the row: the
database runs it once a page.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, QuerySet, Subquery

from playback.models import Recording, Room, SyncRun, Version

_KINDS = {Room: SyncRun.Kind.ROOMS, Recording: SyncRun.Kind.RECORDINGS, Version: SyncRun.Kind.VERSIONS}
COMPLETE = [SyncRun.State.DONE, SyncRun.State.NOTHING_NEW]


def with_last_pass(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """The same rows, each with ``full_pass_at``: when the last complete full pass over their kind began."""
    passes = SyncRun.objects.filter(kind=_KINDS[queryset.model], full=True, state__in=COMPLETE)
    newest = passes.order_by("-started_at").values("started_at")[:1]
    return queryset.annotate(full_pass_at=Subquery(newest, output_field=DateTimeField()))


def last_seen(row: Any) -> datetime | None:
    """Of a row that came through :func:`with_last_pass`; of a row that is gone, when its facts were last stored."""
    times = [row.synced_at]
    if not row.gone_at:
        times.append(getattr(row, "full_pass_at", None))
    return max((time for time in times if time), default=None)
