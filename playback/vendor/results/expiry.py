"""How long videos live: calls 29 and 36. Holds for recordings made after 2022-11-23."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from .reading import UnreadableAnswer, UnreadableRow
from .values import integer, mapping, sequence, time


class Expiry(Struct, frozen=True):
    """Call 29. ``days``: video_id → days, 0 for ever; ``fixed_times``: video_id → time, only where one is set.

    ``default_days`` is the account's own.
    """

    default_days: int | None
    days: dict[int, int]
    fixed_times: dict[int, datetime]
    unreadable: list[UnreadableRow] = []


def expiry(data: object) -> Expiry:
    """The objects are keyed by video ids, and come as ``[]`` where they are empty."""
    try:
        fields = mapping(data)
        days, fixed = mapping(fields.get("list")), mapping(fields.get("expire_time_list"))
        default = fields.get("partner_valid_day")
        default_days = None if default in (None, "") else integer(default)
    except ValueError as error:
        raise UnreadableAnswer(str(error)) from None
    result = Expiry(default_days, {}, {}, [])
    for key, value in days.items():
        try:
            result.days[integer(key)] = integer(value)
        except ValueError as error:
            result.unreadable.append(UnreadableRow(key, {"list": str(error)}))
    for key, value in fixed.items():
        if value is None or value == "":
            continue
        try:
            result.fixed_times[integer(key)] = time(value)
        except ValueError as error:
            if str(error):
                result.unreadable.append(UnreadableRow(key, {"expire_time_list": str(error)}))
    return result


def success_list(data: object) -> list[int]:
    """Call 36: the videos that took the new time. **The others failed without a word.**"""
    try:
        fields = mapping(data)
        if "success_list" not in fields:
            raise UnreadableAnswer("success_list is missing")
        return [integer(video_id) for video_id in sequence(fields["success_list"])]
    except ValueError as error:
        raise UnreadableAnswer(str(error)) from None
