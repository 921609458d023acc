"""People and lists in the mirror, for tests that need no vendor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from members.lists import list_of
from members.models import Member
from playback.models import Recording, Room


def member(user_id: int, name: str = "", user_sn: str = "", phone: str = "", **facts: Any) -> Member:
    now = timezone.now()
    return Member.objects.create(
        user_id=user_id, name=name, user_sn=user_sn, phone_number=phone, first_seen_at=now, synced_at=now, **facts
    )


def put_on(owner: Room | Recording, ids: Iterable[int], *, read: bool = True) -> None:
    """These are on the list and, if it was ``read``, nobody else."""
    which, now = list_of(owner), timezone.now()
    for user_id in ids:
        which.model._base_manager.create(**{which.of: owner}, member_id=user_id, first_seen_at=now, synced_at=now)
    if read:
        kept = which.kept()
        kept.read_at = now
        kept.save()
