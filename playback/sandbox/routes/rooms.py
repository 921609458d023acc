"""``room/list``, ``room/info``, ``room/create``: the live API's calls that public clients know."""

from __future__ import annotations

from typing import Any

from ..call import Call, route
from ..refusal import bad_parameter
from ..rows import room as printed
from .lookup import room_of


@route("list_rooms")
def list_rooms(call: Call) -> dict[str, Any]:
    """Newest first. No total is documented: a short page is the last one."""
    _page, limit, offset = call.parameters.page(size_name="limit")
    product_type = call.parameters.choice("product_type", (0, 1, 2, 3, 4), 0)
    found = call.state.list_rooms(offset=offset, limit=limit, product_type=product_type)
    return {"list": [printed(row) for row in found]}


@route("room_info")
def room_info(call: Call) -> dict[str, Any]:
    return printed(room_of(call))


@route("create_room")
def create_room(call: Call) -> dict[str, Any]:
    """start_time and end_time are unix seconds here, unlike in the answers."""
    title = call.parameters.text("title", longest=50)
    start, end = call.parameters.integer("start_time"), call.parameters.integer("end_time")
    if end <= start:
        raise bad_parameter("end_time", "必须晚于start_time")
    number = call.state.add_room(
        title,
        starts_at=start,
        ends_at=end,
        room_type=call.parameters.integer("type", 2),
        max_users=call.parameters.integer("max_users", 100),
        is_long_term=call.parameters.flag("is_long_term"),
    )
    return {key: value for key, value in room_info_of(call, number).items() if key in _CREATED}


_CREATED = ("room_id", "admin_code", "teacher_code", "title", "start_time", "end_time")


def room_info_of(call: Call, number: int) -> dict[str, Any]:
    row = call.state.room(number)
    assert row is not None  # noqa: S101 - just made
    return printed(row)
