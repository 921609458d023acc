"""Rooms, recordings and versions: what the sync runs say.

News are as of the start of the last complete run; everything, down to what is gone, as of the start of the last
complete full one. A run that found another one at it (busy) is no attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db.models import Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from playback.models import Recording, Room, SyncLease, SyncRun, Version
from playback.sync.freshness import COMPLETE

from .facts import Attempt, Ending, Facts, Reading
from .kinds import Kind, Task

_ENDINGS = {
    SyncRun.State.DONE: Ending.GOOD,
    SyncRun.State.NOTHING_NEW: Ending.GOOD,
    SyncRun.State.FAILED: Ending.FAILED,
    SyncRun.State.INCOMPLETE: Ending.INCOMPLETE,
    SyncRun.State.HELD: Ending.HELD,
}
_TASK = "playback.sync_kind"


def load(names: Sequence[str]) -> dict[str, Facts]:
    """One query for any number of kinds, each part of it by index; one more while something is being read."""
    wanted = Q()
    for name in names:
        runs = SyncRun.objects.filter(kind=name).order_by("-started_at", "-pk")
        complete, real = runs.filter(state__in=COMPLETE), runs.exclude(state=SyncRun.State.BUSY)
        for some in (complete, complete.filter(full=True), real, real.filter(full=True)):
            wanted |= Q(pk=Subquery(some.values("pk")[:1]))
    rows = list(SyncRun.objects.filter(wanted).defer("unreadable_rows").order_by("-started_at", "-pk"))
    running = [run.pk for run in rows if run.state == SyncRun.State.RUNNING]
    alive = set(_alive(running)) if running else set()

    def facts(name: str) -> Facts:
        mine = [run for run in rows if run.kind == name]
        return Facts(_reading(mine, alive, lambda run: True), _reading(mine, alive, lambda run: run.full))

    return {name: facts(name) for name in names}


def _alive(running: list[int]) -> list[int | None]:
    leases = SyncLease.objects.filter(run__in=running, expires_at__gt=timezone.now())
    return list(leases.values_list("run_id", flat=True))


def _reading(rows: list[SyncRun], alive: set[int | None], counts: Callable[[SyncRun], bool]) -> Reading:
    """The rows are the newest first."""
    rows = [run for run in rows if counts(run)]
    complete = next((run.started_at for run in rows if run.state in COMPLETE), None)
    return Reading(complete, _attempt(rows[0], alive) if rows else None)


def _attempt(run: SyncRun, alive: set[int | None]) -> Attempt:
    if run.state == SyncRun.State.RUNNING:
        ending = Ending.UNDER_WAY if run.pk in alive else Ending.DIED
    else:
        ending = _ENDINGS[SyncRun.State(run.state)]
    return Attempt(run.started_at, ending, run.error, run.pages, run.pk)


def _kind(kind: SyncRun.Kind, model: type[Room | Recording | Version], about: object) -> Kind:
    return Kind(
        name=kind.value,
        label=kind.label,
        about=about,
        load=load,
        news=Task(_TASK, {"kind": kind.value}),
        full=Task(_TASK, {"kind": kind.value, "full": True}),
        model=model,
        by_runs=True,
    )


KINDS = (
    _kind(SyncRun.Kind.ROOMS, Room, _("The vendor's list of rooms.")),
    _kind(SyncRun.Kind.RECORDINGS, Recording, _("The vendor's list of recordings, with their states and names.")),
    _kind(SyncRun.Kind.VERSIONS, Version, _("The vendor's list of versions: the cuts of recordings.")),
)
