"""Signed addresses of videos (calls 20 and 39), shown to the one person who asks for one.

Whoever has such an address can watch until it ends. So it is fetched when asked for, by a POST; it stands in that
answer alone, which no cache may keep; and it is never stored or logged. That somebody got one is logged.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from playback import display
from playback.vendor.errors import VendorError
from playback.vendor.secret import Secret

from . import panels

log = logging.getLogger("playback.addresses")


def shown(request: HttpRequest, address: Secret, what: str, until: datetime | None = None) -> HttpResponse:
    """``what`` names the video in the log; ``until`` is when the address ends, where the vendor says so."""
    log.info("address shown user=%s video=%s", request.user.pk, what)
    return _answer(request, {"address": str.__str__(address), "until": display.beijing(until) if until else ""})


def failed(request: HttpRequest, error: VendorError, sentence: str = "") -> HttpResponse:
    return _answer(request, {"sentence": sentence or panels.sentence(error), "words": panels.words(error)})


def refused(request: HttpRequest, sentence: str) -> HttpResponse:
    return _answer(request, {"sentence": sentence})


def _answer(request: HttpRequest, context: dict[str, str]) -> HttpResponse:
    return TemplateResponse(request, "playback/address.html", context, headers={"Cache-Control": "no-store"})
