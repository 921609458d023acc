"""What all ways to cut a recording share (calls 35 and 17): the plan, finding the new versions, carrying marks over.

A cut makes new versions and leaves the recording as it is. Neither call may be sent twice, so nothing is sent before
the vendor was asked which versions there are; whatever is there afterwards and was not before, is ours. That is how a
call whose answer was lost is settled, and how the parts are found while the vendor transcodes them.

**Whether the vendor cuts the original or the main version is not documented.** So only a recording whose original is
its main version is cut: there both are the same.

Mark points are read while the plan is made. Once every part is ready, each gets those that lie in it, moved to its own
start; what the vendor does not take is named in the report. A part whose marks somebody has edited meanwhile is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from playback.models import Recording
from playback.sync.single import refresh_recording
from playback.vendor.client import VendorClient
from playback.vendor.codes import RecordingStatus
from playback.vendor.errors import (
    VendorError,
    VendorGone,
    VendorOutcomeUnknown,
    VendorRefused,
    VendorUnreachable,
)

from .. import mark_lists
from ..base import Answer, Facts, OperationKind, Planned, Refusal, Skipped, Target, Working
from ..marks import Mark, format_offset, moved
from ..reasons import Reason, from_vendor, reason
from . import carrying, class_times
from . import parts as cuts
from .class_times import Node
from .parts import Cut, Part
from .publish import NOT_READY

ORIGINAL = 0  # its version number

SENTENCES = {
    "cut_is_main": _(
        "Its main version is a cut (version %(version)s), and the vendor does not say whether it would cut that or the "
        "original. Set the original (version 0) as main first."
    ),
    "main_unknown": _("Which of its versions is main is not known: refresh it first."),
    "already_cut": _("It already has these parts: version %(versions)s."),
    "part_beyond": _("“%(name)s” (%(span)s) ends after the recording, which is %(length)s long."),
    "versions_changed": _("Its versions were changed since the plan was made. Nothing was cut: plan it again."),
    "marks_changed": _("Its mark points were changed since the plan was made. Nothing was cut: plan it again."),
    "marks_unread": _("The vendor did not tell its mark points: the parts will have none."),
    "no_undo_cut": _(
        "New versions are made and the recording stays as it is. There is no undo: a version that is not wanted is "
        "deleted through the trash."
    ),
    "cut_made": _("New: version %(versions)s. There is no undo: delete a version through the trash."),
    "cut_made_marks_left": _(
        "New: version %(versions)s. These mark points could not be written and have to be added by hand: %(marks)s."
    ),
    "cut_made_marks_unread": _(
        "New: version %(versions)s. The vendor did not tell the mark points, so they have none. There is no undo: "
        "delete a version through the trash."
    ),
    "parts_failed": _("The vendor failed at version %(failed)s. Ready: version %(versions)s."),
    "parts_failed_marks_left": _(
        "The vendor failed at version %(failed)s. Ready: version %(versions)s. These mark points could not be written "
        "and have to be added by hand: %(marks)s."
    ),
}


class Cutting(OperationKind):
    """Subclasses say which parts (:meth:`parts_of`) and make the call (:meth:`cut`)."""

    permission = "playback.crop_recording"
    group = "versions"
    icon = "content_cut"
    reads = True
    in_background = True
    takes_trashed = False
    calls = 6  # a look before, the call, and about two looks and a list of marks afterwards
    fields = {"parts": _("part"), "lost_marks": _("mark points in no part")}

    def parts_of(self, facts: Facts, parameters: Mapping[str, Any], length: int) -> Sequence[Part] | Reason:
        """The parts of an original of ``length`` seconds; or why there are none."""
        raise NotImplementedError

    def cut(self, client: VendorClient, target: Target, parts: Sequence[Part]) -> None:
        """The call that must not be repeated. Raises the client's ``VendorError`` s."""
        raise NotImplementedError

    def offered(self, recording: Recording) -> bool:
        return recording.is_ready

    # ------------------------------------------------------------ the plan

    def read(
        self, client: VendorClient, targets: Sequence[Facts], parameters: Mapping[str, Any]
    ) -> Mapping[int, dict[str, Any]]:
        """The versions and the original's mark points. One that is not ready will be skipped, and not asked about."""
        return {
            facts.id: self.read_one(client, facts) if facts.status == RecordingStatus.READY else {"ready": False}
            for facts in targets
        }

    def read_one(self, client: VendorClient, facts: Facts) -> dict[str, Any]:
        rows = versions(client, facts.key)
        known: dict[str, Any] = {"versions": [list(cut) for cut, _made_at in rows]}
        known["made_at"] = next((made_at for cut, made_at in rows if cut.number == ORIGINAL), None)
        try:
            known["marks"] = mark_lists.stored(mark_lists.ask(client, **facts.key, version=ORIGINAL))
        except VendorGone:
            raise
        except VendorRefused as refused:  # cutting is not worth less for that, but it has to be said
            known["marks"] = None
            known["marks_unread"] = from_vendor("marks_unread", refused)
        return known

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        if facts.status in NOT_READY:
            return Skipped(reason(NOT_READY[RecordingStatus(facts.status)]))
        if "versions" not in facts.known:  # it was not ready, or gone, when the vendor was asked
            return Skipped(reason("could_not_read"))
        there = [Cut(*row) for row in facts.known["versions"]]
        original = next((cut for cut in there if cut.number == ORIGINAL), None)
        if original is None:
            return Skipped(reason("no_such_version", version=ORIGINAL))
        if facts.main_version is None and len(there) > 1:
            return Skipped(reason("main_unknown"))
        if facts.main_version:
            return Skipped(reason("cut_is_main", version=facts.main_version))
        if not original.length:
            return Skipped(reason("length_unknown"))
        parts = self.parts_of(facts, parameters, original.length)
        if isinstance(parts, dict):
            return Skipped(parts)
        if too_long := cuts.beyond(parts, original.length):
            length = format_offset(original.length)
            return Skipped(reason("part_beyond", name=too_long.name, span=too_long.span, length=length))
        same = cuts.already(parts, there)
        if len(same) == len(parts):
            return Skipped(reason("already_cut", versions=_numbers(same)))
        change = self._change(parts, mark_lists.of_stored(facts.known["marks"] or []))
        before = {"versions": [cut.number for cut in there], "length": original.length}
        return Planned(change, before, facts.known.get("marks_unread"))

    def _change(self, parts: Sequence[Part], all_marks: Sequence[Mark]) -> dict[str, list[Any]]:
        planned = [
            {**part._asdict(), "marks": mark_lists.stored(moved(all_marks, part.start, part.end)[0])} for part in parts
        ]
        lost = [mark for mark in all_marks if not any(part.start <= mark.offset < part.end for part in parts)]
        change: dict[str, list[Any]] = {"parts": [None, planned]}
        if lost:
            change["lost_marks"] = [mark_lists.stored(lost), None]
        return change

    def plan_notes(self, planned: Sequence[Planned]) -> list[Reason]:
        return [reason("no_undo_cut")] if planned else []

    # ------------------------------------------------------------ the call, and what became of it

    def apply(self, client: VendorClient, target: Target) -> Answer:
        if refusal := self._changed_since(client, target):
            return refusal
        self.cut(client, target, planned_parts(target))
        try:  # the new versions appear here at once; what fails now is no failure of the call
            refresh_recording(client, target.recording)
        except VendorError:
            pass
        return Working()

    def _changed_since(self, client: VendorClient, target: Target) -> Refusal | None:
        """A look before the call: what is new afterwards must be ours, and the marks must be the planned ones."""
        if target.recording.main_version:
            return Refusal(reason("cut_is_main", version=target.recording.main_version))
        try:
            there = [cut for cut, _made_at in versions(client, target.key)]
            original = next((cut for cut in there if cut.number == ORIGINAL), None)
            new = {cut.number for cut in there} - set(target.before["versions"])
            if new or original is None or original.length != target.before["length"]:
                return Refusal(reason("versions_changed"))
            if target.known.get("marks") is not None:
                change = self._change(planned_parts(target), mark_lists.ask(client, **target.key, version=ORIGINAL))
                if change["parts"] != [None, _bare(target)]:
                    return Refusal(reason("marks_changed"))
        except VendorOutcomeUnknown as unknown:  # of a question: nothing was asked for yet
            raise VendorUnreachable(unknown.code, unknown.vendor_message, why=str(unknown)) from None
        return None

    def settle(self, client: VendorClient, target: Target) -> bool:
        """Any of the parts is there: then the call came through, and the rest follows."""
        return any(self._made(client, target))

    def _made(self, client: VendorClient, target: Target) -> list[Cut | None]:
        there = [cut for cut, _made_at in versions(client, target.key)]
        return cuts.made(planned_parts(target), there, set(target.before["versions"]))

    def finished(self, client: VendorClient, target: Target) -> bool | Reason | Refusal:
        made = [cut for cut in self._made(client, target) if cut is not None]
        parts = target.change["parts"][1]
        ended = (RecordingStatus.READY, RecordingStatus.FAILED)
        if len(made) < len(parts) or any(cut.status not in ended for cut in made):
            return False
        ready = [(cut, part) for cut, part in zip(made, parts, strict=True) if cut.status == RecordingStatus.READY]
        left = carrying.carry(client, target, [(cut, mark_lists.of_stored(part["marks"])) for cut, part in ready])
        if left is None:
            return False
        said: dict[str, Any] = {"versions": _numbers(cut for cut, _part in ready)} | ({"marks": left} if left else {})
        if failed := [cut for cut in made if cut.status == RecordingStatus.FAILED]:
            said["versions"] = said["versions"] or "–"
            code = "parts_failed_marks_left" if left else "parts_failed"
            return Refusal(reason(code, failed=_numbers(failed), **said))
        if left:
            return reason("cut_made_marks_left", **said)
        return reason("cut_made" if target.known.get("marks") is not None else "cut_made_marks_unread", **said)

    # ------------------------------------------------------------ telling

    def changes(self, change: Mapping[str, Sequence[Any]]) -> list[tuple[str, str, str]]:
        lines = []
        if "parts" in change:
            for number, part in enumerate(change["parts"][1], 1):
                label = _now("part %(number)s") % {"number": number}
                ran = [
                    _now("class %(time)s") % {"time": class_times.ran(Node(*node))} for node in part.get("class", [])
                ]
                lines.append((label, " · ".join([Part(part["start"], part["end"]).span, *ran]), _becomes(part)))
        if "lost_marks" in change:
            lost = mark_lists.of_stored(change["lost_marks"][0])
            lines.append((str(self.fields["lost_marks"]), carrying.told(lost), _now("in none of the new versions")))
        return lines


