"""The sandbox sends to a server of ours over a real socket; asserted is the mirror, against the vendor's state."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import OperationalError, connection

from playback.callbacks import address, handlers, inbox
from playback.models import Delivery, Recording, Version
from playback.sandbox import transcoding
from playback.sandbox.callbacks import wait_for
from playback.sandbox.server import Sandbox
from playback.vendor.codes import Lane

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.portable]


@pytest.fixture
def vendor(sandbox: Sandbox, live_server: Any, settings: LazySettings) -> Any:
    """A vendor that was told our address the way an administrator tells it."""
    settings.SITE_URL = live_server.url
    found = address.register(Lane.PERSON)
    assert found.url == f"{live_server.url}/callbacks/baijiayun/"
    assert not address.differs(found)
    yield sandbox
    sandbox.callbacks.pause()
    sandbox.callbacks.resume()


def arrived(count: int) -> bool:
    try:
        return wait_for(lambda: Delivery.objects.filter(verdict="good").count() == count)
    finally:
        connection.close()


def answered_all(sandbox: Sandbox) -> bool:
    return wait_for(lambda: all(row["answered_at"] is not None for row in sandbox.state.deliveries()))


def test_a_class_ends_and_the_mirror_has_it_before_any_list(vendor: Sandbox) -> None:
    made = transcoding.end_class(vendor, name="圆锥曲线", length=1800)
    assert arrived(2)
    assert answered_all(vendor)
    while handlers.take_up():
        pass
    recording = Recording.objects.get(room_id=made["room_id"], session_id=made["session_id"])
    theirs = vendor.state.recording(made["room_id"], made["session_id"])
    assert (recording.name, recording.status, recording.video_id) == ("圆锥曲线", 100, made["video_id"])
    assert (recording.length, recording.total_size) == (1800, theirs["total_size"])
    assert recording.main_version == 0
    version = recording.versions.get()
    assert (version.version, version.status, version.video_id) == (0, 100, made["video_id"])
    assert version.definitions == theirs["now_definition"]
    assert {row.state for row in Delivery.objects.all()} == {"applied"}
    assert [row.recording_id for row in Delivery.objects.all()] == [recording.pk] * 2
    ready = Delivery.objects.get(status=100)
    assert ready.changed["version"]["status"][1] == 100
    assert 0 <= ready.seconds_after_class <= 60


def test_a_crop_is_told_by_three_and_a_rendering_by_two(vendor: Sandbox) -> None:
    from tests.conftest import PARTNER_ID, PARTNER_KEY
    from tests.sandbox.sloppy import SloppyClient

    room = vendor.state.add_room()
    vendor.state.add_recording(room, name="课", length=100)
    client = SloppyClient(vendor.base_url, PARTNER_ID, PARTNER_KEY)
    parts = json.dumps([{"start_time": 0, "end_time": 60, "name": "上半节"}])
    cut = client("playback/batchCrop", room_id=room, crop_info=parts).data["list"][0]
    assert arrived(3)
    client("playback/convertToVideo", room_id=room)
    client.connection.close()
    assert arrived(5)
    while handlers.take_up():
        pass
    version = Version.objects.get(recording__room_id=room, version=cut["version"])
    assert (version.status, version.video_id, version.length, version.version_type) == (100, cut["video_id"], 60, 1)
    original = Version.objects.get(recording__room_id=room, version=0)
    film = Delivery.objects.get(kind="CB2", status=100).video_id
    assert original.rendered_video_id == film
    assert original.video_id == vendor.state.recording(room)["video_id"] != film
    assert Recording.objects.get().video_id == original.video_id
    assert sorted(Delivery.objects.values_list("kind", "state")) == sorted(
        [("CB1", "applied")] * 2 + [("CB3", "applied")] + [("CB2", "applied")] * 2
    )


@pytest.mark.parametrize(
    "faults",
    [
        [("CB1", "repeat", {"count": 4})],
        [("CB1", "reorder", {"times": 1})],
        [("CB1", "late", {"times": 1, "seconds": 1.5})],
        [("CB1", "reorder", {"times": 1}), ("CB1", "repeat", {"count": 2})],
    ],
)
def test_a_late_20_never_undoes_a_100(vendor: Sandbox, faults: list[tuple[str, str, dict[str, Any]]]) -> None:
    for target, kind, options in faults:
        vendor.faults.add(target, kind, **options)
    made = transcoding.end_class(vendor, name="课")
    told = []
    for number in (1, 2):  # applied one by one, in the order in which they come
        assert arrived(number) or Delivery.objects.count() == 2
        while handlers.take_up():
            pass
        told.append(Recording.objects.get(room_id=made["room_id"]).status)
    assert answered_all(vendor)
    assert told[-1] == 100
    assert Version.objects.get().status == 100
    assert Delivery.objects.count() == 2


def test_what_could_not_be_stored_is_sent_again_until_it_is(vendor: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    store, failures = inbox.store, iter([True, True, True])

    def failing(*args: Any) -> None:
        if next(failures, False):
            raise OperationalError("the database is away")
        store(*args)

    monkeypatch.setattr(inbox, "store", failing)
    vendor.faults.add("CB1", "never", times=1)
    made = transcoding.end_class(vendor)
    assert arrived(1)
    assert answered_all(vendor)
    sent = vendor.state.deliveries()
    assert [row["attempts"] for row in sent] == [4]
    handlers.take_up()
    assert Recording.objects.get(room_id=made["room_id"]).status == 100


def test_a_key_that_was_changed_at_the_vendor_is_seen_and_mended(vendor: Sandbox, settings: LazySettings) -> None:
    vendor.state.set_account(settings.BAIJIAYUN_PARTNER_ID, "the new key")
    vendor.callbacks.pauses = (0.5,) * 20
    vendor.faults.add("CB1", "never", times=1)
    transcoding.end_class(vendor)
    assert wait_for(lambda: Delivery.objects.filter(verdict="bad_signature").exists())
    settings.BAIJIAYUN_CALLBACK_KEYS = ["the new key", settings.BAIJIAYUN_PARTNER_KEY]
    assert arrived(1)
    assert answered_all(vendor)
