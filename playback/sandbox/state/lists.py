"""The list pages, fast at a million rows and at any depth.

A page is found by its ids first, over an index that has them in the list's order. So that page 900 does not walk over
the 899,000 rows before it, the end of each served page is remembered as an anchor, from where the next one starts. Any
change of what the lists show forgets all anchors and totals (``generation``), so that a page is always what ``OFFSET``
would have given: rows added or removed between two reads shift the later pages, as they do at the vendor.
"""

from __future__ import annotations

import bisect
from operator import itemgetter
from typing import Any

from .base import Base, Row

Filter = tuple[int, bool, int]
_STRIDE = 500  # rows between two remembered anchors, at least

# What a list shows of a version, in the order of a row's values; publish_status is the recording's.
LISTED = (
    "room_id", "playback_id", "session_id", "video_id", "name", "status", "created_at", "length", "cover",
    "total_transcode_size", "play_times", "publish_status", "version",
)  # fmt: skip
ListedValues = tuple[Any, ...]
_COLUMNS = ", ".join("r.publish_status" if column == "publish_status" else f"v.{column}" for column in LISTED)
_newest = itemgetter(LISTED.index("created_at"), LISTED.index("video_id"))


class Lists(Base):
    _seen_generation = -1
    _totals: dict[Filter, int]
    _anchors: dict[Filter, list[tuple[int, int, int]]]  # offset of the next row, and created_at, video_id of the last

    def list_versions(
        self, *, offset: int, limit: int, product_type: int = 0, crops: bool = False, room_id: int = 0
    ) -> tuple[int, list[ListedValues]]:
        """Total and one page of main versions (``crops``: of all versions), newest first: the columns ``LISTED``."""
        key: Filter = (product_type, crops, room_id)
        with self.lock:
            if self._seen_generation != self.generation:
                self._totals, self._anchors, self._seen_generation = {}, {}, self.generation
            source = f"versions INDEXED BY {_index(key)}"
            where, values = _condition(key)
            if key not in self._totals:
                self._totals[key] = self.value(f"SELECT count(*) FROM {source} WHERE {where}", values)  # noqa: S608
            anchors = self._anchors.setdefault(key, [])
            start = bisect.bisect_right(anchors, (offset, 1 << 62, 1 << 62)) - 1
            skip = offset
            if start >= 0:
                reached, created, video = anchors[start]
                skip = offset - reached
                where += " AND (created_at, video_id) < (:created, :video)"
                values |= {"created": created, "video": video}
            found = self.tuples(
                f"SELECT {_COLUMNS} FROM ("  # noqa: S608 - our own conditions
                f"SELECT video_id AS id FROM {source} WHERE {where}"
                " ORDER BY created_at DESC, video_id DESC LIMIT :limit OFFSET :skip"
                ") JOIN versions v ON v.video_id = id JOIN recordings r ON r.playback_id = v.playback_id",
                {**values, "limit": limit, "skip": skip},
            )
            found.sort(key=_newest, reverse=True)  # hardly ever to be done, but a join promises no order
            if found and skip + len(found) >= _STRIDE:
                anchor = (offset + len(found), *_newest(found[-1]))
                if anchor not in anchors:
                    bisect.insort(anchors, anchor)
            return self._totals[key], found

    def list_sessions(self, room_id: int) -> list[Row]:
        """The recordings of one room, newest session first."""
        return self.rows(
            "SELECT v.*, r.publish_status FROM versions v JOIN recordings r ON r.playback_id = v.playback_id"
            " WHERE v.room_id = ? AND v.is_main = 1 ORDER BY v.session_id DESC",
            (room_id,),
        )


def _index(key: Filter) -> str:
    """The one in the list's order. Left to choose, SQLite takes one that wants a look at each row, to count them."""
    product_type, crops, room_id = key
    if room_id:
        return "versions_room"
    return ("versions_all" if crops else "versions_main") + ("_product" if product_type else "")


def _condition(key: Filter) -> tuple[str, dict[str, Any]]:
    product_type, crops, room_id = key
    parts, values = ["1"], dict[str, Any]()
    if not crops:
        parts.append("is_main = 1")
    if product_type:
        parts.append("product_type = :product_type")
        values["product_type"] = product_type
    if room_id:
        parts.append("room_id = :room_id")
        values["room_id"] = room_id
    return " AND ".join(parts), values
