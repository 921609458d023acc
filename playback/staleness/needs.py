"""What every reading needs: an account, Redis, beat, a row of the schedule, workers. Asked only when something is old.

Each is looked at once, when a rule first wants it. Nothing is asked of the vendor.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from redis.exceptions import RedisError

from playback import conf, heartbeat
from playback.models import SyncLease, SyncRun
from playback.vendor.codes import Lane

from .kinds import Task, kinds

LATELY = timedelta(minutes=10)  # a run of the schedule that began since then shows that beat and the workers are there
_UNITS = {"days": 86_400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0, "microseconds": 1e-6}


@dataclass(frozen=True)
class Row:
    """A row of the schedule. ``every`` is None where its crontab has no even rhythm; ``at`` is a daily one's time."""

    pk: int
    name: str
    task: str
    options: Mapping[str, Any]
    enabled: bool
    every: timedelta | None
    at: str = ""
    text: str = ""


class Needs:
    """As it is now; make one for each judgement."""

    def __init__(self) -> None:
        self.now = timezone.now()

    @cached_property
    def account(self) -> bool:
        """Is there an account to read at all? Whether it works is what the readings say."""
        address = settings.BAIJIAYUN_BASE_URL or settings.BAIJIAYUN_PRIVATE_DOMAIN
        return bool(settings.BAIJIAYUN_PARTNER_ID and settings.BAIJIAYUN_PARTNER_KEY and address)

    @cached_property
    def redis(self) -> bool:
        try:
            conf.store().ping()
        except RedisError:
            return False
        return True

    @cached_property
    def tick(self) -> datetime | None:
        """When beat's last tick was run; None: none is known."""
        try:
            age = heartbeat.age() if self.redis else None
        except RedisError:
            return None
        return None if age is None else self.now - timedelta(seconds=age)

    @property
    def ticks(self) -> bool:
        return self.tick is not None and self.now - self.tick <= timedelta(seconds=heartbeat.LATE)

    @cached_property
    def waiting(self) -> int:
        """Tasks in the queue of the readings."""
        try:
            return int(conf.store().llen(Lane.SYNC.value)) if self.redis else 0
        except RedisError:
            return 0

    @cached_property
    def last_run(self) -> SyncRun | None:
        """The sync run that the schedule began last."""
        scheduled = SyncRun.objects.filter(trigger=SyncRun.Trigger.SCHEDULE)
        return scheduled.only("kind", "started_at").order_by("-started_at", "-pk").first()

    @property
    def runs_begin(self) -> bool:
        return self.last_run is not None and self.now - self.last_run.started_at <= LATELY

    @cached_property
    def at_work(self) -> list[str]:
        """The kinds that somebody is reading now."""
        return list(SyncLease.objects.filter(expires_at__gt=self.now).order_by("kind").values_list("kind", flat=True))

    @cached_property
    def _rows(self) -> list[Row]:
        wanted = {task.name for kind in kinds().values() for task in (kind.news, kind.full) if task is not None}
        found = PeriodicTask.objects.filter(task__in=wanted).select_related("interval", "crontab").order_by("pk")
        return [_row(task) for task in found]

    def schedule(self, task: Task | None) -> Row | None:
        """The row that starts this task: one that is switched on, if there is any."""
        if task is None:
            return None
        rows = [row for row in self._rows if task.is_that(row.task, row.options)]
        return next((row for row in rows if row.enabled), rows[0] if rows else None)


def _row(task: PeriodicTask) -> Row:
    try:
        options = json.loads(task.kwargs or "{}")
    except ValueError:
        options = {}
    every, at = _rhythm(task)
    given = options if isinstance(options, dict) else {}
    return Row(task.pk, task.name, task.task, given, bool(task.enabled), every, at, str(task.scheduler or ""))


def _rhythm(task: PeriodicTask) -> tuple[timedelta | None, str]:
    if task.interval is not None:
        return timedelta(seconds=task.interval.every * _UNITS[task.interval.period]), ""
    at = task.crontab
    if at is None or {at.day_of_week, at.day_of_month, at.month_of_year} != {"*"}:
        return None, ""
    if not (str(at.hour).isdecimal() and str(at.minute).isdecimal()):
        return None, ""
    return timedelta(days=1), f"{int(at.hour):02}:{int(at.minute):02}"
