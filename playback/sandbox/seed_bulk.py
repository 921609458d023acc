"""Streams a school of any size into the sandbox: rooms, recordings and their versions, and little that hangs on them.

Recording ``k`` of ``n`` is a formula of ``k``: its room is ``k`` modulo the rooms, its time ``k/n`` of the two years.
So recordings come in the order of their times and ids without being held or sorted, and memory stays flat at any ``n``.
Members and watch records stay as few as the demo's.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice

from playback.vendor.codes import PublishStatus, RecordingStatus, VersionType

from . import names, seed_people, seed_watching
from .seed_lessons import Cut
from .seed_school import Class, Room
from .state import BEIJING, State

CHUNK = 4_000
DAY = 86_400
DAYS = 730
MEMBERS = 600
WATCHES = 20_000
_WATCHED = 3_000  # the newest recordings, which get the watch records
_BEIJING = 8 * 3600
_OPENS, _TEACHES = 9 * 3600, 13 * 3600  # recordings are made between 9:00 and 22:00
_PRODUCTS = (1, 1, 1, 2, 1, 3, 1, 1, 2, 4)
_CROP_EVERY = 25
_ROOM_SQL = (
    "INSERT INTO rooms (room_id, title, starts_at, ends_at, created_at, product_type, is_long_term, admin_code,"
    " teacher_code) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)"
)
_RECORDING_SQL = (
    "INSERT INTO recordings (playback_id, room_id, session_id, product_type, publish_status) VALUES (?, ?, ?, ?, ?)"
)
_VERSION_SQL = (
    "INSERT INTO versions (video_id, playback_id, room_id, session_id, version, version_type, product_type, is_main,"
    " name, status, created_at, length, total_size, total_transcode_size, play_times, cover, file_md5)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
Progress = Callable[[int, int], None]
RoomId = Callable[[int], int]


def fill(state: State, dice: random.Random, rooms: int, recordings: int, progress: Progress) -> None:
    """``ValueError``: some room would have more than ten classes a day."""
    if recordings > rooms * DAYS * 9:
        raise ValueError(f"{recordings} recordings are too many for {rooms} rooms: at most {DAYS * 9} a room")
    start = (state.now() + _BEIJING) // DAY - DAYS  # the day, counted from 1970 in Beijing; the last one is yesterday
    first_room = int(time.strftime("%y%m%d", time.gmtime(start * DAY))) * 100_000_000 + 10_000_000
    with state.bulk_load():
        titles = _rooms(rooms, first_room, start)
        while chunk := list(islice(titles, CHUNK)):
            state.execute_many(_ROOM_SQL, chunk)
        rows = _recordings(
            recordings,
            rooms,
            first_room,
            start,
            state.next_id("recordings"),
            state.next_id("videos"),
            dice.randrange(1 << 30),
        )
        done = 0
        while part := list(islice(rows, CHUNK)):
            state.execute_many(_RECORDING_SQL, [recording for recording, _, _ in part])
            state.execute_many(_VERSION_SQL, [version for _, version, _ in part])
            state.execute_many(_VERSION_SQL, [crop for _, _, crop in part if crop])
            done += len(part)
            progress(done, recordings)
        _add_people(state, dice, rooms, first_room)


def _rooms(rooms: int, first_room: int, start: int) -> Iterator[tuple[object, ...]]:
    """Course by course with another teacher each round, then the same again as the next parallel class."""
    courses, teachers = len(names.COURSES), len(names.SURNAMES)
    opened = start * DAY - _BEIJING
    for number in range(rooms):
        teacher = names.SURNAMES[number // courses % teachers][0]
        title = f"{names.COURSES[number % courses].title}（{teacher}老师）"
        if number >= courses * teachers:
            title += f"{number // (courses * teachers) + 1}班"
        room_id = first_room + number
        code = room_id * 2_654_435_761 % (1 << 48)
        yield (
            room_id,
            title,
            opened,
            opened + (DAYS + 200) * DAY,
            opened - 3 * DAY + number % DAY,
            _PRODUCTS[number % 10],
            f"{code % (1 << 24):06x}",
            f"{code >> 24:06x}",
        )


def _recordings(
    count: int, rooms: int, first_room: int, start: int, playback_id: int, video_id: int, salt: int
) -> Iterator[tuple[tuple[object, ...], tuple[object, ...], tuple[object, ...] | None]]:
    """Of each recording its row, its original version's and perhaps a crop's, oldest recording first."""
    topics = [course.topics for course in names.COURSES]
    courses = len(topics)
    span = DAYS * DAY
    day, day_first, date = -1, 0, 0
    crop_id = video_id + count
    unfinished = count - 6
    ready, blocked, published = int(RecordingStatus.READY), int(PublishStatus.BLOCKED), int(PublishStatus.PUBLISHED)
    for k in range(count):
        days, seconds = divmod(k * span // count, DAY)
        if days != day:
            day, day_first = days, k
            date = int(time.strftime("%Y%m%d", time.gmtime((start + day) * DAY)))
        number = k % rooms
        # The room's first recording of this day is the next one after day_first with the same remainder.
        digit = (k - day_first - (number - day_first) % rooms) // rooms
        session_id = date * 10 + digit
        created = (start + day) * DAY + _OPENS + seconds * _TEACHES // DAY - _BEIJING
        mixed = (k + salt) * 2_654_435_761 & 0xFFFFFFFF
        length = 2_400 + mixed % 4_200
        status = ready
        if mixed % 211 == 0:
            status = 30 if mixed % 5 else 0
        if k >= unfinished:
            status = 20 if k % 2 else 10
        lesson = k // rooms
        words = topics[number % courses]
        name = f"第{lesson + 1}讲 {words[lesson % len(words)]}"
        room_id = first_room + number
        product = _PRODUCTS[number % 10]
        size = length * (52_000 + (mixed >> 8) % 66_000) if status else 0
        video = video_id + k
        playback = playback_id + k
        crop = None
        if status == ready and k % _CROP_EVERY == 7 and k < unfinished:
            crop = (
                crop_id + k // _CROP_EVERY,
                playback,
                room_id,
                session_id,
                1,
                int(VersionType.EDITED),
                product,
                0,
                name + "（精华版）",
                ready,
                created + 1_800,
                length // 3,
                size // 3,
                size // 2,
                0,
                f"/media/cover/{crop_id + k // _CROP_EVERY}.jpg",
                "",
            )
        yield (
            (playback, room_id, session_id, product, blocked if mixed % 16 == 5 and status == ready else published),
            (
                video,
                playback,
                room_id,
                session_id,
                0,
                0,
                product,
                1,
                name,
                status,
                created,
                length if status else 0,
                size,
                size * 2,
                (mixed >> 16) % 40,
                f"/media/cover/{video}.jpg" if status else "",
                f"{mixed * 0x9E3779B97F4A7C15 * (k + 1) % (1 << 128):032x}" if status else "",
            ),
            crop,
        )


def _add_people(state: State, dice: random.Random, rooms: int, first_room: int) -> None:
    """Members for the first rooms, and watch records for the newest recordings."""
    now = datetime.fromtimestamp(state.now(), BEIJING)
    everybody = seed_people.people(dice, now, MEMBERS, state.next_id("members"))
    # The newest have the highest ids but for the crops; while a bulk is loaded there is no index to sort by.
    newest = state.rows(
        "SELECT v.*, r.title FROM versions v JOIN rooms r ON r.room_id = v.room_id WHERE v.version = 0"
        " AND v.video_id > (SELECT max(video_id) FROM versions WHERE version = 0) - ?",
        (_WATCHED,),
    )
    cuts: list[Cut] = []
    viewers: dict[int, list[seed_people.Person]] = {}
    for row in newest:
        room = Room(row["title"], row["product_type"], True, room_id=row["room_id"])
        begins = datetime.fromtimestamp(row["created_at"] - row["length"], BEIJING)
        session = Class(room, begins, row["length"], begins, row["session_id"], playback_id=row["playback_id"])
        cut = Cut(session, row["version"], row["name"], row["created_at"], row["length"], row["status"])
        cut.video_id = row["video_id"]
        cuts.append(cut)
        viewers.setdefault(room.room_id, everybody)
    seed_people.write(state, everybody)
    state.execute_many(
        "INSERT INTO room_members (room_id, user_id) VALUES (?, ?)",
        [
            (first_room + number, person.user_id)
            for number in range(min(rooms, 60))
            for person in dice.sample(everybody, 30)
        ],
    )
    seed_watching.write(state, seed_watching.watch_records(dice, now, cuts, viewers, WATCHES))
    state.execute_many(
        "UPDATE versions SET play_times = ? WHERE video_id = ?", [(cut.play_times, cut.video_id) for cut in cuts]
    )
