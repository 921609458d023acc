"""Panels: the parts of a recording's page that have to ask the vendor, or belong to one subject alone; a file each.

A panel is fetched by the page when it comes into view, so that a slow vendor never holds up the page itself; what the
vendor refuses is a sentence in its place. A panel may take a POST for what is no operation (showing an address).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from playback.autoload import import_all
from playback.conf import vendor_client
from playback.models import Recording
from playback.vendor.client import VendorClient
from playback.vendor.codes import Lane
from playback.vendor.errors import (
    VendorError,
    VendorGone,
    VendorMisconfigured,
    VendorRateLimited,
    VendorRefused,
    VendorUnreachable,
)

WAITS = 8.0  # s, for the call budget
_panels: dict[str, Panel] = {}


class Panel:
    """One panel. Subclasses are registered with :func:`register`."""

    name: ClassVar[str]  # in the address
    title: ClassVar[Any]
    template: ClassVar[str]
    permission: ClassVar[str] = "playback.view_recording"
    rank: ClassVar[int] = 100  # from the top

    def offered(self, recording: Recording) -> bool:
        return recording.gone_at is None

    def load(self, request: HttpRequest, recording: Recording) -> Mapping[str, Any]:
        """The template's context. Raises the client's ``VendorError`` s, which are shown as a sentence."""
        raise NotImplementedError

    def without_vendor(self, request: HttpRequest, recording: Recording) -> Mapping[str, Any]:
        """Context for ``failed.html``: what can be shown all the same."""
        return {}

    def act(self, request: HttpRequest, recording: Recording) -> HttpResponse:
        """Answer a POST to the panel. The permission was checked."""
        return HttpResponseNotAllowed(["GET"])

    def client(self) -> VendorClient:
        return vendor_client(Lane.PERSON, max_wait=WAITS)

    def url(self, recording: Recording) -> str:
        return reverse("admin:playback_recording_panel", args=[recording.pk, self.name])


@dataclass(frozen=True, slots=True)
class Shown:
    """A panel of one recording's page, before it is loaded."""

    name: str
    title: str
    url: str


def register(cls: type[Panel]) -> type[Panel]:
    """Class decorator."""
    _panels[cls.name] = cls()
    return cls


def shown(request: HttpRequest, recording: Recording) -> list[Shown]:
    """The panels that this person sees of this recording, from the top."""
    _load()
    return [
        Shown(panel.name, str(panel.title), panel.url(recording))
        for panel in sorted(_panels.values(), key=lambda panel: (panel.rank, panel.name))
        if request.user.has_perm(panel.permission) and panel.offered(recording)
    ]


def respond(model_admin: Any, request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """The panel's content (GET), or what it does on a POST."""
    _load()
    panel = _panels.get(name)
    if panel is None:
        raise Http404
    recording = get_object_or_404(model_admin.get_queryset(request), pk=pk)
    if not model_admin.has_view_permission(request, recording) or not request.user.has_perm(panel.permission):
        raise PermissionDenied
    context: dict[str, Any] = {"panel": panel, "recording": recording, "panel_url": panel.url(recording)}
    try:
        if request.method == "POST":
            response = panel.act(request, recording)
        else:
            context.update(panel.load(request, recording))
            response = TemplateResponse(request, panel.template, context)
            response.render()
    except VendorError as error:
        context |= {"sentence": sentence(error), "words": words(error), **panel.without_vendor(request, recording)}
        response = TemplateResponse(request, "playback/panels/failed.html", context)
    response["Cache-Control"] = "no-store"
    return response


def sentence(error: VendorError) -> str:
    """What a person is told about a look at the vendor that failed; nothing was changed by it."""
    match error:
        case VendorGone():
            return _("The vendor no longer has this recording.")
        case VendorMisconfigured():
            return _("The vendor does not accept this account's settings or rights.")
        case VendorRateLimited():
            return _("The vendor is busy with this account's calls. Try again in a few seconds.")
        case VendorUnreachable():
            return _("The vendor could not be reached. Try again in a moment.")
        case VendorRefused():
            return _("The vendor refused.")
    return _("The vendor's answer could not be read. Try again in a moment.")


def words(error: VendorError) -> str:
    """The vendor's own words with their number, where it said anything."""
    return f"{error.code}: {error.vendor_message}" if error.code is not None and error.vendor_message else ""


@cache
def _load() -> None:
    import_all(__name__)
