"""One row for each of the vendor's things, and one running item a recording: the database's own word."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from django.utils import timezone

from playback.models import Operation, OperationItem, Recording, Room, Version

pytestmark = [pytest.mark.django_db, pytest.mark.portable]


@pytest.fixture
def recording() -> Recording:
    now = timezone.now()
    room = Room.objects.create(room_id=17081558148393, first_seen_at=now)
    return Recording.objects.create(room=room, session_id=0, first_seen_at=now)


def test_a_recording_is_its_room_and_session(recording: Recording) -> None:
    with pytest.raises(IntegrityError):
        Recording.objects.create(room=recording.room, session_id=0, first_seen_at=timezone.now())


def test_a_version_is_its_recording_and_number(recording: Recording) -> None:
    Version.objects.create(recording=recording, version=1, first_seen_at=timezone.now())
    with pytest.raises(IntegrityError):
        Version.objects.create(recording=recording, version=1, first_seen_at=timezone.now())


def test_one_item_at_a_time_runs_on_a_recording(recording: Recording) -> None:
    operation = Operation.objects.create(kind="publish")
    running = OperationItem.Outcome.RUNNING
    OperationItem.objects.create(operation=operation, position=0, recording=recording, outcome=running)
    with pytest.raises(IntegrityError):
        OperationItem.objects.create(operation=operation, position=1, recording=recording, outcome=running)
