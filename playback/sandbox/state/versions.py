"""Versions as they are read, and what is changed of one: its film, its facts, whether it is main; uploaded covers."""

from __future__ import annotations

import hashlib
from typing import Any

from playback.vendor.codes import RecordingStatus

from .base import Base, Row

COVER = "/media/cover/{video_id}.jpg"  # what the media routes paint; an uploaded one is /media/image/{id}
_VERSION = """
SELECT v.*, r.publish_status, r.deleted_at FROM versions v JOIN recordings r ON r.playback_id = v.playback_id
"""


class Versions(Base):
    def recording(self, room_id: int, session_id: int = 0) -> Row | None:
        """The recording as the vendor has it: the columns of its main version and ``publish_status``; None if gone."""
        return self.row(_VERSION + "WHERE v.room_id = ? AND v.session_id = ? AND v.is_main = 1", (room_id, session_id))

    def recording_by_id(self, playback_id: int) -> Row | None:
        return self.row(_VERSION + "WHERE v.playback_id = ? AND v.is_main = 1", (playback_id,))

    def was_recording(self, room_id: int, session_id: int = 0) -> bool:
        """Whether there was such a recording and it is deleted."""
        return bool(
            self.value(
                "SELECT 1 FROM recordings WHERE room_id = ? AND session_id = ? AND deleted_at IS NOT NULL",
                (room_id, session_id),
            )
        )

    def version(self, room_id: int, session_id: int = 0, version: int = 0) -> Row | None:
        return self.row(
            _VERSION + "WHERE v.room_id = ? AND v.session_id = ? AND v.version = ?", (room_id, session_id, version)
        )

    def versions(self, room_id: int, session_id: int = 0) -> list[Row]:
        """All versions of a recording, the oldest number first."""
        return self.rows(
            _VERSION + "WHERE v.room_id = ? AND v.session_id = ? ORDER BY v.version", (room_id, session_id)
        )

    def version_of_video(self, video_id: int) -> Row | None:
        return self.row(_VERSION + "WHERE v.video_id = ?", (video_id,))

    # ------------------------------------------------------------ changing

    def replace_film(self, video_id: int, source: Row) -> int:
        """Give a version another film: a copy of a version's (with a new video_id) or a VOD video (with its own id if
        that is free). Name, date and number stay. Answers the new video_id."""
        with self.transaction():
            is_vod = "playback_id" not in source
            new = (
                source["video_id"]
                if is_vod and not self.version_of_video(source["video_id"])
                else self.next_id("videos")
            )
            painted = source["cover"].startswith("/media/cover/")
            self.keep_ids()
            self.update_version(
                video_id,
                length=source["length"],
                total_size=source["total_size"],
                total_transcode_size=source.get("total_transcode_size", source["total_size"] * 2),
                cover=COVER.format(video_id=new) if painted else source["cover"],
                file_md5=hashlib.md5(str(new).encode(), usedforsecurity=False).hexdigest(),
                segments=source.get("segments", "[]"),
                status=RecordingStatus.READY,
            )
            self.execute("UPDATE versions SET video_id = ? WHERE video_id = ?", (new, video_id))
            self.changed()
        return new

    def set_main(self, playback_id: int, version: int) -> None:
        with self.transaction():
            self.execute("UPDATE versions SET is_main = 0 WHERE playback_id = ? AND is_main = 1", (playback_id,))
            self.execute(
                "UPDATE versions SET is_main = 1 WHERE playback_id = ? AND version = ?", (playback_id, version)
            )
            self.changed()

    def set_publish_status(self, playback_id: int, status: int) -> None:
        self.execute("UPDATE recordings SET publish_status = ? WHERE playback_id = ?", (status, playback_id))

    def update_version(self, video_id: int, **columns: Any) -> None:
        """Change columns of one version: name, cover, status, length, sizes, expiry. Not what orders the lists."""
        names = ", ".join(f"{name} = :{name}" for name in columns)
        self.execute(f"UPDATE versions SET {names} WHERE video_id = :video_id", {**columns, "video_id": video_id})  # noqa: S608

    def add_image(self, content_type: str, content: bytes) -> str:
        """Keep an uploaded picture; answers the path that serves it."""
        name = hashlib.sha256(content).hexdigest()[:32]
        self.execute(
            "INSERT OR IGNORE INTO images (id, content_type, content) VALUES (?, ?, ?)", (name, content_type, content)
        )
        return f"/media/image/{name}"

    def image(self, name: str) -> Row | None:
        return self.row("SELECT * FROM images WHERE id = ?", (name,))
