"""Recordings and their versions: written by the calls, the seed and the tests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from playback.vendor.codes import PublishStatus, RecordingStatus, VersionType

from .base import BEIJING, Moment, Row, unix
from .versions import COVER, Versions

_OF_A_RECORDING = ("recording_members", "mark_points", "chat", "tokens", "converts", "recorded_videos")


class Recordings(Versions):
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
            self.keep_ids()
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


def session_of(day: datetime, number: int = 0) -> int:
    """The session id of a long-term room's class: the day in Beijing and a digit."""
    return int(day.astimezone(BEIJING).strftime("%Y%m%d")) * 10 + number
