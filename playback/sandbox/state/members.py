"""Members of the account, and who may watch a room's or a recording's videos."""

from __future__ import annotations

from collections.abc import Iterable

from .base import Base, Moment, Row, unix


class Members(Base):
    def add_member(
        self,
        name: str = "小孙",
        *,
        user_id: int | None = None,
        user_sn: str = "",
        email: str = "",
        remark: str = "",
        phone_number: str = "",
        role: str = "0",
        created_at: Moment = None,
    ) -> int:
        """Add a person to the account; answers the vendor's user_id. ``user_sn`` is the school's number."""
        with self.transaction():
            number = user_id or self.next_id("members")
            self.insert(
                "members",
                user_id=number,
                user_sn=user_sn or str(number + 800_000),
                email=email,
                name=name,
                remark=remark,
                phone_number=phone_number,
                role=role,
                created_at=unix(created_at) if created_at is not None else self.now(),
            )
        return number

    def unknown_members(self, user_ids: Iterable[int]) -> list[int]:
        """Those of the ids that are no member of the account."""
        return [
            number for number in user_ids if self.value("SELECT 1 FROM members WHERE user_id = ?", (number,)) is None
        ]

    def add_room_members(self, room_id: int, user_ids: Iterable[int]) -> None:
        self.execute_many(
            "INSERT OR IGNORE INTO room_members (room_id, user_id) VALUES (?, ?)", [(room_id, n) for n in user_ids]
        )

    def remove_room_members(self, room_id: int, user_ids: Iterable[int]) -> None:
        self.execute_many(
            "DELETE FROM room_members WHERE room_id = ? AND user_id = ?", [(room_id, n) for n in user_ids]
        )

    def absent_room_members(self, room_id: int, user_ids: Iterable[int]) -> list[int]:
        """Those of the ids that may not watch the room."""
        sql = "SELECT 1 FROM room_members WHERE room_id = ? AND user_id = ?"
        return [number for number in user_ids if self.value(sql, (room_id, number)) is None]

    def list_room_members(self, room_id: int, offset: int = 0, limit: int = 1 << 40) -> tuple[int, list[Row]]:
        total = self.value("SELECT count(*) FROM room_members WHERE room_id = ?", (room_id,))
        return total, self.rows(
            "SELECT m.* FROM room_members w JOIN members m USING (user_id) WHERE w.room_id = ?"
            " ORDER BY w.user_id LIMIT ? OFFSET ?",
            (room_id, limit, offset),
        )

    def add_recording_members(self, playback_id: int, user_ids: Iterable[int]) -> None:
        self.execute_many(
            "INSERT OR IGNORE INTO recording_members (playback_id, user_id) VALUES (?, ?)",
            [(playback_id, n) for n in user_ids],
        )

    def remove_recording_members(self, playback_id: int, user_ids: Iterable[int]) -> None:
        self.execute_many(
            "DELETE FROM recording_members WHERE playback_id = ? AND user_id = ?", [(playback_id, n) for n in user_ids]
        )

    def list_recording_members(self, playback_id: int, offset: int = 0, limit: int = 1 << 40) -> tuple[int, list[Row]]:
        total = self.value("SELECT count(*) FROM recording_members WHERE playback_id = ?", (playback_id,))
        return total, self.rows(
            "SELECT m.* FROM recording_members w JOIN members m USING (user_id) WHERE w.playback_id = ?"
            " ORDER BY w.user_id LIMIT ? OFFSET ?",
            (playback_id, limit, offset),
        )
