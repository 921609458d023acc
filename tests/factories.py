"""Rows for tests that look at pages; what the vendor says comes from the sandbox instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from django.contrib.auth.models import Group, User
from django.utils import timezone

from playback.models import Merge, Operation, OperationItem, Recording, Room, SyncRun, Version
from playback.vendor.codes import PublishStatus, RecordingStatus

START = datetime(2024, 3, 1, 1, 0, tzinfo=UTC)


class RoomFactory(factory.django.DjangoModelFactory[Room]):
    class Meta:
        model = Room

    room_id = factory.Sequence(lambda n: 24030100000000 + n)
    title = factory.Sequence(lambda n: f"高一数学（{n + 1}）班")
    starts_at = factory.Sequence(lambda n: START + timedelta(hours=n))
    created_at = START
    product_type = 1
    room_type = 2
    max_users = 50
    first_seen_at = factory.LazyFunction(timezone.now)
    synced_at = factory.LazyFunction(timezone.now)


class RecordingFactory(factory.django.DjangoModelFactory[Recording]):
    class Meta:
        model = Recording

    room = factory.SubFactory(RoomFactory)
    playback_id = factory.Sequence(lambda n: 500001 + n)
    video_id = factory.Sequence(lambda n: 900001 + n)
    main_version = 0
    name = factory.Sequence(lambda n: f"函数的单调性 第{n + 1}讲")
    status = RecordingStatus.READY.value
    publish_status = PublishStatus.PUBLISHED.value
    product_type = 1
    created_at = factory.Sequence(lambda n: START + timedelta(hours=n))
    length = 5025
    total_transcode_size = 1_288_490_189
    cover_url = ""
    play_times = 12
    first_seen_at = factory.LazyFunction(timezone.now)
    synced_at = factory.LazyFunction(timezone.now)


class VersionFactory(factory.django.DjangoModelFactory[Version]):
    class Meta:
        model = Version

    recording = factory.SubFactory(RecordingFactory)
    version = factory.Sequence(lambda n: n)
    version_type = 0
    video_id = factory.Sequence(lambda n: 700001 + n)
    name = factory.Sequence(lambda n: f"剪辑 {n}")
    status = RecordingStatus.READY.value
    created_at = factory.Sequence(lambda n: START + timedelta(hours=n))
    length = 2400
    first_seen_at = factory.LazyFunction(timezone.now)
    synced_at = factory.LazyFunction(timezone.now)


class SyncRunFactory(factory.django.DjangoModelFactory[SyncRun]):
    class Meta:
        model = SyncRun

    kind = SyncRun.Kind.RECORDINGS
    state = SyncRun.State.DONE
    started_at = factory.LazyFunction(timezone.now)
    finished_at = factory.LazyAttribute(lambda run: run.started_at + timedelta(seconds=42))


class OperationFactory(factory.django.DjangoModelFactory[Operation]):
    class Meta:
        model = Operation

    kind = "publish"


class MergeFactory(factory.django.DjangoModelFactory[Merge]):
    class Meta:
        model = Merge

    mixed_playback_id = factory.Sequence(lambda n: 1 + n)
    note = factory.Sequence(lambda n: f"专题合集 {n + 1}")
    asked_at = factory.LazyFunction(timezone.now)
    operation = factory.SubFactory(OperationFactory, kind="render_merged", state="done")


class OperationItemFactory(factory.django.DjangoModelFactory[OperationItem]):
    class Meta:
        model = OperationItem

    operation = factory.SubFactory(OperationFactory)
    recording = factory.SubFactory(RecordingFactory)
    position = factory.Sequence(lambda n: n)
    label = factory.LazyAttribute(lambda item: item.recording.name)


def person(group: str = "", **fields: Any) -> User:
    """A member of staff in one of the groups that the migration makes: administrator, course staff, teacher."""
    name = fields.pop("username", group.replace(" ", "-") or "nobody")
    user = User.objects.create_user(username=name, password="x", is_staff=True, **fields)
    if group:
        user.groups.add(Group.objects.get(name=group))
    return user
