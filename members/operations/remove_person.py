"""Remove a person from everything: an item for each list that is known to name them.

Each item is a removal from one list, made and settled as those of ``kinds`` are; the vendor has no call that forgets a
user, so this is as far as it goes. Lists that were never read here cannot be planned for, which the plan says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from playback.models import Recording, Room
from playback.operations.base import Answer, OperationInvalid, Planned, Refusal, Skipped, Target
from playback.operations.reasons import Reason, reason
from playback.operations.registry import register
from playback.vendor.codes import ErrorCode

from .. import lists, people
from ..lists import ListOf, list_of
from ..models import RecordingMembership, RoomMembership
from ..sync import store
from .kinds import _ListKind

if TYPE_CHECKING:
    from playback.operations.base import Attachment
    from playback.vendor.client import VendorClient


@register
class RemovePerson(_ListKind):
    """Parameters: ``user_id``."""

    kind = "remove_person"
    title = _("Remove a person from everything")
    verb = _("Remove from everything")
    will = _("lists will no longer name this person")
    permission = "members.remove_person"
    call = "remove_room_members"
    icon = "person_remove"
    destructive = True
    batch = 1
    adds = False
    sentences = {
        "was_not_on_list": _("The vendor says that this person was not on it any more."),
        "lists_unread": _(
            "%(count)s lists of rooms and recordings were never read here: whether they name this person is not known."
        ),
    }

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        user_id = people.number(parameters.get("user_id"))
        if user_id is None:
            raise OperationInvalid({"user_id": _now("Give the user id of the person.")})
        if not any(_lists_with(user_id)):
            raise OperationInvalid({"user_id": _now("No list that is known here names this person.")})
        return {"user_id": user_id}, None

    def plan_lines(self, parameters: Mapping[str, Any]) -> Sequence[tuple[str, Planned | Skipped]]:
        user_id = parameters["user_id"]
        return [
            (_label(which), Planned({"on_list": [True, False]}, {"user_id": user_id, "of": which.of, "pk": which.pk}))
            for which in _lists_with(user_id)
        ]

    def plan_notes(self, planned: Sequence[Planned]) -> list[Reason]:
        never = Q(member_list__isnull=True) | Q(member_list__read_at=None)
        count = Room.objects.live().filter(never).count() + Recording.objects.live().filter(never).count()
        return [reason("lists_unread", count=count)] if count else []

    def list_of(self, parameters: Mapping[str, Any]) -> ListOf:
        return lists.find(parameters["of"], parameters["pk"])

    def undo_line(
        self, parameters: Mapping[str, Any], change: Mapping[str, Sequence[Any]], before: Mapping[str, Any]
    ) -> Planned | Skipped:
        return super().undo_line(before, change, before)

    def apply(self, client: VendorClient, target: Target) -> Answer:
        answer = super().apply(client, _of_its_list(target))
        if isinstance(answer, Refusal) and target.change["on_list"][0] and _says_absent(answer):
            store.note_removed(self.list_of(target.before), [target.before["user_id"]], timezone.now())
            return reason("was_not_on_list")
        return answer

    def settle(self, client: VendorClient, target: Target) -> bool:
        return super().settle(client, _of_its_list(target))

    def ended(self, target: Target) -> None:
        """A settled removal is known here at once, too."""
        note = store.note_added if target.change["on_list"][1] else store.note_removed
        note(self.list_of(target.before), [target.before["user_id"]], timezone.now())

    def describe(self, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        user_id = parameters["user_id"]
        return [(_now("member"), people.label(user_id, people.names([user_id])))]


def _of_its_list(target: Target) -> Target:
    """The kinds of one list find it in the parameters; here each item has a list of its own."""
    return replace(target, parameters=target.before)


def _says_absent(refusal: Refusal) -> bool:
    """Code 1 is call 28's word for somebody who is not on the list; 1001 may as well mean the recording."""
    return (refusal.reason.get("vendor") or {}).get("code") == ErrorCode.FAILED


def _lists_with(user_id: int) -> list[ListOf]:
    """Of rooms and recordings that the vendor still has; rooms first."""
    rooms = RoomMembership.objects.filter(member=user_id, gone_at=None, room__gone_at=None)
    recordings = RecordingMembership.objects.filter(member=user_id, gone_at=None, recording__gone_at=None)
    return [
        *(list_of(row.room) for row in rooms.select_related("room").order_by("room_id")),
        *(list_of(row.recording) for row in recordings.select_related("recording").order_by("recording_id")),
    ]


def _label(which: ListOf) -> str:
    """Unlike a room's, a recording's key has its session even where that is 0: a label stands for one list alone."""
    if which.of == lists.ROOM:
        return which.label
    recording: Recording = which.owner
    key = f"{recording.room_id}-{recording.session_id}"
    return f"{recording.name} ({key})" if recording.name else key
