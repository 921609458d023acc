"""Beat's tick, on the queue of people's clicks: if it comes late there, so do they."""

from __future__ import annotations

from celery import shared_task

from playback import heartbeat


@shared_task(name=heartbeat.BEAT, time_limit=30)
def beat_ticked() -> None:
    heartbeat.tick()
