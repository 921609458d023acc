"""Plans the demo school: its rooms, and every class that was held in them over two years, oldest first.

Pure decisions, nothing is written here. ``random.Random`` and the clock are the only inputs, so that a seed word gives
the same school each time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from playback.vendor.codes import ProductType, PublishStatus, RecordingStatus

from . import names
from .names import Course
from .seed_calendar import backwards, week_slots
from .state import BEIJING, session_of

DAYS = 730


@dataclass(slots=True)
class Room:
    """A room to be made. ``grade`` is empty where everybody may come (events)."""

    title: str
    product_type: int
    is_long_term: bool
    grade: str = ""
    room_id: int = 0
    classes: list[Class] = field(default_factory=list)


@dataclass(slots=True)
class Class:
    """One class and its recording. ``length`` in seconds; times are aware."""

    room: Room
    begins: datetime
    length: int
    created: datetime
    session_id: int
    name: str = ""
    status: int = RecordingStatus.READY
    publish_status: int = PublishStatus.PUBLISHED
    playback_id: int = 0
    video_id: int = 0


def plan(dice: random.Random, now: datetime, rooms: int, recordings: int) -> list[Room]:
    """That many rooms with that many recordings among them. ``ValueError``: they do not fit into two years."""
    events = min(len(names.EVENTS), rooms // 5, recordings)
    school = [_event(dice, now, *event) for event in dice.sample(names.EVENTS, events)]
    courses = rooms - events
    shares = _shares(dice, recordings - events, courses)
    if max(shares, default=0) > 3 * DAYS // 7:
        raise ValueError(f"{recordings} recordings are too many for {rooms} rooms: at most about 200 a room")
    titles: set[str] = set()
    for number, share in enumerate(shares):
        course = names.COURSES[number % len(names.COURSES)]
        room = Room(_title(dice, course, titles), _product(dice, course), True, course.grade)
        titles.add(room.title)
        _hold_classes(dice, now, room, course, share, just_ended=_JUST_ENDED.get(number))
        school.append(room)
    return school


# Rooms whose last class ended so many minutes ago (at a decent hour): their recordings are still being made.
_JUST_ENDED = {2: 4, 7: 11, 12: 27, 18: 48, 23: 76}


def _shares(dice: random.Random, total: int, parts: int) -> list[int]:
    """``total`` in ``parts`` uneven parts of at least one where that is possible."""
    if not parts:
        return []
    weights = [dice.uniform(0.55, 1.6) for _ in range(parts)]
    shares = [int(total * weight / sum(weights)) for weight in weights]
    for number in range(total - sum(shares)):
        shares[number % parts] += 1
    return shares


def _title(dice: random.Random, course: Course, taken: set[str]) -> str:
    while True:
        theme = dice.choice(names.THEMES)
        title = f"{course.title}{theme and ' ' + theme}（{dice.choice(names.SURNAMES)[0]}老师）"
        if title not in taken:
            return title


def _product(dice: random.Random, course: Course) -> int:
    if course.is_primary or not course.grade:
        return ProductType.SMALL_CLASS
    return dice.choices(
        (ProductType.EDUCATION_LIVE, ProductType.SMALL_CLASS, ProductType.DOUBLE_TEACHER), (70, 16, 14)
    )[0]


def _event(dice: random.Random, now: datetime, title: str, name: str, minutes: int, product_type: int) -> Room:
    room = Room(title, product_type, False)
    day = (now - timedelta(days=dice.randrange(3, DAYS - 10))).astimezone(BEIJING)
    begins = day.replace(hour=dice.choice((9, 14, 19)), minute=dice.choice((0, 30)), second=0, microsecond=0)
    room.classes.append(_class(dice, room, begins, minutes, 0, name))
    return room


def _class(dice: random.Random, room: Room, begins: datetime, minutes: int, session_id: int, name: str = "") -> Class:
    length = max(600, minutes * 60 + dice.randrange(-240, 420))
    created = begins + timedelta(seconds=length + dice.randrange(95, 420))
    return Class(room, begins, length, created, session_id, name)


def _hold_classes(
    dice: random.Random, now: datetime, room: Room, course: Course, count: int, just_ended: int | None
) -> None:
    """Fill a room with ``count`` classes, by walking back from its last one."""
    slots = week_slots(dice, 1 if count < 26 else 2 if count < 64 else 3, young=course.is_primary)
    weeks = count / len(slots) * 1.35
    goes_on = just_ended is not None or dice.random() < 0.55
    oldest = max(1, int(DAYS - 20 - weeks * 7))
    ended = now if goes_on else now - timedelta(days=dice.randrange(min(30, oldest), oldest + 1))
    held: list[Class] = []
    if just_ended is not None and count:
        held += _just_ended(dice, now, room, course, just_ended)
        ended = min(ended, held[-1].begins - timedelta(hours=20)) if held else ended
    limit = now - timedelta(days=DAYS)
    days: dict[int, int] = {session.session_id // 10: 1 for session in held}
    starts = backwards(dice, slots, ended, course.minutes + 10)
    while len(held) < count:
        begins = next(starts)
        if begins < limit:  # a busy room: a second round, an hour off, through the same two years
            slots = [((day + 2) % 7, start) for day, start in slots]
            starts = backwards(dice, slots, now, course.minutes + 10)
            continue
        first = session_of(begins)
        digit = days.get(first // 10, 0)
        if digit > 9 or any(abs((begins - other.begins).total_seconds()) < 3600 for other in held[-400:] if digit):
            continue
        days[first // 10] = digit + 1
        held.append(_class(dice, room, begins, course.minutes, first + digit))
    held.sort(key=lambda session: session.begins)
    days.clear()
    for session in held:  # the day's classes are numbered from 0
        day = session_of(session.begins) // 10
        session.session_id = day * 10 + days.get(day, 0)
        days[day] = days.get(day, 0) + 1
    _name_classes(dice, course, held, goes_on)
    room.classes = held


def _just_ended(dice: random.Random, now: datetime, room: Room, course: Course, minutes: int) -> list[Class]:
    """A class whose recording was made ``minutes`` ago; none where that would be at night."""
    created = now - timedelta(minutes=minutes, seconds=dice.randrange(60))
    length = course.minutes * 60 + dice.randrange(-240, 420)
    begins = (created - timedelta(seconds=length + 150)).astimezone(BEIJING).replace(microsecond=0)
    if not (7 <= begins.hour < 21) or created.astimezone(BEIJING).date() != begins.date():
        return []
    return [Class(room, begins, length, created.replace(microsecond=0), session_of(begins))]


def _name_classes(dice: random.Random, course: Course, held: list[Class], goes_on: bool) -> None:
    """Lessons count through the topics; now and then comes a review. A few old rooms keep the vendor's names."""
    styles = ("numbered", "bare", "dated", "default")
    style = dice.choices(styles, (86, 8, 6, 0) if goes_on else (76, 8, 6, 10))[0]
    wanted = iter(_lessons(dice, course, len(held)))
    number = 0
    per_day: dict[str, int] = {}
    for session in held:
        day = session.begins.strftime("%m月%d日")
        per_day[day] = per_day.get(day, 0) + 1
        if number > 4 and dice.random() < 0.07:
            session.name = dice.choice(names.SPECIALS)
            continue
        number += 1
        topic = next(wanted)
        session.name = {
            "numbered": f"第{number}讲 {topic}",
            "bare": topic,
            "dated": f"【{day}】{topic}",
            "default": f"{day}第{per_day[day]}节回放",
        }[style]


