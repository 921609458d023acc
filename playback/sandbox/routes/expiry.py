"""Calls 29, 30 and 36: how long videos may be watched.

Assumed: the last thing set holds (days or a fixed time); an expired recording stays in the lists and loses its tokens.
"""

from __future__ import annotations

from typing import Any

from ..call import Call, route
from ..parameters import parse_moment, parse_number
from ..refusal import Refusal, bad_parameter
from ..rows import beijing, object_or_php_empty
from ..state import EXPIRY_SINCE

_PRODUCT_TYPES = (0, 1, 2, 3, 4)
_MOST_DAYS = 36_500
_MOST_VIDEOS = 1000


@route("expiry")
def expiry(call: Call) -> dict[str, Any]:
    """Unknown videos are absent, and so are those made before expiry existed."""
    call.parameters.choice("product_type", _PRODUCT_TYPES)
    days, times = {}, {}
    for number in _video_ids(call):
        row = call.state.version_of_video(number)
        if row is None or row["created_at"] < EXPIRY_SINCE:
            continue
        if row["expires_at"] is not None:
            times[str(number)] = beijing(row["expires_at"])
        else:
            days[str(number)] = call.state.valid_days(row)
    return {
        "partner_valid_day": call.state.setting("partner_valid_day", 0),
        "list": object_or_php_empty(days),
        "expire_time_list": object_or_php_empty(times),
    }


@route("set_valid_days")
def set_valid_days(call: Call) -> bool:
    """Assumed: unknown videos are passed over."""
    call.parameters.choice("product_type", _PRODUCT_TYPES)
    days = call.parameters.integer("valid_day", most=_MOST_DAYS)
    for number in _video_ids(call):
        call.state.update_version(number, valid_day=days, expires_at=None)
    return True


def _video_ids(call: Call) -> list[int]:
    numbers = call.parameters.numbers("video_ids")
    if len(numbers) > _MOST_VIDEOS:
        raise bad_parameter("video_ids", f"不能超过{_MOST_VIDEOS}个")
    return numbers


@route("set_expire_times")
def set_expire_times(call: Call) -> dict[str, Any]:
    """An item with an unknown or too old a video, no time or a time that is over only shows in its absence."""
    items = call.parameters.json_list("data")
    if not items:
        raise bad_parameter("data", "不能为空")
    taken = []
    for item in items:
        try:
            number = parse_number("video_id", item.get("video_id"))
            moment = parse_moment("expire_time", item.get("expire_time"))
        except Refusal:
            continue
        row = call.state.version_of_video(number)
        if row is not None and row["created_at"] >= EXPIRY_SINCE and moment > call.state.clock():
            call.state.update_version(number, expires_at=moment, valid_day=None)
            taken.append(str(number))
    return {"success_list": taken}
