"""Render a merge (合并回放, made in the vendor's console) to one video (call 38), and fetch what it became (call 39).

No call tells whether a rendering has begun: call 39 has the video once it is ready and refuses before. So the file's
id that is known before the call is what a new video is told from, and a lost answer stays unknown until one appears:
call 38 is never sent twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from playback.models import Merge, Operation, OperationItem
from playback.vendor.client import VendorClient
from playback.vendor.codes import ErrorCode
from playback.vendor.errors import VendorGone, VendorMisconfigured, VendorOutcomeUnknown, VendorRefused
from playback.vendor.results import MergedVideo

from ..base import Answer, Attachment, OperationInvalid, OperationKind, Planned, Refusal, Target, Working
from ..reasons import reason
from ..registry import register
from . import given, looking

LONGEST_NOTE = 200
_Outcome = OperationItem.Outcome


@register
class RenderMerged(OperationKind):
    """Parameters: ``mixed_playback_id``, and a ``note`` that says what it is."""

    kind = "render_merged"
    title = _("Render a merge")
    verb = _("Render the merge")
    will = _("will be rendered to one video")
    permission = "playback.replace_recording"
    call = "render_merged"
    targetless = True
    in_background = True
    poll_seconds = 15.0
    refreshes = False
    calls = 2
    icon = "merge"
    fields: ClassVar[Mapping[str, Any]] = {"video": _("video file")}
    sentences: ClassVar[Mapping[str, Any]] = {
        "merge_rendered_before": _("It was rendered before; a new video is made."),
        "merge_was_ready": _("The vendor had a video of it already that was not known here: nothing was rendered."),
    }

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        number = given.number(parameters, "mixed_playback_id", least=1)
        if number is None:
            raise OperationInvalid(
                {"mixed_playback_id": _now("Give the id of the merge, as the vendor's console has it.")}
            )
        note = str(parameters.get("note") or "").strip()
        if len(note) > LONGEST_NOTE or not note.isprintable():
            raise OperationInvalid(
                {"note": _now("At most %(limit)s characters on one line.") % {"limit": LONGEST_NOTE}}
            )
        if _is_under_way(number):
            raise OperationInvalid({"mixed_playback_id": _now("This merge is being rendered already.")})
        return {"mixed_playback_id": number, "note": note}, None

    def plan_alone(self, parameters: Mapping[str, Any]) -> tuple[str, Planned]:
        number = parameters["mixed_playback_id"]
        known = Merge.objects.filter(mixed_playback_id=number).first()
        fid = known.fid if known else None
        note = parameters["note"]  # the parameters' alone: a retry finds its items by their labels
        planned = Planned({"video": [fid, "new"]}, {"fid": fid}, reason("merge_rendered_before") if fid else None)
        return f"{number} ({note})" if note else str(number), planned

    def apply(self, client: VendorClient, target: Target) -> Answer:
        number = target.parameters["mixed_playback_id"]
        with looking.before_the_call():
            video = ready(client, number)
        if video is not None and video.fid != target.before["fid"]:
            _asked(target)
            _store(target, video)
            return reason("merge_was_ready")
        client.render_merged(number)
        _asked(target)
        return Working()

    def settle(self, client: VendorClient, target: Target) -> bool:
        video = ready(client, target.parameters["mixed_playback_id"])
        former = target.before["fid"]
        if video is not None and video.fid != former:
            _asked(target)
            return True
        if video is None and former is not None:
            _asked(target)
            return True  # the former video is gone, which is what a new one begins with
        if video is None:
            raise VendorOutcomeUnknown(call="merged_video", why="no video yet, which tells nothing")
        return False

    def finished(self, client: VendorClient, target: Target) -> bool | Refusal:
        video = ready(client, target.parameters["mixed_playback_id"])
        if video is None or video.fid == target.before["fid"]:
            return False
        _store(target, video)
        return True

    def describe(self, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        told = [(_now("Merge id"), str(parameters["mixed_playback_id"]))]
        if parameters.get("note"):
            told.append((_now("Note"), parameters["note"]))
        return told

    def show(self, name: str, value: Any) -> str:
        if value is None:
            return _now("none")
        return _now("a new one") if value == "new" else str(value)


def ready(client: VendorClient, number: int) -> MergedVideo | None:
    """The merge's video; None until there is one. Raises the client's other errors."""
    try:
        video = client.merged_video(number)
    except (VendorGone, VendorMisconfigured):
        raise
    except VendorRefused as error:
        if error.code != ErrorCode.FAILED:
            raise
        return None
    return video if video.play_info else None


def _is_under_way(number: int) -> bool:
    """By an operation of ours. One whose answer is lost does not count: whether to ask again, a person decides."""
    going = [Operation.State.QUEUED, Operation.State.RUNNING, Operation.State.PAUSED]
    return OperationItem.objects.filter(
        operation__kind=RenderMerged.kind,
        operation__state__in=going,
        operation__parameters__mixed_playback_id=number,
        outcome__in=[_Outcome.PLANNED, _Outcome.RUNNING, _Outcome.WORKING],
        finished_at=None,
    ).exists()


def _asked(target: Target) -> None:
    facts: dict[str, Any] = {
        "asked_at": target.begun_at or timezone.now(),
        "asked_by_id": target.user_id,
        "operation_id": target.operation_id,
        "ready_at": None,
    }
    if target.parameters["note"]:
        facts["note"] = target.parameters["note"]
    Merge.objects.update_or_create(mixed_playback_id=target.parameters["mixed_playback_id"], defaults=facts)


def _store(target: Target, video: MergedVideo) -> None:
    """What the video is; never where: its addresses are signed."""
    videos = [
        {"definition": name, "length": info.duration, "size": info.size, "width": info.width, "height": info.height}
        for name, info in sorted(video.play_info.items())
    ]
    facts = {"ready_at": timezone.now(), "fid": video.fid, "videos": videos}
    Merge.objects.update_or_create(mixed_playback_id=target.parameters["mixed_playback_id"], defaults=facts)
