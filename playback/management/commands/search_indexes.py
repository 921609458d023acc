"""``manage.py search_indexes``: make the indexes for searches by words now, and not after the next full pass."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from playback.sync import search_indexes


class Command(BaseCommand):
    help = "Make PostgreSQL's indexes for searches by words where they are missing or were left half made."

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            self.stdout.write("nothing to do: only PostgreSQL has them")
            return
        made = search_indexes.ensure()
        self.stdout.write(f"made: {', '.join(made) or 'none'}")
        if left := [index.name for index in search_indexes.missing()]:
            self.stderr.write(f"still missing: {', '.join(left)} (is somebody else making them?)")
