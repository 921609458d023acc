"""The engine's times and numbers, read from the settings when asked for (seconds, where they are times).

They lean on each other: a worker is ended by Celery before its lease ends, so that nobody still calls the vendor for
an item whose lease is over; and a call that must not be repeated is only said to have changed nothing when the vendor
had ``patience`` to finish it.
"""

from __future__ import annotations

from django.conf import settings

ATTEMPTS = 8  # how often an item is begun before it is refused
WINDOW = 400  # how many items of one operation are with the broker at a time: 20 s of work at the vendor's limit
BATCHES = 8  # or so many batches, where the vendor takes several targets in a call
TOP_UP_EVERY = 50  # after so many items the window is filled again
CONFLICT_WAIT = 5  # another operation holds the recording: look again
GIVE_UP = 6 * 3600  # an unknown item that nobody could settle ends as unknown
POLL_MOST = 120.0  # the longest wait between two looks at what the vendor works on
KEEP_PLANS = 24 * 3600  # an unconfirmed plan is thrown away


def lease() -> float:
    """How long an item may be running before its worker is taken for dead."""
    return float(settings.OPERATION_LEASE_SECONDS)


def grace() -> float:
    """A task that was not begun after this is taken for lost, and is sent again."""
    return float(settings.OPERATION_GRACE_SECONDS)


def patience() -> float:
    """How long after its begin a lost call that must not be repeated may still take effect at the vendor."""
    return float(settings.OPERATION_PATIENCE_SECONDS)


def settle_wait(elapsed: float) -> float:
    """How long to wait before the vendor is asked (again), ``elapsed`` seconds after the item was begun."""
    floor = float(settings.OPERATION_SETTLE_SECONDS)
    return min(max(floor, elapsed / 2), 300.0) if floor else 0.0


def back_off(attempts: int) -> float:
    """How long to wait before begin number ``attempts + 1``: 2, 4, 8, … at most 60."""
    return min(2.0**attempts, 60.0)


def poll_wait(first: float, elapsed: float) -> float:
    """How long to wait before the vendor is asked (again) whether its work in the background is done."""
    if not settings.OPERATION_SETTLE_SECONDS:
        return 0.0
    return min(max(first, elapsed / 4), POLL_MOST)
