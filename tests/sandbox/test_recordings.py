"""Calls 1, 2, 5, 7–11 over the socket."""

from __future__ import annotations

import io
import threading

import pytest
from PIL import Image

from .sloppy import SloppyClient


@pytest.fixture
def room(sandbox) -> int:
    number = sandbox.state.add_room("初三数学", is_long_term=True)
    sandbox.state.add_recording(number, 201912010, name="第一讲", created_at=1_575_160_000, length=1800)
    return number


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(out, "PNG")
    return out.getvalue()


def test_info_has_the_recordings_facts(vendor, room):
    answer = vendor("playback/getBasicInfo", room_id=room, session_id=201912010)
    assert answer["code"] == 0
    assert answer.data["name"] == "第一讲"
    assert answer.data["length"] == 1800
    assert answer.data["create_time"] == "2019-12-01 08:26:40"
    assert vendor.get("playback/getBasicInfo", room_id=room, session_id=201912010).data == answer.data


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, 1001),
        ({"room_id": ""}, 1001),
        ({"room_id": "abc"}, 1001),
        ({"room_id": -1}, 1001),
        ({"room_id": 99999999999999}, 3001),
    ],
)
def test_info_refuses(vendor, room, params, code):
    answer = vendor("playback/getBasicInfo", **params)
    assert answer["code"] == code
    assert answer.data is None
    if code == 1001:
        assert "room_id" in answer["msg"]


def test_a_recording_that_never_was_is_refused_otherwise_than_a_deleted_one(sandbox, vendor, room):
    assert vendor("playback/getBasicInfo", room_id=room)["code"] == 1
    assert vendor("playback/delete", room_id=room, session_id=201912010)["code"] == 0
    assert vendor("playback/getBasicInfo", room_id=room, session_id=201912010)["code"] == 3002
    assert vendor("playback/delete", room_id=room, session_id=201912010)["code"] == 3002
    sandbox.state.remove_room(room)
    assert vendor("playback/getBasicInfo", room_id=room)["code"] == 3002


def test_the_list_is_newest_first_in_pages_with_the_total_of_all(sandbox, vendor):
    for number in range(25):
        sandbox.state.add_recording(
            sandbox.state.add_room(f"教室{number}", product_type=1 + number % 2),
            name=str(number),
            created_at=1000 + number,
        )
    names, total = [], None
    for page in (1, 2, 3, 4):
        data = vendor("playback/getList", product_type=0, page=page, page_size=10).data
        names += [row["name"] for row in data["list"]]
        total = data["total"]
    assert total == 25
    assert names == [str(number) for number in reversed(range(25))]
    small = vendor("playback/getList", product_type=2, page=1, page_size=1000).data
    assert small["total"] == len(small["list"]) == 12
    assert vendor.get("playback/getList", product_type=2, page=1, page_size=1000).data == small


@pytest.mark.parametrize(
    "wrong", [{"page_size": 1001}, {"page_size": 0}, {"page": 0}, {"product_type": 9}, {"page": "x"}, {"crop_video": 2}]
)
def test_the_list_refuses_what_is_out_of_range(vendor, wrong):
    answer = vendor("playback/getList", **({"product_type": 1, "page": 1, "page_size": 100} | wrong))
    assert answer["code"] == 1001
    assert next(iter(wrong)) in answer["msg"]


def test_crops_are_listed_when_asked_for(sandbox, vendor, room):
    sandbox.state.add_version(room, 201912010, name="精华", created_at=1_575_170_000)
    query = {"product_type": 0, "page": 1, "page_size": 10}
    assert [row["name"] for row in vendor("playback/getList", **query).data["list"]] == ["第一讲"]
    data = vendor("playback/getList", **query, crop_video=1, room_id=room).data
    assert [(row["name"], row["version"]) for row in data["list"]] == [("精华", 1), ("第一讲", 0)]
    assert data["total"] == 2


def test_versions_and_the_main_one(sandbox, vendor, room):
    crop = sandbox.state.add_version(room, 201912010, name="精华")
    where = {"room_id": room, "session_id": 201912010}
    rows = vendor("playback/getCropList", **where).data["list"]
    assert [row["version"] for row in rows] == [1, 0]
    assert "crop_url" in rows[1]
    assert "crop_url" not in rows[0]
    assert vendor("playback/setMainVersion", **where, version=1).data is None
    assert vendor("playback/getBasicInfo", **where).data["video_id"] == crop["video_id"]
    assert vendor("playback/getSessionList", room_id=room).data["list"][0]["video_id"] == crop["video_id"]
    refused = vendor("playback/setMainVersion", **where, version=7)
    assert (refused["code"], refused["msg"]) == (1001, "参数错误：回放版本7不存在")
    assert vendor("playback/delete", **where, version=1)["code"] == 0
    assert vendor("playback/getBasicInfo", **where).data["name"] == "第一讲"
    assert vendor("playback/delete", **where, version=1)["code"] == 1001
    assert vendor("playback/delete", **where, version=0)["code"] == 1001


