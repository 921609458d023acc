"""The comparison that this folder rests on sees every fact, and the check of staff's work every loss."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from playback.models import OperationItem, Recording, Room, TrashEntry, Version

from .conftest import School, mirror_all
from .equality import assert_mirror_is_vendor, differences
from .kept import StaffsWork

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hasty")]
VIDEO = ("video_id", "length", "total_transcode_size", "play_times", "status", "publish_status")
NUMBERS = {
    Room: ("room_type", "product_type", "max_users"),
    Recording: (*VIDEO, "main_version", "playback_id", "product_type"),
    Version: VIDEO,
}
TEXTS = {Room: ("title",), Recording: ("name", "cover_url"), Version: ("name", "cover_url")}
TIMES = {Room: ("starts_at", "ends_at", "created_at"), Recording: ("created_at",), Version: ("created_at",)}


def test_each_fact_that_differs_is_named(school: School) -> None:
    school.add(10)
    mirror_all()
    assert_mirror_is_vendor(school.vendor)
    for facts, another in (
        (NUMBERS, lambda value: (value or 0) + 1),
        (TEXTS, lambda value: f"{value}?"),
        (TIMES, lambda value: value + timedelta(seconds=1)),
    ):
        for model, names in facts.items():
            row = model.objects.live().order_by("pk").first()
            for name in names:
                assert seen(school, row, name, another(getattr(row, name)))
    room = Room.objects.live().first()
    assert room is not None
    assert seen(school, room, "is_long_term", not room.is_long_term)


def seen(school: School, row: Any, name: str, value: Any) -> bool:
    """Is it told when this fact alone is otherwise?"""
    rows = type(row).objects.filter(pk=row.pk)
    rows.update(**{name: value})
    found = differences(school.vendor)
    rows.update(**{name: getattr(row, name)})
    return len(found) == 1 and f": {name} is {value!r} here" in found[0]


def test_rows_too_many_and_too_few_are_named(school: School) -> None:
    school.add(4)
    mirror_all()
    Recording.objects.filter(session_id=202403011).update(gone_at=timezone.now())
    school.vendor.state.remove_recording(*school.key(2))
    found = "\n".join(differences(school.vendor))
    assert f"recording {school.rooms[1]}-202403011 is not in the mirror" in found
    assert f"recording {school.rooms[0]}-202403012 is live here and not at the vendor" in found
    assert f"version {school.rooms[0]}-202403012-0 is live here" in found
    with pytest.raises(AssertionError, match="the mirror is not the vendor"):
        assert_mirror_is_vendor(school.vendor)


def test_a_loss_of_staffs_work_is_seen(school: School, staffs_work: Callable[[], StaffsWork]) -> None:
    school.add(6)
    work = staffs_work()
    work.check()
    for lost, expected in (
        (OperationItem.objects.filter(outcome="done"), "operation items"),
        (TrashEntry.objects.all(), "trash entries"),
    ):
        lost.delete()
        with pytest.raises(AssertionError, match=expected):
            work.check()
        work.before.pop(expected)
    Recording.objects.exclude(held_at=None).update(hold_reason="")
    with pytest.raises(AssertionError, match="holds"):
        work.check()
