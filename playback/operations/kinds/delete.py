"""Delete at the vendor (call 8). There is no way back, and the call is never sent twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from playback.sync import lookup
from playback.vendor.client import VendorClient
from playback.vendor.errors import VendorRefused

from ..base import Facts, OperationKind, Planned, Skipped, Target
from ..reasons import Reason
from ..registry import register


@register
class Delete(OperationKind):
    """The recording goes with all of its versions; the plan says how many those are, as far as the mirror knows."""

    kind = "delete"
    title = _("Delete recordings at the vendor")
    verb = _("Delete")
    will = _("will be deleted for ever, with all versions")
    permission = "playback.remove_recording"
    call = "delete_recording"
    destructive = True
    counts_versions = True
    group = "main"
    rank = 90
    icon = "delete_forever"
    settled = "settled_gone"
    fields = {"versions": _("versions")}

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        before = {"name": facts.name, "publish_status": facts.publish_status, "versions": facts.version_count}
        return Planned({"versions": [max(facts.version_count, 1), 0]}, before)

    def apply(self, client: VendorClient, target: Target) -> Reason | None:
        client.delete_recording(**target.key)
        return None

    def settle(self, client: VendorClient, target: Target) -> bool:
        """Gone is what the vendor calls gone, or refuses to tell about and no longer lists."""
        try:
            return lookup.recording_info(client, **target.key) is None
        except VendorRefused as refused:
            if refused.code in lookup.UNSAID:  # refused, and still listed
                return False
            raise
