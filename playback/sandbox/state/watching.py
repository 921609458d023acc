"""Watch records, tokens and expiry: who watched, and who may."""

from __future__ import annotations

import hmac
import secrets
import uuid
from typing import Any

from playback.vendor.codes import PublishStatus, RecordingStatus

from .base import Moment, Row, unix
from .recordings import Recordings
from .standing import StandingKey

DAY = 86_400
EXPIRY_SINCE = 1_669_132_800  # 2022-11-23 00:00 in Beijing: only recordings made since can expire
DEFAULT_VALID_DAYS = 0  # partner_valid_day of an account that was not given another: for ever


class Watching(Recordings):
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

    def standing_token(self, video_id: int) -> str:
        """The token inside ``play_url`` of the lists: one a version, never expires, is not stored."""
        return self.standing_key().token(video_id)

    def standing_key(self) -> StandingKey:
        """What signs those tokens: the same after a restart."""
        if self._standing_key is None:
            key = self.setting("standing_key") or secrets.token_hex(16)
            self.set_setting("standing_key", key)
            self._standing_key = StandingKey(key.encode())
        return self._standing_key

    def token(self, token: str) -> Row | None:
        """What a token was issued for, also when it is used up or expired; standing tokens too."""
        head, dash, _tail = token.partition("-")
        if dash and 0 < len(head) <= 15 and all(digit in "0123456789abcdef" for digit in head):
            version = self.version_of_video(int(head, 16))
            if version and hmac.compare_digest(token.encode(), self.standing_token(version["video_id"]).encode()):
                return {
                    "kind": "player",
                    "created_at": version["created_at"],
                    "used_at": None,
                    "expires_at": None,
                    "playback_id": version["playback_id"],
                    "video_id": version["video_id"],
                }
        return self.row("SELECT * FROM tokens WHERE token = ?", (token,))

    # ------------------------------------------------------------ expiry

    def valid_days(self, row: Row) -> int:
        default: int = self.setting("partner_valid_day", DEFAULT_VALID_DAYS)
        return default if row["valid_day"] is None else row["valid_day"]

    def is_expired(self, row: Row) -> bool:
        """A fixed time wins over days; days count from the version's creation; 0 days is for ever."""
        if row["created_at"] < EXPIRY_SINCE:
            return False
        if row["expires_at"] is not None:
            return bool(row["expires_at"] <= self.clock())
        days = self.valid_days(row)
        return bool(days and row["created_at"] + days * DAY <= self.clock())
