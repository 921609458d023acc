"""The recording whose video goes into another one (call 14): which it is, and whether it can be taken.

Looked up again whenever a plan is made: between the form and the confirmation it may be deleted, trashed or replaced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from playback.models import WHOLE, Recording, TrashEntry
from playback.vendor.codes import RecordingStatus

from .. import reasons
from ..base import OperationInvalid
from ..reasons import Reason, reason
from . import given

SENTENCES = {
    "source_unknown": _("The source is not known here."),
    "source_gone": _("The vendor no longer has the source."),
    "source_in_trash": _("The source is in the trash."),
    "source_no_version": _("The source has no such version."),
    "source_not_ready": _("The source is not ready: there is no video to take yet."),
    "source_is_target": _("The source is this very recording."),
}
_KEY = re.compile(r"(\d{1,19})(?:-(\d{1,19}))?")


class Source(NamedTuple):
    """A version that can be taken; ``version`` is None where nobody told us which one is main."""

    recording: Recording
    version: int | None
    video_id: int | None
    length: int | None

    @property
    def facts(self) -> dict[str, Any]:
        """For an item's ``change``: what the call needs, and what a person sees of it."""
        return {
            "room_id": self.recording.room_id,
            "session_id": self.recording.session_id,
            "name": self.recording.name[:80],
            "version": self.version,
            "video_id": self.video_id,
            "length": self.length,
        }


def clean(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """``source`` (``room_id`` or ``room_id-session_id``) and ``source_version`` (none: the main one), as they are
    stored. Raises :class:`OperationInvalid`."""
    text = str(parameters.get("source") or "").strip()
    key = _KEY.fullmatch(text)
    if key is None or int(key[1]) > given.LARGEST or int(key[2] or 0) > given.LARGEST:
        raise OperationInvalid(
            {"source": _now("Name the source: its room id, or its room id, a hyphen and its session id.")}
        )
    cleaned = {"source": f"{int(key[1])}-{int(key[2])}" if int(key[2] or 0) else str(int(key[1]))}
    version = given.number(parameters, "source_version")
    stored = {**cleaned, "source_version": version}
    found = find(stored)
    if not isinstance(found, Source):
        raise OperationInvalid({"source": reasons.text(found)})
    return stored


def find(parameters: Mapping[str, Any]) -> Source | Reason:
    """The source as the mirror has it now, or why it cannot be taken."""
    room, _hyphen, session = parameters["source"].partition("-")
    recording = Recording.objects.filter(room_id=int(room), session_id=int(session or 0)).first()
    if recording is None:
        return reason("source_unknown")
    if recording.gone_at is not None:
        return reason("source_gone")
    number = parameters["source_version"]
    if number is None:
        number = recording.main_version
    if TrashEntry.objects.filter(recording=recording, ended_at=None, version__in=[WHOLE, number]).exists():
        return reason("source_in_trash")
    film: Any = recording.versions.filter(version=number, gone_at=None).first()
    if film is None and number == recording.main_version:
        film = recording  # its versions were not read yet: its own facts are the main one's
    if film is None:
        return reason("source_no_version")
    if film.status != RecordingStatus.READY:
        return reason("source_not_ready")
    return Source(recording, number, film.video_id, film.length)
