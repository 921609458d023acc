"""The Celery queues: one a lane of the call budget, and one for callbacks. Each needs a worker (``deploy/``)."""

from __future__ import annotations

from playback.callbacks.queue import QUEUE as CALLBACKS
from playback.vendor.codes import Lane

QUEUES = (*(lane.value for lane in Lane), CALLBACKS)
UNACKNOWLEDGED = "unacked"  # the broker's hash of what workers took and have not ended yet
