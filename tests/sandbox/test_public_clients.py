"""Habits of public clients of the real API: what they send and how they read the answers, each written anew.

The sandbox is to be told from the vendor by its base URL alone, so what works for them there works here.
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any
from urllib.parse import quote_plus

import pytest

from tests.conftest import PARTNER_ID, PARTNER_KEY

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def room(sandbox) -> int:
    number = sandbox.state.add_room("初三数学")
    sandbox.state.add_recording(number, name="第一讲")
    return number


def posted(vendor, target: str, body: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    status, content, _headers = vendor.send("POST", target, body.encode(), headers or FORM)
    assert status == 200
    return json.loads(content)


def test_python_asks_for_its_key_first_without_a_signature(vendor):
    """With the secret alone, as the vendor's own example on the command line does; and with ``regenerate=0``."""
    body = f"partner_id={PARTNER_ID}&secret_key={quote_plus(PARTNER_KEY)}"
    assert posted(vendor, "/openapi/partner/createkey", body)["data"] == {"partner_key": PARTNER_KEY}
    body += f"&regenerate=0&timestamp={int(time.time())}"
    assert posted(vendor, "/openapi/partner/createkey", body)["data"] == {"partner_key": PARTNER_KEY}
    wrong = posted(vendor, "/openapi/partner/createkey", f"partner_id={PARTNER_ID}&secret_key=x")
    assert (wrong["code"], wrong["data"]) == (1001, None)


def test_go_signs_and_sends_one_string_to_a_base_that_ends_in_a_slash(vendor, room):
    params = {"partner_id": PARTNER_ID, "room_id": room, "timestamp": int(time.time()), "name": "第二讲 圆"}
    text = "".join(f"{name}={params[name]}&" for name in sorted(params))
    sign = hashlib.md5(f"{text}partner_key={PARTNER_KEY}".encode(), usedforsecurity=False).hexdigest()
    for target in ("//openapi/playback/update", "/openapi//playback/update", "/openapi/playback/update/"):
        assert posted(vendor, target, f"{text}sign={sign}")["code"] == 0
    assert vendor("playback/getBasicInfo", room_id=room).data["name"] == "第二讲 圆"


def test_go_decodes_into_fixed_types(vendor, room):
    """Its decoder refuses a number where the struct has a string, and the other way round; null is let pass."""
    info = vendor("room/info", room_id=room).data
    assert [type(info[name]) for name in ("room_id", "title", "start_time", "type")] == [int, str, str, str]
    made = vendor("room/create", title="课", start_time=1501575608, end_time=1501579208).data
    assert {type(made[name]) for name in ("room_id", "admin_code", "teacher_code", "student_code")} == {str}
    basic = vendor("playback/getBasicInfo", room_id=room).data
    assert [type(basic[name]) for name in ("status", "video_id", "name")] == [int, int, str]
    token = vendor("playback/getPlayerToken", room_id=room).data
    assert [type(token[name]) for name in ("token", "video_id")] == [str, int]


def test_php_posts_an_array_as_multipart_without_a_file(vendor, room):
    assert vendor.upload("playback/update", {}, room_id=room, name="第三讲 & 圆")["code"] == 0
    assert vendor("playback/getBasicInfo", room_id=room).data["name"] == "第三讲 & 圆"
    assert vendor.upload("playback/getPlayerToken", {}, room_id=room, expires_in=0).data["token"]


def test_javascript_leaves_out_what_is_0_or_empty(vendor, room):
    """``session_id: 0`` and ``expires_in: 0`` are neither signed nor sent."""
    assert vendor("playback/getPlayerToken", room_id=room).data["token"]
    assert vendor("playback/getCropList", room_id=room).data["total"] == 1


def test_others_send_every_optional_parameter_as_0(vendor, room):
    zeros = {"session_id": 0, "product_type": 0, "page": 1, "page_size": 100}
    assert vendor("playback/getCropList", room_id=room, **zeros).data["total"] == 1
    listed = vendor("playback/getList", product_type=0, page=1, page_size=999, crop_video=0, room_id=0).data
    assert [row["room_id"] for row in listed["list"]] == [room]
    assert vendor("playback/getPlayerToken", room_id=room, session_id=0, expires_in=0).data["token"]


def test_rooms_are_listed_from_the_first_page_by_default(vendor, room):
    assert [row["room_id"] for row in vendor("room/list").data["list"]] == [str(room)]


@pytest.mark.parametrize("path", ["room/delete", "room/getcode", "video/getPlayerToken", "playback/getlist"])
def test_what_the_table_has_not_is_404(vendor, room, path):
    answer = vendor(path, room_id=room, video_id=1)
    assert (answer["code"], answer.data) == (404, None)
    assert answer["msg"]
