"""Fault ``shifting_page``: the list changes between two of its pages."""

from __future__ import annotations

from .state import State


def shift(state: State, how: str) -> None:
    """``add``: a recording appears at the front, in a room of its own. ``remove``: the newest recording is deleted."""
    with state.transaction():
        if how == "add":
            newest = state.value("SELECT max(created_at) FROM versions") or state.now()
            room_id = state.add_room("临时教室")
            state.add_recording(room_id, name="新增的回放", created_at=max(newest + 1, state.now()))
            return
        newest = state.row(
            "SELECT room_id, session_id FROM versions WHERE is_main = 1 ORDER BY created_at DESC, video_id DESC LIMIT 1"
        )
        if newest is not None:
            state.remove_recording(newest["room_id"], newest["session_id"])
