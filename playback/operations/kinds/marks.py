"""Mark points (calls 21 and 32): the whole list of one version is replaced by another one.

Call 32 overwrites whatever is there, so the list is read again right before it: where it is not the one that the plan
was made from, somebody else changed it, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from playback.models import Recording
from playback.vendor.client import VendorClient
from playback.vendor.errors import VendorOutcomeUnknown, VendorUnreachable

from .. import mark_lists, mark_text
from ..base import Answer, Attachment, Facts, OperationInvalid, OperationKind, Planned, Refusal, Skipped, Target
from ..marks import Mark, format_offset, parse_offset
from ..reasons import Reason, reason
from ..registry import register


@register
class SetMarks(OperationKind):
    """Parameters: ``version`` (none: the main one), ``content`` (``[[seconds or H:MM:SS, text], …]``, or lines as
    ``mark_text`` reads them; empty removes all), ``opened`` (the token of the list that an editor began with). A CSV
    as the attachment does for ``content``."""

    kind = "set_marks"
    title = _("Edit mark points")
    verb = _("Edit mark points")
    will = _("will get another list of mark points")
    permission = "playback.edit_marks"
    call = "set_mark_points"
    group = "content"
    rank = 40
    icon = "bookmarks"
    only_one = True
    takes_trashed = False
    needs_versions = True
    reads = True
    calls = 2
    refreshes = False  # the mirror holds no mark points
    undoable = True
    fields = {"marks": _("mark points")}
    sentences = {
        "marks_same": _("These are its mark points already."),
        "marks_changed_since": _(
            "Somebody else changed these mark points since this was planned. Nothing was overwritten: open the list "
            "again and look at theirs."
        ),
        "marks_changed_while_edited": _(
            "The list was changed by somebody else while you edited it: what is shown here is what becomes of theirs."
        ),
        "marks_already_so": _("The vendor had this list already; nothing was sent."),
        "marks_beyond_end": _("%(marks)s: that is not before its end (%(length)s)."),
    }

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        content = parameters.get("content")
        of_file = attachment if content is None else None  # from the command line; the page reads its file itself
        marks = _marks_of_file(of_file) if of_file else _marks_of(content)
        if len(marks) > mark_lists.MOST:
            raise OperationInvalid(
                {"content": _now("At most %(limit)d mark points are taken.") % {"limit": mark_lists.MOST}}
            )
        if wrong := mark_lists.problems(marks):
            raise _unusable([mark_text.Problem(place + 1, sentence) for place, sentence in wrong.items()])
        cleaned: dict[str, Any] = {
            "version": _version_of(parameters.get("version")),
            "content": mark_lists.stored(marks),
        }
        if opened := parameters.get("opened"):
            cleaned["opened"] = str(opened)[:64]
        return cleaned, None

    def read(
        self, client: VendorClient, targets: Sequence[Facts], parameters: Mapping[str, Any]
    ) -> Mapping[int, dict[str, Any]]:
        found: dict[int, dict[str, Any]] = {}
        for facts in targets:
            # By its number wherever it is known: another one that becomes main in between is not taken for it.
            version = facts.main_version if parameters["version"] is None else parameters["version"]
            found[facts.id] = {"version": version}
            if parameters["version"] is None or version in facts.versions:
                found[facts.id]["marks"] = mark_lists.stored(mark_lists.ask(client, **facts.key, version=version))
        return found

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        length = facts.length
        if parameters["version"] is not None:
            found = facts.versions.get(parameters["version"])
            if found is None:
                return Skipped(reason("no_such_version", version=parameters["version"]))
            length = found.length
        present, wanted = facts.known["marks"], parameters["content"]
        if present == wanted:
            return Skipped(reason("marks_same"))
        if length is None and wanted:
            return Skipped(reason("length_unknown"))
        late = mark_lists.beyond_end(_marks(wanted), _marks(present), length or 0)
        if late:
            return Skipped(
                reason("marks_beyond_end", marks=mark_lists.told(late, 3), length=format_offset(length or 0))
            )
        opened = parameters.get("opened")
        changed = opened and opened != mark_lists.token(_marks(present))
        return Planned(
            {"marks": [present, wanted]},
            {"version": facts.known["version"]},
            reason("marks_changed_while_edited") if changed else None,
        )

    def plan_notes(self, planned: Sequence[Planned]) -> list[Reason]:
        """That somebody else's list would be overwritten stands above the button, too."""
        return [item.note for item in planned if item.note is not None]

    def apply(self, client: VendorClient, target: Target) -> Answer:
        old, new = target.change["marks"]
        try:
            present = self._present(client, target)
        except VendorOutcomeUnknown as error:  # of a call that only reads: nothing was changed, and it is tried again
            raise VendorUnreachable(vendor_message=error.vendor_message, call=error.call, why=error.why) from None
        if present == new:
            return reason("marks_already_so")
        if present != old:
            return Refusal(reason("marks_changed_since"))
        content = mark_lists.content(_marks(new))
        client.set_mark_points(**target.key, version=target.before["version"], content=content)
        return None

    def settle(self, client: VendorClient, target: Target) -> bool:
        return bool(self._present(client, target) == target.change["marks"][1])

    def _present(self, client: VendorClient, target: Target) -> mark_lists.Stored:
        return mark_lists.stored(mark_lists.ask(client, **target.key, version=target.before["version"]))

    def offered(self, recording: Recording) -> bool:
        return recording.is_ready

    # ------------------------------------------------------------ undo

    def current(self, facts: Facts, name: str) -> Any:
        return facts.known.get("marks")

    def undo_item(
        self, facts: Facts, change: Mapping[str, Sequence[Any]], before: Mapping[str, Any]
    ) -> Planned | Skipped:
        if facts.known["version"] != before["version"]:  # the main one is another one since
            return Skipped(reason("changed_since"))
        return super().undo_item(facts, change, before)

    # ------------------------------------------------------------ telling

    def describe(self, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        version = parameters.get("version")
        return [
            (_now("version"), _now("(the main one)") if version is None else str(version)),
            (_now("mark points"), str(len(parameters.get("content") or []))),
        ]

    def changes(self, change: Mapping[str, Sequence[Any]]) -> list[tuple[str, str, str]]:
        """Counts, and what is different: never the lists as they are."""
        if "marks" not in change:
            return []
        old, new = (_marks(pairs) for pairs in change["marks"])
        found = mark_lists.difference(old, new)
        told = [(_now("mark points"), str(len(old)), str(len(new)))]
        if found.added:
            label = ngettext("%(count)d added", "%(count)d added", len(found.added))
            told.append((label % {"count": len(found.added)}, "–", mark_lists.told(found.added)))
        if found.removed:
            label = ngettext("%(count)d removed", "%(count)d removed", len(found.removed))
            told.append((label % {"count": len(found.removed)}, mark_lists.told(found.removed), "–"))
        if found.moved:
            label = ngettext("%(count)d moved", "%(count)d moved", len(found.moved))
            told.append((label % {"count": len(found.moved)}, *_sides(found.moved)))
        if found.renamed:
            label = ngettext("%(count)d renamed", "%(count)d renamed", len(found.renamed))
            told.append((label % {"count": len(found.renamed)}, *_sides(found.renamed)))
        return told


def _marks(pairs: Sequence[Sequence[Any]]) -> list[Mark]:
    return mark_lists.of_stored(pairs)


def _sides(pairs: Sequence[tuple[Mark, Mark]]) -> tuple[str, str]:
    return mark_lists.told([old for old, _new in pairs]), mark_lists.told([new for _old, new in pairs])


def _version_of(value: object) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, int | str) and str(value).strip().isdecimal() and len(str(value)) < 10:
        return int(value)
    raise OperationInvalid({"version": _now("Give the number of a version.")})


