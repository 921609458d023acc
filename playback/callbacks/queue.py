"""Telling the workers that deliveries wait. The queue itself is the table.

One waking serves all who come until the worker looks: a mark in the cache says that somebody is on the way, and the
worker removes it *before* it reads the table. Who stored a delivery and finds the mark was stored before that reading.
A waking that is lost costs no delivery: the schedule looks every minute, and the mark ends by itself.
"""

from __future__ import annotations

import logging

from celery import current_app
from django.core.cache import cache
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger("playback.callbacks")

QUEUE = "callbacks"  # of its own: neither a full sync nor a large operation holds a delivery up
TAKE_UP = "playback.callbacks.take_up"
APPLY = "playback.callbacks.apply"
_MARK = "callbacks:woken"
_MARK_SECONDS = 10


def wake() -> None:
    """Never raises: the delivery is stored, and that is what the vendor is told."""
    try:
        if cache.add(_MARK, 1, _MARK_SECONDS):
            _send(TAKE_UP)
    except (RedisError, OperationalError) as error:
        logger.error("deliveries wait for the schedule, the broker cannot be reached: %s", type(error).__name__)  # noqa: TRY400


def awake() -> None:
    """The worker looks at the table now: who stores from now on wakes again."""
    try:
        cache.delete(_MARK)
    except RedisError:
        logger.warning("the waking mark could not be removed; it ends by itself")


def send(delivery_ids: list[int]) -> None:
    """Have some deliveries of one recording applied. A broker that is lost: they are due again later."""
    try:
        _send(APPLY, delivery_ids)
    except OperationalError as error:
        logger.error("deliveries wait for the schedule, the broker cannot be reached: %s", type(error).__name__)  # noqa: TRY400


def _send(task: str, *arguments: list[int]) -> None:
    current_app.send_task(
        task, args=arguments, queue=QUEUE, retry=True, retry_policy={"max_retries": 1, "interval_start": 0.2}
    )
