"""The vendor's calls: one row each, read by the client and by the sandbox.

A path stands here and nowhere else. Where the vendor's reference lost a path, ``known`` is False: nothing public
confirms it, and an operator who holds the current manual corrects it by name with the setting ``BAIJIAYUN_PATHS``
(see :func:`with_overrides`), without touching code.

``repeatable`` says whether a call may be sent a second time when nobody knows whether the first one arrived: it is
true where doing it twice leaves the vendor in the state that doing it once leaves it in. A call that makes something
(a crop, a render) or whose second sending is answered by an error (a delete) is settled by reading instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call of the vendor.

    ``number`` is the reference's (1–39), or None for the calls that public clients know and the reference lacks.
    ``path`` is below ``/openapi/``. ``reads`` marks calls that change nothing.
    """

    name: str
    number: int | None
    path: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    get: bool = False
    repeatable: bool = True
    reads: bool = False
    known: bool = True
    overridden: bool = False

    @property
    def method(self) -> str:
        """What the client sends: always POST, which every call takes; ``get`` says that GET is accepted too."""
        return "POST"

    @property
    def parameters(self) -> tuple[str, ...]:
        return self.required + self.optional


_RECORDING = ("room_id",)
_SESSION = ("session_id",)
_SESSION_VERSION = ("session_id", "version")
_PAGE = ("page", "page_size")

_ROWS: tuple[Endpoint, ...] = (
    Endpoint("recording_info", 1, "playback/getBasicInfo", _RECORDING, _SESSION, get=True, reads=True),
    Endpoint(
        "list_recordings",
        2,
        "playback/getList",
        ("product_type", "page", "page_size"),
        ("crop_video", "room_id"),
        get=True,
        reads=True,
    ),
    Endpoint("player_token", 3, "playback/getPlayerToken", _RECORDING, ("session_id", "expires_in"), reads=True),
    Endpoint("player_tokens", 4, "playback/getPlayerTokenBatch", ("room_ids",), ("expires_in",), reads=True),
    Endpoint("list_sessions", 5, "playback/getSessionList", _RECORDING, reads=True),
    Endpoint(
        "recording_watch_records",
        6,
        "video_data/getPlaybackPlayRecord",
        ("room_id", "start_time", "end_time"),
        ("session_id", "user_number", "version", *_PAGE),
        reads=True,
    ),
    Endpoint("set_publish_status", 7, "playback/setPublishStatus", ("room_id", "status"), _SESSION),
    Endpoint("delete_recording", 8, "playback/delete", _RECORDING, _SESSION_VERSION, repeatable=False),
    Endpoint("update_recording", 9, "playback/update", _RECORDING, ("session_id", "name", "preface")),
    Endpoint(
        "list_versions",
        10,
        "playback/getCropList",
        _RECORDING,
        ("session_id", "product_type", *_PAGE),
        reads=True,
    ),
    Endpoint("set_main_version", 11, "playback/setMainVersion", ("room_id", "version"), _SESSION),
    Endpoint("room_courseware", 12, "playback/getPlaybackPptUrlList", _RECORDING, ("date",), reads=True),
    Endpoint("recording_courseware", 13, "playback/getPlaybackPptUrl", _RECORDING, _SESSION, reads=True),
    Endpoint(
        "replace_recording",
        14,
        "playback/replacePlayback",
        ("type", "source_room_id", "target_room_id"),
        ("source_session_id", "source_version", "is_replace_main", "target_session_id", "target_version"),
        repeatable=False,
    ),
    Endpoint(
        "replace_by_video",
        15,
        "playback/replacePlaybackByVideo",
        ("video_id", "target_room_id"),
        ("is_replace_main", "target_session_id", "target_version"),
        repeatable=False,
    ),
    Endpoint(
        "convert_to_video",
        16,
        "playback/convertToVideo",
        _RECORDING,
        (*_SESSION_VERSION, "record_template"),
        repeatable=False,
        known=False,
    ),
    Endpoint(
        "split_recording",
        17,
        "playback/splitPlayback",
        ("room_id", "length_per_segment"),
        _SESSION,
        repeatable=False,
        known=False,
    ),
    Endpoint("class_times", 18, "playback/getClassTimeNode", _RECORDING, _SESSION, get=True, reads=True, known=False),
    Endpoint(
        "generate_recorded_video",
        19,
        "playback/generateRecordVideo",
        _RECORDING,
        repeatable=False,
        known=False,
    ),
    Endpoint(
        "recorded_video_url",
        20,
        "playback/getRecordVideoUrl",
        _RECORDING,
        _SESSION_VERSION,
        reads=True,
        known=False,
    ),
    Endpoint(
        "mark_points", 21, "playback/getMarkPoints", _RECORDING, _SESSION_VERSION, get=True, reads=True, known=False
    ),
    Endpoint(
        "remove_chat",
        22,
        "playback/deleteChat",
        _RECORDING,
        (*_SESSION_VERSION, "delete_json", "delete_user_number", "delete_start_time", "delete_end_time"),
        get=True,
        repeatable=False,
        known=False,
    ),
    Endpoint(
        "add_recording_members",
        23,
        "playback/addWhiteUser",
        ("room_id", "user_ids"),
        _SESSION,
        get=True,
        known=False,
    ),
    Endpoint(
        "remove_recording_members",
        24,
        "playback/removeWhiteUser",
        ("room_id", "user_ids"),
        _SESSION,
        get=True,
        repeatable=False,
        known=False,
    ),
    Endpoint(
        "list_recording_members",
        25,
        "playback/getWhiteUserList",
        _RECORDING,
        ("session_id", *_PAGE),
        get=True,
        reads=True,
        known=False,
    ),
    Endpoint("add_room_members", 26, "room/addWhiteUser", ("room_id", "user_ids"), get=True, known=False),
    Endpoint("list_room_members", 27, "room/getWhiteUserList", _RECORDING, _PAGE, get=True, reads=True, known=False),
    Endpoint(
        "remove_room_members",
        28,
        "room/removeWhiteUser",
        ("room_id", "user_ids"),
        get=True,
        repeatable=False,
        known=False,
    ),
    Endpoint("expiry", 29, "playback/getExpire", ("product_type", "video_ids"), get=True, reads=True, known=False),
    Endpoint("set_valid_days", 30, "playback/setValidDay", ("product_type", "video_ids", "valid_day"), known=False),
    Endpoint("convert_status", 31, "playback/getConvertStatus", _RECORDING, _SESSION, reads=True, known=False),
    Endpoint("set_mark_points", 32, "playback/setMarkPoints", ("room_id", "content"), _SESSION_VERSION, known=False),
    Endpoint("one_time_token", 33, "playback/getLimitedToken", _RECORDING, _SESSION, reads=True, known=False),
    Endpoint("page_turns", 34, "playback/getPageTurns", _RECORDING, _SESSION, get=True, reads=True, known=False),
    Endpoint(
        "crop_recording",
        35,
        "playback/batchCrop",
        ("room_id", "crop_info"),
        _SESSION,
        get=True,
        repeatable=False,
        known=False,
    ),
    Endpoint("set_expire_times", 36, "playback/batchSetExpireTime", ("data",), known=False),
    Endpoint(
        "account_watch_records",
        37,
        "video_data/exportPlaybackReportBatch",
        ("start_time", "end_time"),
        ("search_time_type", *_PAGE),
        reads=True,
        known=False,
    ),
    Endpoint(
        "render_merged",
        38,
        "playback/mixedPlaybackToVideo",
        ("mixed_playback_id",),
        repeatable=False,
        known=False,
    ),
    Endpoint("merged_video", 39, "playback/getMixedPlaybackVideo", ("mixed_playback_id",), reads=True, known=False),
    Endpoint("list_rooms", None, "room/list", (), ("page", "limit", "product_type"), reads=True),
    Endpoint("room_info", None, "room/info", _RECORDING, reads=True),
    Endpoint(
        "create_room",
        None,
        "room/create",
        ("title", "start_time", "end_time"),
        ("type", "max_users", "is_long_term"),
        repeatable=False,
    ),
    Endpoint("set_callback_url", None, "video_account/setTranscodeCallbackUrl", ("url",)),
    Endpoint("callback_url", None, "video_account/getTranscodeCallbackUrl", reads=True),
    Endpoint("create_key", None, "partner/createkey", ("secret_key",), ("regenerate",), repeatable=False),
)


