"""What each call does: one function a row of the endpoint table, in a file a subject."""

from __future__ import annotations

from . import account, recordings, rooms, tokens  # imported for their routes

__all__ = ["account", "recordings", "rooms", "tokens"]
