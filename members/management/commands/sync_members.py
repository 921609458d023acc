"""``manage.py sync_members``: read the members' lists by hand, those that are due or the ones named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from members.lists import ListOf, RecordingList, RoomList
from members.sync import passes, reading
from members.sync.due import due
from playback.models import Recording, Room

_KEY = re.compile(r"(\d{1,19})(?:-(\d{1,19}))?")


class Command(BaseCommand):
    help = "Read who may watch: the lists that are due, or those of the rooms and recordings that are named."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--room", action="append", default=[], metavar="ROOM", help="a room id")
        parser.add_argument("--recording", action="append", default=[], metavar="ROOM[-SESSION]")
        parser.add_argument("--limit", type=int, default=passes.MOST, help="how many due lists at the most")

    def handle(self, *args: Any, **options: Any) -> None:
        named = [*self._rooms(options["room"]), *self._recordings(options["recording"])]
        turn = passes.read_lists(named or due(options["limit"]), on_list=self._tell)
        self.stdout.write(passes.summary(turn))
        if turn.failed or turn.error:
            raise CommandError(f"not complete: {turn.error or f'{turn.failed} lists'}")

    def _tell(self, read: reading.ListRead) -> None:
        self.stdout.write(f"{read.which.of} {read.which.key}: {reading.summary(read)}")

    def _rooms(self, keys: list[str]) -> Iterator[ListOf]:
        for key in keys:
            room = Room.objects.filter(pk=int(key)).first() if key.isdecimal() and len(key) < 19 else None
            if room is None:
                raise CommandError(f"not in the mirror: room {key}")
            yield RoomList(room)

    def _recordings(self, keys: list[str]) -> Iterator[ListOf]:
        for key in keys:
            found = _KEY.fullmatch(key)
            recording = found and Recording.objects.filter(room_id=int(found[1]), session_id=int(found[2] or 0)).first()
            if not recording:
                raise CommandError(f"not in the mirror: recording {key}")
            yield RecordingList(recording)
