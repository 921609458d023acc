"""How a call is refused: a code of the vendor's and a message in Chinese. Nothing was changed."""

from __future__ import annotations

from playback.vendor.codes import ErrorCode


class Refusal(Exception):
    """Raised by a route; the server answers ``{"code": …, "data": null, "msg": …}``."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = int(code)
        self.message = message


def bad_parameter(name: str, why: str) -> Refusal:
    """1001, naming the parameter."""
    return Refusal(ErrorCode.BAD_PARAMETER, f"参数错误：{name}{why}")


def no_such_room(room_id: int) -> Refusal:
    return Refusal(ErrorCode.NO_SUCH_ROOM, f"教室{room_id}不存在")


def room_deleted() -> Refusal:
    return Refusal(ErrorCode.ROOM_DELETED, "教室已删除")


def recording_deleted() -> Refusal:
    """Assumed: the reference has no code of its own for a deleted recording in a room that stays."""
    return Refusal(ErrorCode.ROOM_DELETED, "回放已删除")


def no_recording() -> Refusal:
    """Assumed: a room that is there and has no such recording is refused without a code of its own."""
    return Refusal(ErrorCode.FAILED, "回放不存在")


def failed(why: str) -> Refusal:
    return Refusal(ErrorCode.FAILED, why)


def not_permitted() -> Refusal:
    return Refusal(ErrorCode.NOT_PERMITTED, "账号没有该接口的权限")