_ENDINGS = (
    ("",),
    ("（上）", "（下）"),
    ("", "·典型例题", "·习题课"),
    ("（一）", "（二）", "·方法归纳", "·真题演练"),
    ("", "·概念辨析", "·典型例题", "·方法归纳", "·易错点", "·真题演练", "·小测讲评", "·综合提升"),
)
_SKILL_ENDINGS = (
    ("",),
    ("（上）", "（下）"),
    ("", "·跟练", "·作品点评"),
    ("（一）", "（二）", "（三）", "·作品点评", "·拓展练习", "·阶段展示"),
)
_LATIN_ENDINGS = (
    ("",),
    (": Reading", ": Writing"),
    (": Words", ": Reading", ": Writing"),
    (": Words", ": Reading", ": Grammar", ": Listening", ": Speaking", ": Writing", ": Project", ": Review"),
)


def _lessons(dice: random.Random, course: Course, count: int) -> list[str]:
    """At least ``count`` lesson names in teaching order: topics take one to several lessons each, as time allows."""
    each = -(-count // len(course.topics))
    lessons: list[str] = []
    for left, topic in zip(range(len(course.topics), 0, -1), course.topics, strict=True):
        need = -(-(count - len(lessons)) // left)
        size = max(1, min(need + dice.choice((-1, 0, 0, 1)) if left > 1 else need, max(each + 1, need)))
        endings = _LATIN_ENDINGS if topic.isascii() else _ENDINGS if course.grade else _SKILL_ENDINGS
        ending = next((words for words in endings if len(words) >= size), endings[-1])
        lessons += [topic + ending[n] if n < len(ending) else f"{topic}·专题{n - len(ending) + 1}" for n in range(size)]
    while len(lessons) < count:
        lessons.append(f"{dice.choice(course.topics)}·综合训练")
    return lessons
