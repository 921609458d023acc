"""What the demo school's recordings hold: versions, marks, chat, courseware, class times, expiry."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from datetime import datetime

from playback.vendor.codes import RecordingStatus, VersionType

from . import names
from .seed_people import Person
from .seed_school import Class

READY = RecordingStatus.READY
VERSION_COLUMNS = (
    "video_id, playback_id, room_id, session_id, version, version_type, product_type, is_main, name, status,"
    " created_at, length, total_size, total_transcode_size, total_ext_media_size, play_times, cover, file_md5,"
    " origin_definition, now_definition, valid_day, expires_at, segments"
)
_PICTURES = (("high", "low,high"), ("super", "low,high,super"), ("1080p", "low,high,super,1080p"), ("std", "low,std"))


class Cut:
    """One version of a class's recording; ``play_times`` is counted up before its row is written."""

    __slots__ = (
        "created",
        "expires_at",
        "is_main",
        "length",
        "name",
        "play_times",
        "segments",
        "session",
        "status",
        "valid_day",
        "version",
        "video_id",
    )

    def __init__(self, session: Class, version: int, name: str, created: int, length: int, status: int) -> None:
        self.session = session
        self.version = version
        self.name = name
        self.created = created
        self.length = length
        self.status = status
        self.is_main = version == 0
        self.play_times = 0
        self.segments: list[list[int]] = []
        self.valid_day: int | None = None
        self.expires_at: int | None = None
        self.video_id = 0

    def row(self, dice: random.Random) -> tuple[object, ...]:
        recorded = self.status != RecordingStatus.NOT_RECORDED
        size = self.length * dice.randrange(52_000, 118_000) if recorded else 0
        origin, now = dice.choices(_PICTURES, (50, 30, 15, 5))[0]
        room = self.session.room
        return (
            self.video_id,
            self.session.playback_id,
            room.room_id,
            self.session.session_id,
            self.version,
            VersionType.EDITED if self.version else VersionType.ORIGINAL,
            room.product_type,
            int(self.is_main),
            self.name,
            self.status,
            self.created,
            self.length if recorded else 0,
            size,
            int(size * dice.uniform(1.3, 2.6)),
            int(size * dice.uniform(0.2, 0.6)) if recorded and dice.random() < 0.1 else 0,
            self.play_times,
            f"/media/cover/{self.video_id}.jpg" if recorded else "",
            hashlib.md5(str(self.video_id).encode(), usedforsecurity=False).hexdigest() if recorded else "",
            origin,
            now,
            self.valid_day,
            self.expires_at,
            json.dumps(self.segments),
        )


def cuts_of(dice: random.Random, now: datetime, session: Class) -> list[Cut]:
    """The original and, for some 8 % of what is ready and a day old, one to three crops; one of all is main."""
    original = Cut(session, 0, session.name, int(session.created.timestamp()), session.length, session.status)
    cuts = [original]
    age = (now - session.created).total_seconds()
    if session.status != READY or age < 86_400:
        return cuts
    if dice.random() < 0.08:
        for number, pattern in enumerate(dice.sample(names.CROPS, dice.choices((1, 2, 3), (60, 28, 12))[0]), start=1):
            start = dice.randrange(0, session.length // 2)
            end = min(session.length, start + dice.randrange(300, max(301, session.length // 2)))
            created = original.created + dice.randrange(1800, int(min(age, 86_400 * 3)))
            crop = Cut(session, number, pattern.format(session.name), created, end - start, READY)
            crop.segments = [[start, end]]
            cuts.append(crop)
        if dice.random() < 0.4:
            original.is_main = False
            cuts[-1].is_main = True
    if dice.random() < 0.05:
        original.valid_day = dice.choice((30, 90, 180, 365))
    elif dice.random() < 0.02:
        original.expires_at = int(now.timestamp()) + 86_400 * dice.randrange(-20, 120)
    return cuts


def mark_points(dice: random.Random, session: Class) -> Iterator[tuple[object, ...]]:
    """Chapters of the original: the beginning, some of a lesson's usual parts in their order, and the end."""
    inner = sorted(dice.sample(range(1, len(names.POINTS) - 1), dice.randrange(2, 6)))
    chosen = [0, *inner, len(names.POINTS) - 1]
    for position, point in enumerate(chosen):
        seconds = session.length * position // len(chosen) + (dice.randrange(0, 240) if position else 0)
        yield session.playback_id, 0, position, min(seconds, session.length - 1), names.POINTS[point]


def chat(dice: random.Random, session: Class, people: list[Person]) -> Iterator[tuple[object, ...]]:
    begins = int(session.begins.timestamp())
    for offset in sorted(dice.randrange(session.length) for _ in range(dice.randrange(6, 26))):
        person = dice.choice(people)
        yield session.playback_id, int(person.user_sn), person.name, begins + offset, dice.choice(names.CHAT)


def class_times(dice: random.Random, session: Class) -> Iterator[tuple[object, ...]]:
    """One run of class, or two around a break; now and then the end was missing and the vendor filled it in."""
    begins = int(session.begins.timestamp())
    ends = begins + session.length
    key = (session.room.room_id, session.session_id)
    if session.length > 4800 and dice.random() < 0.7:
        pause = begins + session.length // 2 + dice.randrange(-300, 300)
        yield *key, begins + dice.randrange(20, 180), pause, 0
        begins = pause + dice.randrange(300, 700)
    else:
        begins += dice.randrange(20, 180)
    yield *key, begins, ends - dice.randrange(0, 60), int(dice.random() < 0.04)


def page_turns(dice: random.Random, session: Class, document_id: int, pages: int) -> Iterator[tuple[object, ...]]:
    step = session.length * 1000 // (pages + 1)
    for page in range(pages):
        time_ms = page * step + (dice.randrange(step) if page else 800)
        yield session.room.room_id, session.session_id, time_ms, page, document_id
