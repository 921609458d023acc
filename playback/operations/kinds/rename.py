"""Rename and change the cover (call 9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from playback.vendor.client import Upload, VendorClient

from ..base import Attachment, Facts, OperationInvalid, OperationKind, Planned, Skipped, Target
from ..reasons import Reason, reason
from ..registry import register
from . import cover, names


@register
class Rename(OperationKind):
    """Parameters: ``name`` (the same for all) or ``pattern`` (see ``names``), and a cover as the attachment."""

    kind = "rename"
    title = _("Rename recordings, change covers")
    verb = _("Rename")
    will = _("will be changed")
    permission = "playback.rename_recording"
    call = "update_recording"
    group = "main"
    rank = 20
    icon = "edit"
    undoable = True
    oldest_first = True  # {n} counts the classes in the order they were held
    fields = {"name": _("name"), "cover": _("cover")}

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        cleaned: dict[str, Any] = {}
        if parameters.get("name"):
            cleaned["name"] = names.clean_text("name", parameters["name"])
        if parameters.get("pattern"):
            cleaned["pattern"] = names.clean_pattern(parameters["pattern"])
        cleaned = {field: value for field, value in cleaned.items() if value}
        if len(cleaned) > 1:
            raise OperationInvalid({"pattern": _now("Give a name or a pattern, not both.")})
        if attachment is not None:
            attachment, cleaned["cover"] = cover.check(attachment)
        if not cleaned:
            raise OperationInvalid({"name": _now("Give a name, a pattern or a cover.")})
        return cleaned, attachment

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        change: dict[str, list[Any]] = {}
        if "pattern" in parameters or "name" in parameters:
            pattern = parameters.get("pattern")
            name = parameters["name"] if pattern is None else names.render(pattern, facts, number)
            if not name:
                return Skipped(reason("name_empty"))
            if len(name) > names.LIMIT:
                return Skipped(reason("name_too_long", limit=names.LIMIT))
            if name != facts.name:
                change["name"] = [facts.name, name]
        if "cover" in parameters:
            change["cover"] = [facts.cover_url, parameters["cover"]["name"]]
        if not change:
            return Skipped(reason("same_name"))
        return Planned(change, {"name": facts.name, "cover_url": facts.cover_url})

    def plan_notes(self, planned: Sequence[Planned]) -> list[Reason]:
        given = Counter(line.change["name"][1] for line in planned if "name" in line.change)
        shared = sum(count for count in given.values() if count > 1)
        return [reason("same_names", count=shared)] if shared else []

    def apply(self, client: VendorClient, target: Target) -> Reason | None:
        picture = target.attachment if "cover" in target.change else None
        client.update_recording(
            **target.key,
            name=target.change["name"][1] if "name" in target.change else None,
            preface=Upload(picture.filename, picture.content, picture.content_type) if picture else None,
        )
        return None

    def settle(self, client: VendorClient, target: Target) -> bool:
        """A new cover shows by its address: the vendor has no other sign of it."""
        info = client.recording_info(**target.key)
        if "name" in target.change and info.name != target.change["name"][1]:
            return False
        return "cover" not in target.change or (info.cover_url or "") != target.before.get("cover_url", "")

    def show(self, name: str, value: Any) -> str:
        """A cover by its file's name: its address is long, and says no more to a reader."""
        shown = super().show(name, value)
        return urlsplit(shown).path.rsplit("/", 1)[-1] or shown if name == "cover" else shown

    def describe(self, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        told = []
        if "name" in parameters:
            told.append((_now("New name"), parameters["name"]))
        if "pattern" in parameters:
            told.append((_now("Pattern"), parameters["pattern"]))
        if "cover" in parameters:
            picture = parameters["cover"]
            told.append((_now("Cover"), f"{picture['name']} ({picture['width']}×{picture['height']})"))
        return told
