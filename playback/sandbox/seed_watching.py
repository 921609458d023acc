"""The demo school's watch records: most recordings are watched in their first days, few of them later."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import accumulate

from playback.vendor.codes import ClientType, RecordingStatus

from . import names
from .seed_lessons import Cut
from .seed_people import Person
from .state import State

_CLIENTS = (
    (ClientType.PC_WEB, 34),
    (ClientType.MOBILE_WEB, 14),
    (ClientType.IPAD, 14),
    (ClientType.ANDROID, 12),
    (ClientType.IPHONE, 10),
    (ClientType.PC_APP, 6),
    (ClientType.ANDROID_MINI_PROGRAM, 5),
    (ClientType.IOS_MINI_PROGRAM, 3),
    (ClientType.MAC_APP, 1),
    (ClientType.OTHER, 1),
)
_SQL = (
    "INSERT INTO watch_records (guid, uuid, playback_id, version, video_id, user_name, user_number, begins_at, ends_at,"
    " play_length, client_type, user_ip, area, ext_data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def watch_records(
    dice: random.Random, now: datetime, cuts: list[Cut], viewers: dict[int, list[Person]], count: int
) -> Iterator[tuple[object, ...]]:
    """``count`` rows; ``cuts`` are main versions, ``viewers`` who may watch (room → people). Counts up play_times."""
    present = int(now.timestamp())
    ready = [cut for cut in cuts if cut.status == RecordingStatus.READY and present - cut.created > 600]
    if not ready:
        return
    # A recording of today is some ten times as likely as one of last year; each has its own popularity.
    weights = list(
        accumulate(dice.uniform(0.3, 1.8) ** 2 / (1 + (present - cut.created) / 86_400 / 60) for cut in ready)
    )
    clients, shares = zip(*_CLIENTS, strict=True)
    for cut in dice.choices(ready, cum_weights=weights, k=count):
        age = present - cut.created
        delay = int(dice.expovariate(1 / (86_400 * 9)))
        if delay > age - 300:  # it would begin after now: some time since then, and not all at the same moment
            delay = int((age - 300) * dice.random() ** 2)
        begins = cut.created + max(120, delay)
        length = int(cut.length * (1.0 if dice.random() < 0.22 else dice.betavariate(0.9, 1.3)))
        length = max(3, min(length, present - begins - 5))
        ends = min(begins + int(length * dice.uniform(1.0, 1.25)), present)
        if dice.random() < 0.06:
            name, number = "访客", 0
        else:
            person = dice.choice(viewers[cut.session.room.room_id])
            name, number = person.name, int(person.user_sn)
        area, network = dice.choice(names.AREAS)
        cut.play_times += 1
        yield (
            f"{dice.getrandbits(128):032X}",
            f"uuid-{dice.getrandbits(128):032x}",
            cut.session.playback_id,
            cut.version,
            cut.video_id,
            name,
            number,
            begins,
            ends,
            length,
            int(dice.choices(clients, shares)[0]),
            f"{network}.{dice.randrange(256)}.{dice.randrange(1, 255)}",
            area,
            "",
        )


def write(state: State, rows: Iterable[tuple[object, ...]]) -> None:
    state.execute_many(_SQL, rows)
