"""The vendor's two kinds of list, a room's and a recording's, as one thing: how it is read, added to and kept here.

Both are lists of the same people with the same three calls (add, remove, read) under other names; whoever works with
lists takes a :class:`ListOf` and need not know which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet

from playback.models import Recording, Room

from .models import Member, MemberList, RecordingMembership, RoomMembership

if TYPE_CHECKING:
    from playback.vendor.client import VendorClient
    from playback.vendor.results import MemberRow, Page

ROOM = "room"
RECORDING = "recording"


@dataclass(frozen=True)
class ListOf:
    """One list. ``owner`` is the room or the recording."""

    owner: Any
    of: ClassVar[str]
    model: ClassVar[type[RoomMembership | RecordingMembership]]

    @property
    def pk(self) -> int:
        return int(self.owner.pk)

    @property
    def key(self) -> str:
        """The vendor's name of it, for logs and the command line."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        raise NotImplementedError

    def ask(self, client: VendorClient, page: int, page_size: int) -> Page[MemberRow]:
        raise NotImplementedError

    def add(self, client: VendorClient, user_ids: Sequence[int]) -> None:
        raise NotImplementedError

    def remove(self, client: VendorClient, user_ids: Sequence[int]) -> None:
        raise NotImplementedError

    def memberships(self) -> QuerySet[Any]:
        """All that ever were on it; ``gone_at`` is empty for those who are."""
        return self.model._base_manager.filter(**{self.of: self.owner})

    def members(self) -> QuerySet[Any]:
        """Who is on it, as far as the mirror knows."""
        return Member.objects.filter(pk__in=self.memberships().filter(gone_at=None).values("member"))

    def kept(self) -> MemberList:
        """What is known of the list as a whole; a new row where nothing was."""
        row, _ = MemberList.objects.get_or_create(**{self.of: self.owner})
        return row


class RoomList(ListOf):
    of = ROOM
    model = RoomMembership

    @property
    def key(self) -> str:
        return str(self.owner.room_id)

    @property
    def label(self) -> str:
        room: Room = self.owner
        return f"{room.title} ({room.room_id})" if room.title else str(room.room_id)

    def ask(self, client: VendorClient, page: int, page_size: int) -> Page[MemberRow]:
        return client.list_room_members(self.owner.room_id, page=page, page_size=page_size)

    def add(self, client: VendorClient, user_ids: Sequence[int]) -> None:
        client.add_room_members(self.owner.room_id, user_ids=user_ids)

    def remove(self, client: VendorClient, user_ids: Sequence[int]) -> None:
        client.remove_room_members(self.owner.room_id, user_ids=user_ids)


class RecordingList(ListOf):
    of = RECORDING
    model = RecordingMembership

    @property
    def key(self) -> str:
        return str(self.owner.vendor_key)

    @property
    def label(self) -> str:
        recording: Recording = self.owner
        return f"{recording.name} ({self.key})" if recording.name else self.key

    def ask(self, client: VendorClient, page: int, page_size: int) -> Page[MemberRow]:
        return client.list_recording_members(self.owner.room_id, self.owner.session_id, page=page, page_size=page_size)

    def add(self, client: VendorClient, user_ids: Sequence[int]) -> None:
        client.add_recording_members(self.owner.room_id, self.owner.session_id, user_ids=user_ids)

    def remove(self, client: VendorClient, user_ids: Sequence[int]) -> None:
        client.remove_recording_members(self.owner.room_id, self.owner.session_id, user_ids=user_ids)


def list_of(owner: Room | Recording) -> ListOf:
    return RoomList(owner) if isinstance(owner, Room) else RecordingList(owner)


def find(of: str, pk: int) -> ListOf:
    """Raises ``Room.DoesNotExist`` or ``Recording.DoesNotExist``; ``KeyError`` for another ``of``."""
    models: dict[str, type[Room] | type[Recording]] = {ROOM: Room, RECORDING: Recording}
    return list_of(models[of]._default_manager.get(pk=pk))


def on_no_list() -> Q:
    """A condition on members: no list of a room or recording that the vendor still has names them."""
    rooms = RoomMembership.objects.filter(member=OuterRef("pk"), gone_at=None, room__gone_at=None)
    recordings = RecordingMembership.objects.filter(member=OuterRef("pk"), gone_at=None, recording__gone_at=None)
    return ~Q(Exists(rooms)) & ~Q(Exists(recordings))
