"""Every documented request and answer of the vendor, through the whole client over a socket.

``SAMPLES`` has all 39 numbers; each asserts real values of its answer, and what was sent where the reference shows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from playback.vendor.client import ChatSpan, Crop, VendorClient
from playback.vendor.codes import ProductType, PublishStatus, ReplaceType
from playback.vendor.endpoints import ENDPOINTS
from playback.vendor.errors import VendorRefused
from playback.vendor.results import (
    BEIJING,
    ClassTime,
    ConvertState,
    CoursewareRow,
    MarkPoint,
    MemberRow,
    NewVersion,
    PlayerToken,
    PlayInfo,
    RecordingInfo,
    RecordingRow,
    SessionRow,
    WatchRow,
)
from playback.vendor.secret import Secret

from .wire import Wire, answer

SAMPLES: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "samples.json").read_text())
ROOM = 17081558148393


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


def _1(client: VendorClient) -> None:
    assert client.recording_info(ROOM) == RecordingInfo(
        status=100,
        video_id=153582,
        name="playback",
        total_size=11353211,
        total_transcode_size=86501231,
        total_ext_media_size=None,
        cover_url="http://img.gsxservice.com/00-upload/image-test/153582_622a01e29b25022bd603023bce7967c0.jpg",
        length=620,
        publish_status=1,
        created_at=datetime(2017, 9, 26, 8, 38, 11, tzinfo=UTC),
    )


def _2(client: VendorClient) -> None:
    page = client.list_recordings(ProductType.ALL)
    assert page.total == 2
    assert page.unreadable == []
    assert page.rows[0] == RecordingRow(
        room_id=ROOM,
        session_id=0,
        playback_id=123456,
        video_id=145058,
        name="08月15日第1节回放",
        status=100,
        created_at=datetime(2017, 8, 15, 3, 15, 10, tzinfo=UTC),
        length=2393,
        total_transcode_size=388217885,
        play_times=0,
        cover_url="http://img.gsxservice.com/00-upload/image-test/145058_6d18d1e53ef4e710bea2b0870dacd50a.jpg",
        publish_status=1,
        version=0,
        version_type=None,
    )
    assert page.rows[1].room_id == 17080762326145


def _3(client: VendorClient) -> None:
    token = client.player_token(ROOM, expires_in=60)
    assert token == PlayerToken(token=Secret("A1EJAaIkje-ekj39aflkj2"), video_id=123456)
    assert "A1EJ" not in repr(token)


def _4(client: VendorClient) -> None:
    tokens = client.player_tokens([(17110879095169, 0), (1711087909231, 201711281)], expires_in=0)
    assert tokens == {
        (17110879095169, 0): "NxVqFJgMpfG9cWOOu4-mMn3MChaCQEgnRAL8hGOUFGeDggwd7swoRQw",
        (1711087909231, 201711281): "NxVqFJgMpfG9cWOOu4-mMn3MChaCQEgnRAL8hGOUFGeDggwd7swoRQx",
    }
    assert "NxVq" not in repr(tokens)


def _5(client: VendorClient) -> None:
    page = client.list_sessions(17111060177043)
    assert page.total == 8
    assert page.rows[1] == SessionRow(
        session_id=201712280,
        status=100,
        video_id=10040991,
        name="xypTest",
        publish_status=1,
        length=1216,
        total_transcode_size=827459987,
        cover_url="http://img.baijiayun.com/00-x-upload/image/10040991_1087fc28a23d97b2fc1d1e00.jpg",
        created_at=at("2017-12-29 00:00:11"),
    )


def _6(client: VendorClient) -> None:
    page = client.recording_watch_records(
        ROOM, start_time=at("2017-09-08 00:00:00"), end_time=at("2017-09-08 23:59:59")
    )
    assert page.rows == [
        WatchRow(
            guid="00128569A70D778BAFB5216E5C7F4957",
            video_id=130446,
            user_number=0,
            user_name="访客",
            began_at=at("2017-09-08 10:00:07"),
            ended_at=at("2017-09-08 10:08:08"),
            play_length=45,
            client_type=0,
            user_ip="60.174.64.166",
            area="安徽省",
            ext_data="64b0e41c4cfda",
        )
    ]


def _7(client: VendorClient) -> None:
    assert client.set_publish_status(ROOM, status=PublishStatus.PUBLISHED) == PublishStatus.PUBLISHED


def _8(client: VendorClient) -> None:
    client.delete_recording(ROOM, 201912010, version=2)


def _9(client: VendorClient) -> None:
    client.update_recording(ROOM, name="第一讲")


def _10(client: VendorClient) -> None:
    page = client.list_versions(18072333155594, 201807230)
    assert [(row.version, row.version_type, row.video_id, row.play_times) for row in page.rows] == [
        (1, 1, 218203, 1),
        (0, 1, 218142, 4),
    ]
    assert page.rows[0].name == "长期房间回放(裁剪)"
    assert "token" not in repr(page)


def _11(client: VendorClient) -> None:
    client.set_main_version(ROOM, version=0)


def _12(client: VendorClient) -> None:
    page = client.room_courseware(19061545487745)
    assert page.rows[1] == CoursewareRow(
        room_id=19061545487745,
        session_id=201906195,
        version=0,
        version_type=0,
        ppt_url="https://test-img.baijiayun.com/0baijiacloud/playback_ppt/19061545487745_201906195_1.pdf",
    )


def _13(client: VendorClient) -> None:
    page = client.recording_courseware(19061545487745, 201906195)
    assert (page.total, page.rows[0].ppt_url[-6:]) == (1, "_0.pdf")


def _14(client: VendorClient) -> None:
    client.replace_recording(type=ReplaceType.REPLACE, source_room_id=1, target_room_id=2, is_replace_main=False)


def _15(client: VendorClient) -> None:
    client.replace_by_video(video_id=9, target_room_id=2)


def _16(client: VendorClient) -> None:
    client.convert_to_video(ROOM)


def _17(client: VendorClient) -> None:
    page = client.split_recording(20101381522962, 202010130, length_per_segment=600)
    assert page.total == 4
    assert page.rows[0] == NewVersion(room_id=20101381522962, version=10, session_id=202010130, video_id=590196)


def _18(client: VendorClient) -> None:
    page = client.class_times(ROOM)
    assert page.rows[0] == ClassTime(
        start=datetime.fromtimestamp(1636679824, UTC), end=datetime.fromtimestamp(1636679834, UTC)
    )
    assert [row.end_filled_in for row in page.rows] == [False, False, False, True]


def _19(client: VendorClient) -> None:
    assert client.generate_recorded_video(ROOM) == [202202180]


def _20(client: VendorClient) -> None:
    url = client.recorded_video_url(ROOM)
    assert url.endswith(".mp4?t=62dce177&sign=83d53727e3a97b26f7578579dc000000")
    assert "83d53727" not in repr(url)


def _21(client: VendorClient) -> None:
    page = client.mark_points(ROOM)
    assert page.rows[2] == MarkPoint(time_offset="00:01:16", desc="test3")
    assert page.rows[2].seconds == 76
    assert (page.total, len(page.rows)) == (4, 4)


def _22(client: VendorClient) -> None:
    client.remove_chat(
        ROOM,
        spans=[
            ChatSpan(1650553019716964, at("2022-04-21 23:09:12"), at("2022-04-21 23:09:13")),
            ChatSpan(772334751, at("2022-04-21 23:08:36"), at("2022-04-21 23:09:19")),
        ],
    )


def _23(client: VendorClient) -> None:
    client.add_recording_members(ROOM, user_ids=[291455, 291456])


def _24(client: VendorClient) -> None:
    client.remove_recording_members(ROOM, user_ids=[291455])


def _25(client: VendorClient) -> None:
    page = client.list_recording_members(ROOM)
    assert page.total == 4
    assert page.rows[0] == MemberRow(
        user_id=291455,
        user_sn="1123010",
        email="sun670@qq.com",
        name="小孙5",
        remark="",
        phone_number="18375614179",
        created_at=at("2022-11-11 13:56:18"),
        role=0,
    )


def _26(client: VendorClient) -> None:
    client.add_room_members(ROOM, user_ids=[291455])


def _27(client: VendorClient) -> None:
    assert [row.user_id for row in client.list_room_members(ROOM).rows] == [291456, 291457, 291458]


def _28(client: VendorClient) -> None:
    client.remove_room_members(ROOM, user_ids=[291455])


def _29(client: VendorClient) -> None:
    found = client.expiry(ProductType.EDUCATION_LIVE, [116541, 128298, 116542])
    assert found.default_days == 15
    assert found.days == {116541: 15, 128298: 0}
    assert found.fixed_times == {116542: at("2024-12-12 19:00:00")}


def _30(client: VendorClient) -> None:
    client.set_valid_days(ProductType.EDUCATION_LIVE, [116541], 0)


def _31(client: VendorClient) -> None:
    assert client.convert_status(ROOM) == ConvertState(status=3, status_msg="完成")


def _32(client: VendorClient) -> None:
    client.set_mark_points(ROOM, content=[MarkPoint("00:00:01", "123"), MarkPoint("00:00:02", "课")])


def _33(client: VendorClient) -> None:
    token = client.one_time_token(ROOM)
    assert token == "2db8c3dd3d97f9017a43b7bd0c538253"
    assert "2db8" not in repr(token)


def _34(client: VendorClient) -> None:
    (turn,) = client.page_turns(ROOM).rows
    assert (turn.page, turn.time, turn.doc.id, turn.doc.name) == (0, 180503, "1572168", "test.docx")
    assert (turn.doc.total_pages, turn.doc.is_doc, turn.doc.is_h5_doc) == (8, True, False)


def _35(client: VendorClient) -> None:
    page = client.crop_recording(22042060202747, 202204205, crop_info=[Crop(0, 6, "test1"), Crop(15, 20, "test2")])
    assert page.rows[1] == NewVersion(room_id=22030364712442, version=2, session_id=202203030, video_id=1374927)


def _36(client: VendorClient) -> None:
    times = {500053281: at("2025-12-10 14:00:00"), 500053726: at("2025-12-10 13:00:00")}
    assert client.set_expire_times(times) == [500053726]


def _37(client: VendorClient) -> None:
    day = at("2025-03-12 00:00:00")
    (row,) = client.account_watch_records(start_time=day, end_time=day.replace(hour=23)).rows
    assert (row.user_number, row.uuid) == (1726134607864307, "uuid-fd3dd313-c731-8884-50a9-17d3c46d6c42")
    assert (row.date, row.play_length) == ("2025-03-12", 2)


def _38(client: VendorClient) -> None:
    assert client.render_merged(1) == 1


def _39(client: VendorClient) -> None:
    merged = client.merged_video(1)
    assert merged.fid == 305550443
    info = merged.play_info["720p"]
    assert info == PlayInfo(url=info.url, duration=1858, height=720, width=1280, size=95119429)
    assert info.url.endswith("sign=8ea552da210744b0cd86fe955f000000")
    assert "8ea552" not in repr(merged)


SENT: dict[int, dict[str, str]] = {
    1: {"room_id": str(ROOM)},
    2: {"product_type": "0", "page": "1", "page_size": "1000"},
    4: {"room_ids": SAMPLES["4"]["request"]["room_ids"], "expires_in": "0"},
    6: {"start_time": "2017-09-08 00:00:00", "end_time": "2017-09-08 23:59:59"},
    7: {"room_id": str(ROOM), "status": "1"},
    8: {"room_id": str(ROOM), "session_id": "201912010", "version": "2"},
    9: {"name": "第一讲"},
    11: {"version": "0"},
    14: {"type": "1", "is_replace_main": "0"},
    22: {"delete_json": json.dumps(SAMPLES["22"]["request"]["delete_json"], separators=(",", ":"))},
    23: {"user_ids": "291455,291456"},
    29: {"video_ids": "116541,128298,116542"},
    30: {"valid_day": "0"},
    32: {"content": '[{"time_offset":"00:00:01","desc":"123"},{"time_offset":"00:00:02","desc":"课"}]'},
    35: {"crop_info": json.dumps(SAMPLES["35"]["request"]["crop_info"], separators=(",", ":"))},
    36: {"data": json.dumps(SAMPLES["36"]["request"]["data"], separators=(",", ":"))},
}
CALLS: dict[int, Callable[[VendorClient], None]] = {number: globals()[f"_{number}"] for number in range(1, 40)}
NAMES = {row.number: row for row in ENDPOINTS.values() if row.number}


@pytest.mark.parametrize("number", sorted(CALLS), ids=lambda number: f"{number}-{NAMES[number].name}")
def test_the_documented_sample_becomes_its_typed_result(client: VendorClient, wire: Wire, number: int) -> None:
    wire.does(answer(SAMPLES[str(number)]["response"]["data"]))
    CALLS[number](client)
    (received,) = wire.received
    assert received.path == f"/openapi/{NAMES[number].path}"
    sent = received.form
    assert {name: sent.get(name) for name in SENT.get(number, {})} == SENT.get(number, {})
    assert set(sent) - {"partner_id", "timestamp", "sign"} <= set(NAMES[number].parameters)
    assert set(NAMES[number].required) <= set(sent)


@pytest.mark.parametrize("number", [23, 28])
def test_the_documented_failure_is_a_refusal(client: VendorClient, wire: Wire, number: int) -> None:
    failure = SAMPLES[str(number)]["failure"]
    wire.does(answer(None, failure["code"], failure["msg"]))
    with pytest.raises(VendorRefused) as caught:
        CALLS[number](client)
    assert (caught.value.code, caught.value.vendor_message) == (failure["code"], failure["msg"])
    assert caught.value.call == NAMES[number].name
    assert len(wire.received) == 1
