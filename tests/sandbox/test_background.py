"""Calls whose work goes on after the answer: crops, splits, chat removal, rendering, merging; and replacing films."""

from __future__ import annotations

import json
from typing import Any

import pytest

from playback.sandbox.callbacks import wait_for


@pytest.fixture
def room(sandbox) -> int:
    number = sandbox.state.add_room("初三数学")
    sandbox.state.add_recording(number, name="课", length=100)
    sandbox.transcode_seconds = 0.2
    return number


def versions(vendor, room: int) -> dict[int, dict[str, Any]]:
    return {row["version"]: row for row in vendor("playback/getCropList", room_id=room).data["list"]}


def test_crops_appear_transcoding_and_are_ready_a_little_later(vendor, room):
    parts = [{"start_time": 0, "end_time": 6, "name": "导入"}, {"start_time": "15", "end_time": 100, "name": "后半节"}]
    made = vendor("playback/batchCrop", room_id=room, crop_info=json.dumps(parts)).data
    assert [row["version"] for row in made["list"]] == [1, 2]
    found = versions(vendor, room)
    assert [found[number]["status"] for number in (0, 1, 2)] == [100, 20, 20]
    assert (found[1]["length"], found[1]["preface_url"]) == (0, "")
    assert wait_for(lambda: {row["status"] for row in versions(vendor, room).values()} == {100})
    found = versions(vendor, room)
    assert [(found[number]["name"], found[number]["length"]) for number in (1, 2)] == [("导入", 6), ("后半节", 85)]
    assert {found[number]["version_type"] for number in (1, 2)} == {1}


@pytest.mark.parametrize(
    "parts",
    [
        "no json",
        [],
        {},
        [1],
        [{"start_time": 5, "end_time": 5, "name": "空"}],
        [{"start_time": 9, "end_time": 5, "name": "反"}],
        [{"start_time": 0, "end_time": 101, "name": "过长"}],
        [{"start_time": "a", "end_time": 9, "name": "字"}],
        [{"end_time": 9, "name": "无"}],
        [{"start_time": 0, "end_time": 9, "name": "好"}, {"start_time": -1, "end_time": 9, "name": "负"}],
        [{"start_time": 0, "end_time": 9}],
        [{"start_time": 0, "end_time": 9, "name": ""}],
        [{"start_time": 0, "end_time": 9, "name": " \u3000"}],
        [{"start_time": 0, "end_time": 9, "name": ["组"]}],
        [{"start_time": 0, "end_time": 9, "name": "长" * 256}],
    ],
)
def test_a_bad_part_makes_no_crop_at_all(vendor, room, parts):
    sent = parts if isinstance(parts, str) else json.dumps(parts)
    refused = vendor("playback/batchCrop", room_id=room, crop_info=sent)
    assert (refused["code"], refused["msg"][:5]) == (1001, "参数错误：")
    assert list(versions(vendor, room)) == [0]


def test_a_deleted_crops_number_does_not_come_back(vendor, room):
    crop = {"room_id": room, "crop_info": json.dumps([{"start_time": 0, "end_time": 6, "name": "导入"}])}
    assert vendor("playback/batchCrop", **crop).data["list"][0]["version"] == 1
    assert vendor("playback/delete", room_id=room, version=1)["code"] == 0
    assert vendor("playback/batchCrop", **crop).data["list"][0]["version"] == 2


def test_a_crop_deleted_while_it_is_made_stays_deleted(sandbox, vendor, room):
    vendor("playback/batchCrop", room_id=room, crop_info=json.dumps([{"start_time": 0, "end_time": 6, "name": "导入"}]))
    vendor("playback/delete", room_id=room, version=1)
    assert wait_for(lambda: sandbox.state.counts()["jobs"] == 0)
    assert list(versions(vendor, room)) == [0]


def test_a_crop_is_no_main_version_before_it_is_ready(vendor, room):
    vendor("playback/batchCrop", room_id=room, crop_info=json.dumps([{"start_time": 0, "end_time": 6, "name": "导入"}]))
    assert vendor("playback/setMainVersion", room_id=room, version=1)["code"] == 1
    assert vendor("playback/getBasicInfo", room_id=room).data["length"] == 100
    assert wait_for(lambda: vendor("playback/setMainVersion", room_id=room, version=1)["code"] == 0)
    assert vendor("playback/getBasicInfo", room_id=room).data["length"] == 6


