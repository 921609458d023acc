"""``manage.py indexes``: make the indexes and foreign keys that a first load does without now, and not after the next
pass."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from playback.sync import indexes


class Command(BaseCommand):
    help = "Make PostgreSQL's indexes and foreign keys where they are missing or were left half made."

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            self.stdout.write("nothing to do: only PostgreSQL has them")
            return
        made = indexes.ensure()
        self.stdout.write(f"made: {', '.join(made) or 'none'}")
        if left := [index.name for index in indexes.missing()]:
            self.stderr.write(f"still missing: {', '.join(left)} (is somebody making them, or a sync under way?)")