def test_publish_and_block(sandbox, vendor, room):
    where = {"room_id": room, "session_id": 201912010}
    assert vendor("playback/setPublishStatus", **where, status=2).data == {"status": 2}
    assert sandbox.state.recording(room, 201912010)["publish_status"] == 2
    assert vendor("playback/getPlayerToken", **where)["code"] == 1
    assert vendor("playback/setPublishStatus", **where, status=3)["code"] == 1001
    assert vendor("playback/setPublishStatus", **where, status=1).data == {"status": 1}
    assert vendor("playback/getPlayerToken", **where, expires_in=60).data["token"]


def test_rename_in_raw_and_in_escaped_bodies(sandbox, vendor, room):
    where = {"room_id": room, "session_id": 201912010}
    assert vendor("playback/update", **where, name="第二讲 圆（上）=100")["code"] == 0
    assert sandbox.state.recording(room, 201912010)["name"] == "第二讲 圆（上）=100"
    neat = SloppyClient(sandbox.base_url, vendor.partner_id, vendor.key, escape=True)
    assert neat("playback/update", **where, name="50% & 1+1=2")["code"] == 0
    assert sandbox.state.recording(room, 201912010)["name"] == "50% & 1+1=2"
    assert vendor("playback/update", **where)["code"] == 1001
    assert neat("playback/update", **where, name=" \u3000")["code"] == 1001
    assert vendor("playback/update", **where, name="长" * 256)["code"] == 1001


def test_a_new_cover_is_served_and_what_is_no_image_is_refused(vendor, room):
    where = {"room_id": room, "session_id": 201912010}
    before = vendor("playback/getBasicInfo", **where).data
    refused = vendor.upload("playback/update", {"preface": ("a.png", b"GIF89a no picture")}, **where, name="新名")
    assert refused["code"] == 4001
    assert vendor("playback/getBasicInfo", **where).data == before
    assert vendor.upload("playback/update", {"preface": ("a.png", png())}, **where, name="新名")["code"] == 0
    after = vendor("playback/getBasicInfo", **where).data
    assert after["name"] == "新名"
    status, content, headers = vendor.send("GET", after["preface_url"].split(vendor.host)[1])
    assert (status, content, headers["Content-Type"]) == (200, png(), "image/png")


def test_what_is_not_ready_has_no_video_size_or_cover(sandbox, vendor):
    room = sandbox.state.add_room()
    sandbox.state.add_recording(room, status=10)
    data = vendor("playback/getBasicInfo", room_id=room).data
    assert (data["status"], data["video_id"], data["length"], data["preface_url"]) == (10, None, 0, "")
    assert vendor("playback/getPlayerToken", room_id=room)["code"] == 1


def test_two_clients_delete_the_same(sandbox, vendor):
    for _ in range(10):
        room = sandbox.state.add_room()
        sandbox.state.add_recording(room)
        codes = []
        start = threading.Barrier(2)

        def delete(room=room, codes=codes, start=start) -> None:
            client = SloppyClient(sandbox.base_url, vendor.partner_id, vendor.key)
            start.wait()
            codes.append(client("playback/delete", room_id=room)["code"])
            client.connection.close()

        threads = [threading.Thread(target=delete) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(codes) == [0, 3002]


def test_rooms_are_listed_made_and_read(sandbox, vendor):
    made = vendor("room/create", title="测试教室", start_time=1501575608, end_time=1501579208, is_long_term=1).data
    info = vendor("room/info", room_id=made["room_id"]).data
    assert (info["title"], info["start_time"], info["is_long_term"]) == ("测试教室", "2017-08-01 16:20:08", 1)
    sandbox.state.add_room("小班", product_type=2)
    assert [row["title"] for row in vendor("room/list", page=1, product_type=2).data["list"]] == ["小班"]
    assert len(vendor("room/list", page=1, limit=1).data["list"]) == 1
    assert vendor("room/list", page=3, limit=1).data["list"] == []
    assert vendor("room/list", page=1, limit=1001)["code"] == 1001


def test_a_made_room_has_its_codes_and_the_documented_limits(vendor):
    made = vendor("room/create", title="长" * 60, start_time=1501575608, end_time=1501579208).data
    assert made.keys() == {"room_id", "admin_code", "teacher_code", "student_code"}
    codes = [made[name] for name in ("admin_code", "teacher_code", "student_code")]
    assert len(set(codes)) == 3
    assert all(len(code) == 6 and code.isalnum() for code in codes)
    info = vendor("room/info", room_id=made["room_id"]).data
    assert (info["title"], info["room_id"]) == ("长" * 50, int(made["room_id"]))
    assert (info["type"], info["max_users"], info["is_long_term"]) == ("2", "0", 0)
    for start, end in ((2, 1), (1000, 1000 + 900), (1000, 1000 + 86_400)):
        assert vendor("room/create", title="课", start_time=start, end_time=end)["code"] == 1001
    assert vendor("room/create", title="课", start_time=1000, end_time=200_000, is_long_term=1)["code"] == 0
