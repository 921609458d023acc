"""Parts of a room's page that belong to one subject alone, each fetched by the page when it comes into view.

An app above (members) registers a part with an address of its own, where it asks for the rights again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from playback.models import Room


@dataclass(frozen=True, slots=True)
class RoomPart:
    name: str
    title: Any
    permission: str
    url: Callable[[Room], str]
    rank: int = 100  # from the top


_parts: dict[str, RoomPart] = {}


def register(part: RoomPart) -> None:
    _parts[part.name] = part


def shown(request: HttpRequest, room: Room) -> list[dict[str, Any]]:
    """The parts that this person sees, from the top."""
    parts = sorted(_parts.values(), key=lambda part: (part.rank, part.name))
    return [
        {"name": part.name, "title": part.title, "url": part.url(room)}
        for part in parts
        if request.user.has_perm(part.permission)
    ]
