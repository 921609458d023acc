"""Every fault that can be switched on, as a client meets it."""

from __future__ import annotations

import http.client
import json
import time

import pytest

LIST = {"product_type": 0, "page": 1, "page_size": 10}


@pytest.fixture
def room(sandbox) -> int:
    number = sandbox.state.add_room()
    sandbox.state.add_recording(number, name="课")
    return number


def blocked(sandbox, room: int) -> bool:
    return sandbox.state.recording(room)["publish_status"] == 2


def raw(vendor, path: str, **params: object) -> tuple[int, bytes]:
    body = "&".join(f"{key}={value}" for key, value in vendor.signed(params).items()).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return vendor.send("POST", f"/openapi/{path}", body, kind)[:2]


def test_latency_by_path_and_for_some_times(sandbox, vendor, room):
    sandbox.faults.add("playback/getBasicInfo", "latency", times=1, seconds=0.3)
    started = time.monotonic()
    assert vendor("playback/getBasicInfo", room_id=room)["code"] == 0
    assert time.monotonic() - started >= 0.3
    started = time.monotonic()
    assert vendor("playback/getBasicInfo", room_id=room)["code"] == 0
    assert time.monotonic() - started < 0.25
    assert sandbox.faults.on() == []


def test_refuse_and_rate_limit_change_nothing(sandbox, vendor, room):
    sandbox.faults.add("set_publish_status", "refuse", times=1, code=2003, message="服务已停止")
    assert dict(vendor("playback/setPublishStatus", room_id=room, status=2)).items() >= {
        ("code", 2003),
        ("data", None),
        ("msg", "服务已停止"),
    }
    sandbox.faults.add("*", "rate_limit", times=1)
    assert "频繁" in vendor("playback/setPublishStatus", room_id=room, status=2)["msg"]
    assert not blocked(sandbox, room)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("kind", "options", "status"), [("status", {"status": 502}, 502), ("html", {}, 200), ("broken_json", {}, 200)]
)
def test_unreadable_answers_before_and_after_the_change(sandbox, vendor, room, kind, options, status, after):
    sandbox.faults.add("set_publish_status", kind, times=1, after_change=after, **options)
    got, body = raw(vendor, "playback/setPublishStatus", room_id=room, status=2)
    assert got == status
    with pytest.raises(ValueError):
        json.loads(body)
    assert blocked(sandbox, room) is after


@pytest.mark.parametrize("when", ["before", "after"])
def test_drop(sandbox, vendor, room, when):
    sandbox.faults.add("set_publish_status", "drop", times=1, when=when)
    with pytest.raises((http.client.HTTPException, OSError)):
        vendor("playback/setPublishStatus", room_id=room, status=2)
    assert blocked(sandbox, room) is (when == "after")
    assert sandbox.calls[-1].code is None


def test_timeout_after_the_change(sandbox, vendor, room):
    sandbox.faults.add("delete_recording", "timeout_after_change", times=1, seconds=5)
    vendor.connection.timeout = 0.4
    with pytest.raises(TimeoutError):
        vendor("playback/delete", room_id=room)
    assert sandbox.state.recording(room) is None


def test_truncated_and_slow_bodies(sandbox, vendor, room):
    sandbox.faults.add("recording_info", "truncated", times=1)
    with pytest.raises(http.client.IncompleteRead):
        vendor("playback/getBasicInfo", room_id=room)
    vendor.connection.close()
    sandbox.faults.add("recording_info", "slow_body", times=1, seconds=0.4)
    started = time.monotonic()
    assert vendor("playback/getBasicInfo", room_id=room)["code"] == 0
    assert time.monotonic() - started > 0.3


@pytest.mark.parametrize(
    ("how", "check"),
    [
        ("strings", lambda data: data["total"] == "1" and isinstance(data["list"][0]["status"], str)),
        ("nulls", lambda data: None in data["list"][0].values() and data["list"][0]["room_id"]),
        ("missing", lambda data: len(data["list"][0]) < 14 and data["list"][0]["room_id"]),
    ],
)
def test_wrong_types(sandbox, vendor, room, how, check):
    sandbox.faults.add("list_recordings", "wrong_types", how=how)
    assert check(vendor("playback/getList", **LIST).data)


def test_an_empty_object_as_a_list(sandbox, vendor, room):
    sandbox.faults.add("recording_info", "wrong_types", how="empty_lists")
    assert vendor("playback/getBasicInfo", room_id=room).data == []
    assert vendor("playback/getPlayerTokenBatch", room_ids="1,2-3").data == []


@pytest.mark.parametrize(("how", "seen"), [("add", [4, 3, 3, 2]), ("remove", [4, 3, 1, 0])])
def test_a_page_that_shifts_between_two_reads(sandbox, vendor, how, seen):
    for number in range(5):
        sandbox.state.add_recording(sandbox.state.add_room(), name=str(number), created_at=1000 + number)
    sandbox.faults.add("list_recordings", "shifting_page", times=1, how=how)
    names = []
    for page in (1, 2):
        rows = vendor("playback/getList", product_type=0, page=page, page_size=2).data["list"]
        names += [int(row["name"]) for row in rows]
    assert names == seen


def test_a_page_of_the_media_hosts_can_fail_too(sandbox, vendor, room):
    sandbox.faults.add("/web/playback/index", "status", times=1, status=500)
    assert vendor.send("GET", "/web/playback/index?classid=1")[0] == 500
    assert vendor.send("GET", "/web/playback/index?classid=1")[0] != 500


def test_a_share_of_the_calls_is_struck_and_the_same_ones_each_time(sandbox, vendor, room):
    def statuses(count=200):
        return [raw(vendor, "playback/getBasicInfo", room_id=room)[0] for _ in range(count)]

    sandbox.window.limit = 0
    sandbox.faults.add("*", "status", share=0.2)
    first = statuses()
    assert set(first) == {200, 503}
    assert 25 <= first.count(503) <= 55  # four standard deviations around 40
    sandbox.faults.clear()
    sandbox.faults.add("*", "status", share=0.2)
    assert statuses() == first
    sandbox.faults.add("*", "html", share=0.2)
    assert {200, 503} == set(statuses())  # each fault draws for itself


def test_the_bounds_of_a_share_and_its_times(sandbox, vendor, room):
    sandbox.window.limit = 0
    sandbox.faults.add("*", "drop", share=0)
    sandbox.faults.add("*", "status", times=2, share=0.5)
    got = [raw(vendor, "playback/getBasicInfo", room_id=room)[0] for _ in range(40)]
    assert got.count(503) == 2
    assert [fault.kind for fault in sandbox.faults.on()] == ["drop"]
    sandbox.faults.clear()
    sandbox.faults.add("*", "status", share=1)
    assert raw(vendor, "playback/getBasicInfo", room_id=room)[0] == 503


@pytest.mark.parametrize(
    ("target", "kind", "options"),
    [
        ("list_recordings", "no such kind", {}),
        ("CB1", "latency", {}),
        ("list_recordings", "repeat", {}),
        ("list_recordings", "latency", {"minutes": 1}),
        ("list_recordings", "drop", {"when": "sometimes"}),
        ("list_recordings", "latency", {"seconds": "long"}),
        ("list_recordings", "html", {"times": 0}),
        ("list_recordings", "html", {"share": 1.5}),
        ("list_recordings", "html", {"share": "half"}),
        ("CB1", "repeat", {"share": 0.5}),
    ],
)
def test_a_misspelt_fault_is_not_a_silent_one(sandbox, target, kind, options):
    with pytest.raises(ValueError):
        sandbox.faults.add(target, kind, **options)
