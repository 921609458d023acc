"""From which age data counts as old: settings, by kind where somebody wants it so.

``STALE_AFTER_SECONDS`` is for what is new, ``STALE_FULL_AFTER_SECONDS`` for what only a reading of everything finds
(what is gone, what changed long ago). ``STALE_AFTER_BY_KIND`` has ``kind=seconds`` and ``kind.full=seconds``, and wins.
What cannot be used there is said by ``manage.py check`` and left out here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004

from .kinds import HOUR, Kind, kinds

SIDES = ("news", "full")
_SHORTEST = 120  # s; two turns of the most frequent schedule


def limit(kind: Kind, side: str) -> timedelta:
    own = _by_kind().get(kind.name if side == "news" else f"{kind.name}.full")
    if own is not None:
        return timedelta(seconds=own)
    if side == "news":
        return timedelta(seconds=max(_seconds("STALE_AFTER_SECONDS", HOUR), kind.news_at_least))
    return timedelta(seconds=max(_seconds("STALE_FULL_AFTER_SECONDS", 36 * HOUR), kind.full_at_least))


def _seconds(name: str, otherwise: int) -> int:
    value = int(getattr(settings, name))
    return value if value > 0 else otherwise


def _by_kind() -> dict[str, int]:
    given = settings.STALE_AFTER_BY_KIND
    return {name.strip(): int(value) for name, value in given.items() if _is_number(value)}


def _is_number(value: object) -> bool:
    text = str(value).strip()
    return text.isascii() and text.isdigit() and int(text) > 0


def check(**_: Any) -> list[CheckMessage]:
    return list(_messages())


def _messages() -> Iterator[CheckMessage]:
    for name in ("STALE_AFTER_SECONDS", "STALE_FULL_AFTER_SECONDS"):
        if getattr(settings, name) <= 0:
            yield Error(f"{name} must be more than 0 s.", id="playback.E050")
    if 0 < settings.STALE_AFTER_SECONDS < _SHORTEST:
        yield Warning(
            f"STALE_AFTER_SECONDS is less than {_SHORTEST} s: lists would be called old between two readings.",
            id="playback.W050",
        )
    if 0 < settings.STALE_FULL_AFTER_SECONDS < settings.STALE_AFTER_SECONDS:
        yield Warning("STALE_FULL_AFTER_SECONDS is less than STALE_AFTER_SECONDS.", id="playback.W051")
    known = {name for kind in kinds().values() for name in (kind.name, f"{kind.name}.full")}
    for name, value in settings.STALE_AFTER_BY_KIND.items():
        if name.strip() not in known:
            yield Error(
                f"STALE_AFTER_BY_KIND names {name.strip()!r}, which is no kind.",
                hint=f"Kinds: {', '.join(sorted(kinds()))}; with .full behind it for the reading of everything.",
                id="playback.E051",
            )
        elif not _is_number(value):
            yield Error(
                f"STALE_AFTER_BY_KIND must give {name.strip()} a number of seconds above 0.", id="playback.E052"
            )
