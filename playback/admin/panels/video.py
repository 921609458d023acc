"""Plain videos of a recording: how far rendering is (call 31), and the recorded video's address (call 20)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from playback import display
from playback.models import Recording
from playback.operations.kinds.render_video import STATES, UNDER_WAY
from playback.vendor.codes import ConvertStatus, ErrorCode
from playback.vendor.errors import VendorError

from .. import addresses
from ..forms.replace import versions_of
from . import Panel, register

LIVES = timedelta(hours=2)  # the vendor's
_LOOKS: Mapping[int, tuple[str, str]] = {
    ConvertStatus.NOT_STARTED: ("neutral", "radio_button_unchecked"),
    ConvertStatus.QUEUED: ("info", "hourglass_top"),
    ConvertStatus.RUNNING: ("info", "sync"),
    ConvertStatus.DONE: ("success", "check_circle"),
    ConvertStatus.FAILED: ("danger", "error"),
}


@register
class Video(Panel):
    name = "video"
    title = _("Plain video")
    template = "playback/panels/video.html"
    permission = "playback.render_recording"
    rank = 60

    def offered(self, recording: Recording) -> bool:
        return recording.gone_at is None and recording.is_ready

    def load(self, request: HttpRequest, recording: Recording) -> Mapping[str, Any]:
        state = self.client().convert_status(recording.room_id, recording.session_id)
        tone, icon = _LOOKS.get(state.status, ("neutral", "help"))
        return {
            "state": display.badge(STATES.get(state.status, state.status), tone, icon),
            "state_words": state.status_msg if state.status == ConvertStatus.FAILED else "",
            "under_way": state.status in UNDER_WAY,
            "versions": versions_of(recording),
        }

    def act(self, request: HttpRequest, recording: Recording) -> HttpResponse:
        """Fetch the address of the recorded video."""
        wanted = request.POST.get("version", "")
        if wanted and wanted not in {value for value, _words in versions_of(recording)}:
            return addresses.refused(request, gettext("It has no such version."))
        version = int(wanted) if wanted else None
        try:
            until = timezone.now() + LIVES
            address = self.client().recorded_video_url(recording.room_id, recording.session_id, version)
        except VendorError as error:
            return addresses.failed(request, error, _said(error))
        what = f"{recording.vendor_key} version={wanted or 'main'}"
        return addresses.shown(request, address, what, until)


def _said(error: VendorError) -> str:
    if error.code == ErrorCode.FAILED:
        return gettext("There is no recorded video of it: generate it first, or wait until it is there.")
    if error.code == ErrorCode.BAD_PARAMETER:
        return gettext("The vendor does not know this recording or version.")
    return ""
