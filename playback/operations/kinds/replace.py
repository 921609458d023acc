"""Replace a version's video: by another recording's (call 14, type 1) or by a VOD video (call 15).

The vendor has no way back, so the plan names the video that goes, the person types the number of recordings, and what
the plan showed is looked at again right before the call. Neither call is ever sent twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from playback.models import Recording, TrashEntry
from playback.vendor.client import VendorClient
from playback.vendor.codes import RecordingStatus, ReplaceType

from ..base import (
    FILM,
    Answer,
    Attachment,
    Facts,
    OperationInvalid,
    OperationKind,
    Planned,
    Refusal,
    Shows,
    Skipped,
    Target,
)
from ..marks import format_offset
from ..reasons import Reason, reason
from ..registry import register
from . import given, looking, source

_BUSY = {RecordingStatus.GENERATING: "generating", RecordingStatus.TRANSCODING: "transcoding"}


class _Replacement(OperationKind):
    """One version gets another video. A recording that failed is the usual patient, so it need not be ready."""

    permission = "playback.replace_recording"
    group = "versions"
    only_one = True
    destructive = True
    takes_trashed = False
    needs_versions = True
    calls = 2
    fields: ClassVar[Mapping[str, Any]] = {"video": _("video"), "main": _("main version")}

    def clean_target(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        version = given.number(parameters, "target_version")
        return {"target_version": version, "main": given.switch(parameters, "main")}

    def plan_over(
        self, facts: Facts, parameters: Mapping[str, Any], number: int | None, new: dict[str, Any]
    ) -> Planned | Skipped:
        """``number`` is the version that is overwritten, ``new`` what takes its place."""
        if facts.held_at is not None:
            return Skipped(reason("on_hold"))
        if number is None or number not in facts.versions:
            return Skipped(reason("no_version_to_replace"))
        present = facts.versions[number]
        if present.status in _BUSY:
            return Skipped(reason(_BUSY[RecordingStatus(present.status)]))
        if TrashEntry.objects.filter(recording=facts.id, version=number, ended_at=None).exists():
            return Skipped(reason("target_version_in_trash"))
        old = {"version": number, "video_id": present.video_id or None, "length": present.length or None}
        change: dict[str, list[Any]] = {"video": [old, new]}
        if parameters["main"] and number != facts.main_version:
            change["main"] = [facts.main_version, number]
        seen = number == facts.main_version or "main" in change
        before = {"main_version": facts.main_version}
        return Planned(change, before, reason("viewers_get_it") if seen else None)

    def plan_notes(self, planned: Sequence[Planned]) -> list[Reason]:
        return [reason("replaced_for_ever")] if planned else []

    def apply(self, client: VendorClient, target: Target) -> Answer:
        old = target.change["video"][0]
        if target.recording.held_at is not None:
            return Refusal(reason("on_hold"))
        with looking.before_the_call():
            now = looking.video(client, target.key, old["version"], target.before["main_version"])
        if now is None or now.is_other_than(old):
            return Refusal(reason("replaced_meanwhile"))
        self.send(client, target, old["version"])
        return None

    def send(self, client: VendorClient, target: Target, version: int) -> None:
        raise NotImplementedError

    def settle(self, client: VendorClient, target: Target) -> bool:
        old = target.change["video"][0]
        now = looking.video(client, target.key, old["version"], target.before["main_version"])
        return now is not None and now.is_other_than(old)

    def shows(self, change: Mapping[str, Sequence[Any]]) -> Shows:
        return {(None, "main_version"): change["main"][1]} if "main" in change else {}

    def touches(self, change: Mapping[str, Sequence[Any]]) -> frozenset[str]:
        return FILM | {"name"} if "main" in change else FILM

    def offered(self, recording: Recording) -> bool:
        return recording.status not in _BUSY and recording.held_at is None

    def show(self, name: str, value: Any) -> str:
        if name == "video" and isinstance(value, Mapping):
            return told(value)
        return super().show(name, value)


def told(video: Mapping[str, Any]) -> str:
    """A video as a person recognises it: whose it is, how long, its number."""
    parts = [video["name"]] if video.get("name") else []
    if "room_id" in video:
        parts.append(f"{video['room_id']}-{video['session_id']}" if video["session_id"] else str(video["room_id"]))
    if video.get("version") is not None:
        parts.append(_now("version %(number)s") % {"number": video["version"]})
    if video.get("length"):
        parts.append(format_offset(video["length"]))
    if video.get("video_id"):
        parts.append(_now("video %(number)s") % {"number": video["video_id"]})
    return " · ".join(parts) or "–"


@register
class Replace(_Replacement):
    """Parameters: ``source`` and ``source_version`` (see ``source``), ``target_version`` (none: the main one),
    ``main`` (make it the main version)."""

    kind = "replace"
    title = _("Replace by another recording")
    verb = _("Replace by another recording")
    will = _("will get another video; the present one is lost")
    call = "replace_recording"
    rank = 60
    icon = "swap_horiz"
    sentences: ClassVar[Mapping[str, Any]] = {
        **source.SENTENCES,
        "no_version_to_replace": _("The version to replace is not known here: refresh the recording first."),
        "target_version_in_trash": _("The version to replace is in the trash."),
        "viewers_get_it": _("Viewers get the new video by default, as soon as it is done."),
        "replaced_for_ever": _(
            "The present video of this version is lost: the vendor cannot bring it back, and there is no undo. "
            "Its video id stays in the report."
        ),
        "replaced_meanwhile": _("Its video is another one than the plan showed. Nothing was changed: plan it again."),
    }

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        return {**source.clean(parameters), **self.clean_target(parameters)}, None

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        found = source.find(parameters)
        if not isinstance(found, source.Source):
            return Skipped(found)
        over = parameters["target_version"]
        over = facts.main_version if over is None else over
        if found.recording.pk == facts.id and found.version == over:
            return Skipped(reason("source_is_target"))
        return self.plan_over(facts, parameters, over, found.facts)

    def send(self, client: VendorClient, target: Target, version: int) -> None:
        new = target.change["video"][1]
        client.replace_recording(
            type=ReplaceType.REPLACE,
            source_room_id=new["room_id"],
            source_session_id=new["session_id"],
            source_version=new["version"],
            is_replace_main="main" in target.change,
            target_room_id=target.recording.room_id,
            target_session_id=target.recording.session_id,
            target_version=version,
        )


@register
class ReplaceByVideo(_Replacement):
    """Parameters: ``video_id`` (of the vendor's VOD service), ``target_version``, ``main``. Nothing here knows the VOD
    videos: whether there is such a one, the vendor says."""

    kind = "replace_by_video"
    title = _("Replace by a VOD video")
    verb = _("Replace by a VOD video")
    will = _("will get another video; the present one is lost")
    call = "replace_by_video"
    rank = 62
    icon = "video_file"

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        video_id = given.number(parameters, "video_id", least=1)
        if video_id is None:
            raise OperationInvalid({"video_id": _now("Give the id of a VOD video.")})
        return {"video_id": video_id, **self.clean_target(parameters)}, None

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        over = parameters["target_version"]
        over = facts.main_version if over is None else over
        present = facts.versions.get(over) if over is not None else None
        if present is not None and present.video_id == parameters["video_id"]:
            return Skipped(reason("source_is_target"))
        return self.plan_over(facts, parameters, over, {"video_id": parameters["video_id"]})

    def send(self, client: VendorClient, target: Target, version: int) -> None:
        client.replace_by_video(
            video_id=target.change["video"][1]["video_id"],
            is_replace_main="main" in target.change,
            target_room_id=target.recording.room_id,
            target_session_id=target.recording.session_id,
            target_version=version,
        )
