"""The last play links of a recording, and the button that makes more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from playback import display
from playback.models import Recording

from .. import link_making, play_link
from . import Panel, register

SHOWN = 8


@register
class Links(Panel):
    name = "links"
    title = _("Play links")
    template = "playback/panels/links.html"
    permission = "playback.view_playlink"
    rank = 80

    def offered(self, recording: Recording) -> bool:
        return True  # who had a link of a recording that is gone is a question too

    def load(self, request: HttpRequest, recording: Recording) -> Mapping[str, Any]:
        newest = list(recording.play_links.select_related("made_by")[: SHOWN + 1])
        ledger_url = f"{reverse('admin:playback_playlink_changelist')}?recording__exact={recording.pk}"
        return {
            "links": [
                {
                    "whom": play_link.whom(link),
                    "kind": play_link.kind_of(link),
                    "maker": play_link.maker_of(link),
                    "made": display.moment(link.made_at),
                    "end": play_link.end_of(link),
                }
                for link in newest[:SHOWN]
            ],
            "more": len(newest) > SHOWN,
            "ledger_url": ledger_url,
            "make_url": link_making.url_of(recording) if link_making.menu_buttons(request, recording) else "",
        }
