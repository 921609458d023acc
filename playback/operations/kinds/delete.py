"""Delete at the vendor (call 8). There is no way back, and the call is never sent twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from playback.models import WHOLE, Recording
from playback.sync import lookup
from playback.vendor.client import VendorClient
from playback.vendor.codes import PublishStatus
from playback.vendor.errors import VendorRefused

from .. import trash
from ..base import Attachment, Facts, OperationKind, Planned, Refusal, Shows, Skipped, Target
from ..reasons import Reason, reason
from ..registry import register
from . import watched


@register
class Delete(OperationKind):
    """The recording goes with all of its versions; the plan says how many those are, as far as the mirror knows.

    Parameter: ``due``, for what the trash gives up because its date has come. Nobody looks at that any more, so the
    vendor is asked first: what was restored, held or published since is left alone.
    """

    kind = "delete"
    title = _("Delete recordings at the vendor")
    verb = _("Delete")
    will = _("will be deleted for ever, with all versions")
    permission = "playback.remove_recording"
    call = "delete_recording"
    destructive = True
    counts_versions = True
    group = "main"
    takes_object = True
    rank = 90
    icon = "delete_forever"
    settled = "settled_gone"
    fields = {"versions": _("number of versions")}
    sentences = {
        "published_since": _("It was published at the vendor since it was put into the trash. It was not deleted."),
        "restored_since": _("It was restored from the trash meanwhile. It was not deleted."),
    }

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        return ({"due": True} if parameters.get("due") else {}), None

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        if facts.held_at is not None:
            return Skipped(reason("on_hold"))
        before = {"name": facts.name, "publish_status": facts.publish_status, "versions": facts.version_count}
        return Planned({"versions": [max(facts.version_count, 1), 0]}, before, watched.note(facts))

    def plan_notes(self, planned: Sequence[Planned]) -> list[Reason]:
        return watched.notes(planned)

    def apply(self, client: VendorClient, target: Target) -> Reason | Refusal | None:
        if target.recording.held_at is not None:
            return Refusal(reason("on_hold"))
        if target.parameters.get("due") and (why := self._objection(client, target)) is not None:
            return Refusal(why)
        client.delete_recording(**target.key)
        return None

    def _objection(self, client: VendorClient, target: Target) -> Reason | None:
        if not trash.is_open(target.recording, WHOLE):
            return reason("restored_since")
        info = lookup.recording_info(client, **target.key)
        if info is None:
            return reason("gone")
        return reason("published_since") if info.publish_status == PublishStatus.PUBLISHED else None

    def settle(self, client: VendorClient, target: Target) -> bool:
        """Gone is what the vendor calls gone, or refuses to tell about and no longer lists."""
        try:
            return lookup.recording_info(client, **target.key) is None
        except VendorRefused as refused:
            if refused.code in lookup.UNSAID:  # refused, and still listed
                return False
            raise

    def ended(self, target: Target) -> None:
        trash.deleted(target.recording, WHOLE)

    def shows(self, change: Mapping[str, Sequence[Any]]) -> Shows:
        return {(None, "gone"): True}

    def offered(self, recording: Recording) -> bool:
        return recording.held_at is None
