"""What a recording's page and the list say of the trash and of a legal hold."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from playback import display
from playback.models import WHOLE, Recording, TrashEntry
from playback.operations import reasons, registry, trash

SHOWN_REASON = 60  # characters in a list


class KeepingFilter(DropdownFilter):
    title = _("hold and trash")
    parameter_name = "keeping"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("held", _("On hold")), ("trashed", _("In the trash")), ("neither", _("Not in the trash"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        in_trash = Exists(TrashEntry.objects.filter(recording=OuterRef("pk"), version=WHOLE, ended_at=None))
        match self.value():
            case "held":
                return queryset.filter(held_at__isnull=False)
            case "trashed":
                return queryset.filter(in_trash)
            case "neither":
                return queryset.filter(~in_trash)
        return queryset


def decorate(rows: list[Any]) -> None:
    """What of each is in the trash, in one query."""
    found: dict[int, dict[int, TrashEntry]] = defaultdict(dict)
    for entry in TrashEntry.objects.filter(recording__in=[row.pk for row in rows], ended_at=None):
        found[entry.recording_id][entry.version] = entry
    for row in rows:
        row.open_trash = found.get(row.pk, {})


def decorate_versions(rows: list[Any]) -> None:
    """Which of them is in the trash, alone or with its recording, in one query."""
    entries = TrashEntry.objects.filter(recording__in={row.recording_id for row in rows}, ended_at=None)
    found = {(entry.recording_id, entry.version): entry for entry in entries}
    for row in rows:
        row.trash_entry = found.get((row.recording_id, row.version)) or found.get((row.recording_id, WHOLE))


def hold_badge(recording: Recording) -> Any:
    return display.badge(gettext("On hold"), "warning", "lock", title=recording.hold_reason or "")


def trash_badge(entry: TrashEntry) -> Any:
    return display.badge(gettext("In the trash"), "warning", "delete", title=due(entry))


def due(entry: TrashEntry) -> str:
    return gettext("Will be deleted: %(time)s") % {"time": display.beijing(entry.due_at)}


def badges(recording: Recording) -> list[Any]:
    """For the list; a hold with its reason."""
    shown = []
    if recording.held_at is not None:
        why = Truncator(recording.hold_reason or "").chars(SHOWN_REASON)
        shown += [hold_badge(recording), display.muted(why)]
    if (entry := recording.open_trash.get(WHOLE)) is not None:
        shown.append(trash_badge(entry))
    return shown


@dataclass(frozen=True, slots=True)
class Notice:
    """A banner of a recording's page."""

    icon: str
    heading: str
    sentences: list[str]
    vendor_words: str = ""
    button: str = ""
    button_icon: str = ""
    url: str = ""


def notices(request: HttpRequest, recording: Recording) -> list[Notice]:
    told = []
    if recording.held_at is not None:
        told.append(_hold_notice(request, recording))
    if (entry := recording.open_trash.get(WHOLE)) is not None:
        entry.recording = recording
        told.append(_trash_notice(request, entry))
    return told


def _hold_notice(request: HttpRequest, recording: Recording) -> Notice:
    who = recording.held_by.get_username() if recording.held_by else gettext("(a deleted person)")
    heading = gettext("On legal hold since %(time)s, by %(person)s") % {
        "time": display.beijing(recording.held_at),
        "person": who,
    }
    sentences = [recording.hold_reason or "", gettext("No delete and no expiry passes it.")]
    return Notice("lock", heading, sentences, "", *_button(request, recording, "release_hold"))


def _trash_notice(request: HttpRequest, entry: TrashEntry) -> Notice:
    standing = trash.standings([entry])[entry.pk]
    heading = gettext("In the trash since %(time)s, put there by %(person)s") % {
        "time": display.beijing(entry.put_at),
        "person": entry.put_by.get_username() if entry.put_by else gettext("(a deleted person)"),
    }
    sentences = [due(entry)] if not standing.stays else []
    sentences += told(standing) if standing.code != "trash_waiting" else []
    words = reasons.vendor_words(standing.why)
    return Notice("delete", heading, sentences, words, *_button(request, entry.recording, "restore"))


def told(standing: trash.Standing) -> list[str]:
    """Its sentences in the reader's language."""
    sentences = [reasons.text({"code": standing.code}), reasons.text(standing.why)]
    if standing.again_at is not None:
        sentences.append(gettext("Next try: %(time)s") % {"time": display.beijing(standing.again_at)})
    return [sentence for sentence in sentences if sentence]


def _button(request: HttpRequest, recording: Recording, name: str) -> tuple[str, str, str]:
    kind = registry.get(name)
    if recording.gone_at is not None or not request.user.has_perm(kind.permission):
        return "", "", ""
    return str(kind.verb), kind.icon, reverse("admin:playback_recording_operate", args=[recording.pk, name])
