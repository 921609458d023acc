"""Calls 6 and 37: who watched what, one Beijing day at a time."""

from __future__ import annotations

from typing import Any

from playback.vendor.codes import SearchTimeType

from ..call import Call, route
from ..rows import beijing
from ..state import Row
from .lookup import recording_of


@route("recording_watch_records")
def recording_watch_records(call: Call) -> dict[str, Any]:
    start, end = call.parameters.same_day()
    page, size, offset = call.parameters.page()
    row = recording_of(call)
    total, found = call.state.list_watch_records(
        start=start,
        end=end,
        offset=offset,
        limit=size,
        playback_id=row["playback_id"],
        user_number=call.parameters.optional_integer("user_number"),
        version=call.parameters.optional_integer("version"),
    )
    return {"total": total, "list": [_record(each) for each in found], "page": page, "page_size": size}


@route("account_watch_records")
def account_watch_records(call: Call) -> dict[str, Any]:
    start, end = call.parameters.same_day()
    page, size, offset = call.parameters.page()
    by = call.parameters.choice("search_time_type", (SearchTimeType.BEGIN, SearchTimeType.END), SearchTimeType.BEGIN)
    total, found = call.state.list_watch_records(
        start=start, end=end, offset=offset, limit=size, by_end=by == SearchTimeType.END
    )
    rows = [_record(each) | {"uuid": each["uuid"], "date": beijing(each["begins_at"])[:10]} for each in found]
    return {"total": total, "list": rows, "page": page, "page_size": size}


def _record(row: Row) -> dict[str, Any]:
    return {
        "guid": row["guid"],
        "video_id": row["video_id"],
        "user_number": row["user_number"],
        "user_name": row["user_name"],
        "play_begin_time": beijing(row["begins_at"]),
        "play_end_time": beijing(row["ends_at"]),
        "client_type": row["client_type"],
        "play_length": row["play_length"],
        "user_ip": row["user_ip"],
        "area": row["area"],
        "ext_data": row["ext_data"],
    }