def test_split_by_length(vendor, room):
    made = vendor("playback/splitPlayback", room_id=room, length_per_segment=30).data
    assert made["total"] == 4
    assert [row["room_id"] for row in made["list"]] == [str(room)] * 4
    assert wait_for(lambda: {row["status"] for row in versions(vendor, room).values()} == {100})
    assert [versions(vendor, room)[number]["length"] for number in (1, 2, 3, 4)] == [30, 30, 30, 10]
    for wrong in (0, 100, "x"):
        assert vendor("playback/splitPlayback", room_id=room, length_per_segment=wrong)["code"] == 1001


def test_nothing_can_be_cut_before_it_is_ready(sandbox, vendor):
    room = sandbox.state.add_room()
    sandbox.state.add_recording(room, status=20)
    assert vendor("playback/splitPlayback", room_id=room, length_per_segment=30)["code"] == 1
    assert vendor("playback/convertToVideo", room_id=room)["code"] == 1


def test_chat_is_removed_in_the_background_one_removal_at_a_time(sandbox, vendor, room):
    row = sandbox.state.recording(room)
    for number, moment in ((7, 1000), (7, 2000), (8, 1000)):
        sandbox.state.add_chat(row["playback_id"], number, "小孙", moment, "……")
    window = {"delete_start_time": "1970-01-01 08:00:00", "delete_end_time": "1970-01-01 08:20:00"}
    assert vendor("playback/deleteChat", room_id=room, delete_user_number=7, **window).data is True
    refused = vendor("playback/deleteChat", room_id=room, delete_user_number=8)
    assert (refused["code"], refused.data) == (1, None)
    assert len(sandbox.state.chat(row["playback_id"])) == 3
    assert wait_for(lambda: len(sandbox.state.chat(row["playback_id"])) == 2)
    parts = [{"delete_user_number": "8"}, {"delete_start_time": "1970-01-01 08:30:00"}]
    assert wait_for(lambda: vendor("playback/deleteChat", room_id=room, delete_json=json.dumps(parts))["code"] == 0)
    assert wait_for(lambda: sandbox.state.chat(row["playback_id"]) == [])


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"delete_json": "[]"},
        {"delete_json": "[{}]"},
        {"delete_json": '[{"delete_user_number": "x"}]'},
        {"delete_start_time": "yesterday"},
        {"delete_start_time": "2022-04-21 23:09:12", "delete_end_time": "2022-04-21 23:09:11"},
    ],
)
def test_chat_removal_refuses(vendor, room, sent):
    assert vendor("playback/deleteChat", room_id=room, **sent)["code"] == 1001


@pytest.mark.parametrize(
    ("shows", "meanwhile", "same_video"), [("status", 20, True), ("video_id", 100, False), ("nothing", 100, True)]
)
def test_how_removing_chat_shows(sandbox, vendor, room, shows, meanwhile, same_video):
    sandbox.rebuild_shows = shows
    before = sandbox.state.recording(room)
    sandbox.state.add_chat(before["playback_id"], 7, "小孙", 1000, "……")
    assert vendor("playback/deleteChat", room_id=room, delete_user_number=7)["code"] == 0
    assert sandbox.state.recording(room)["status"] == meanwhile
    assert wait_for(lambda: sandbox.state.chat(before["playback_id"]) == [])
    after = sandbox.state.recording(room)
    assert (after["status"], after["video_id"] == before["video_id"]) == (100, same_video)


def test_rendering_goes_from_queued_to_done(sandbox, vendor, room):
    def status() -> int:
        return vendor("playback/getConvertStatus", room_id=room).data["status"]

    assert vendor("playback/getConvertStatus", room_id=room).data == {"status": 0, "status_msg": "未开始"}
    assert vendor("playback/convertToVideo", room_id=room).data is None
    assert status() == 1
    assert vendor("playback/convertToVideo", room_id=room)["code"] == 1
    assert wait_for(lambda: status() == 2)
    assert wait_for(lambda: status() == 3)
    sandbox.failing.add("convert")
    sandbox.state.add_version(room)
    assert vendor("playback/convertToVideo", room_id=room, version=1)["code"] == 0
    assert status() == 1
    assert wait_for(lambda: status() == 4)


