"""What is kept for a time only is let go, on the queue of the sync lane."""

from __future__ import annotations

from celery import shared_task

from members.anonymising import anonymise as make_anonymous
from members.roster import importing


@shared_task(name="members.forget_rosters")
def forget_rosters() -> int:
    return importing.forget()


@shared_task(name="members.anonymise")
def anonymise() -> int:
    return make_anonymous()
