"""The scheduled reading of the members' lists, on the queue of the sync lane."""

from __future__ import annotations

from celery import shared_task

from members.sync import passes


@shared_task(name="members.read_lists", time_limit=160)
def read_lists() -> int:
    """One turn; answers how many lists were read to their end."""
    turn = passes.take_turn()
    return turn.read if turn else 0