def test_the_recorded_video_has_a_signed_address_that_plays(vendor, room):
    assert vendor("playback/getRecordVideoUrl", room_id=room)["code"] == 1
    assert vendor("playback/generateRecordVideo", room_id=room).data == {"success_fids": ["0"]}
    assert vendor("playback/generateRecordVideo", room_id=room).data == {"success_fids": []}
    assert wait_for(lambda: vendor("playback/getRecordVideoUrl", room_id=room)["code"] == 0)
    target = vendor("playback/getRecordVideoUrl", room_id=room).data["url"].split(vendor.host)[1]
    status, content, headers = vendor.send("GET", target)
    assert (status, headers["Content-Type"]) == (200, "video/mp4")
    assert content[4:8] == b"ftyp"
    assert vendor.send("GET", target[:-1] + ("0" if target[-1] != "0" else "1"))[0] == 403


def test_a_merge_is_rendered(sandbox, vendor):
    merge = sandbox.state.add_merge(length=60)
    sandbox.transcode_seconds = 0.1
    assert vendor("playback/getMixedPlaybackVideo", mixed_playback_id=merge)["code"] == 1
    assert vendor("playback/mixedPlaybackToVideo", mixed_playback_id=merge).data == {"mixed_playback_id": str(merge)}
    assert vendor("playback/mixedPlaybackToVideo", mixed_playback_id=merge)["code"] == 1
    assert wait_for(lambda: vendor("playback/getMixedPlaybackVideo", mixed_playback_id=merge)["code"] == 0)
    found = vendor("playback/getMixedPlaybackVideo", mixed_playback_id=merge).data
    assert found["play_info"]["720p"]["duration"] == 60
    assert vendor("playback/mixedPlaybackToVideo", mixed_playback_id=merge + 1)["code"] == 1


# ---------------------------------------------------------------- replacing


def test_replace_gives_the_target_the_sources_film(sandbox, vendor, room):
    source = sandbox.state.add_room()
    sandbox.state.add_recording(source, name="重录", length=77)
    before = vendor("playback/getBasicInfo", room_id=room).data
    sent = {"source_room_id": source, "target_room_id": room}
    assert vendor("playback/replacePlayback", type=1, **sent)["code"] == 0
    after = vendor("playback/getBasicInfo", room_id=room).data
    assert (after["length"], after["name"]) == (77, "课")
    assert after["video_id"] != before["video_id"]
    assert list(versions(vendor, room)) == [0]
    assert vendor("playback/replacePlayback", type=3, **sent)["code"] == 1001
    assert vendor("playback/replacePlayback", type=1, **sent | {"source_room_id": room})["code"] == 1


def test_replace_adds_a_version_and_makes_it_main_when_asked(sandbox, vendor, room):
    source = sandbox.state.add_room()
    sandbox.state.add_recording(source, name="重录", length=77)
    sent = {"type": 2, "source_room_id": source, "target_room_id": room}
    assert vendor("playback/replacePlayback", **sent)["code"] == 0
    assert vendor("playback/getBasicInfo", room_id=room).data["length"] == 100
    assert vendor("playback/replacePlayback", **sent, is_replace_main=1)["code"] == 0
    assert vendor("playback/getBasicInfo", room_id=room).data["length"] == 77
    assert sorted(versions(vendor, room)) == [0, 1, 2]


@pytest.mark.parametrize(("session", "code"), [(202402290, 0), (202302290, 1001), (5, 1001), (2024022900, 1001)])
def test_replace_may_name_a_new_session_of_a_long_term_room(sandbox, vendor, room, session, code):
    hall = sandbox.state.add_room("长期", is_long_term=True)
    sent = {"source_room_id": room, "target_room_id": hall, "target_session_id": session}
    assert vendor("playback/replacePlayback", type=1, **sent)["code"] == 1
    assert vendor("playback/replacePlayback", type=2, **sent)["code"] == code
    assert vendor("playback/getSessionList", room_id=hall).data["total"] == (code == 0)
    assert vendor("playback/replacePlayback", type=2, source_room_id=room, target_room_id=1)["code"] == 3001


def test_replace_by_a_video(sandbox, vendor, room):
    film = sandbox.state.add_video("点播", length=33)
    sent = {"target_room_id": room, "video_id": film}
    assert vendor("playback/replacePlaybackByVideo", **sent)["code"] == 0
    found = vendor("playback/getBasicInfo", room_id=room).data
    assert (found["video_id"], found["length"], found["name"]) == (film, 33, "课")
    assert vendor("playback/replacePlaybackByVideo", **sent | {"video_id": 5})["code"] == 1
    assert vendor("playback/replacePlaybackByVideo", **sent, target_version=9)["code"] == 1001
