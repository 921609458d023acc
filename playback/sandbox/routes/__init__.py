"""What each call does: one function a row of the endpoint table, in a file a subject."""

from __future__ import annotations

from . import (  # imported for their routes
    account,
    cutting,
    expiry,
    lessons,
    members,
    recordings,
    rendering,
    rooms,
    tokens,
    watching,
)

__all__ = [
    "account",
    "cutting",
    "expiry",
    "lessons",
    "members",
    "recordings",
    "rendering",
    "rooms",
    "tokens",
    "watching",
]
