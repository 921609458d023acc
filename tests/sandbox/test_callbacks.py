"""CB1–CB3 to a small receiver: signed, repeated until answered, and spoiled by faults."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from playback.sandbox.callbacks import wait_for
from tests.conftest import PARTNER_KEY

from .receiver import Receiver, is_signed_by


@pytest.fixture
def receiver(sandbox, vendor) -> Iterator[Receiver]:
    with Receiver() as found:
        assert vendor("video_account/setTranscodeCallbackUrl", url=found.url)["code"] == 0
        assert vendor("video_account/getTranscodeCallbackUrl").data == {"url": found.url}
        yield found
        sandbox.callbacks.pause()
        sandbox.callbacks.resume()


@pytest.fixture
def crop(sandbox, vendor):
    """Crops a recording: what sets off CB1 twice and CB3."""
    room = sandbox.state.add_room()
    sandbox.state.add_recording(room, name="课", length=100)
    sandbox.transcode_seconds = 0.1

    def begin() -> dict:
        parts = [{"start_time": 0, "end_time": 60, "name": "上半节"}]
        return vendor("playback/batchCrop", room_id=room, crop_info=json.dumps(parts)).data["list"][0]

    return begin


def test_a_crop_is_told_by_20_then_100_then_cb3(receiver, crop):
    made = crop()
    assert wait_for(lambda: len(receiver.got) == 3)
    started, ready, rebuilt = receiver.got
    assert (started["status"], ready["status"]) == ("20", "100")
    assert {"total_size", "file_md5"} <= started.keys()
    assert "length" not in started
    assert ready["length"] == "60"
    assert {"preface_url", "total_transcode_size", "now_definition", "origin_definition"} <= ready.keys()
    assert rebuilt.keys() == {
        *("room_id", "session_id", "version", "video_id", "version_type", "qid", "timestamp", "sign")
    }
    for fields in receiver.got:
        assert is_signed_by(fields, PARTNER_KEY)
        assert (fields["video_id"], fields["version"]) == (str(made["video_id"]), "1")
        assert abs(int(fields["timestamp"]) - time.time()) < 5
    assert len({fields["qid"] for fields in receiver.got}) == 3
    assert all(len(fields["qid"]) == 24 and fields["qid"].isdigit() for fields in receiver.got)


def test_it_is_sent_again_until_it_is_answered_with_success(sandbox, receiver, crop):
    receiver.answer = lambda _fields: {"code": 1, "msg": "later"} if len(receiver.got) < 3 else {"code": 0}
    sandbox.transcode_seconds = 5
    crop()
    assert wait_for(lambda: len(receiver.got) == 3)
    assert len({fields["qid"] for fields in receiver.got}) == 1
    assert all(is_signed_by(fields, PARTNER_KEY) for fields in receiver.got)
    time.sleep(0.3)
    assert len(receiver.got) == 3
    assert wait_for(lambda: sandbox.state.deliveries()[0]["answered_at"] is not None)


@pytest.mark.parametrize("answer", [{"code": 1}, {"code": "0"}, [0], "ok", None])
def test_it_is_given_up_after_some_times(sandbox, receiver, crop, answer):
    receiver.answer = lambda _fields: answer
    sandbox.transcode_seconds = 5
    crop()
    assert wait_for(lambda: sandbox.state.deliveries()[0]["due_at"] is None)
    assert len(receiver.got) == 1 + len(sandbox.callbacks.pauses)
    assert sandbox.state.deliveries()[0]["answered_at"] is None


def test_nothing_is_sent_without_a_url(sandbox, crop):
    crop()
    assert wait_for(lambda: sandbox.state.counts()["jobs"] == 0)
    assert sandbox.state.deliveries() == []


def test_fault_repeat(sandbox, receiver, crop):
    sandbox.faults.add("CB3", "repeat", times=1, count=3)
    crop()
    assert wait_for(lambda: len(receiver.got) == 5)
    assert len({fields["qid"] for fields in receiver.got}) == 3
    assert [("version_type" in fields) for fields in receiver.got] == [False, False, True, True, True]


def test_fault_reorder(sandbox, receiver, crop):
    sandbox.faults.add("CB1", "reorder", times=1)
    crop()
    assert wait_for(lambda: len(receiver.got) == 3)
    told = [fields["status"] for fields in receiver.got if "status" in fields]
    assert told == ["100", "20"]


def test_fault_late(sandbox, receiver, crop):
    sandbox.faults.add("CB1", "late", times=1, seconds=1.5)
    crop()
    assert wait_for(lambda: len(receiver.got) == 3)
    assert [fields.get("status") for fields in receiver.got] == ["100", None, "20"]


def test_fault_never(sandbox, receiver, crop):
    sandbox.faults.add("callback", "never", times=2)
    crop()
    assert wait_for(lambda: len(receiver.got) == 1)
    assert "version_type" in receiver.got[0]


def test_a_failed_transcoding_is_told_by_30(sandbox, receiver, crop, vendor):
    sandbox.failing.add("transcode")
    made = crop()
    assert wait_for(lambda: len(receiver.got) == 2)
    assert receiver.statuses() == ["20", "30"]
    rows = vendor("playback/getCropList", room_id=made["room_id"]).data["list"]
    assert {row["version"]: row["status"] for row in rows} == {0: 100, 1: 30}


def test_a_rendered_video_is_told_by_cb2(sandbox, receiver, vendor):
    room = sandbox.state.add_room()
    sandbox.state.add_recording(room)
    sandbox.transcode_seconds = 0.2
    assert vendor("playback/convertToVideo", room_id=room)["code"] == 0
    assert wait_for(lambda: len(receiver.got) == 2)
    assert receiver.statuses() == ["20", "100"]
    assert {fields["is_from_playback"] for fields in receiver.got} == {"1"}
    film = sandbox.state.video(int(receiver.got[1]["video_id"]))
    assert film is not None
    assert film["status"] == 100


def test_a_url_must_be_one(vendor):
    for wrong in ("ftp://a/b", "//a/b", "callback", "http://"):
        assert vendor("video_account/setTranscodeCallbackUrl", url=wrong)["code"] == 1001
