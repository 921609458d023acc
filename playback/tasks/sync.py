"""Tasks of the sync passes: thin, on the default queue, which is their lane's (``sync``).

A task that waited too long is dropped by its expiry (the schedule sets it), not run late: the next one does its work.
A task that comes twice, or comes back after its worker was killed, meets the lease and ends as ``busy``, or takes over.
"""

from __future__ import annotations

from celery import shared_task
from django.contrib.auth import get_user_model

from playback.models import SyncRun
from playback.operations import belief
from playback.sync import history, passes
from playback.vendor.codes import Lane


@shared_task(name="playback.sync_kind")
def sync_kind(
    kind: str, full: bool = False, trigger: str = SyncRun.Trigger.SCHEDULE, user_id: int | None = None
) -> int:
    """One pass; answers the id of its run. ``user_id``: who asked for it in the admin."""
    user = get_user_model()._default_manager.filter(pk=user_id).first() if user_id is not None else None
    run = passes.run_pass(SyncRun.Kind(kind), full=full, lane=Lane.SYNC, trigger=SyncRun.Trigger(trigger), user=user)
    belief.check(run)
    if run.full:
        passes.forget_old_runs()
        history.forget_old()
    return run.pk


@shared_task(name="playback.release_sync")
def release_sync(run_id: int, user_id: int) -> int | None:
    """Let a held run's rows go; answers the id of the new run, or None where there is nothing to let go any more."""
    user = get_user_model()._default_manager.get(pk=user_id)
    try:
        run = passes.release(SyncRun.objects.get(pk=run_id), user)
    except passes.NotReleasable:
        return None
    belief.check(run)
    return run.pk
