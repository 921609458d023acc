"""What happened in the class: courseware, page turns, class times, mark points, chat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .base import Base, Moment, Row, unix


class Lessons(Base):
    def add_document(
        self,
        room_id: int,
        session_id: int = 0,
        *,
        name: str = "课件.docx",
        total_pages: int = 8,
        version: int = 0,
        is_h5: bool = False,
        pdf_url: str | None = None,
        created_at: Moment = None,
    ) -> int:
        """Add a courseware document; answers its id. ``pdf_url`` may be a path of the sandbox ("" is no PDF)."""
        with self.transaction():
            number = self.next_id("documents")
            self.insert(
                "documents",
                id=number,
                room_id=room_id,
                session_id=session_id,
                version=version,
                name=name,
                total_pages=total_pages,
                is_h5=int(is_h5),
                url_prefix=f"/media/courseware/{number}",
                pdf_url=f"/media/courseware/{number}.pdf" if pdf_url is None else pdf_url,
                created_at=unix(created_at) if created_at is not None else self.now(),
            )
        return number

    def document(self, document_id: int) -> Row | None:
        return self.row("SELECT * FROM documents WHERE id = ?", (document_id,))

    def documents(self, room_id: int, session_id: int | None = None) -> list[Row]:
        """The documents of a recording, or of all of a room's with ``session_id`` None; with their version's type."""
        return self.rows(
            "SELECT d.*, coalesce(v.version_type, 0) AS version_type FROM documents d"
            " LEFT JOIN recordings r ON r.room_id = d.room_id AND r.session_id = d.session_id"
            " LEFT JOIN versions v ON v.playback_id = r.playback_id AND v.version = d.version"
            " WHERE d.room_id = :room AND (:session IS NULL OR d.session_id = :session) ORDER BY d.session_id, d.id",
            {"room": room_id, "session": session_id},
        )

    def add_page_turn(self, room_id: int, session_id: int, *, time_ms: int, page: int, document_id: int) -> None:
        """Page ``page`` (from 0) of the document was shown ``time_ms`` after the start."""
        self.insert(
            "page_turns", room_id=room_id, session_id=session_id, time_ms=time_ms, page=page, document_id=document_id
        )

    def page_turns(self, room_id: int, session_id: int = 0) -> list[Row]:
        return self.rows(
            "SELECT t.time_ms, t.page, d.* FROM page_turns t JOIN documents d ON d.id = t.document_id"
            " WHERE t.room_id = ? AND t.session_id = ? ORDER BY t.time_ms",
            (room_id, session_id),
        )

    def add_class_time(
        self, room_id: int, session_id: int, start: Moment, end: Moment, *, auto_completion: bool = False
    ) -> None:
        """Class really ran from ``start`` to ``end``; ``auto_completion``: the end was filled in by the vendor."""
        assert start is not None  # noqa: S101
        assert end is not None  # noqa: S101
        self.insert(
            "class_times",
            room_id=room_id,
            session_id=session_id,
            starts_at=unix(start),
            ends_at=unix(end),
            auto_completion=int(auto_completion),
        )

    def class_times(self, room_id: int, session_id: int = 0) -> list[Row]:
        return self.rows(
            "SELECT * FROM class_times WHERE room_id = ? AND session_id = ? ORDER BY starts_at", (room_id, session_id)
        )

    def set_mark_points(self, playback_id: int, version: int, points: Iterable[tuple[int, str]]) -> None:
        """Replace the whole list of a version: (seconds from the start, description)."""
        with self.transaction():
            self.execute("DELETE FROM mark_points WHERE playback_id = ? AND version = ?", (playback_id, version))
            self.execute_many(
                "INSERT INTO mark_points (playback_id, version, position, seconds, description) VALUES (?, ?, ?, ?, ?)",
                [(playback_id, version, position, seconds, words) for position, (seconds, words) in enumerate(points)],
            )

    def mark_points(self, playback_id: int, version: int) -> list[tuple[int, str]]:
        found = self.rows(
            "SELECT seconds, description FROM mark_points WHERE playback_id = ? AND version = ? ORDER BY position",
            (playback_id, version),
        )
        return [(row["seconds"], row["description"]) for row in found]

    def add_chat(self, playback_id: int, user_number: int, user_name: str, sent_at: Moment, words: str) -> None:
        assert sent_at is not None  # noqa: S101
        self.insert(
            "chat",
            playback_id=playback_id,
            user_number=user_number,
            user_name=user_name,
            sent_at=unix(sent_at),
            words=words,
        )

    def chat(self, playback_id: int) -> list[Row]:
        return self.rows("SELECT * FROM chat WHERE playback_id = ? ORDER BY sent_at, id", (playback_id,))

    def remove_chat(self, playback_id: int, parts: Sequence[tuple[int | None, int | None, int | None]]) -> int:
        """Remove what matches any of (user_number, from, until); None matches all. Answers how many messages went."""
        with self.transaction():
            return sum(
                self.execute(
                    "DELETE FROM chat WHERE playback_id = :playback AND (:user IS NULL OR user_number = :user)"
                    " AND (:begin IS NULL OR sent_at >= :begin) AND (:finish IS NULL OR sent_at <= :finish)",
                    {"playback": playback_id, "user": user, "begin": begin, "finish": finish},
                )
                for user, begin, finish in parts
            )
