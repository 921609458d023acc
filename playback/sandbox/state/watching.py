"""Watch records, tokens and expiry: who watched, and who may."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from playback.vendor.codes import PublishStatus, RecordingStatus

from .base import Base, Moment, Row, unix

DAY = 86_400
DEFAULT_VALID_DAYS = 0  # partner_valid_day of an account that was not given another: for ever


class Watching(Base):
    # ------------------------------------------------------------ watch records

    def add_watch_record(
        self,
        playback_id: int,
        video_id: int,
        begins_at: Moment,
        *,
        play_length: int = 45,
        ends_at: Moment = None,
        version: int = 0,
        user_name: str = "访客",
        user_number: int = 0,
        client_type: int = 5,
        user_ip: str = "60.174.64.166",
        area: str = "安徽省",
        ext_data: str = "",
        guid: str | None = None,
    ) -> str:
        """Add one viewing; answers its guid. Ends ``play_length`` s after it began by default."""
        begin = unix(begins_at) if begins_at is not None else self.now()
        identity = guid or uuid.uuid4().hex.upper()
        self.insert(
            "watch_records",
            guid=identity,
            uuid=f"uuid-{uuid.uuid4()}",
            playback_id=playback_id,
            version=version,
            video_id=video_id,
            user_name=user_name,
            user_number=user_number,
            begins_at=begin,
            ends_at=unix(ends_at) if ends_at is not None else begin + play_length,
            play_length=play_length,
            client_type=client_type,
            user_ip=user_ip,
            area=area,
            ext_data=ext_data,
        )
        return identity

    def list_watch_records(
        self,
        *,
        start: int,
        end: int,
        offset: int,
        limit: int,
        playback_id: int | None = None,
        user_number: int | None = None,
        version: int | None = None,
        by_end: bool = False,
    ) -> tuple[int, list[Row]]:
        """Total and one page of the viewings that began (``by_end``: ended) in ``start``…``end``, both included."""
        column = "ends_at" if by_end else "begins_at"
        parts, values = [f"{column} BETWEEN :start AND :end"], dict[str, Any](start=start, end=end)
        for name, wanted in (("playback_id", playback_id), ("user_number", user_number), ("version", version)):
            if wanted is not None:
                parts.append(f"{name} = :{name}")
                values[name] = wanted
        where = " AND ".join(parts)
        total = self.value(f"SELECT count(*) FROM watch_records WHERE {where}", values)  # noqa: S608
        return total, self.rows(
            f"SELECT * FROM watch_records WHERE {where} ORDER BY {column}, guid LIMIT :limit OFFSET :offset",  # noqa: S608
            {**values, "limit": limit, "offset": offset},
        )

    # ------------------------------------------------------------ tokens

    def playable(self, row: Row) -> bool:
        """Whether a version's row (of ``recording`` or ``version``) may be watched: ready, published, not expired."""
        return (
            row["status"] == RecordingStatus.READY
            and row["publish_status"] == PublishStatus.PUBLISHED
            and not self.is_expired(row)
        )

    def add_token(self, row: Row, *, seconds: int, once: bool = False) -> str:
        """Issue a token for a version's row. ``seconds`` 0: never expires."""
        token = secrets.token_hex(16) if once else secrets.token_urlsafe(40)
        self.insert(
            "tokens",
            token=token,
            kind="once" if once else "player",
            playback_id=row["playback_id"],
            video_id=row["video_id"],
            created_at=self.now(),
            expires_at=self.now() + seconds if seconds else None,
        )
        return token

    def use_token(self, token: str, room_id: int, session_id: int = 0) -> Row | None:
        """What the player page asks: the version's row that the token opens now, or None.

        None: unknown, expired, for another recording, already used (one-time), or the recording is gone, blocked, not
        ready or expired. A one-time token is used up by this.
        """
        with self.transaction():
            found = self.row("SELECT * FROM tokens WHERE token = ?", (token,))
            if found is None or (found["expires_at"] is not None and found["expires_at"] <= self.clock()):
                return None
            version = self.row(
                "SELECT v.*, r.publish_status FROM versions v JOIN recordings r ON r.playback_id = v.playback_id"
                " WHERE v.playback_id = ? ORDER BY v.video_id = ? DESC, v.is_main DESC LIMIT 1",
                (found["playback_id"], found["video_id"]),
            )
            if version is None or (version["room_id"], version["session_id"]) != (room_id, session_id):
                return None
            if not self.playable(version):
                return None
            if found["kind"] == "once" and not self.execute(
                "UPDATE tokens SET used_at = ? WHERE token = ? AND used_at IS NULL", (self.now(), token)
            ):
                return None
            return version

    # ------------------------------------------------------------ expiry

    def valid_days(self, row: Row) -> int:
        default: int = self.setting("partner_valid_day", DEFAULT_VALID_DAYS)
        return default if row["valid_day"] is None else row["valid_day"]

    def is_expired(self, row: Row) -> bool:
        """A fixed time wins over days; days count from the version's creation; 0 days is for ever."""
        if row["expires_at"] is not None:
            return bool(row["expires_at"] <= self.clock())
        days = self.valid_days(row)
        return bool(days and row["created_at"] + days * DAY <= self.clock())