class Endpoints(Mapping[str, Endpoint]):
    """The table, by name. Immutable; :meth:`with_overrides` makes another one."""

    def __init__(self, rows: tuple[Endpoint, ...] = _ROWS) -> None:
        self._rows = {row.name: row for row in rows}

    def __getitem__(self, name: str) -> Endpoint:
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def with_overrides(self, paths: Mapping[str, str]) -> Endpoints:
        """The same table with other paths (setting ``BAIJIAYUN_PATHS``: name → path below ``/openapi/``).

        Raises ``ValueError`` that names every unknown call or unusable path, so that a typing error is found at the
        start and not by a refused call.
        """
        wrong = [f"unknown call {name!r}" for name in paths if name not in self._rows]
        wrong += [f"{name}: {path!r} is not a path" for name, path in paths.items() if not _is_path(path)]
        if wrong:
            raise ValueError("; ".join(wrong))
        return Endpoints(
            tuple(
                replace(row, path=paths[name].strip("/"), overridden=True) if name in paths else row
                for name, row in self._rows.items()
            )
        )


def _is_path(path: object) -> bool:
    if not isinstance(path, str):
        return False
    stripped = path.strip("/")
    return bool(stripped) and all(c.isascii() and (c.isalnum() or c in "_-./") for c in stripped) and ".." not in path


ENDPOINTS = Endpoints()
