"""Teachers with rooms of their own, as the vendor and the mirror have them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from members.models import RoomTeacher
from playback.models import Recording
from playback.sandbox.server import Sandbox
from tests.admin.conftest import administrator, signed_in, staff
from tests.operations.conftest import impatient
from tests.operations.vendor import recorded


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


__all__ = ["administrator", "foreign", "impatient", "signed_in", "staff", "taught", "teach", "wang"]
