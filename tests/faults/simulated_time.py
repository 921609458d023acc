"""Hours of the schedule in seconds: a clock that is moved, beat's own rows, and a worker that takes what is queued.

Nothing here knows what the tasks do. Beat's rows are asked whether they are due, as beat asks them; what the code sends
goes to the real broker and is taken from its lists, at its countdown by the moved clock.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import redis
import time_machine
from celery import current_app
from django.conf import settings
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from playback.vendor import transport

from .conftest import QUEUES

TICK = timedelta(minutes=1)  # what is due more often is run once in it


class Hours:
    """The back-office's processes other than the web, one after the other, by a clock of their own."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self.traveller = traveller
        self.waiting: list[tuple[datetime, str, list[Any], dict[str, Any]]] = []
        self.ran: list[str] = []
        self.last_run: dict[int, datetime] = {}
        current_app.loader.import_default_modules()  # the tasks, as a worker knows them

    def pass_by(self, span: timedelta) -> None:
        end = timezone.now() + span
        while timezone.now() < end:
            self.traveller.shift(TICK)
            self.beat()
            self.work()

    def move_to(self, moment: datetime) -> None:
        """A night is slept through: whatever is due by then is run once, and then what is due at that minute."""
        self.traveller.move_to(moment)
        self.pass_by(timedelta(minutes=1))

    def beat(self) -> None:
        now = timezone.now()
        for row in PeriodicTask.objects.filter(enabled=True).select_related("interval", "crontab"):
            last = self.last_run.setdefault(row.pk, now)
            if row.schedule.is_due(last).is_due:
                self.last_run[row.pk] = now
                self.run(row.task, json.loads(row.args), json.loads(row.kwargs))

    def work(self) -> None:
        """Whatever is queued and due by now, and what follows from it at once."""
        with redis.Redis.from_url(settings.REDIS_URL) as store:
            while self._take(store) | self._due():
                pass

    def _take(self, store: redis.Redis) -> bool:
        found = False
        for queue in QUEUES:
            while (raw := store.rpop(queue)) is not None:
                found = True
                message = json.loads(raw)  # type: ignore[arg-type]
                arguments, keywords, _ = json.loads(base64.b64decode(message["body"]))
                headers = message["headers"]
                eta = datetime.fromisoformat(headers["eta"]) if headers.get("eta") else timezone.now()
                self.waiting.append((eta, headers["task"], arguments, keywords))
        return found

    def _due(self) -> bool:
        now = timezone.now()
        due = [task for task in self.waiting if task[0] <= now]
        self.waiting = [task for task in self.waiting if task[0] > now]
        for _, name, arguments, keywords in due:
            self.run(name, arguments, keywords)
        return bool(due)

    def run(self, name: str, arguments: list[Any], keywords: dict[str, Any]) -> None:
        self.ran.append(name)
        current_app.tasks[name](*arguments, **keywords)


@contextmanager
def hours(begin: datetime, monkeypatch: Any) -> Iterator[Hours]:
    """The moved clock. The client's pauses between its attempts move it too, so that nothing is waited for."""
    with time_machine.travel(begin, tick=True) as traveller:
        clock = transport.time

        class MovedClock:
            time = staticmethod(clock.time)
            monotonic = staticmethod(clock.monotonic)

            @staticmethod
            def sleep(seconds: float) -> None:
                traveller.shift(seconds)

        monkeypatch.setattr(transport, "time", MovedClock)
        yield Hours(traveller)
