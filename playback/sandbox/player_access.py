"""Who may open the player: every refusal the vendor's player knows, in the order it asks.

The token is asked about before the recording's state, so that an address with a wrong token tells nothing about it. A
one-time token is spent last: a refused page does not use it up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playback.vendor.codes import PublishStatus, RecordingStatus

from .state import State

Row = dict[str, Any]
ONCE_LIVES_SECONDS = 24 * 3600
_INT64 = 2**63


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the player stays shut: an HTTP status, a short name for tests and logs, a title and a sentence to read."""

    status: int
    reason: str
    title: str
    sentence: str


class Refused(Exception):
    """Raised with its :class:`Refusal`."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


INCOMPLETE = Refusal(
    400, "bad_parameter", "播放地址不完整", "地址中的教室、场次或用户参数缺失或格式不正确，请从课程页面重新打开。"
)
TOKEN_INVALID = Refusal(403, "token_invalid", "播放凭证无效", "此凭证不属于该回放，或已被收回，请从课程页面重新打开。")
TOKEN_EXPIRED = Refusal(403, "token_expired", "播放凭证已过期", "播放地址有时效，请刷新课程页面后重新打开。")
TOKEN_USED = Refusal(403, "token_used", "播放凭证已使用", "一次性凭证只能打开一次，请重新获取播放地址。")
UNKNOWN = Refusal(404, "no_recording", "回放不存在", "没有找到这个教室的回放。")
DELETED = Refusal(410, "deleted", "回放已删除", "该回放已被管理员删除。")
BLOCKED = Refusal(403, "blocked", "回放已屏蔽", "该回放已被屏蔽，暂时无法观看，如有疑问请联系老师。")
EXPIRED = Refusal(410, "expired", "回放已过期", "该回放的观看有效期已结束。")
NOT_READY = {
    RecordingStatus.NOT_RECORDED: Refusal(404, "not_recorded", "暂无回放", "这节课没有录制。"),
    RecordingStatus.GENERATING: Refusal(409, "generating", "回放生成中", "课程刚结束，回放正在生成，请稍后再来。"),
    RecordingStatus.TRANSCODING: Refusal(409, "transcoding", "回放转码中", "回放正在转码，通常几分钟后即可观看。"),
    RecordingStatus.FAILED: Refusal(409, "failed", "回放转码失败", "该回放转码失败，请联系老师处理。"),
}


@dataclass(frozen=True, slots=True)
class Visit:
    """What an address asks for, read and checked for its form only."""

    room_id: int
    session_id: int
    token: str
    user_name: str
    user_number: int


def read_address(query: Any) -> Visit:
    """The player's query string. Raises :class:`Refused` where a number is none or the room is missing."""
    return Visit(
        room_id=_number(query.get("classid"), required=True),
        session_id=_number(query.get("session_id")),
        token=query.get("token", "") or query.get("limited_token", ""),
        user_name=query.get("user_name", "").strip()[:64] or "访客",
        user_number=_number(query.get("user_number")),
    )


def _number(text: str | None, *, required: bool = False) -> int:
    if not text and not required:
        return 0
    if not (text and text.isascii() and text.isdigit() and int(text) < _INT64):
        raise Refused(INCOMPLETE)
    return int(text)


def admit(state: State, visit: Visit, *, spend: bool = True) -> Row:
    """The version that this visit may watch. Raises :class:`Refused`. ``spend``: a one-time token is used up."""
    with state.transaction():
        asked = state.row(
            "SELECT playback_id, deleted_at FROM recordings WHERE room_id = ? AND session_id = ?",
            (visit.room_id, visit.session_id),
        )
        token = state.token(visit.token)
        if asked is not None and asked["deleted_at"] is not None:  # its tokens went with it
            raise Refused(DELETED)
        if token is None:
            raise Refused(TOKEN_INVALID)
        if asked is None:
            raise Refused(UNKNOWN)
        _check_token(state, token, asked["playback_id"])
        version = _version(state, token)
        if version is None:
            raise Refused(DELETED)
        _check_recording(state, version)
        if token["kind"] == "once" and spend:
            state.execute("UPDATE tokens SET used_at = ? WHERE token = ?", (state.now(), visit.token))
    return version


def _check_token(state: State, token: Row, playback_id: int) -> None:
    if token["playback_id"] != playback_id:
        raise Refused(TOKEN_INVALID)
    if token["used_at"] is not None:
        raise Refused(TOKEN_USED)
    if token["expires_at"] is not None and token["expires_at"] <= state.clock():
        raise Refused(TOKEN_EXPIRED)
    if token["kind"] == "once" and token["created_at"] + ONCE_LIVES_SECONDS <= state.clock():
        raise Refused(TOKEN_EXPIRED)


def _version(state: State, token: Row) -> Row | None:
    """The version that the token was made for, or the main one if that version is gone."""
    version = state.version_of_video(token["video_id"])
    if version is not None and version["playback_id"] == token["playback_id"]:
        return version
    return state.recording_by_id(token["playback_id"])


def _check_recording(state: State, version: Row) -> None:
    if version["publish_status"] != PublishStatus.PUBLISHED:
        raise Refused(BLOCKED)
    if version["status"] != RecordingStatus.READY:
        raise Refused(NOT_READY.get(version["status"], NOT_READY[RecordingStatus.GENERATING]))
    if state.is_expired(version):
        raise Refused(EXPIRED)
