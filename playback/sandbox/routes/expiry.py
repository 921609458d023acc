"""Calls 29, 30 and 36: how long videos may be watched.

Assumed: the last thing set holds (days or a fixed time); an expired recording stays in the lists and loses its tokens.
"""

from __future__ import annotations

from typing import Any

from ..call import Call, route
from ..parameters import parse_moment, parse_number
from ..refusal import Refusal, bad_parameter
from ..rows import beijing, object_or_php_empty
from ..state import EXPIRY_SINCE, Row

_PRODUCT_TYPES = (0, 1, 2, 3, 4)
_MOST_DAYS = 36_500
_MOST_VIDEOS = 1000


@route("expiry")
def expiry(call: Call) -> dict[str, Any]:
    """Videos that cannot expire are absent."""
    days, times = {}, {}
    for number, row in _expiring(call):
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
    """Videos that cannot expire are passed over."""
    days = call.parameters.integer("valid_day", most=_MOST_DAYS)
    for number, _row in _expiring(call):
        call.state.update_version(number, valid_day=days, expires_at=None)
    return True


def _expiring(call: Call) -> list[tuple[int, Row]]:
    """The named videos that can expire.

    Assumed: unknown ones, those of another product_type (0 is any) and those made before expiry existed are left out
    without a word.
    """
    product_type = call.parameters.choice("product_type", _PRODUCT_TYPES)
    numbers = call.parameters.numbers("video_ids")
    if len(numbers) > _MOST_VIDEOS:
        raise bad_parameter("video_ids", f"不能超过{_MOST_VIDEOS}个")
    found = [(number, row) for number in numbers if (row := call.state.version_of_video(number)) is not None]
    return [
        (number, row)
        for number, row in found
        if row["created_at"] >= EXPIRY_SINCE and product_type in (0, row["product_type"])
    ]


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
