"""Tasks of the operations engine. They are sent by name, from ``operations.dispatch``, to the queue of their lane."""

from __future__ import annotations

from celery import shared_task

from playback.operations import dispatch, execute, limits
from playback.operations import tend as tending

# A worker is ended before its item's lease is: nobody calls the vendor for an item that was given to somebody else.
_LIMIT = max(1, int(limits.lease() * 0.9))


@shared_task(name=dispatch.RUN, time_limit=_LIMIT)
def run_item(item_id: int) -> None:
    execute.run_item(item_id)


@shared_task(name=dispatch.RUN_BATCH, time_limit=_LIMIT)
def run_batch(item_ids: list[int]) -> None:
    execute.run_batch(item_ids)


@shared_task(name=dispatch.PREPARE, time_limit=_LIMIT)
def prepare(operation_id: int) -> None:
    execute.prepare(operation_id)


@shared_task(name=dispatch.SETTLE, time_limit=_LIMIT)
def settle_item(item_id: int) -> None:
    execute.settle_item(item_id)


@shared_task(name="playback.operations.tend", time_limit=60)
def tend() -> None:
    tending.tend()
