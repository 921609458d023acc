"""Planning and confirming: what is stored before anything is sent."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone, translation

from playback.models import Operation, Recording, Room
from playback.operations import execute
from playback.operations.base import OperationInvalid
from playback.vendor.codes import PublishStatus, RecordingStatus

pytestmark = [pytest.mark.django_db, pytest.mark.portable]


def make_user(name: str, *permissions: str) -> User:
    user = User.objects.create_user(name)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def make_recordings(count: int, **values: object) -> list[Recording]:
    now = timezone.now()
    start = 10_000 + Room.objects.count()
    rooms = Room.objects.bulk_create(
        Room(room_id=start + n, title=f"高一{n}班", first_seen_at=now) for n in range(count)
    )
    facts = {"status": RecordingStatus.READY.value, "publish_status": PublishStatus.PUBLISHED.value, **values}
    return Recording.objects.bulk_create(
        Recording(room=room, name=f"第{n}课", first_seen_at=now, created_at=now, **facts)
        for n, room in enumerate(rooms)
    )


def test_a_plan_says_for_each_target_what_will_change_or_why_not() -> None:
    user = make_user("staff", "block_recording")
    make_recordings(2)
    make_recordings(1, publish_status=PublishStatus.BLOCKED.value)
    make_recordings(1, status=RecordingStatus.TRANSCODING.value, publish_status=None)
    make_recordings(1, gone_at=timezone.now())
    operation = execute.plan("block", user, Recording.objects.order_by("pk"), {})
    assert [(i.outcome, i.change, i.before, i.reason) for i in operation.items.all()] == [
        ("planned", {"publish_status": [1, 2]}, {"publish_status": 1}, {}),
        ("planned", {"publish_status": [1, 2]}, {"publish_status": 1}, {}),
        ("skipped", {}, {}, {"code": "already_blocked"}),
        ("skipped", {}, {}, {"code": "transcoding"}),
        ("skipped", {}, {}, {"code": "gone"}),
    ]
    with translation.override("en"):
        assert next((line.text, line.number) for line in execute.plan_summary(operation)) == ("will be blocked", 2)
    assert execute.counts(operation) == {
        "planned": 2, "running": 0, "done": 0, "refused": 0, "skipped": 3, "cancelled": 0, "unknown": 0,
    }  # fmt: skip


def test_confirm_runs_once() -> None:
    user = make_user("staff", "block_recording")
    make_recordings(2)
    operation = execute.plan("block", user, Recording.objects.all(), {})
    execute.confirm(operation, user)
    operation.refresh_from_db()
    assert (operation.state, operation.confirmed_by) == (Operation.State.QUEUED, user)
    with pytest.raises(OperationInvalid):
        execute.confirm(operation, user)
