"""Our clock and the vendor's are four minutes apart, one way or the other: within the five that the vendor forgives.

Whatever compares a time of theirs with one of ours is met here: signatures, tokens, callbacks, the passes that stop at
what is old, the days of watch records.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone

from playback.callbacks import handlers
from playback.conf import vendor_client
from playback.models import Delivery, PlayLink, Recording, SyncRun, WatchRecord
from playback.play_links.making import make_for_one
from playback.play_links.terms import Terms
from playback.player import Viewer, preview
from playback.sandbox import transcoding
from playback.sandbox.server import Sandbox
from playback.sync import passes, watching
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorMisconfigured, VendorRefused
from tests.callbacks.makers import post, signed
from tests.operations.vendor import confirmed, drive
from tests.play_links.vendor import opened, query_of, token_of
from tests.sync.test_watch_records import check_against

from .conftest import School, mirror_all
from .equality import assert_mirror_is_vendor
from .kept import StaffsWork
from .simulated_time import hours

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.portable]
OFF = 240  # s
STATE = SyncRun.State


@pytest.fixture(params=[OFF, -OFF], ids=["the vendor's clock is ahead", "the vendor's clock is behind"])
def off(request: pytest.FixtureRequest, vendor: Sandbox) -> Iterator[int]:
    seconds: int = request.param
    before = vendor.clock
    vendor.clock = vendor.state.clock = lambda: time.time() + seconds
    yield seconds
    vendor.clock = vendor.state.clock = before


def test_a_clock_that_is_off_by_more_is_named(vendor: Sandbox, off: int) -> None:
    """What this file takes for granted: the vendor minds the time. At four minutes a refusal is about what it says."""
    client = vendor_client(Lane.PERSON)
    with pytest.raises(VendorRefused) as refused:
        client.list_recordings(product_type=9, page=1, page_size=5)
    assert not isinstance(refused.value, VendorMisconfigured)
    vendor.clock = lambda: time.time() + 2 * off
    with pytest.raises(VendorMisconfigured, match="clock"):
        client.list_rooms(page=1, limit=1)


def test_passes_and_operations(
    school: School, off: int, staffs_work: Callable[[], StaffsWork], chief: User, hasty: None
) -> None:
    school.add(12)
    work = staffs_work()
    made = []
    for n in range(3):  # classes end, by the vendor's clock, between ordinary passes that come right after
        made.append(transcoding.end_class(school.vendor, school.rooms[0], name=f"刚下课 {n}"))
        runs = mirror_all(full=False)
        assert [run.created for run in runs if run.kind == "recordings"] == [1]
    operation = confirmed("rename", chief, [Recording.objects.get(session_id=made[0]["session_id"])], {"name": "新名"})
    drive(operation)
    assert operation.items.get().outcome == "done"
    for row in made:
        transcoding.transcoded(school.vendor, {"video_id": row["video_id"], "rebuilt": False})
    mirror_all(full=False)
    assert_mirror_is_vendor(school.vendor)
    assert {run.state for run in mirror_all(full=False)} == {STATE.NOTHING_NEW}
    # Deleted a moment after it was read, by clocks that disagree about which moment that was.
    school.vendor.state.remove_recording(made[2]["room_id"], made[2]["session_id"])
    mirror_all()
    assert_mirror_is_vendor(school.vendor)
    work.check()


def test_tokens_live_as_long_as_they_were_said_to(school: School, off: int, chief: User, hasty: None) -> None:
    school.add(3)
    mirror_all()
    recording = Recording.objects.get(session_id=202403011)
    assert opened(preview(recording, Viewer("王芳")).url).status_code == 200
    (result,) = make_for_one(chief, recording, [Viewer("王芳")], Terms(PlayLink.Kind.TIMED, 600))
    row = PlayLink.objects.get()
    assert row.expires_at == row.made_at + timedelta(seconds=600)
    assert query_of(result.url)["token"] == token_of(result)
    vendors = school.vendor.clock
    for passed, status in ((590, 200), (620, 403)):
        school.vendor.clock = school.vendor.state.clock = lambda more=passed: vendors() + more  # type: ignore[misc]
        assert opened(result.url).status_code == status


def test_callbacks_are_taken_and_keep_their_order(school: School, off: int, settings: Any, hasty: None) -> None:
    settings.BAIJIAYUN_CALLBACK_WINDOW = 300  # as narrow as the vendor's own
    school.add(4)
    mirror_all()
    vendor = school.vendor
    vendor.callbacks.pause()
    try:
        vendor.state.set_setting("callback_url", "http://127.0.0.1:9/")
        made = transcoding.end_class(vendor, school.rooms[0], name="刚下课")
        transcoding.transcoded(vendor, {"video_id": made["video_id"], "rebuilt": False})
        sent = [signed(row["fields"], timestamp=int(vendor.clock())) for row in vendor.state.deliveries()]
    finally:
        vendor.callbacks.resume()
    assert len(sent) == 2
    for fields in (*reversed(sent), *sent):
        assert post(fields).status_code == 200
        while handlers.take_up():
            pass
    assert set(Delivery.objects.values_list("verdict", "state")) <= {("good", "applied"), ("good", "ignored")}
    assert Recording.objects.get(session_id=made["session_id"]).status == 100
    assert passes.run_pass("recordings", full=False).state in (STATE.DONE, STATE.NOTHING_NEW)
    assert_mirror_is_vendor(vendor)
    late = signed(vendor.state.deliveries()[0]["fields"], timestamp=int(time.time()) - 2 * OFF)
    assert post(late).status_code == 403


def test_the_days_of_watch_records_around_midnight(school: School, off: int, monkeypatch: Any) -> None:
    """One clock says it is tomorrow, the other not yet; each viewing is told under the vendor's day."""
    cache.delete(watching._KEY)
    midnight = datetime(2026, 3, 2, 16, tzinfo=UTC)  # in Beijing
    with hours(midnight - timedelta(minutes=6), monkeypatch) as clock:
        school.add(3)
        mirror_all()
        client = vendor_client(Lane.SYNC)
        videos = school.vendor.state.rows("SELECT playback_id, video_id FROM versions WHERE status = 100")

        def watched(number: int) -> None:
            video = videos[number % len(videos)]
            school.vendor.state.add_watch_record(
                video["playback_id"], video["video_id"], None, guid=f"G{number}", user_number=number, play_length=30
            )

        for number in range(12):
            watched(number)
            clock.traveller.shift(60)
            told = watching.read_watched(client)
            assert (told.error, told.short) == ("", 0)
            watched(number + 20)
        clock.traveller.shift(3600)
        watching.read_watched(client)
    check_against(school.vendor)
    assert WatchRecord.objects.filter(began_at__lt=midnight).exists()
    assert WatchRecord.objects.filter(began_at__gte=midnight).exists()
    assert timezone.now() > midnight
