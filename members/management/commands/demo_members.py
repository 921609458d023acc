"""``manage.py demo_members``: give the demo's teachers their rooms. Run by ``demo``, once its sandbox vendor answers.

The rooms are read first (one call), so that a teacher of the first minute has some; their recordings come with the
first sync as everybody's do. A second start leaves what a person changed meanwhile.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from members.models import RoomTeacher
from playback.models import Room, SyncRun
from playback.sync.passes import run_pass
from playback.vendor.codes import Lane

TEACHERS = ("teacher", "lecturer")
MOST = 6  # rooms of one teacher
_NAMED = re.compile(r"（(.+)老师）")


class Command(BaseCommand):
    help = "Give the demo's teachers their rooms (part of the demo)."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT != "demo":
            raise CommandError(f"Rooms for the demo's teachers: not with ENVIRONMENT={settings.ENVIRONMENT}.")
        if RoomTeacher.objects.exists():
            return
        if not Room.objects.live().exists():
            run_pass(SyncRun.Kind.ROOMS, full=True, lane=Lane.SYNC, trigger=SyncRun.Trigger.COMMAND)
        people = User.objects.filter(username__in=TEACHERS).order_by("-username")
        for person, rooms in zip(people, busiest(), strict=False):
            RoomTeacher.objects.bulk_create([RoomTeacher(room=room, user=person) for room in rooms[:MOST]])


def busiest() -> list[list[Room]]:
    """The rooms of each teacher that the titles name, who has most of them first."""
    by_name: dict[str, list[Room]] = defaultdict(list)
    for room in Room.objects.live().filter(is_long_term=True).order_by("-starts_at", "-pk"):
        if named := _NAMED.search(room.title):
            by_name[named[1]].append(room)
    return sorted(by_name.values(), key=len, reverse=True)
