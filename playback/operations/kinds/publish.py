"""Publish and block (call 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from playback.models import PUBLISH_STATUSES, WHOLE, Recording
from playback.vendor.client import VendorClient
from playback.vendor.codes import PublishStatus, RecordingStatus

from ..base import Facts, OperationKind, Planned, Shows, Skipped, Target
from ..reasons import Reason, reason
from ..registry import register

NOT_READY = {
    RecordingStatus.NOT_RECORDED: "not_recorded",
    RecordingStatus.GENERATING: "generating",
    RecordingStatus.TRANSCODING: "transcoding",
    RecordingStatus.FAILED: "transcoding_failed",
}


class _SetPublishStatus(OperationKind):
    """A recording has a publish state once its transcoding succeeded: then it is published by default."""

    call = "set_publish_status"
    fields = {"publish_status": _("publish state")}
    group = "main"
    takes_object = True
    undoable = True
    takes_trashed = False
    wanted: ClassVar[PublishStatus]
    already: ClassVar[str]

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        if facts.status in NOT_READY:
            return Skipped(reason(NOT_READY[RecordingStatus(facts.status)]))
        if facts.publish_status == self.wanted:
            return Skipped(reason(self.already))
        return Planned(
            {"publish_status": [facts.publish_status, self.wanted.value]}, {"publish_status": facts.publish_status}
        )

    def apply(self, client: VendorClient, target: Target) -> Reason | None:
        client.set_publish_status(**target.key, status=target.change["publish_status"][1])
        return None

    def settle(self, client: VendorClient, target: Target) -> bool:
        return client.recording_info(**target.key).publish_status == target.change["publish_status"][1]

    def shows(self, change: Mapping[str, Sequence[Any]]) -> Shows:
        return {(None, "publish_status"): change["publish_status"][1]}

    def offered(self, recording: Recording) -> bool:
        return recording.is_ready and recording.publish_status != self.wanted and WHOLE not in recording.open_trash

    def show(self, name: str, value: Any) -> str:
        return str(dict(PUBLISH_STATUSES).get(value, "–" if value is None else value))


@register
class Publish(_SetPublishStatus):
    kind = "publish"
    title = _("Publish recordings")
    verb = _("Publish")
    will = _("will be published")
    permission = "playback.publish_recording"
    undo_permission = "playback.block_recording"
    rank = 10
    icon = "visibility"
    wanted = PublishStatus.PUBLISHED
    already = "already_published"


@register
class Block(_SetPublishStatus):
    kind = "block"
    title = _("Block recordings")
    verb = _("Block")
    will = _("will be blocked")
    permission = "playback.block_recording"
    undo_permission = "playback.publish_recording"
    rank = 11
    icon = "visibility_off"
    wanted = PublishStatus.BLOCKED
    already = "already_blocked"
