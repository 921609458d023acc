"""Members, watch records, expiry, mark points and tokens over the socket."""

from __future__ import annotations

import json
import time

import pytest

DAY = 86_400


@pytest.fixture
def room(sandbox) -> int:
    number = sandbox.state.add_room("初三数学")
    sandbox.state.add_recording(number, length=100)
    return number


@pytest.fixture
def people(sandbox) -> list[int]:
    return [sandbox.state.add_member(f"小孙{number}") for number in range(25)]


# ---------------------------------------------------------------- members


@pytest.mark.parametrize("where", ["room", "playback"])
def test_members_are_added_listed_twenty_a_page_and_removed(vendor, room, people, where):
    everybody = ",".join(map(str, people))
    assert vendor(f"{where}/addWhiteUser", room_id=room, user_ids=everybody).data is True
    assert vendor(f"{where}/addWhiteUser", room_id=room, user_ids=people[0]).data is True
    first = vendor(f"{where}/getWhiteUserList", room_id=room).data
    second = vendor(f"{where}/getWhiteUserList", room_id=room, page=2).data
    assert (first["total"], len(first["list"]), len(second["list"])) == (25, 20, 5)
    assert [row["user_id"] for row in first["list"] + second["list"]] == [str(number) for number in people]
    assert vendor(f"{where}/removeWhiteUser", room_id=room, user_ids=f"{people[0]}, {people[1]}")["code"] == 0
    assert vendor(f"{where}/getWhiteUserList", room_id=room, page_size=1000).data["total"] == 23


def test_who_is_no_member_is_refused_and_nobody_is_added(vendor, room, people):
    some = f"{people[0]},5"
    assert vendor("playback/addWhiteUser", room_id=room, user_ids=some)["msg"] == "无效的回放或者用户"
    assert vendor("playback/addWhiteUser", room_id=room, user_ids=some)["code"] == 1001
    assert vendor("room/addWhiteUser", room_id=room, user_ids=some)["msg"] == "用户5不存在"
    assert vendor("room/removeWhiteUser", room_id=room, user_ids=people[0])["msg"] == f"用户{people[0]}不存在"
    for where in ("room", "playback"):
        assert vendor(f"{where}/getWhiteUserList", room_id=room).data == {"total": 0, "list": []}
        assert vendor(f"{where}/addWhiteUser", room_id=room, user_ids="a,b")["code"] == 1001


# ---------------------------------------------------------------- watch records


def test_watch_records_of_one_day(sandbox, vendor, room):
    row = sandbox.state.recording(room)
    midnight = 1_704_384_000  # 2024-01-05 00:00 in Beijing
    for offset in (-1, 0, 50, DAY - 1, DAY):
        sandbox.state.add_watch_record(row["playback_id"], row["video_id"], midnight + offset, user_number=offset % 7)
    day = {"start_time": "2024-01-05 00:00:00", "end_time": "2024-01-05 23:59:59"}
    found = vendor("video_data/getPlaybackPlayRecord", room_id=room, **day, page=1, page_size=2).data
    assert (found["total"], found["page"], found["page_size"], len(found["list"])) == (3, 1, 2, 2)
    assert found["list"][0]["play_begin_time"] == "2024-01-05 00:00:00"
    assert vendor("video_data/getPlaybackPlayRecord", room_id=room, **day, user_number=1).data["total"] == 1
    assert vendor("video_data/getPlaybackPlayRecord", room_id=room, **day, version=1).data["total"] == 0
    assert vendor("video_data/exportPlaybackReportBatch", **day).data["total"] == 3
    assert vendor("video_data/exportPlaybackReportBatch", **day, search_time_type=2).data["total"] == 3
    late = sandbox.state.add_watch_record(row["playback_id"], row["video_id"], midnight + DAY - 5, play_length=60)
    begun = vendor("video_data/exportPlaybackReportBatch", **day).data
    assert late in {each["guid"] for each in begun["list"]}
    assert vendor("video_data/exportPlaybackReportBatch", **day, search_time_type=2).data["total"] == 3


@pytest.mark.parametrize(
    "times",
    [
        ("2024-01-05 00:00:00", "2024-01-06 00:00:00"),
        ("2024-01-05 12:00:00", "2024-01-05 11:59:59"),
        ("2024-01-05", "2024-01-05"),
        ("2024-02-30 00:00:00", "2024-02-30 01:00:00"),
    ],
)
def test_a_range_must_be_of_one_day(vendor, room, times):
    sent = dict(zip(("start_time", "end_time"), times, strict=True))
    assert vendor("video_data/getPlaybackPlayRecord", room_id=room, **sent)["code"] == 1001
    assert vendor("video_data/exportPlaybackReportBatch", **sent)["code"] == 1001


# ---------------------------------------------------------------- expiry


def test_expiry_by_days_and_by_a_fixed_time(sandbox, vendor, room):
    video = sandbox.state.recording(room)["video_id"]
    other = sandbox.state.add_recording(sandbox.state.add_room())["video_id"]
    old = sandbox.state.add_recording(sandbox.state.add_room(), created_at=1_600_000_000)["video_id"]
    sandbox.state.set_setting("partner_valid_day", 15)
    ask = {"product_type": 1, "video_ids": f"{video},{other},{old},5"}
    assert vendor("playback/getExpire", **ask).data == {
        "partner_valid_day": 15,
        "list": {str(video): 15, str(other): 15},
        "expire_time_list": [],
    }
    assert vendor("playback/setValidDay", product_type=1, video_ids=f"{video},5", valid_day=0).data is True
    items = [
        {"video_id": other, "expire_time": "2099-12-10 14:00:00"},
        {"video_id": 5, "expire_time": "2099-12-10 14:00:00"},
        {"video_id": video, "expire_time": "2001-01-01 00:00:00"},
        {"video_id": old, "expire_time": "2099-12-10 14:00:00"},
        {"video_id": video, "expire_time": "tomorrow"},
        {"video_id": video},
    ]
    taken = vendor("playback/batchSetExpireTime", data=json.dumps(items)).data
    assert taken == {"success_list": [str(other)]}
    assert vendor("playback/getExpire", **ask).data == {
        "partner_valid_day": 15,
        "list": {str(video): 0},
        "expire_time_list": {str(other): "2099-12-10 14:00:00"},
    }
    for wrong in ({"video_ids": ""}, {"video_ids": "a"}, {"product_type": 7}):
        assert vendor("playback/getExpire", **ask | wrong)["code"] == 1001


