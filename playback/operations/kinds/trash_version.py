"""Versions in the trash: a cut waits there for its date, is restored, or is deleted at the vendor (call 8).

The vendor blocks whole recordings only, so a version stays as it is until it is deleted; nothing is sent before. Never
the original, the main version or the last one: a recording would lose its film, or viewers theirs.

Parameters: ``version``, for one recording; or ``versions``, recording id → numbers, for a selection of the trash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from playback.models import WHOLE, Recording
from playback.sync import lookup
from playback.vendor.client import VendorClient
from playback.vendor.errors import VendorOutcomeUnknown

from .. import trash
from ..base import Attachment, Facts, OperationInvalid, OperationKind, Planned, Refusal, Shows, Skipped, Target
from ..reasons import Reason, reason
from ..registry import register
from .trash import IN, show_place

ORIGINAL = 0
THERE, DELETED = "there", "deleted"  # the sides of a delete's change
_FIELD = "version "  # in ``change``, followed by the number


class _OfVersions(OperationKind):
    permission = "playback.trash_recording"
    group = "versions"
    in_lists = False  # it is about versions, which the list of recordings does not tell
    call = ""
    refreshes = False
    needs_versions = True
    needs_trash = True

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        kept: dict[str, Any] = {"due": True} if parameters.get("due") else {}
        several = parameters.get("versions")
        try:
            if isinstance(several, Mapping):
                kept["versions"] = {str(int(key)): [_number(n) for n in numbers] for key, numbers in several.items()}
            else:
                kept["version"] = _number(parameters.get("version"))
        except (TypeError, ValueError):
            raise OperationInvalid({"version": _now("Say which version.")}) from None
        return kept, None

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        versions = numbers_of(facts, parameters)
        if not versions:
            return Skipped(reason("no_version_named"))
        return self.plan_versions(facts, versions)

    def plan_versions(self, facts: Facts, versions: Sequence[int]) -> Planned | Skipped:
        raise NotImplementedError

    def changes(self, change: Mapping[str, Sequence[Any]]) -> list[tuple[str, str, str]]:
        return [
            (_now("version %(number)d") % {"number": number_in(name)}, self.show(name, old), self.show(name, new))
            for name, (old, new) in change.items()
        ]

    def show(self, name: str, value: Any) -> str:
        if value == THERE:
            return _now("at the vendor")
        return _now("deleted for ever") if value == DELETED else show_place(value)

    def describe(self, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        return [(_now("version"), str(parameters["version"]))] if "version" in parameters else []


def _number(value: Any) -> int:
    number = int(str(value))
    if not 0 <= number < 2**31:
        raise ValueError(number)
    return number


def numbers_of(facts: Facts, parameters: Mapping[str, Any]) -> list[int]:
    if "version" in parameters:
        return [parameters["version"]]
    return list(parameters.get("versions", {}).get(str(facts.id), []))


def number_in(name: str) -> int:
    return int(name.removeprefix(_FIELD))


def _why_not(facts: Facts, number: int) -> Reason | None:
    """Why this version must not go; None if it may."""
    if facts.held_at is not None:
        return reason("on_hold")
    if number not in facts.versions:
        return reason("no_such_version", version=number)
    if number == ORIGINAL:
        return reason("version_is_original")
    if facts.main_version is None:
        return reason("own_main_unknown")
    video = facts.versions[number].video_id
    if number == facts.main_version or (video is not None and video == facts.video_id):
        return reason("version_is_main", version=number)
    others = [other for other in facts.versions if other != number and other not in facts.trash]
    return None if others else reason("version_is_last")


def cuts_of(recording: Recording) -> set[int]:
    """The versions that may go, as far as one can tell without a plan."""
    if recording.held_at is not None or recording.main_version is None:
        return set()
    cuts = recording.versions.filter(gone_at=None, version__gt=ORIGINAL).exclude(version=recording.main_version)
    return set(cuts.values_list("version", flat=True))


@register
class TrashVersion(_OfVersions):
    """Parameters: ``version`` and ``days``."""

    kind = "trash_version"
    title = _("Move a version to the trash")
    verb = _("Move a version to the trash")
    will = _("will have a version in the trash")
    rank = 80
    icon = "delete"
    undoable = True
    sentences = {
        "no_version_named": _("Nobody said which of its versions."),
        "version_is_original": _("Version 0 is the original: only the whole recording can be deleted."),
        "own_main_unknown": _("Which of its versions is the main one is not known: refresh it first."),
        "version_is_main": _("Its version %(version)s is the main version: choose another one first."),
        "version_is_last": _("It has no other version that would stay."),
        "version_trashed_already": _("Its version %(version)s is in the trash already."),
        "version_not_in_trash": _("Its version %(version)s is not in the trash."),
        "one_version_a_time": _("Several of its versions are selected: delete one at a time."),
    }

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        cleaned, _nothing = super().clean(parameters, attachment)
        return cleaned | {"days": trash.clean_days(parameters.get("days"))}, None

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        return self._put(facts, numbers_of(facts, parameters), parameters["days"])

    def _put(self, facts: Facts, versions: Sequence[int], days: int) -> Planned | Skipped:
        for number in versions:
            if facts.trashed:
                return Skipped(reason("in_trash"))
            if number in facts.trash:
                return Skipped(reason("version_trashed_already", version=number))
            if why := _why_not(facts, number):
                return Skipped(why)
        if not versions:
            return Skipped(reason("no_version_named"))
        return Planned({f"{_FIELD}{number}": [None, days] for number in versions}, {})

    def apply(self, client: VendorClient, target: Target) -> Reason | Refusal | None:
        putting = any(new is not None for _old, new in target.change.values())
        return Refusal(reason("on_hold")) if putting and target.recording.held_at is not None else None

    def settle(self, client: VendorClient, target: Target) -> bool:
        return True  # nothing was sent

    def ended(self, target: Target) -> None:
        for name, (_old, days) in target.change.items():
            if days is None:
                trash.restored(target.recording, number_in(name))
            else:
                trash.put(target, number_in(name), days, None)

    def undo_item(
        self, facts: Facts, change: Mapping[str, Sequence[Any]], before: Mapping[str, Any]
    ) -> Planned | Skipped:
        for name, (old, new) in change.items():
            if new is None:
                return self._put(facts, [number_in(name)], trash.clean_days(old))
            if number_in(name) not in facts.trash:
                return Skipped(reason("version_not_in_trash", version=number_in(name)))
        return Planned({name: [new, old] for name, (old, new) in change.items()}, {})

    def offered(self, recording: Recording) -> bool:
        return WHOLE not in recording.open_trash and bool(cuts_of(recording) - recording.open_trash.keys())


@register
class RestoreVersion(_OfVersions):
    kind = "restore_version"
    title = _("Restore a version from the trash")
    verb = _("Restore a version")
    will = _("will have a version restored")
    rank = 81
    icon = "restore_from_trash"

    def plan_versions(self, facts: Facts, versions: Sequence[int]) -> Planned | Skipped:
        for number in versions:
            if number not in facts.trash:
                return Skipped(reason("version_not_in_trash", version=number))
        return Planned({f"{_FIELD}{number}": [IN, None] for number in versions}, {})

    def apply(self, client: VendorClient, target: Target) -> None:
        return None

    def settle(self, client: VendorClient, target: Target) -> bool:
        return True  # nothing was sent

    def ended(self, target: Target) -> None:
        for name in target.change:
            trash.restored(target.recording, number_in(name))

    def offered(self, recording: Recording) -> bool:
        return any(number != WHOLE for number in recording.open_trash)


@register
class DeleteVersion(_OfVersions):
    """Parameter ``due`` as in ``delete``: what was restored meanwhile is left alone."""

    kind = "delete_version"
    title = _("Delete a version at the vendor")
    verb = _("Delete a version")
    will = _("will have a version deleted for ever")
    permission = "playback.remove_recording"
    call = "delete_recording"
    calls = 2  # the first asks which version is the main one
    refreshes = True
    destructive = True
    rank = 90
    icon = "delete_forever"

    def plan_versions(self, facts: Facts, versions: Sequence[int]) -> Planned | Skipped:
        if len(versions) > 1:
            return Skipped(reason("one_version_a_time"))
        number = versions[0]
        if why := _why_not(facts, number):
            return Skipped(why)
        found = facts.versions[number]
        before = {"version": number, "video_id": found.video_id, "name": found.name}
        return Planned({f"{_FIELD}{number}": [THERE, DELETED]}, before)

    def apply(self, client: VendorClient, target: Target) -> Reason | Refusal | None:
        number = target.before["version"]
        if target.recording.held_at is not None:
            return Refusal(reason("on_hold"))
        if target.parameters.get("due") and not trash.is_open(target.recording, number):
            return Refusal(reason("restored_since"))
        info = lookup.recording_info(client, **target.key)
        if info is None:
            return Refusal(reason("gone"))
        if info.video_id is not None and info.video_id == target.before.get("video_id"):
            return Refusal(reason("version_is_main", version=number))
        client.delete_recording(**target.key, version=number)
        return None

    def settle(self, client: VendorClient, target: Target) -> bool:
        there = lookup.versions_there(client, **target.key)
        if there is None:
            raise VendorOutcomeUnknown(call="list_versions", why="a row of the versions could not be read")
        return target.before["version"] not in there

    def shows(self, change: Mapping[str, Sequence[Any]]) -> Shows:
        return {(number_in(name), "gone"): True for name in change}

    def ended(self, target: Target) -> None:
        trash.deleted(target.recording, target.before["version"])

    def offered(self, recording: Recording) -> bool:
        return bool(cuts_of(recording))
