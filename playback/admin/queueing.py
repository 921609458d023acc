"""Asking the workers for a sync.

By name: the admin needs neither the task nor its result. A broker that does not answer is told to the person within
seconds; nothing is half done then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from celery import current_app
from kombu.exceptions import OperationalError

from playback.models import SyncRun

SYNC = "playback.sync_kind"
RELEASE = "playback.release_sync"
_EXPIRES = 3600  # s; a run that nobody got to for so long is not wanted any more
_PATIENCE = {"max_retries": 1, "interval_start": 0.2}


def start_sync(kinds: Sequence[str], *, full: bool, user: Any) -> bool:
    """Queue a run of each kind; False when the queue cannot be reached."""
    return _send(
        (SYNC, {"kind": kind, "full": full, "trigger": SyncRun.Trigger.PERSON.value, "user_id": user.pk})
        for kind in kinds
    )


def release_run(run: SyncRun, user: Any) -> bool:
    """Let a held run mark what it did not meet; False when the queue cannot be reached."""
    return _send([(RELEASE, {"run_id": run.pk, "user_id": user.pk})])


def _send(tasks: Any) -> bool:
    try:
        for name, arguments in tasks:
            current_app.send_task(
                name, kwargs=arguments, queue="sync", expires=_EXPIRES, retry=True, retry_policy=_PATIENCE
            )
    except OperationalError:
        return False
    return True