def test_expiry_passes_over_videos_of_another_product(sandbox, vendor, room):
    live = sandbox.state.recording(room)["video_id"]
    small = sandbox.state.add_recording(sandbox.state.add_room(product_type=2))["video_id"]
    both = f"{live},{small}"
    assert vendor("playback/setValidDay", product_type=2, video_ids=both, valid_day=9).data is True
    assert vendor("playback/getExpire", product_type=0, video_ids=both).data["list"] == {str(live): 0, str(small): 9}
    assert vendor("playback/getExpire", product_type=1, video_ids=both).data["list"] == {str(live): 0}
    assert vendor("playback/getExpire", product_type=5, video_ids=both)["code"] == 1001


def test_an_expired_recording_is_listed_and_has_no_token(sandbox, vendor, room):
    row = sandbox.state.recording(room)
    assert vendor("playback/getPlayerToken", room_id=room)["code"] == 0
    sandbox.state.update_version(row["video_id"], expires_at=int(time.time()) - 1)
    assert vendor("playback/getPlayerToken", room_id=room)["code"] == 1
    assert vendor("playback/getLimitedToken", room_id=room)["code"] == 1
    assert vendor("playback/getPlayerTokenBatch", room_ids=room).data == []
    assert vendor("playback/getList", product_type=0, page=1, page_size=10).data["total"] == 1


# ---------------------------------------------------------------- mark points


def test_mark_points_are_replaced_as_a_whole_for_each_version(sandbox, vendor, room):
    sandbox.state.add_version(room)
    content = json.dumps([{"time_offset": "00:01:02", "desc": "讲评（一）"}, {"time_offset": "01:00:00", "desc": 123}])
    assert vendor("playback/setMarkPoints", room_id=room, content=content).data is True
    assert vendor("playback/getMarkPoints", room_id=room).data["list"] == [
        {"time_offset": "00:01:02", "desc": "讲评（一）"},
        {"time_offset": "01:00:00", "desc": "123"},
    ]
    assert vendor("playback/getMarkPoints", room_id=room, version=1).data == {"list": []}
    assert vendor("playback/setMarkPoints", room_id=room, content="[]").data is True
    assert vendor("playback/getMarkPoints", room_id=room, version=0).data == {"list": []}


@pytest.mark.parametrize(
    "content", ["{", "{}", '[{"time_offset":"1:2:3","desc":"a"}]', '[{"time_offset":"00:00:61","desc":"a"}]',
                '[{"time_offset":"00:00:01"}]', '[{"time_offset":"00:00:01","desc":true}]']
)  # fmt: skip
def test_bad_mark_points_change_nothing(sandbox, vendor, room, content):
    playback = sandbox.state.recording(room)["playback_id"]
    sandbox.state.set_mark_points(playback, 0, [(1, "a")])
    assert vendor("playback/setMarkPoints", room_id=room, content=content)["code"] == 1001
    assert sandbox.state.mark_points(playback, 0) == [(1, "a")]


# ---------------------------------------------------------------- tokens


def opens(vendor, room: int, token: str) -> bool:
    return vendor.send("GET", f"/web/playback/index?classid={room}&token={token}")[0] == 200


def test_tokens_open_the_player_until_they_expire(sandbox, vendor, room, monkeypatch):
    short = vendor("playback/getPlayerToken", room_id=room, expires_in=60).data["token"]
    ever = vendor("playback/getPlayerToken", room_id=room, expires_in=0).data["token"]
    once = vendor("playback/getLimitedToken", room_id=room).data["limited_token"]
    listed = vendor("playback/getList", product_type=0, page=1, page_size=10).data["list"][0]["play_url"]
    assert vendor.send("GET", listed.split(vendor.host)[1])[0] == 200
    assert opens(vendor, room, short)
    assert opens(vendor, room, ever)
    assert opens(vendor, room, once)
    assert not opens(vendor, room, once)
    assert not opens(vendor, room, ever + "x")
    unused = vendor("playback/getLimitedToken", room_id=room).data["limited_token"]
    monkeypatch.setattr(sandbox.state, "clock", lambda: time.time() + DAY + 1)
    assert not opens(vendor, room, short)
    assert not opens(vendor, room, unused)
    assert opens(vendor, room, ever)


def test_a_batch_has_tokens_only_for_what_can_be_watched(sandbox, vendor, room):
    hall = sandbox.state.add_room(is_long_term=True)
    sandbox.state.add_recording(hall, 202401050)
    sandbox.state.add_recording(hall, 202401060, publish_status=2)
    sandbox.state.add_recording(hall, 202401070, status=20)
    keys = f"{room},{hall}-202401050,{hall}-202401060,{hall}-202401070,{hall},7"
    assert vendor("playback/getPlayerTokenBatch", room_ids=keys).data.keys() == {str(room), f"{hall}-202401050"}
    assert vendor("playback/getPlayerTokenBatch", room_ids="a-b")["code"] == 1001
    assert vendor("playback/getPlayerTokenBatch", room_ids=room, expires_in=-1)["code"] == 1001