def planned_parts(target: Target) -> list[Part]:
    return [Part(part["start"], part["end"], part["name"]) for part in target.change["parts"][1]]


def _bare(target: Target) -> list[dict[str, Any]]:
    return [{name: part[name] for name in ("start", "end", "name", "marks")} for part in target.change["parts"][1]]


def _becomes(part: Mapping[str, Any]) -> str:
    many = len(part["marks"])
    said = [f"“{part['name']}”" if part["name"] else _now("(the vendor names it)")]
    said.append(format_offset(part["end"] - part["start"]))
    said.append(ngettext("%(count)d mark point", "%(count)d mark points", many) % {"count": many})
    return " · ".join(said)


def _numbers(some: Any) -> str:
    return ", ".join(str(cut.number) for cut in some)


# ---------------------------------------------------------------- reading and writing


def versions(client: VendorClient, key: Mapping[str, int]) -> list[tuple[Cut, int | None]]:
    """All versions (call 10) with their unix time of making. A list that can be read in part is not read: what is
    missing from it would later be taken for new."""
    found: dict[int, tuple[Cut, int | None]] = {}
    for page in client.pages(client.list_versions, **key):
        if page.unreadable or any(row.version is None for row in page.rows):
            raise VendorOutcomeUnknown(call="list_versions", why="some of the versions cannot be read")
        for row in page.rows:
            made_at = int(row.created_at.timestamp()) if row.created_at else None
            assert row.version is not None  # noqa: S101 - see above
            found[row.version] = Cut(row.version, row.name, row.status, row.length or None), made_at
    return sorted(found.values())
