"""What a callback changes of a recording that was ready is history; what helps one on its way is none."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from playback.models import Change, Recording, Version
from playback.sync import mapping, told
from playback.vendor.results import Told
from tests.factories import RecordingFactory, VersionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.portable]


def ready(**facts: Any) -> Recording:
    """A recording with its main version, both with the vendor's words."""
    recording = RecordingFactory(video_id=7, **facts)
    shared = {name: getattr(recording, name) for name in mapping.VERSION_FACTS}
    VersionFactory(recording=recording, version=0, **shared)
    return recording


def tell(recording: Recording, **said: Any) -> None:
    now = timezone.now()
    told.note_transcoding(
        Told(room_id=recording.room_id, session_id=recording.session_id, version=0, video_id=7, **said), now, now
    )


def test_another_length_of_what_was_ready_is_history_once() -> None:
    recording = ready()
    for _ in range(2):
        tell(recording, status=100, length=99)
    entry = Change.objects.get(echo=False)
    assert (entry.kind, entry.subject, entry.fields) == ("vendor", "recording", {"length": [5025, 99]})
    assert Change.objects.get(echo=True).fields == {"length": [5025, 99]}
    assert Recording.objects.get().payload_hash is None


def test_the_way_to_ready_is_none() -> None:
    recording = ready(status=20, length=None)
    tell(recording, status=100, length=99)
    assert (Recording.objects.get().status, Version.objects.get().length) == (100, 99)
    assert not Change.objects.exists()


def test_what_only_callbacks_told_of_is_none() -> None:
    recording = ready(synced_at=None)
    Version.objects.update(synced_at=None)
    tell(recording, status=100, length=99)
    assert not Change.objects.exists()
