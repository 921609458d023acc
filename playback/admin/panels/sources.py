"""The recordings that another one's video can be taken from, as the forms of ``replace`` and ``add_version`` look for
them while one types. Never a part of the page itself: the form fetches it.

Words of name and room, or ids in any shape that the admin's search knows (:mod:`playback.admin.search`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from playback import display
from playback.models import WHOLE, Recording, TrashEntry, Version
from playback.vendor.codes import RecordingStatus

from .. import search
from . import Panel, register

SHOWN = 8
READY = RecordingStatus.READY.value


@dataclass(frozen=True, slots=True)
class Choice:
    """One version of a recording: what the form sends, and what a person reads."""

    value: str
    words: str


def matching(text: str) -> QuerySet[Recording]:
    """What can be taken: there, ready, and not in the trash. Newest first."""
    trashed = TrashEntry.objects.filter(recording=OuterRef("pk"), version=WHOLE, ended_at=None)
    usable = Recording.objects.filter(~Exists(trashed), search.recordings(text), gone_at=None, status=READY)
    found: QuerySet[Recording] = usable.select_related("room").order_by("-created_at", "-pk")
    return found


def listed(text: str, picked: str = "") -> dict[str, Any]:
    """The context of the list for what was typed."""
    if not text.strip():
        return {"asked": False}
    ready = Version.objects.filter(gone_at=None, status=READY).order_by("version")
    found = list(matching(text).prefetch_related(Prefetch("versions", ready, to_attr="ready"))[: SHOWN + 1])
    return {
        "asked": True,
        "picked": picked,
        "more": len(found) > SHOWN,
        "found": [(recording, _choices(recording)) for recording in found[:SHOWN]],
    }


def _choices(recording: Any) -> list[Choice]:
    """The main version leads. Where no versions are known yet, the recording stands for its main one."""
    versions = sorted(recording.ready, key=lambda version: (version.version != recording.main_version, version.version))
    if not versions:
        return [Choice(f"{recording.vendor_key}:", display.length(recording.length))]
    choices = []
    for version in versions:
        parts = [gettext("version %(number)s") % {"number": version.version}]
        if version.version == recording.main_version:
            parts.append(gettext("main version"))
        parts.append(display.length(version.length))
        choices.append(Choice(f"{recording.vendor_key}:{version.version}", " · ".join(parts)))
    return choices


@register
class Sources(Panel):
    name = "sources"
    title = _("Recordings to take from")
    template = "playback/forms/sources.html"
    permission = "playback.replace_recording"

    def offered(self, recording: Recording) -> bool:
        return False

    def load(self, request: HttpRequest, recording: Recording) -> Mapping[str, Any]:
        return listed(request.GET.get("source", "")[:400])
