"""Add another recording's video (call 14, type 2): as a new version of this one, or as a new session of its room.

Nothing is overwritten. The call is never sent twice: what it made is found by comparing with what there was before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from playback.models import Recording, Room
from playback.sync import arrival, lookup
from playback.vendor.client import VendorClient
from playback.vendor.codes import ReplaceType
from playback.vendor.errors import VendorError

from ..base import (
    FILM,
    NO_FIELDS,
    Answer,
    Attachment,
    Facts,
    OperationInvalid,
    OperationKind,
    Planned,
    Refusal,
    Skipped,
    Target,
)
from ..reasons import from_vendor, reason
from ..registry import register
from . import given, looking, source
from .replace import told

_SESSION = re.compile(r"(\d{4})(\d{2})(\d{2})(\d)")
_SAME_LENGTH = 5  # s; the vendor may round a copy's length otherwise


@register
class AddVersion(OperationKind):
    """Parameters: ``source`` and ``source_version`` (see ``source``); ``session_id``: a new session of the long-term
    room with this id, none: a new version; ``main``: make the new version the main one."""

    kind = "add_version"
    title = _("Add another recording as a version or session")
    verb = _("Add another recording")
    will = _("will get another recording's video beside its own")
    permission = "playback.replace_recording"
    call = "replace_recording"
    group = "versions"
    rank = 61
    icon = "library_add"
    only_one = True
    takes_trashed = False
    needs_versions = True
    calls = 2
    fields: ClassVar[Mapping[str, Any]] = {
        "added": _("new version"),
        "session": _("new session"),
        "video": _("video"),
        "main": _("main version"),
    }
    sentences: ClassVar[Mapping[str, Any]] = {
        "not_long_term": _("Only a long-term room takes a new session."),
        "session_there": _("The room already has a session with this id."),
        "versions_meanwhile": _("It has other versions than the plan knew. Nothing was changed: plan it again."),
    }

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        cleaned = {**source.clean(parameters), "main": given.switch(parameters, "main"), "session_id": None}
        wanted = str(parameters.get("session_id") or "").strip()
        if wanted:
            cleaned["session_id"] = _session(wanted)
            if cleaned["main"]:
                raise OperationInvalid({"main": _now("A new session has one version only, and that is its main one.")})
        return cleaned, None

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        found = source.find(parameters)
        if not isinstance(found, source.Source):
            return Skipped(found)
        if parameters["session_id"] is not None:
            return self._plan_session(facts, parameters["session_id"], found)
        if found.recording.pk == facts.id:
            return Skipped(reason("source_is_target"))
        change: dict[str, list[Any]] = {"added": [None, found.facts]}
        if parameters["main"]:
            change["main"] = [facts.main_version, "new"]
        note = reason("viewers_get_it") if parameters["main"] else None
        return Planned(change, {"versions": sorted(facts.versions)}, note)

    def _plan_session(self, facts: Facts, session: int, found: source.Source) -> Planned | Skipped:
        if not Room.objects.filter(room_id=facts.room_id, is_long_term=True).exists():
            return Skipped(reason("not_long_term"))
        if Recording.objects.filter(room_id=facts.room_id, session_id=session, gone_at=None).exists():
            return Skipped(reason("session_there"))
        return Planned({"session": [None, session], "video": [None, found.facts]}, {})

    def apply(self, client: VendorClient, target: Target) -> Answer:
        session = target.change["session"][1] if "session" in target.change else None
        with looking.before_the_call():
            if session is None:
                if sorted(looking.videos(client, target.key)) != target.before["versions"]:
                    return Refusal(reason("versions_meanwhile"))
            elif lookup.recording_info(client, target.recording.room_id, session) is not None:
                return Refusal(reason("session_there"))
        new = target.change["added" if session is None else "video"][1]
        client.replace_recording(
            type=ReplaceType.ADD_VERSION,
            source_room_id=new["room_id"],
            source_session_id=new["session_id"],
            source_version=new["version"],
            is_replace_main="main" in target.change if session is None else None,
            target_room_id=target.recording.room_id,
            target_session_id=target.recording.session_id if session is None else session,
        )
        return _stored(client, target, session)

    def settle(self, client: VendorClient, target: Target) -> bool:
        if "session" in target.change:
            session = target.change["session"][1]
            if lookup.recording_info(client, target.recording.room_id, session) is None:
                return False
            _stored(client, target, session)
            return True
        length = target.change["added"][1]["length"]
        new = [
            video
            for number, video in looking.videos(client, target.key).items()
            if number not in target.before["versions"]
        ]
        return any(not length or video.length is None or abs(video.length - length) <= _SAME_LENGTH for video in new)

    def touches(self, change: Mapping[str, Sequence[Any]]) -> frozenset[str]:
        return FILM | {"name", "main_version"} if "main" in change else NO_FIELDS

    def describe(self, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        return [(_now("Source"), parameters["source"])]

    def show(self, name: str, value: Any) -> str:
        if isinstance(value, Mapping):
            return told(value)
        if name == "main" and value == "new":
            return _now("the new version")
        return super().show(name, value)


def _session(text: str) -> int:
    found = _SESSION.fullmatch(text)
    try:
        if found is None or not text.isascii():
            raise ValueError
        date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise OperationInvalid(
            {"session_id": _now("A session id is the day (8 digits, like 20240301) and one more digit.")}
        ) from None
    return int(text)


def _stored(client: VendorClient, target: Target, session: int | None) -> Any:
    """A new session is a recording of its own; that it cannot be read now changes nothing about what was done."""
    if session is None:
        return None
    try:
        arrival.store_recording(client, target.recording.room_id, session, target.recording.product_type)
    except VendorError as error:
        return from_vendor("not_refreshed", error)
    return None
