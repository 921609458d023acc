"""One recording read again by itself: what it stores, and that the lists then see a known row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from playback.conf import vendor_client
from playback.models import Recording, SyncRun
from playback.sandbox.server import Sandbox
from playback.sync.single import refresh_recording
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorOutcomeUnknown

from .conftest import LONG_AGO, sync

pytestmark = [pytest.mark.django_db, pytest.mark.portable]


def refresh(recording: Recording) -> Recording:
    return refresh_recording(vendor_client(Lane.PERSON), recording)


@pytest.fixture
def recording(vendor: Sandbox, school: Callable[..., int]) -> Recording:
    school(1)
    sync()
    return Recording.objects.get()


def test_it_stores_what_no_list_carries(vendor: Sandbox, recording: Recording) -> None:
    vendor.state.update_recording(recording.room_id, recording.session_id, name="改名后", publish_status=2)
    before = timezone.now()
    found = refresh(recording)
    assert (found.name, found.publish_status, found.total_size) == ("改名后", 2, 600 * 90_000)
    assert (found.playback_id, found.product_type) == (recording.playback_id, 1)
    assert found.synced_at is not None
    assert found.synced_at >= before
    version = found.versions.get()
    assert (version.name, version.version_type) == ("改名后", 0)


def test_the_lists_then_see_a_known_row(vendor: Sandbox, recording: Recording) -> None:
    vendor.state.update_recording(recording.room_id, recording.session_id, name="改名后")
    refresh(recording)
    for kind in ("recordings", "versions"):
        assert sync(kind, full=True).state == SyncRun.State.NOTHING_NEW


def test_it_finds_new_lost_and_main_versions(vendor: Sandbox, recording: Recording) -> None:
    key = recording.room_id, recording.session_id
    vendor.state.add_version(*key, name="一", created_at=LONG_AGO)
    vendor.state.add_version(*key, name="二", created_at=LONG_AGO, is_main=True)
    found = refresh(recording)
    assert (found.main_version, found.name) == (2, "二")
    vendor.state.remove_version(*key, 1)
    found = refresh(found)
    assert list(found.versions.live().order_by("version").values_list("version", flat=True)) == [0, 2]
    assert sync(full=True).state == SyncRun.State.NOTHING_NEW


def test_a_deleted_recording_is_gone_with_its_versions(vendor: Sandbox, recording: Recording) -> None:
    vendor.state.remove_recording(recording.room_id, recording.session_id)
    found = refresh(recording)
    assert found.gone_at is not None
    assert found.versions.get().gone_at is not None


def test_a_refusal_that_says_nothing_is_checked_against_the_list(vendor: Sandbox, recording: Recording) -> None:
    vendor.faults.add("recording_info", "refuse", times=1, code=1, message="回放不存在")
    from playback.vendor.errors import VendorRefused

    with pytest.raises(VendorRefused):
        refresh(recording)  # the list has it: it is not gone
    assert Recording.objects.get().gone_at is None
    vendor.state.remove_recording(recording.room_id, recording.session_id)
    vendor.faults.add("recording_info", "refuse", times=1, code=1, message="回放不存在")
    assert refresh(recording).gone_at is not None


def test_no_answer_changes_nothing(vendor: Sandbox, recording: Recording, monkeypatch: Any) -> None:
    from playback.vendor import transport

    monkeypatch.setattr(transport.Transport, "_pause", lambda *args: None)
    vendor.faults.add("recording_info", "html")
    with pytest.raises(VendorOutcomeUnknown):
        refresh(recording)
    assert Recording.objects.get().synced_at == recording.synced_at


def test_newer_words_win_over_a_slow_refresh(vendor: Sandbox, recording: Recording) -> None:
    later = timezone.now() + timedelta(minutes=1)
    Recording.objects.update(name="newer", synced_at=later)
    assert refresh(recording).name == "newer"


def test_a_gone_recording_that_is_there_again_comes_back(vendor: Sandbox, recording: Recording) -> None:
    Recording.objects.update(gone_at=timezone.now())
    assert refresh(recording).gone_at is None
