"""Tasks of the callbacks, on a queue of their own: neither a full sync nor a large operation holds them up."""

from __future__ import annotations

from celery import shared_task

from playback.callbacks import address, handlers, overdue, queue
from playback.vendor.codes import Lane


@shared_task(name=queue.TAKE_UP)
def take_up() -> int:
    return handlers.take_up()


@shared_task(name=queue.APPLY)
def apply(delivery_ids: list[int]) -> None:
    handlers.apply(delivery_ids)


@shared_task(name="playback.callbacks.look_up_overdue")
def look_up_overdue() -> int:
    return overdue.look_up()


@shared_task(name="playback.callbacks.look_after")
def look_after() -> None:
    """Once a day: is the address still ours, and what is old enough to be forgotten."""
    address.look(Lane.SYNC)
    address.forget_old()
