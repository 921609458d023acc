"""The preview page: the vendor's player in a frame, or why it can't be shown.

The only page that may frame another origin, and it frames one: the player's. It is never stored (a token stands in
it), and the player's origin learns nothing of the page's own address: the referrer stays on our origin, where the
page's own forms need it (a browser that may tell nobody sends them with ``Origin: null``, which no CSRF check passes).
"""

from __future__ import annotations

from typing import Any, cast

from csp.decorators import csp_replace
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from playback.models import Recording
from playback.operations import registry
from playback.player import Obstacle, Preview, Viewer, preview

# What a person reads in place of the player: a heading, an explanation, an icon.
SENTENCES: dict[Obstacle, tuple[Any, Any, str]] = {
    Obstacle.GONE: (
        _("The vendor no longer has this recording"),
        _("It was deleted there. What is known of it here stays as a record."),
        "link_off",
    ),
    Obstacle.BLOCKED: (
        _("This recording is blocked"),
        _("Nobody can watch it until it is published again."),
        "visibility_off",
    ),
    Obstacle.NOT_RECORDED: (
        _("Nothing was recorded yet"),
        _("The class has not begun, or it was not recorded."),
        "radio_button_unchecked",
    ),
    Obstacle.GENERATING: (
        _("This recording is still being generated"),
        _("The vendor is putting it together. Look again in a few minutes."),
        "hourglass_top",
    ),
    Obstacle.TRANSCODING: (
        _("This recording is still transcoding"),
        _("It can be watched as soon as that is done. Look again in a few minutes."),
        "hourglass_top",
    ),
    Obstacle.FAILED: (
        _("The transcoding of this recording failed"),
        _("There is no video to play. Only the vendor can start the transcoding again."),
        "error",
    ),
    Obstacle.EXPIRED: (
        _("This recording has expired"),
        _("Its time at the vendor is over. An administrator can prolong it there."),
        "event_busy",
    ),
    Obstacle.REFUSED: (_("The vendor refused to play this recording"), _("It gave the reason below."), "block"),
    Obstacle.MISCONFIGURED: (
        _("The vendor does not accept this account"),
        _("Its id, key or rights are wrong. Tell an administrator."),
        "key_off",
    ),
    Obstacle.BUSY: (
        _("The vendor is busy with this account's calls"),
        _("Load this page again in a few seconds."),
        "hourglass_top",
    ),
    Obstacle.UNREACHABLE: (
        _("The vendor could not be reached"),
        _("The recording may be fine. Load this page again in a moment."),
        "cloud_off",
    ),
}
# The kind of operation that removes an obstacle, for those who may run it.
_MENDS = {Obstacle.BLOCKED: "publish", Obstacle.GONE: "refresh", Obstacle.REFUSED: "refresh"}


@require_GET
@never_cache
@permission_required("playback.preview_recording", raise_exception=True)
def preview_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One recording, for the person who asks. The token is made for this view."""
    recording = get_object_or_404(Recording.objects.select_related("room"), pk=pk)
    made = preview(recording, viewer_of(request))
    context = {
        **admin.site.each_context(request),
        "opts": Recording._meta,
        "title": str(recording),
        "object": recording,
        "is_fullwidth": "1",
        "recording": recording,
        "preview": made,
        "mend": _mend(request, recording, made),
    }
    if made.obstacle is not None:
        context["heading"], context["explanation"], context["icon"] = SENTENCES[made.obstacle]
    return framing(request, TemplateResponse(request, "playback/preview.html", context), made)


def framing(request: HttpRequest, response: HttpResponse, made: Preview) -> HttpResponse:
    """The answer that frames ``made``: not stored, and allowed to frame the player's origin and no other."""
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "same-origin"
    if made.origin:
        response = csp_replace({"frame-src": [made.origin]})(lambda _request: response)(request)
    return response


def viewer_of(request: HttpRequest) -> Viewer:
    """The person who is signed in, as the vendor's watch records will show them."""
    person = cast("User", request.user)  # a preview's pages let nobody else in
    return Viewer(name=person.get_full_name() or person.get_username(), number=person.pk)


def _mend(request: HttpRequest, recording: Recording, made: Preview) -> dict[str, Any] | None:
    """The button that removes the obstacle."""
    name = _MENDS.get(made.obstacle) if made.obstacle else None
    kind = registry.kinds().get(name) if name else None
    if kind is None or recording.gone_at is not None or not request.user.has_perm(kind.permission):
        return None
    return {"verb": kind.verb, "url": reverse("admin:playback_recording_operate", args=[recording.pk, kind.kind])}
