"""Add to and remove from the list of a room (26, 28) or of a recording (23, 24): an item a person.

The plan compares with the mirrored list; people go to the vendor in chunks, and a chunk that it refuses is narrowed to
the ids that are wrong. Undoing an addition is a removal of the same people from the same list, and the other way round:
``change`` says which way.

A removal must not be sent twice. Whoever is unknown after a lost answer is looked up in the list, which is read once
for the whole chunk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from playback import display
from playback.models import OperationItem, Recording, Room
from playback.operations import limits
from playback.operations.base import Answer, OperationInvalid, OperationKind, Planned, Refusal, Skipped, Target
from playback.operations.reasons import from_vendor, reason
from playback.operations.registry import register
from playback.vendor.errors import VendorError, VendorOutcomeUnknown, VendorRefused

from .. import people
from ..lists import ListOf, RecordingList, RoomList
from ..models import MemberList
from ..sync import store
from ..sync.reading import read_list, want
from .narrowing import about_ids, narrowed

if TYPE_CHECKING:
    from playback.operations.base import Attachment
    from playback.vendor.client import VendorClient

CHUNK = 100  # ids of a call: what the vendor takes is not documented; a call of 100 is as long as its longest others
MOST = 100_000  # people of one operation
PAGES_AT_ONCE = 3  # a longer list is read by the schedule after a change, not by the call that made it
RECENT = timedelta(seconds=20)  # a reading that serves a whole chunk of unknown items

SENTENCES = {
    "already_on_list": _("Already on the list."),
    "not_on_list": _("Not on the list."),
    "unknown_person": _("No list has named this user id yet: the vendor may not know it."),
    "list_never_read": _("The list was never read here: the vendor will say whether this person is on it."),
    "refused_person": _("The vendor refused this person. Nothing was changed for them."),
}


class _ListKind(OperationKind):
    permission = "members.edit_lists"
    fields = {"on_list": _("list")}
    sentences = SENTENCES
    group = "people"
    targetless = True
    batch = CHUNK
    calls = 2  # of a chunk: the call, and reading the list afterwards
    refreshes = False
    undoable = True
    adds: ClassVar[bool]

    # ------------------------------------------------------------ which list, which people

    def list_of(self, parameters: Mapping[str, Any]) -> ListOf:
        """Raises ``DoesNotExist`` of the room or recording."""
        raise NotImplementedError

    def named(self, parameters: Mapping[str, Any]) -> tuple[ListOf, dict[str, Any]]:
        """The list that was asked for, and what is stored of it. Raises :class:`OperationInvalid`."""
        raise NotImplementedError

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        which, stored = self.named(parameters)
        if which.owner.gone_at is not None:
            raise OperationInvalid({f"{which.of}_id": _now("The vendor no longer has it.")})
        try:
            ids = people.user_ids(parameters.get("user_ids", ""))
        except ValueError as error:
            sentence = _now("%(word)s is not a user id.") % {"word": f"“{error}”"}
            raise OperationInvalid({"user_ids": sentence}) from None
        if not ids:
            raise OperationInvalid({"user_ids": _now("Nobody is named.")})
        if len(ids) > MOST:
            sentence = _now("At most %(most)s people go in one operation.") % {"most": f"{MOST:,}"}
            raise OperationInvalid({"user_ids": sentence})
        # One text and not a list: every item of the operation is read with its parameters.
        return {**stored, "user_ids": ",".join(map(str, ids))}, None

    # ------------------------------------------------------------ plan

    def plan_lines(self, parameters: Mapping[str, Any]) -> Sequence[tuple[str, Planned | Skipped]]:
        which = self.list_of(parameters)
        ids = people.user_ids(parameters["user_ids"])
        names = people.names(ids)
        on_list = store.ids_here(which)
        never_read = not MemberList.objects.filter(**{which.of: which.owner}, read_at__isnull=False).exists()
        lines: list[tuple[str, Planned | Skipped]] = []
        for user_id in ids:
            note = None
            if (user_id in on_list) == self.adds and (self.adds or not never_read):
                code = "already_on_list" if self.adds else "not_on_list"
                lines.append((people.label(user_id, names), Skipped(reason(code))))
                continue
            if user_id not in names:
                note = reason("unknown_person")
            elif not self.adds and user_id not in on_list:
                note = reason("list_never_read")
            change = {"on_list": [not self.adds, self.adds]}
            lines.append((people.label(user_id, names), Planned(change, {"user_id": user_id}, note)))
        return lines

    def undo_line(
        self, parameters: Mapping[str, Any], change: Mapping[str, Sequence[Any]], before: Mapping[str, Any]
    ) -> Planned | Skipped:
        old, new = change["on_list"]
        here = self.list_of(parameters).memberships().filter(member=before["user_id"], gone_at=None).exists()
        if here != new:
            return Skipped(reason("changed_since"))
        return Planned({"on_list": [new, old]}, dict(before))

    # ------------------------------------------------------------ run

    def apply(self, client: VendorClient, target: Target) -> Answer:
        (answer,) = self.apply_batch(client, [target])
        if isinstance(answer, VendorError):
            raise answer
        return answer

    def apply_batch(self, client: VendorClient, targets: Sequence[Target]) -> Sequence[Answer | VendorError]:
        which = self.list_of(targets[0].parameters)
        adding = bool(targets[0].change["on_list"][1])
        ids = [target.before["user_id"] for target in targets]
        done_at = timezone.now()
        call = partial(which.add if adding else which.remove, client)
        fates = narrowed(call, ids, lambda: which.ask(client, 1, 1))
        done = [user_id for user_id in ids if fates[user_id] is None]
        if done:
            (store.note_added if adding else store.note_removed)(which, done, done_at)
        if done or any(isinstance(fate, VendorOutcomeUnknown) for fate in fates.values()):
            self._read_again(client, which, targets)
        return [self._answer(fates[user_id]) for user_id in ids]

    def _answer(self, fate: VendorError | None) -> Answer | VendorError:
        if isinstance(fate, VendorRefused) and about_ids(fate):
            return Refusal(from_vendor("refused_person", fate))
        return fate

    def _read_again(self, client: VendorClient, which: ListOf, targets: Sequence[Target]) -> None:
        """After the last chunk, at once if the list is short; else, and if that fails, by the schedule."""
        want(which)
        others = OperationItem.objects.filter(operation=targets[0].operation_id, finished_at=None)
        if not others.exclude(pk__in=[target.item_id for target in targets]).exists():
            read_list(client, which, most_pages=PAGES_AT_ONCE)

    def settle(self, client: VendorClient, target: Target) -> bool:
        which = self.list_of(target.parameters)
        user_id, wanted = target.before["user_id"], bool(target.change["on_list"][1])
        if self._read_lately(which, target.begun_at):
            here = which.memberships().filter(member=user_id, gone_at=None).exists()
            return here == wanted
        read = read_list(client, which)
        if user_id in read.ids:
            return wanted
        if read.failure is not None:
            raise read.failure
        if not read.complete:
            raise VendorOutcomeUnknown(call=self.call, why=read.error)
        return not wanted

    def _read_lately(self, which: ListOf, begun_at: datetime | None) -> bool:
        """Was the list read to its end so lately, and so long after the call, that it need not be read again?"""
        now = timezone.now()
        begun = begun_at or now
        enough = timedelta(seconds=limits.patience())
        since = max(now - RECENT, begun + enough if now - begun >= enough else begun)
        return MemberList.objects.filter(**{which.of: which.owner}, read_at__gt=since).exists()

    # ------------------------------------------------------------ telling

    def describe(self, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        try:
            which = self.list_of(parameters)
        except (Room.DoesNotExist, Recording.DoesNotExist):
            return []
        kept = MemberList.objects.filter(**{which.of: which.owner}).first()
        read_at = display.beijing(kept.read_at) if kept and kept.read_at else _now("never")
        heading = _now("room") if which.of == "room" else _now("recording")
        return [(heading, which.label), (_now("list last read"), read_at)]

    def show(self, name: str, value: Any) -> str:
        return _now("on it") if value else _now("not on it")


class _RoomKind(_ListKind):
    def list_of(self, parameters: Mapping[str, Any]) -> ListOf:
        return RoomList(Room._default_manager.get(pk=parameters["room_id"]))

    def named(self, parameters: Mapping[str, Any]) -> tuple[ListOf, dict[str, Any]]:
        room_id = people.number(parameters.get("room_id"))
        room = Room._default_manager.filter(pk=room_id).first() if room_id else None
        if room is None:
            raise OperationInvalid({"room_id": _now("There is no such room here.")})
        return RoomList(room), {"room_id": room.pk}


class _RecordingKind(_ListKind):
    """``recording_id`` is ours; people who type name the vendor's ``room_id`` and ``session_id`` instead."""

    def list_of(self, parameters: Mapping[str, Any]) -> ListOf:
        return RecordingList(Recording._default_manager.get(pk=parameters["recording_id"]))

    def named(self, parameters: Mapping[str, Any]) -> tuple[ListOf, dict[str, Any]]:
        pk, room_id = people.number(parameters.get("recording_id")), people.number(parameters.get("room_id"))
        rows = Recording._default_manager.all()
        recording = None
        if pk:
            recording = rows.filter(pk=pk).first()
        elif room_id:
            session_id = people.number(parameters.get("session_id")) or 0
            recording = rows.filter(room_id=room_id, session_id=session_id).first()
        if recording is None:
            raise OperationInvalid({"recording_id": _now("There is no such recording here.")})
        return RecordingList(recording), {"recording_id": recording.pk}


@register
class AddRoomMembers(_RoomKind):
    kind = "add_room_members"
    title = _("Add members to a room")
    verb = _("Add")
    will = _("will be added to the list")
    call = "add_room_members"
    icon = "group_add"
    adds = True


@register
class RemoveRoomMembers(_RoomKind):
    kind = "remove_room_members"
    title = _("Remove members from a room")
    verb = _("Remove")
    will = _("will be removed from the list")
    call = "remove_room_members"
    icon = "group_remove"
    adds = False


@register
class AddRecordingMembers(_RecordingKind):
    kind = "add_recording_members"
    title = _("Add members to a recording")
    verb = _("Add")
    will = _("will be added to the list")
    call = "add_recording_members"
    icon = "group_add"
    adds = True


@register
class RemoveRecordingMembers(_RecordingKind):
    kind = "remove_recording_members"
    title = _("Remove members from a recording")
    verb = _("Remove")
    will = _("will be removed from the list")
    call = "remove_recording_members"
    icon = "group_remove"
    adds = False
