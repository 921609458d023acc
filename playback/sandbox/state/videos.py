"""Plain videos: of the vendor's VOD service, rendered from recordings (16), and merged (38)."""

from __future__ import annotations

from playback.vendor.codes import ConvertStatus, RecordingStatus

from .base import Base, Moment, Row, unix


class Videos(Base):
    def add_video(
        self,
        name: str = "点播视频",
        *,
        length: int = 600,
        status: int = RecordingStatus.READY,
        cover: str | None = None,
        created_at: Moment = None,
        video_id: int | None = None,
    ) -> int:
        """Add a video to the account's VOD service; answers its video_id (one number range with the versions')."""
        with self.transaction():
            number = video_id or self.next_id("videos")
            self.insert(
                "videos",
                video_id=number,
                name=name,
                length=length,
                total_size=length * 120_000,
                status=status,
                cover=f"/media/cover/{number}.jpg" if cover is None else cover,
                created_at=unix(created_at) if created_at is not None else self.now(),
            )
        return number

    def video(self, video_id: int) -> Row | None:
        return self.row("SELECT * FROM videos WHERE video_id = ?", (video_id,))

    def set_video_status(self, video_id: int, status: int) -> None:
        self.execute("UPDATE videos SET status = ? WHERE video_id = ?", (status, video_id))

    def set_convert(self, playback_id: int, version: int, status: int, video_id: int | None = None) -> None:
        self.execute(
            "INSERT INTO converts (playback_id, version, status, video_id) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (playback_id, version) DO UPDATE SET status = excluded.status, video_id = excluded.video_id",
            (playback_id, version, status, video_id),
        )

    def convert(self, playback_id: int, version: int | None = None) -> Row:
        """How far the rendering of a recording is; without a version, of the one that is under way, or was last."""
        found = self.row(
            "SELECT * FROM converts WHERE playback_id = :playback AND (:version IS NULL OR version = :version)"
            " ORDER BY status IN (1, 2) DESC, video_id DESC LIMIT 1",
            {"playback": playback_id, "version": version},
        )
        return found or {"status": ConvertStatus.NOT_STARTED, "video_id": None, "version": version}

    def set_recorded_video(self, playback_id: int, status: int) -> None:
        """State of the recorded video of call 19, in the numbers of :class:`ConvertStatus`."""
        self.execute(
            "INSERT INTO recorded_videos (playback_id, status, ready_at) VALUES (:id, :status, :now)"
            " ON CONFLICT (playback_id) DO UPDATE SET status = excluded.status, ready_at = excluded.ready_at",
            {"id": playback_id, "status": status, "now": self.now()},
        )

    def recorded_video(self, playback_id: int) -> int:
        status = self.value("SELECT status FROM recorded_videos WHERE playback_id = ?", (playback_id,))
        return ConvertStatus.NOT_STARTED if status is None else status

    def add_merge(self, name: str = "合并回放", *, length: int = 1858, mixed_playback_id: int | None = None) -> int:
        """Add a merged recording (made in the vendor's console); answers its mixed_playback_id."""
        with self.transaction():
            number = mixed_playback_id or self.next_id("merges")
            self.insert("merges", mixed_playback_id=number, name=name, length=length)
        return number

    def merge(self, mixed_playback_id: int) -> Row | None:
        return self.row("SELECT * FROM merges WHERE mixed_playback_id = ?", (mixed_playback_id,))

    def set_merge(self, mixed_playback_id: int, status: int, video_id: int | None) -> None:
        self.execute(
            "UPDATE merges SET status = ?, video_id = ? WHERE mixed_playback_id = ?",
            (status, video_id, mixed_playback_id),
        )
