"""Set the main version (call 11): the one that players get by default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from playback import display
from playback.models import Recording, TrashEntry
from playback.vendor.client import VendorClient
from playback.vendor.codes import RecordingStatus

from ..base import (
    FILM,
    Attachment,
    Facts,
    OperationInvalid,
    OperationKind,
    Planned,
    Shows,
    Skipped,
    Target,
    VersionFacts,
)
from ..reasons import Reason, reason
from ..registry import register


@register
class SetMain(OperationKind):
    """Parameter: ``version``, the number of a version that is ready."""

    kind = "set_main"
    title = _("Set the main version")
    verb = _("Set the main version")
    will = _("will show another version")
    permission = "playback.choose_version"
    call = "set_main_version"
    group = "versions"
    rank = 35
    icon = "star"
    only_one = True
    needs_versions = True
    takes_trashed = False
    undoable = True
    fields = {"main_version": _("main version")}
    sentences = {
        "already_main": _("Version %(version)s is the main version already."),
        "version_in_trash": _("Its version %(version)s is in the trash."),
        "main_compared": _("Now: %(now)s. Then: %(then)s."),
        "main_gone": _("The former main version %(version)s is not there any more."),
    }

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        text = str(parameters.get("version")).strip()
        if not text.isdecimal() or len(text) > 10 or int(text) >= 2**31:
            raise OperationInvalid({"version": _now("Choose a version.")})
        return {"version": int(text)}, None

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        return self._to(facts, parameters["version"])

    def _to(self, facts: Facts, wanted: int) -> Planned | Skipped:
        if facts.main_version == wanted:
            return Skipped(reason("already_main", version=wanted))
        chosen = facts.versions.get(wanted)
        if chosen is None:
            return Skipped(reason("no_such_version", version=wanted))
        if chosen.status != RecordingStatus.READY:
            return Skipped(reason("version_not_ready", version=wanted))
        if TrashEntry.objects.filter(recording=facts.id, version=wanted, ended_at=None).exists():
            return Skipped(reason("version_in_trash", version=wanted))
        present = facts.versions.get(facts.main_version) if facts.main_version is not None else None
        note = reason("main_compared", now=_told(present), then=_told(chosen)) if present else None
        return Planned({"main_version": [facts.main_version, wanted]}, {}, note)

    def undo_item(
        self, facts: Facts, change: Mapping[str, Sequence[Any]], before: Mapping[str, Any]
    ) -> Planned | Skipped:
        usual = super().undo_item(facts, change, before)
        if isinstance(usual, Skipped):
            return usual
        former = change["main_version"][0]
        return self._to(facts, former) if former in facts.versions else Skipped(reason("main_gone", version=former))

    def apply(self, client: VendorClient, target: Target) -> Reason | None:
        client.set_main_version(**target.key, version=target.change["main_version"][1])
        return None

    def settle(self, client: VendorClient, target: Target) -> bool:
        """The recording's video (call 1) is its main version's (call 10)."""
        video_id = client.recording_info(**target.key).video_id
        wanted = target.change["main_version"][1]
        return video_id is not None and any(
            row.version == wanted and row.video_id == video_id
            for page in client.pages(client.list_versions, **target.key)
            for row in page.rows
        )

    def shows(self, change: Mapping[str, Sequence[Any]]) -> Shows:
        return {(None, "main_version"): change["main_version"][1]}

    def touches(self, change: Mapping[str, Sequence[Any]]) -> frozenset[str]:
        """The recording's facts are its main version's."""
        return FILM | {"name"}

    def offered(self, recording: Recording) -> bool:
        return recording.versions.filter(gone_at=None)[:2].count() > 1

    def describe(self, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        return [(_now("Main version"), str(parameters["version"]))]


def _told(version: VersionFacts) -> str:
    """In numbers alone, because it is stored: no language stands in it."""
    facts = [f"v{version.version}", version.name, display.length(version.length)]
    facts += [display.size(version.total_transcode_size), f"▶ {display.number(version.play_times)}"]
    return " · ".join(fact for fact in facts if fact)
