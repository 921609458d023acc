"""What a callback (CB1, CB2, CB3) tells, read out of its form fields: all of them text."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from .reading import Reader, RowError
from .values import Small


class Told(Struct, frozen=True):
    """CB1 and CB2 have a ``status``, CB3 a ``version_type``; ``from_playback`` makes a CB2 of it: then ``video_id`` is
    the rendered plain video. ``version`` is None where the callback does not say."""

    room_id: int
    session_id: int = 0
    version: Small | None = None
    video_id: int | None = None
    status: Small | None = None
    version_type: Small | None = None
    total_size: int | None = None
    total_transcode_size: int | None = None
    length: Small | None = None
    cover_url: str = field(default="", name="preface_url")
    definitions: str = field(default="", name="now_definition")
    from_playback: bool = field(default=False, name="is_from_playback")


TOLD = Reader(Told)


def told(fields: Mapping[str, str]) -> tuple[Told | None, dict[str, str]]:
    """What could be read, and what is wrong with the rest. An odd field is left out: the vendor can be asked about the
    recording all the same. None where it does not say which recording."""
    try:
        return TOLD.read(dict(fields)), {}
    except RowError as error:
        wrong = error.fields
    try:
        return TOLD.read({name: value for name, value in fields.items() if name not in wrong}), wrong
    except RowError:
        return None, wrong
