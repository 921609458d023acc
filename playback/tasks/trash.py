"""Tasks around the trash: what is due is deleted, and who watched what is read, which a person should know before."""

from __future__ import annotations

import logging
from typing import Any

from celery import Task, shared_task

from playback.conf import vendor_client
from playback.operations import due
from playback.sync import watching
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorMisconfigured

logger = logging.getLogger("playback.sync")


@shared_task(name="playback.operations.tend_trash")
def tend_trash() -> None:
    due.tend_trash()


@shared_task(name="playback.read_watched", bind=True, max_retries=20)
def read_watched(self: Task[Any, Any]) -> None:
    """A new installation's mirror is whole a few minutes after its first start."""
    try:
        client = vendor_client(Lane.SYNC)
    except VendorMisconfigured as error:
        logger.warning("watched: nothing was read (%s)", error)
        return
    if watching.read_watched(client).waits:
        raise self.retry(countdown=120)
