"""The versions as the vendor has them now (calls 10 and 1), in the place of the mirror's; only when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from playback.models import Recording
from playback.vendor.errors import VendorGone

from .. import version_table
from . import Panel, register


@register
class Versions(Panel):
    """Not one of the page's own panels: the table of versions has a button for it."""

    name = "versions"
    title = _("Versions")
    template = "playback/panels/versions.html"

    def offered(self, recording: Recording) -> bool:
        return False

    def load(self, request: HttpRequest, recording: Recording) -> Mapping[str, Any]:
        client = self.client()
        key = {"room_id": recording.room_id, "session_id": recording.session_id}
        info = client.recording_info(**key)
        pages = list(client.pages(client.list_versions, **key))
        rows = [row for page in pages for row in page.rows]
        if not any(page.size for page in pages):
            raise VendorGone(call="list_versions")
        lines = version_table.of_vendor(rows, info, recording)
        return {
            "versions": lines,
            "unreadable": sum(page.size for page in pages) - len(lines),
            "differs": version_table.differ(lines, recording),
            **actions_context(request, recording),
        }

    def without_vendor(self, request: HttpRequest, recording: Recording) -> Mapping[str, Any]:
        return {"versions": version_table.of_mirror(recording), **actions_context(request, recording)}


def actions_context(request: HttpRequest, recording: Recording) -> dict[str, Any]:
    """What the table's buttons need."""

    def operate(kind: str) -> str:
        return reverse("admin:playback_recording_operate", args=[recording.pk, kind])

    live = recording.gone_at is None
    return {
        "main_url": operate("set_main") if live and request.user.has_perm("playback.choose_version") else "",
        "refresh_url": operate("refresh") if request.user.has_perm("playback.refresh_recording") else "",
    }
