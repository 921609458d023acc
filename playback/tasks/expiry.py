"""Tasks of expiry: reading it, and telling people. Thin, on the default queue (``sync``).

Both may come twice: what was read lately is not read again, and who was mailed today is not mailed again.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import Task, shared_task

from playback import expiry_digest
from playback.conf import vendor_client
from playback.sync import expiry
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorMisconfigured

logger = logging.getLogger("playback.sync")


@shared_task(name="playback.read_expiry")
def read_expiry(only_new: bool = False) -> None:
    """A slice, and a task of its own for the next one while there is more."""
    try:
        client = vendor_client(Lane.SYNC)
    except VendorMisconfigured as error:
        logger.warning("expiry: nothing was read (%s)", error)
        return
    if expiry.read_stale(client, only_new=only_new).more:
        read_expiry.delay(only_new=only_new)


@shared_task(name="playback.send_expiry_digests", bind=True, max_retries=8)
def send_expiry_digests(self: Task[Any, Any]) -> None:
    """Mail that could not be handed over is tried again every ten minutes for a while; then tomorrow's tells it."""
    if expiry_digest.send().failed:
        raise self.retry(countdown=600)
