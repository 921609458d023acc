"""Rename and change the cover (call 9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from playback.models import Operation, OperationItem
from playback.sync import mapping
from playback.vendor.client import Upload, VendorClient
from playback.vendor.errors import VendorError

from ..base import (
    NO_FIELDS,
    Attachment,
    Facts,
    OperationInvalid,
    OperationKind,
    Planned,
    Refusal,
    Shows,
    Skipped,
    Target,
)
from ..reasons import Reason, reason
from ..registry import register
from . import cover, names


@register
class Rename(OperationKind):
    """Parameters: ``name`` (the same for all) or ``pattern`` (see ``names``), and a cover as the attachment.

    The vendor tells a cover by its address alone, never by its picture. So the address that a picture got is kept
    with its item (``cover_after`` in ``before``): an undo finds by it which of our uploads the former cover was, and
    uploads that picture again. A cover that did not come from here is not known, and stays.
    """

    kind = "rename"
    title = _("Rename recordings, change covers")
    verb = _("Rename")
    will = _("will be changed")
    permission = "playback.rename_recording"
    call = "update_recording"
    group = "main"
    takes_object = True
    rank = 20
    icon = "edit"
    undoable = True
    oldest_first = True  # {n} counts the classes in the order they were held
    fields = {"name": _("name"), "cover": _("cover")}
    sentences = {
        "cover_unknown": _("Its former cover was not uploaded here, so it cannot be put back."),
        "cover_changed": _("Its cover was changed again since, or nobody knows: it is left alone."),
        "name_changed": _("Its name was changed again since: it is left alone."),
    }

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

    def apply(self, client: VendorClient, target: Target) -> Reason | Refusal | None:
        picture = _picture(target) if "cover" in target.change else None
        if "cover" in target.change and picture is None:
            return Refusal(reason("cover_unknown"))
        client.update_recording(
            **target.key,
            name=target.change["name"][1] if "name" in target.change else None,
            preface=Upload(picture.filename, picture.content, picture.content_type) if picture else None,
        )
        if picture:
            try:
                _keep_address(target, client.recording_info(**target.key).cover_url)
            except VendorError:
                pass  # the cover is there; only an undo will not know it
        return None

    def settle(self, client: VendorClient, target: Target) -> bool:
        """A new cover shows by its address: the vendor has no other sign of it."""
        info = client.recording_info(**target.key)
        if "name" in target.change and info.name != target.change["name"][1]:
            return False
        if "cover" not in target.change:
            return True
        if (info.cover_url or "") == target.before.get("cover_url", ""):
            return False
        _keep_address(target, info.cover_url)
        return True

    def shows(self, change: Mapping[str, Sequence[Any]]) -> Shows:
        return {(None, "name"): change["name"][1]} if "name" in change else {}

    def touches(self, change: Mapping[str, Sequence[Any]]) -> frozenset[str]:
        return frozenset({"cover_url"}) if "cover" in change else NO_FIELDS

    def undo_item(
        self, facts: Facts, change: Mapping[str, Sequence[Any]], before: Mapping[str, Any]
    ) -> Planned | Skipped:
        """What can be put back is; the rest is said beside it."""
        back: dict[str, list[Any]] = {}
        kept: dict[str, Any] = {"name": facts.name, "cover_url": facts.cover_url}
        why: Reason | None = None
        if "name" in change:
            old, new = change["name"]
            if facts.name == new and old:
                back["name"] = [new, old]
            else:
                why = reason("name_changed" if "cover" in change else "changed_since")
        if "cover" in change:
            upload = None
            if not before.get("cover_after") or facts.cover_url != before["cover_after"]:
                why = reason("cover_changed")
            elif (upload := _upload_of(facts.id, before.get("cover_url", ""))) is None:
                why = reason("cover_unknown")
            if upload is not None:
                back["cover"] = [change["cover"][1], upload[1]]
                kept["cover_operation"] = upload[0]
        return Planned(back, kept, why) if back else Skipped(why or reason("state_before_unknown"))

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


def _picture(target: Target) -> Attachment | None:
    """The operation's own; an undo takes that of the operation which had uploaded the former cover."""
    if not target.undoing:
        return target.attachment
    lender = target.before.get("cover_operation")
    found = Operation.objects.exclude(attachment_name="").filter(pk=lender).first() if lender else None
    if found is None:
        return None
    return Attachment(found.attachment_name, bytes(found.attachment or b""), found.attachment_type)


def _keep_address(target: Target, address: str | None) -> None:
    OperationItem.objects.filter(pk=target.item_id).update(
        before={**target.before, "cover_after": mapping.address(address)}
    )


def _upload_of(recording: int, address: str) -> tuple[int, str] | None:
    """Which operation's picture got this address: its id, and the file's name as a person knows it."""
    if not address:
        return None
    uploads = OperationItem.objects.filter(
        recording=recording,
        operation__kind=Rename.kind,
        outcome=OperationItem.Outcome.DONE,
        before__cover_after=address,
    )
    columns = ("operation_id", "before__cover_operation", "change__cover")
    for operation, borrowed, change in uploads.order_by("-pk").values_list(*columns)[:1]:
        return borrowed or operation, change[1]
    return None