def _marks_of(value: object) -> list[Mark]:
    if isinstance(value, str):
        if not value.strip():
            return []
        return _marks_of_lines(value)
    if not isinstance(value, Sequence):
        raise OperationInvalid({"content": _now("Give the list of mark points; an empty one removes them all.")})
    marks = []
    wrong = []
    for number, pair in enumerate(value, 1):
        mark = _mark_of(pair)
        if mark is None:
            wrong.append(mark_text.Problem(number, _now("This is not a time like 00:12:30 with a text.")))
        else:
            marks.append(mark)
    if wrong:
        raise _unusable(wrong)
    return marks


def _marks_of_file(attachment: Attachment) -> list[Mark]:
    """An empty file is a mistake, and no wish to remove all."""
    try:
        return _marks_of_lines(mark_text.decode(attachment.content))
    except mark_text.NotText as error:
        raise OperationInvalid({"content": str(error)}) from None


def _marks_of_lines(text: str) -> list[Mark]:
    lines = mark_text.read(text)
    if lines.problems:
        raise _unusable(lines.problems)
    return lines.marks


def _mark_of(pair: object) -> Mark | None:
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
        return None
    time, text = pair
    offset = parse_offset(time) if isinstance(time, str) else time
    if not isinstance(offset, int) or isinstance(offset, bool) or not isinstance(text, str | int):
        return None
    return Mark(offset, str(text).strip())


def _unusable(problems: Sequence[mark_text.Problem]) -> OperationInvalid:
    shown = [str(problem) for problem in problems[:10]]
    if len(problems) > len(shown):
        shown.append(_now("… and %(count)d more") % {"count": len(problems) - len(shown)})
    return OperationInvalid({"content": " ".join(shown)})
