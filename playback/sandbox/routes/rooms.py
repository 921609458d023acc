"""``room/list``, ``room/info``, ``room/create``: the live API's calls that public clients know.

Their types and limits are those of the vendor's public room reference. Its rule that a class begins within a year is
left out, so that tests may make rooms of any time.
"""

from __future__ import annotations

from typing import Any

from ..call import Call, route
from ..refusal import bad_parameter
from ..rows import room as printed
from ..rows import student_code
from .lookup import room_of

_LONGEST_TITLE = 50
_SHORTEST, _LONGEST = 15 * 60, 24 * 3600  # s that a class in an ordinary room may last


@route("list_rooms")
def list_rooms(call: Call) -> dict[str, Any]:
    """Newest first. No total is documented: a short page is the last one."""
    _page, limit, offset = call.parameters.page(size_name="limit")
    product_type = call.parameters.choice("product_type", (0, 1, 2, 3, 4), 0)
    found = call.state.list_rooms(offset=offset, limit=limit, product_type=product_type)
    return {"list": [printed(row) | {"room_id": str(row["room_id"])} for row in found]}


@route("room_info")
def room_info(call: Call) -> dict[str, Any]:
    return printed(room_of(call))


@route("create_room")
def create_room(call: Call) -> dict[str, Any]:
    """start_time and end_time are unix seconds here, unlike in the answers. What is too long of a title is cut off."""
    title = call.parameters.text("title", longest=1000)[:_LONGEST_TITLE]
    start, end = call.parameters.integer("start_time"), call.parameters.integer("end_time")
    long_term = call.parameters.flag("is_long_term")
    if end <= start:
        raise bad_parameter("end_time", "必须晚于start_time")
    if not long_term and not _SHORTEST < end - start < _LONGEST:
        raise bad_parameter("end_time", "与start_time的间隔必须大于15分钟且小于24小时")
    number = call.state.add_room(
        title,
        starts_at=start,
        ends_at=end,
        room_type=call.parameters.integer("type", 2),
        max_users=call.parameters.integer("max_users"),
        is_long_term=long_term,
    )
    row = call.state.room(number)
    assert row is not None  # noqa: S101 - just made
    return {
        "room_id": str(number),
        "admin_code": row["admin_code"],
        "teacher_code": row["teacher_code"],
        "student_code": student_code(number),
    }
