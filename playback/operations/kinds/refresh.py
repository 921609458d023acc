"""Refresh from the vendor (calls 1 and 10): reads only, so doing it again is how it is settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from playback.sync.single import refresh_recording
from playback.vendor.client import VendorClient

from ..base import Facts, OperationKind, Planned, Skipped, Target
from ..reasons import Reason, reason
from ..registry import register


@register
class Refresh(OperationKind):
    """Also for a recording that was marked as gone: it may have come back."""

    kind = "refresh"
    title = _("Refresh recordings from the vendor")
    verb = _("Refresh")
    will = _("will be read again")
    permission = "playback.refresh_recording"
    call = "recording_info"
    group = "main"
    takes_object = True
    rank = 30
    icon = "refresh"
    takes_gone = True
    refreshes = False
    settled = "settled_read"

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        return Planned({}, {})

    def apply(self, client: VendorClient, target: Target) -> Reason | None:
        recording = refresh_recording(client, target.recording)
        return reason("now_gone") if recording.gone_at is not None else None

    def settle(self, client: VendorClient, target: Target) -> bool:
        self.apply(client, target)
        return True
