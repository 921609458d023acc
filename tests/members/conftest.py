"""A school with a room, a recording in it and people on its list, and teachers with rooms of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from members.models import RoomTeacher
from playback.models import Recording, Room
from playback.sandbox.server import Sandbox
from tests.admin.conftest import administrator, signed_in, staff, teacher
from tests.operations.conftest import chief, impatient
from tests.operations.vendor import recorded

__all__ = ["administrator", "chief", "foreign", "impatient", "signed_in", "staff", "taught", "teach", "teacher", "wang"]


@pytest.fixture
def vendor(sandbox: Sandbox, settings: Any) -> Sandbox:
    """The sandbox without its rate limit, and small pages."""
    settings.SYNC_PAGE_SIZE = 5
    sandbox.window.limit = 0
    return sandbox


@pytest.fixture
def room(vendor: Sandbox) -> Room:
    return new_room(vendor, "高一3班")


@pytest.fixture
def recording(vendor: Sandbox, room: Room) -> Recording:
    return new_recording(vendor, room)


@pytest.fixture
def people(vendor: Sandbox) -> Callable[..., list[int]]:
    """``people(3)`` adds three users at the vendor; answers their ids."""

    def add(count: int, **facts: Any) -> list[int]:
        return [
            vendor.state.add_member(
                f"学生{n}", phone_number=f"1380013{n:04d}", email=f"student{n}@example.org", **facts
            )
            for n in range(count)
        ]

    return add


def new_room(sandbox: Sandbox, title: str) -> Room:
    room_id = sandbox.state.add_room(title=title)
    return Room.objects.create(room_id=room_id, title=title, first_seen_at=timezone.now(), created_at=timezone.now())


def new_recording(sandbox: Sandbox, room: Room, *, days_ago: int = 0) -> Recording:
    sandbox.state.add_recording(room.room_id, name="第1课")
    return Recording.objects.create(
        room=room,
        name="第1课",
        status=100,
        created_at=timezone.now() - timedelta(days=days_ago),
        first_seen_at=timezone.now(),
    )


@pytest.fixture
def wang(db: None) -> User:
    """A teacher: no staff, no group, no right."""
    return User.objects.create_user("wang", password="a long word", last_name="王", first_name="芳")


@pytest.fixture
def teach(wang: User) -> Client:
    """Signed in as Wang."""
    client = Client()
    client.force_login(wang)
    return client


@pytest.fixture
def taught(sandbox: Sandbox, wang: User) -> Recording:
    """A recording in Wang's room."""
    recording = recorded(sandbox, name="函数的单调性")
    RoomTeacher.objects.create(room=recording.room, user=wang)
    return recording


@pytest.fixture
def foreign(sandbox: Sandbox, db: None) -> Recording:
    """A recording in the room of another teacher."""
    recording = recorded(sandbox, name="别人的课")
    RoomTeacher.objects.create(room=recording.room, user=User.objects.create_user("li", password="x"))
    return recording
