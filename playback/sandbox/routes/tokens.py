"""Calls 3, 4 and 33: tokens that open the player."""

from __future__ import annotations

import re
from typing import Any

from ..call import Call, route
from ..refusal import bad_parameter, failed
from ..rows import object_or_php_empty
from .lookup import recording_of, why_not_playable

_ONE_TIME_SECONDS = 24 * 3600
_LONGEST = 10 * 365 * 24 * 3600


@route("player_token")
def player_token(call: Call) -> dict[str, Any]:
    """Assumed: a recording that cannot be watched is refused by code 1; no ``expires_in`` is one that never ends."""
    seconds = call.parameters.integer("expires_in", most=_LONGEST)
    row = recording_of(call)
    if why := why_not_playable(call, row):
        raise failed(why)
    return {"video_id": row["video_id"], "token": call.state.add_token(row, seconds=seconds)}


@route("player_tokens")
def player_tokens(call: Call) -> dict[str, Any] | list[Any]:
    """What cannot be watched is absent, and so is what does not exist."""
    seconds = call.parameters.integer("expires_in", most=_LONGEST)
    keys = [key.strip() for key in call.parameters["room_ids"].split(",")]
    found = {}
    for key in keys:
        if not re.fullmatch(r"[0-9]{1,18}(-[0-9]{1,18})?", key, re.ASCII):
            raise bad_parameter("room_ids", "格式必须是room_id或room_id-session_id，以英文逗号分隔")
        room_id, _dash, session_id = key.partition("-")
        row = call.state.recording(int(room_id), int(session_id or 0))
        if row is not None and not why_not_playable(call, row):
            found[key] = call.state.add_token(row, seconds=seconds)
    return object_or_php_empty(found)


@route("one_time_token")
def one_time_token(call: Call) -> dict[str, Any]:
    row = recording_of(call)
    if why := why_not_playable(call, row):
        raise failed(why)
    return {"limited_token": call.state.add_token(row, seconds=_ONE_TIME_SECONDS, once=True)}
