"""Rooms: what a class is held in."""

from __future__ import annotations

import hashlib
from typing import Any

from .base import BEIJING, Base, Moment, Row, unix


class Rooms(Base):
    def add_room(
        self,
        title: str = "测试教室",
        *,
        room_id: int | None = None,
        is_long_term: bool = False,
        product_type: int = 1,
        starts_at: Moment = None,
        ends_at: Moment = None,
        created_at: Moment = None,
        room_type: int = 2,
        max_users: int = 100,
    ) -> int:
        """Add a room; answers its id (14 digits: the day it was made in Beijing, then a running number)."""
        created = unix(created_at) if created_at is not None else self.now()
        begins = unix(starts_at) if starts_at is not None else created
        with self.transaction():
            number = room_id if room_id is not None else self._new_room_id(created)
            codes = hashlib.sha256(str(number).encode()).hexdigest()
            self.insert(
                "rooms",
                room_id=number,
                title=title,
                starts_at=begins,
                ends_at=unix(ends_at) if ends_at is not None else begins + 3600,
                created_at=created,
                room_type=room_type,
                product_type=product_type,
                is_long_term=int(is_long_term),
                max_users=max_users,
                admin_code=codes[:6],
                teacher_code=codes[6:12],
            )
            self.changed()
        return number

    def _new_room_id(self, created: int) -> int:
        day = int(_beijing_day(created)) % 1_000_000 * 100_000_000
        last = self.value("SELECT max(room_id) FROM rooms WHERE room_id BETWEEN ? AND ?", (day, day + 99_999_999))
        return (last or day + 10_000_000 + unix(created) % 86_400 * 100) + 1

    def room(self, room_id: int) -> Row | None:
        """The row, also of a deleted room (then with ``deleted_at``)."""
        return self.row("SELECT * FROM rooms WHERE room_id = ?", (room_id,))

    def remove_room(self, room_id: int) -> bool:
        """Delete a room with its recordings: from now on it is answered by 3002. False: there was none."""
        with self.transaction():
            taken = self.execute(
                "UPDATE rooms SET deleted_at = ? WHERE room_id = ? AND deleted_at IS NULL", (self.now(), room_id)
            )
            self.execute("UPDATE recordings SET deleted_at = ? WHERE room_id = ?", (self.now(), room_id))
            self.keep_ids()
            self.execute("DELETE FROM versions WHERE room_id = ?", (room_id,))
            self.changed()
        return bool(taken)

    def list_rooms(self, *, offset: int, limit: int, product_type: int = 0) -> list[Row]:
        """Newest first."""
        where, values = "deleted_at IS NULL", dict[str, Any](offset=offset, limit=limit)
        if product_type:
            where += " AND product_type = :product_type"
            values["product_type"] = product_type
        return self.rows(
            f"SELECT * FROM rooms WHERE {where} ORDER BY created_at DESC, room_id DESC LIMIT :limit OFFSET :offset",  # noqa: S608
            values,
        )


def _beijing_day(moment: int) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(moment, BEIJING).strftime("%Y%m%d")
