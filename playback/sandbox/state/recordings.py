"""Recordings and their versions: written by the calls, the seed and the tests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from playback.vendor.codes import PublishStatus, RecordingStatus, VersionType

from .base import BEIJING, Base, Moment, Row, unix

COVER = "/media/cover/{video_id}.jpg"  # what the media routes paint; an uploaded one is /media/image/{id}

_OF_A_RECORDING = ("recording_members", "mark_points", "chat", "tokens", "converts", "recorded_videos")
_VERSION = """
SELECT v.*, r.publish_status, r.deleted_at FROM versions v JOIN recordings r ON r.playback_id = v.playback_id
"""


class Recordings(Base):
    def add_recording(
        self,
        room_id: int,
        session_id: int = 0,
        *,
        name: str = "测试回放",
        status: int = RecordingStatus.READY,
        created_at: Moment = None,
        length: int = 3600,
        product_type: int | None = None,
        publish_status: int = PublishStatus.PUBLISHED,
        play_times: int = 0,
        cover: str | None = None,
        total_ext_media_size: int = 0,
        playback_id: int | None = None,
        video_id: int | None = None,
    ) -> Row:
        """Add a recording with its original version (0); answers the row of :meth:`recording`.

        A recording that was deleted may be made again. ``product_type`` is the room's by default. ``KeyError``: no
        such room; ``sqlite3.IntegrityError``: the room has that recording.
        """
        with self.transaction():
            room = self.row("SELECT product_type FROM rooms WHERE room_id = ?", (room_id,))
            if room is None:
                raise KeyError(f"no room {room_id}")
            kind = product_type or room["product_type"]
            old = self.row("SELECT * FROM recordings WHERE room_id = ? AND session_id = ?", (room_id, session_id))
            if old is not None and old["deleted_at"] is not None:
                playback_id = old["playback_id"]
                self.execute(
                    "UPDATE recordings SET deleted_at = NULL, publish_status = ?, product_type = ?"
                    " WHERE playback_id = ?",
                    (publish_status, kind, playback_id),
                )
            else:
                playback_id = playback_id or self.next_id("recordings")
                self.insert(
                    "recordings",
                    playback_id=playback_id,
                    room_id=room_id,
                    session_id=session_id,
                    product_type=kind,
                    publish_status=publish_status,
                )
            self._insert_version(
                playback_id=playback_id,
                room_id=room_id,
                session_id=session_id,
                product_type=kind,
                version=0,
                version_type=VersionType.ORIGINAL,
                is_main=1,
                name=name,
                status=status,
                created_at=created_at,
                length=length,
                play_times=play_times,
                cover=cover,
                total_ext_media_size=total_ext_media_size,
                video_id=video_id,
            )
            self.changed()
        found = self.recording(room_id, session_id)
        assert found is not None  # noqa: S101 - just made
        return found

    def add_version(
        self,
        room_id: int,
        session_id: int = 0,
        *,
        version: int | None = None,
        name: str | None = None,
        status: int = RecordingStatus.READY,
        created_at: Moment = None,
        length: int = 600,
        is_main: bool = False,
        version_type: int = VersionType.EDITED,
        play_times: int = 0,
        cover: str | None = None,
        segments: Sequence[tuple[int, int]] = (),
        video_id: int | None = None,
    ) -> Row:
        """Add a version (the next number by default); answers its row. ``KeyError``: no such recording."""
        with self.transaction():
            main = self.recording(room_id, session_id)
            if main is None:
                raise KeyError(f"no recording {room_id}-{session_id}")
            if version is None:
                version = self._next_version(main["playback_id"])
            number = self._insert_version(
                playback_id=main["playback_id"],
                room_id=room_id,
                session_id=session_id,
                product_type=main["product_type"],
                version=version,
                version_type=version_type,
                is_main=0,
                name=main["name"] if name is None else name,
                status=status,
                created_at=created_at,
                length=length,
                play_times=play_times,
                cover=cover,
                segments=segments,
                video_id=video_id,
            )
            if is_main:
                self.set_main(main["playback_id"], version)
            self.changed()
        found = self.version_of_video(number)
        assert found is not None  # noqa: S101 - just made
        return found

    def _next_version(self, playback_id: int) -> int:
        """A number that no version of the recording has or had: a deleted crop's does not come back."""
        self.execute(
            "UPDATE recordings SET last_version = 1 + max(last_version, coalesce("
            "(SELECT max(version) FROM versions v WHERE v.playback_id = recordings.playback_id), 0))"
            " WHERE playback_id = ?",
            (playback_id,),
        )
        number: int = self.value("SELECT last_version FROM recordings WHERE playback_id = ?", (playback_id,))
        return number

    def _insert_version(
        self,
        *,
        created_at: Moment,
        cover: str | None,
        video_id: int | None,
        length: int,
        segments: Sequence[tuple[int, int]] = (),
        **columns: Any,
    ) -> int:
        number = video_id or self.next_id("videos")
        self.insert(
            "versions",
            video_id=number,
            created_at=unix(created_at) if created_at is not None else self.now(),
            length=length,
            total_size=length * 90_000,
            total_transcode_size=length * 160_000,
            cover=COVER.format(video_id=number) if cover is None else cover,
            file_md5=hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest(),
            segments=json.dumps([list(part) for part in segments]),
            **columns,
        )
        return number

    # ------------------------------------------------------------ reading

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

    def remove_recording(self, room_id: int, session_id: int = 0) -> bool:
        """Delete a recording with its versions. False: there is none."""
        with self.transaction():
            taken = self.execute(
                "UPDATE recordings SET deleted_at = ? WHERE room_id = ? AND session_id = ? AND deleted_at IS NULL",
                (self.now(), room_id, session_id),
            )
            if taken:
                self.keep_ids()
                self._keep_removed_ids()
                playback = self.value(
                    "SELECT playback_id FROM recordings WHERE room_id = ? AND session_id = ?", (room_id, session_id)
                )
                for table in ("versions", *_OF_A_RECORDING):
                    self.execute(f"DELETE FROM {table} WHERE playback_id = ?", (playback,))  # noqa: S608 - our own names
                self.changed()
        return bool(taken)

    def remove_version(self, room_id: int, session_id: int, version: int) -> bool:
        """Delete one version; if it was main, the original is main again, or else the lowest number that is left."""
        with self.transaction():
            found = self.version(room_id, session_id, version)
            if found is None:
                return False
            self._keep_removed_ids()
            self.execute("DELETE FROM versions WHERE video_id = ?", (found["video_id"],))
            for table in ("mark_points", "converts"):
                self.execute(
                    f"DELETE FROM {table} WHERE playback_id = ? AND version = ?",  # noqa: S608 - our own names
                    (found["playback_id"], version),
                )
            left = self.value("SELECT min(version) FROM versions WHERE playback_id = ?", (found["playback_id"],))
            if left is None:
                self.remove_recording(room_id, session_id)
            elif found["is_main"]:
                self.set_main(found["playback_id"], left)
            self.changed()
        return True

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
            self._keep_removed_ids()
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

    def _keep_removed_ids(self) -> None:
        self.next_id("videos")  # reads the highest id before its row goes
        self.keep_ids()

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

    def update_recording(self, room_id: int, session_id: int = 0, **columns: Any) -> None:
        """The same for the main version of a recording; ``publish_status`` too. ``KeyError``: no such recording."""
        with self.transaction():
            found = self.recording(room_id, session_id)
            if found is None:
                raise KeyError(f"no recording {room_id}-{session_id}")
            if "publish_status" in columns:
                self.set_publish_status(found["playback_id"], columns.pop("publish_status"))
            if columns:
                self.update_version(found["video_id"], **columns)

    def add_image(self, content_type: str, content: bytes) -> str:
        """Keep an uploaded picture; answers the path that serves it."""
        name = hashlib.sha256(content).hexdigest()[:32]
        self.execute(
            "INSERT OR IGNORE INTO images (id, content_type, content) VALUES (?, ?, ?)", (name, content_type, content)
        )
        return f"/media/image/{name}"

    def image(self, name: str) -> Row | None:
        return self.row("SELECT * FROM images WHERE id = ?", (name,))


def session_of(day: datetime, number: int = 0) -> int:
    """The session id of a long-term room's class: the day in Beijing and a digit."""
    return int(day.astimezone(BEIJING).strftime("%Y%m%d")) * 10 + number
