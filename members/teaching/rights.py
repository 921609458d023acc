"""What a teacher may reach. The only place that asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.backends import BaseBackend
from django.db.models import QuerySet

from members.models import RoomTeacher
from playback.models import Recording, Room

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

# What somebody may do with a recording because they teach in its room; asked for with the recording.
GRANTED = frozenset({"playback.view_recording", "playback.preview_recording", "playback.make_play_links"})


def rooms_of(user: User | AnonymousUser) -> QuerySet[Room]:
    """The rooms that this person teaches in, whether the vendor still has them or not."""
    return Room.objects.get_queryset().filter(pk__in=_taught(user))


def recordings_of(user: User | AnonymousUser) -> QuerySet[Recording]:
    """The recordings of those rooms."""
    return Recording.objects.get_queryset().filter(room__in=_taught(user)).select_related("room")


def _taught(user: User | AnonymousUser) -> QuerySet[Any]:
    # As a sub-query, not as a join: a row comes once, however it is filtered further.
    return RoomTeacher.objects.filter(user=user.pk, user__is_active=True).values("room_id")


class RoomTeachers(BaseBackend):
    """Signs nobody in. Grants rights on single recordings, asked anew each time: taken away, they are gone at once."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        if perm not in GRANTED or not isinstance(obj, Recording) or not user_obj.is_active:
            return False
        return RoomTeacher.objects.filter(user_id=user_obj.pk, room_id=obj.room_id).exists()
