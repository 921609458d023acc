"""Move to the trash and back: blocked at the vendor (call 7) until its date, or given back its former publish state.

The entry is written with the outcome: a process that is killed between the two leaves an item that is settled by
reading the vendor, and the entry is written then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from playback.models import PUBLISH_STATUSES, WHOLE, Recording
from playback.vendor.client import VendorClient
from playback.vendor.codes import PublishStatus, RecordingStatus

from .. import trash
from ..base import Attachment, Facts, OperationKind, Planned, Refusal, Shows, Skipped, Target
from ..reasons import Reason, reason
from ..registry import register
from . import watched

IN = "in"  # in ``change``, where the days do not matter


def show_place(value: Any) -> str:
    """A side of a change of place: not in the trash, in it, or in it for so many days."""
    if value is None:
        return _now("not in the trash")
    if isinstance(value, int):
        return ngettext("in the trash for %(days)d day", "in the trash for %(days)d days", value) % {"days": value}
    return _now("in the trash")


class _OfTheTrash(OperationKind):
    permission = "playback.trash_recording"
    call = "set_publish_status"
    group = "main"
    needs_trash = True
    fields = {"trash": _("place"), "publish_status": _("publish state")}

    def apply(self, client: VendorClient, target: Target) -> Reason | Refusal | None:
        if target.change["trash"][1] is not None and target.recording.held_at is not None:
            return Refusal(reason("on_hold"))
        if "publish_status" in target.change:
            client.set_publish_status(**target.key, status=target.change["publish_status"][1])
        return None

    def settle(self, client: VendorClient, target: Target) -> bool:
        if "publish_status" not in target.change:
            return True
        return client.recording_info(**target.key).publish_status == target.change["publish_status"][1]

    def ended(self, target: Target) -> None:
        days = target.change["trash"][1]
        if days is None:
            trash.restored(target.recording, WHOLE)
        else:
            trash.put(target, WHOLE, days, target.before.get("publish_status"))

    def shows(self, change: Mapping[str, Sequence[Any]]) -> Shows:
        return {(None, "publish_status"): change["publish_status"][1]} if "publish_status" in change else {}

    def show(self, name: str, value: Any) -> str:
        if name == "trash":
            return show_place(value)
        return str(dict(PUBLISH_STATUSES).get(value, "–" if value is None else value))


@register
class Trash(_OfTheTrash):
    """Parameter: ``days``. What has no publish state yet, or is blocked, needs no call.

    A recording that is in the trash already is taken again if it was published at the vendor meanwhile: it is blocked
    once more, and its days begin anew.
    """

    kind = "trash"
    title = _("Move recordings to the trash")
    verb = _("Move to the trash")
    will = _("will be blocked and moved to the trash")
    rank = 80
    icon = "delete"
    undoable = True
    sentences = {
        "not_in_trash": _("It is not in the trash."),
        "stays_blocked": _("What its publish state was before is not known: it stays blocked."),
    }

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        return {"days": trash.clean_days(parameters.get("days"))}, None

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        if facts.held_at is not None:
            return Skipped(reason("on_hold"))
        if facts.trashed and facts.publish_status != PublishStatus.PUBLISHED:
            return Skipped(reason("in_trash"))
        change: dict[str, list[Any]] = {"trash": [IN if facts.trashed else None, parameters["days"]]}
        if _can_be_watched(facts):
            change["publish_status"] = [facts.publish_status, PublishStatus.BLOCKED.value]
        return Planned(change, {"publish_status": facts.publish_status}, watched.note(facts))

    def plan_notes(self, planned: Sequence[Planned]) -> list[Reason]:
        return watched.notes(planned)

    def undo_item(
        self, facts: Facts, change: Mapping[str, Sequence[Any]], before: Mapping[str, Any]
    ) -> Planned | Skipped:
        """Restore, by the entry and not by what this operation found: it may have been blocked again since."""
        was, days = change["trash"]
        if days is None:  # an undo is undone: into the trash again
            return self.plan_item(facts, {"days": trash.clean_days(was)}, 0)
        return given_back(facts, days)

    def offered(self, recording: Recording) -> bool:
        again = recording.publish_status == PublishStatus.PUBLISHED
        return recording.held_at is None and (again or WHOLE not in recording.open_trash)

    def describe(self, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        days = parameters["days"]
        told = ngettext("%(days)d day after it was put there", "%(days)d days after it was put there", days)
        return [(_now("When it is deleted"), told % {"days": days})]


@register
class Restore(_OfTheTrash):
    kind = "restore"
    title = _("Restore recordings from the trash")
    verb = _("Restore")
    takes_object = True
    will = _("will be restored")
    rank = 79
    icon = "restore_from_trash"

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        return given_back(facts, IN)

    def offered(self, recording: Recording) -> bool:
        return WHOLE in recording.open_trash


def given_back(facts: Facts, was: Any) -> Planned | Skipped:
    """Out of the trash, with the publish state of before."""
    if WHOLE not in facts.trash:
        return Skipped(reason("not_in_trash"))
    former = facts.trash[WHOLE]
    change: dict[str, list[Any]] = {"trash": [was, None]}
    if former is not None and facts.publish_status != former:
        change["publish_status"] = [facts.publish_status, former]
    unknown = former is None and facts.publish_status == PublishStatus.BLOCKED
    return Planned(change, {"publish_status": facts.publish_status}, reason("stays_blocked") if unknown else None)


def _can_be_watched(facts: Facts) -> bool:
    """Published, or nobody knows; what is not ready has no publish state yet."""
    if facts.publish_status is None:
        return facts.status == RecordingStatus.READY
    return facts.publish_status != PublishStatus.BLOCKED
