"""Writes the demo school: everything planned in memory (a few thousand recordings), then a table at a time."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from playback.vendor.codes import PublishStatus, RecordingStatus

from . import names, seed_lessons, seed_people, seed_watching
from .seed_lessons import Cut
from .seed_people import Person
from .seed_school import Class, Room, plan
from .state import BEIJING, State

ROOMS, RECORDINGS = 60, 2_000
MEMBERS_A_RECORDING = 0.3
WATCHES_A_RECORDING = 10
Progress = Callable[[int, int], None]


def fill(state: State, dice: random.Random, rooms: int, recordings: int, progress: Progress) -> None:
    """``recordings`` rows of ``recordings``, and all that hangs on them. ``ValueError``: too many for the rooms."""
    now = datetime.fromtimestamp(state.now(), BEIJING)
    school = plan(dice, now, rooms, recordings)
    classes = sorted(
        (session for room in school for session in room.classes), key=lambda session: (session.created, session.name)
    )
    _set_states(dice, now, classes)
    playback_id = state.next_id("recordings")
    for number, session in enumerate(classes):
        session.playback_id = playback_id + number
    cuts = [cut for session in classes for cut in seed_lessons.cuts_of(dice, now, session)]
    cuts.sort(key=lambda cut: cut.created)
    video_id = state.next_id("videos")
    for number, cut in enumerate(cuts):
        cut.video_id = video_id + number
        if cut.version == 0:
            cut.session.video_id = cut.video_id
    _number_rooms(dice, school)
    everybody = seed_people.people(
        dice, now, max(20, int(len(classes) * MEMBERS_A_RECORDING)), state.next_id("members")
    )
    viewers = {room.room_id: seed_people.class_of(dice, room, everybody) for room in school}
    with state.bulk_load():
        _write_rooms(state, school)
        _write_members(state, dice, school, everybody, viewers)
        main = [cut for cut in cuts if cut.is_main]
        wanted = len(classes) * WATCHES_A_RECORDING
        seed_watching.write(state, seed_watching.watch_records(dice, now, main, viewers, wanted))
        _write_recordings(state, dice, classes, cuts)
        progress(len(classes), len(classes))
        _write_lessons(state, dice, now, classes, viewers)
        _write_rest(state, dice, now, classes)


def _write(state: State, table: str, columns: str, rows: Iterable[tuple[object, ...]]) -> None:
    marks = ", ".join("?" * (columns.count(",") + 1))
    state.execute_many(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)  # noqa: S608 - our own names


def _set_states(dice: random.Random, now: datetime, classes: list[Class]) -> None:
    """Statuses and blocks. What was made within 90 minutes (or last of all) is still on its way to be ready."""
    for session in classes:
        if dice.random() < 0.006:
            session.status = RecordingStatus.FAILED if dice.random() < 0.6 else RecordingStatus.NOT_RECORDED
        elif dice.random() < 0.06:
            session.publish_status = PublishStatus.BLOCKED
    for number, session in enumerate(reversed(classes[-8:])):
        fresh = (now - session.created).total_seconds() < 5400
        if len(classes) > 12 and (fresh or number < 4):
            session.status = RecordingStatus.GENERATING if number < 2 else RecordingStatus.TRANSCODING
            session.publish_status = PublishStatus.PUBLISHED
    if len(classes) > 100:  # a small school might have none of them by chance
        classes[-17].status = RecordingStatus.FAILED
        classes[-41].status = RecordingStatus.NOT_RECORDED


def _number_rooms(dice: random.Random, school: list[Room]) -> None:
    taken: set[int] = set()
    for room in school:
        first = room.classes[0].begins if room.classes else datetime(2025, 9, 1, tzinfo=BEIJING)
        day = int((first - timedelta(days=3)).strftime("%y%m%d"))
        while not room.room_id or room.room_id in taken:
            room.room_id = day * 100_000_000 + dice.randrange(10_000_000, 99_999_999)
        taken.add(room.room_id)


def _write_rooms(state: State, school: list[Room]) -> None:
    rows = []
    for room in school:
        codes = hashlib.sha256(str(room.room_id).encode()).hexdigest()
        first = room.classes[0].begins if room.classes else datetime.fromtimestamp(state.now(), BEIJING)
        last = room.classes[-1] if room.classes else None
        ends = last.begins + timedelta(seconds=last.length) if last else first + timedelta(hours=1)
        if room.is_long_term:
            ends += timedelta(days=30)
        made = first - timedelta(days=3, minutes=room.room_id % 600)
        rows.append(
            (
                room.room_id,
                room.title,
                int(first.timestamp()),
                int(ends.timestamp()),
                int(made.timestamp()),
                room.product_type,
                int(room.is_long_term),
                500 if not room.is_long_term else 100,
                codes[:6],
                codes[6:12],
            )
        )
    _write(
        state,
        "rooms",
        "room_id, title, starts_at, ends_at, created_at, product_type, is_long_term, max_users, admin_code,"
        " teacher_code",
        rows,
    )


def _write_recordings(state: State, dice: random.Random, classes: list[Class], cuts: list[Cut]) -> None:
    _write(
        state,
        "recordings",
        "playback_id, room_id, session_id, product_type, publish_status",
        (
            (
                session.playback_id,
                session.room.room_id,
                session.session_id,
                session.room.product_type,
                session.publish_status,
            )
            for session in classes
        ),
    )
    _write(state, "versions", seed_lessons.VERSION_COLUMNS, (cut.row(dice) for cut in cuts))


def _write_members(
    state: State, dice: random.Random, school: list[Room], everybody: list[Person], viewers: dict[int, list[Person]]
) -> None:
    seed_people.write(state, everybody)
    _write(
        state,
        "room_members",
        "room_id, user_id",
        ((room_id, person.user_id) for room_id, group in viewers.items() for person in group),
    )
    _write(
        state,
        "recording_members",
        "playback_id, user_id",
        (
            (session.playback_id, person.user_id)
            for room in school
            for session in room.classes
            if dice.random() < 0.1
            for person in dice.sample(everybody, min(len(everybody), dice.randrange(2, 12)))
        ),
    )


def _write_lessons(
    state: State, dice: random.Random, now: datetime, classes: list[Class], viewers: dict[int, list[Person]]
) -> None:
    recorded = [session for session in classes if session.status == RecordingStatus.READY]
    _write(
        state,
        "class_times",
        "room_id, session_id, starts_at, ends_at, auto_completion",
        (row for session in recorded for row in seed_lessons.class_times(dice, session)),
    )
    _write(
        state,
        "mark_points",
        "playback_id, version, position, seconds, description",
        (row for session in recorded if dice.random() < 0.5 for row in seed_lessons.mark_points(dice, session)),
    )
    _write(
        state,
        "chat",
        "playback_id, user_number, user_name, sent_at, words",
        (
            row
            for session in recorded[-300:]
            if dice.random() < 0.6
            for row in seed_lessons.chat(dice, session, viewers[session.room.room_id])
        ),
    )
    documents: list[tuple[object, ...]] = []
    turns: list[tuple[object, ...]] = []
    document_id = state.next_id("documents")
    for session in recorded:
        if dice.random() > 0.4:
            continue
        pages = dice.randrange(6, 25)
        kind = dice.choices(("pptx", "pdf", "docx"), (70, 20, 10))[0]
        documents.append(
            (
                document_id,
                session.room.room_id,
                session.session_id,
                f"{session.name}.{kind}",
                pages,
                f"/media/courseware/{document_id}",
                f"/media/courseware/{document_id}.pdf",
                int(session.begins.timestamp()) - dice.randrange(600, 86_400),
            )
        )
        turns += seed_lessons.page_turns(dice, session, document_id, pages)
        document_id += 1
    _write(state, "documents", "id, room_id, session_id, name, total_pages, url_prefix, pdf_url, created_at", documents)
    _write(state, "page_turns", "room_id, session_id, time_ms, page, document_id", turns)


def _write_rest(state: State, dice: random.Random, now: datetime, classes: list[Class]) -> None:
    """VOD videos and merges, and the jobs that make most of the unfinished recordings ready while one looks on."""
    first = state.value("SELECT max(video_id) FROM versions") or state.next_id("videos")
    for number, name in enumerate(names.VIDEOS, start=1):
        state.add_video(
            name,
            length=dice.randrange(60, 900),
            created_at=now - timedelta(days=dice.randrange(5, 600)),
            video_id=first + number,
        )
    for number in range(1, 4):
        state.add_merge(f"专题合集 {number}", length=dice.randrange(3600, 12_000), mixed_playback_id=number)
    unfinished = [
        session for session in classes if session.status in (RecordingStatus.GENERATING, RecordingStatus.TRANSCODING)
    ]
    for number, session in enumerate(unfinished[::2]):
        due = state.now() + 240 + 200 * number
        state.add_job("transcoded", due, str(session.video_id), video_id=session.video_id, rebuilt=False)
