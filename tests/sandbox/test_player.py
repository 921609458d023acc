"""The player's page: who may open it, what it answers, and the watch records its reports make."""

from __future__ import annotations

import html
import json
import re
import threading
import time
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playback.sandbox.player_report import client_type
from playback.sandbox.server import Sandbox
from playback.vendor.codes import ClientType

Row = dict[str, Any]


@pytest.fixture
def recording(sandbox: Sandbox) -> Row:
    room = sandbox.state.add_room("高一数学·函数与导数（王老师）", is_long_term=True)
    row = sandbox.state.add_recording(room, 202603180, name="第12讲 导数的几何意义", length=5400)
    sandbox.state.set_mark_points(row["playback_id"], 0, [(0, "回顾"), (900, "切线的斜率"), (9999, "在结尾之后")])
    return row


def visit(sandbox: Sandbox, row: Row, token: str | None = None, **query: Any) -> requests.Response:
    if token is None:
        token = sandbox.state.add_token(row, seconds=600)
    params = {"classid": row["room_id"], "session_id": row["session_id"], "token": token} | query
    return requests.get(f"{sandbox.base_url}/web/playback/index", params=params, timeout=5)


def data_of(answer: requests.Response) -> Row:
    found = re.search(r'<script type="application/json" id="recording">(.*?)</script>', answer.text, re.DOTALL)
    assert found
    return json.loads(found[1])


def refused(answer: requests.Response) -> tuple[int, str]:
    found = re.search(r'data-state="refused" data-reason="(\w+)"', answer.text)
    assert found, answer.text
    assert 'id="board"' not in answer.text
    return answer.status_code, found[1]


def test_a_good_token_opens_the_page(sandbox: Sandbox, recording: Row):
    answer = visit(sandbox, recording, user_name="李子涵", user_number=20240117)
    assert answer.status_code == 200
    for word in (
        "第12讲 导数的几何意义",
        "高一数学·函数与导数（王老师）",
        "原始版本",
        "李子涵 20240117",
        recording["cover"],
    ):
        assert word in answer.text
    data = data_of(answer)
    assert (data["length"], data["teacher"], data["subject"]) == (5400, "王老师", "maths")
    assert data["chapters"] == [{"at": 0, "title": "回顾"}, {"at": 900, "title": "切线的斜率"}]
    assert [slide["at"] for slide in data["slides"]] == [0, 900]


def test_it_may_be_framed_and_runs_no_inline_script(sandbox: Sandbox, recording: Row):
    answer = visit(sandbox, recording)
    assert "X-Frame-Options" not in answer.headers
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors" not in policy
    assert "unsafe" not in policy
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script(?![^>]*(src=|application/json))", answer.text)
    assert not re.search(r"\s(on\w+|style)=", answer.text)
    for address in re.findall(r'(?:src|href)="(/[^"]+)"', answer.text):
        assert requests.get(sandbox.base_url + address, timeout=5).status_code == 200, address


def test_tokens_of_others_expired_or_made_up_are_refused(
    sandbox: Sandbox, recording: Row, monkeypatch: pytest.MonkeyPatch
):
    other = sandbox.state.add_recording(recording["room_id"], 202603181)
    assert refused(visit(sandbox, recording, "made-up")) == (403, "token_invalid")
    assert refused(visit(sandbox, recording, "")) == (403, "token_invalid")
    assert refused(visit(sandbox, recording, sandbox.state.add_token(other, seconds=0))) == (403, "token_invalid")
    short, endless = (sandbox.state.add_token(recording, seconds=seconds) for seconds in (60, 0))
    assert visit(sandbox, recording, short).status_code == 200
    now = time.time()
    monkeypatch.setattr(sandbox.state, "clock", lambda: now + 61)
    assert refused(visit(sandbox, recording, short)) == (403, "token_expired")
    assert visit(sandbox, recording, endless).status_code == 200


def test_a_token_of_the_play_url_in_a_list_opens_it(sandbox: Sandbox, recording: Row, vendor):
    row = vendor("playback/getList", product_type=0, page=1, page_size=10).data["list"][0]
    assert requests.get(row["play_url"], timeout=5).status_code == 200


def test_a_one_time_token_opens_once_within_a_day(sandbox: Sandbox, recording: Row, monkeypatch: pytest.MonkeyPatch):
    first, second = (sandbox.state.add_token(recording, seconds=86_400, once=True) for _ in range(2))
    assert visit(sandbox, recording, first).status_code == 200
    assert refused(visit(sandbox, recording, first)) == (403, "token_used")
    now = time.time()
    monkeypatch.setattr(sandbox.state, "clock", lambda: now + 86_401)
    assert refused(visit(sandbox, recording, second)) == (403, "token_expired")


def test_two_browsers_at_once_spend_a_one_time_token_once(sandbox: Sandbox, recording: Row):
    token = sandbox.state.add_token(recording, seconds=86_400, once=True)
    statuses: list[int] = []
    start = threading.Barrier(6)

    def open_it() -> None:
        start.wait()
        statuses.append(visit(sandbox, recording, token).status_code)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 403, 403, 403, 403, 403]


def test_a_refused_page_does_not_use_a_one_time_token_up(sandbox: Sandbox, recording: Row):
    token = sandbox.state.add_token(recording, seconds=86_400, once=True)
    sandbox.state.set_publish_status(recording["playback_id"], 2)
    assert refused(visit(sandbox, recording, token)) == (403, "blocked")
    sandbox.state.set_publish_status(recording["playback_id"], 1)
    params = {"classid": recording["room_id"], "session_id": recording["session_id"], "token": token}
    assert requests.head(f"{sandbox.base_url}/web/playback/index", params=params, timeout=5).status_code == 200
    assert visit(sandbox, recording, token).status_code == 200


@pytest.mark.parametrize(
    ("status", "expected"),
    [(0, (404, "not_recorded")), (10, (409, "generating")), (20, (409, "transcoding")), (30, (409, "failed"))],
)
def test_what_is_not_ready_says_so(sandbox: Sandbox, recording: Row, status: int, expected: tuple[int, str]):
    sandbox.state.update_version(recording["video_id"], status=status)
    assert refused(visit(sandbox, recording)) == expected


def test_what_is_gone_or_expired_says_so(sandbox: Sandbox, recording: Row):
    token = sandbox.state.add_token(recording, seconds=600)
    assert refused(visit(sandbox, recording | {"session_id": 202603189}, token)) == (404, "no_recording")
    sandbox.state.update_version(recording["video_id"], expires_at=sandbox.state.now() - 1)
    assert refused(visit(sandbox, recording, token)) == (410, "expired")
    sandbox.state.update_version(
        recording["video_id"], expires_at=None, valid_day=1, created_at=sandbox.state.now() - 86_399
    )
    assert visit(sandbox, recording, token).status_code == 200
    sandbox.state.update_version(recording["video_id"], created_at=sandbox.state.now() - 86_401)
    assert refused(visit(sandbox, recording, token)) == (410, "expired")
    sandbox.state.remove_recording(recording["room_id"], recording["session_id"])
    assert refused(visit(sandbox, recording, token)) == (410, "deleted")


@pytest.mark.parametrize(
    "query",
    [{"classid": ""}, {"classid": "12a"}, {"session_id": "²"}, {"user_number": "A7"}, {"user_number": "9" * 25}],
)
def test_an_address_that_makes_no_sense_is_refused(sandbox: Sandbox, recording: Row, query: Row):
    assert refused(visit(sandbox, recording, **query)) == (400, "bad_parameter")


def test_a_token_shows_the_version_it_was_made_for(sandbox: Sandbox, recording: Row):
    key = (recording["room_id"], recording["session_id"])
    crop = sandbox.state.add_version(*key, name="精华版", length=600, is_main=True)
    assert data_of(visit(sandbox, sandbox.state.recording(*key)))["name"] == "精华版"
    shown = visit(sandbox, sandbox.state.version(*key, 0))
    assert data_of(shown)["name"] == "第12讲 导数的几何意义"
    token = sandbox.state.add_token(crop, seconds=600)
    assert "版本 1" in visit(sandbox, crop, token).text


NASTY = st.text(max_size=20) | st.sampled_from(
    [
        "<img src=x onerror=alert(1)>",
        "</script><script>alert(1)</script>",
        "<!--<script>",
        '" onload="x',
        "$name${x}",
        "\u2028",
    ]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NASTY, viewer=NASTY, point=NASTY)
def test_no_name_becomes_markup(sandbox: Sandbox, recording: Row, name: str, viewer: str, point: str):
    name = name.encode("utf-8", "ignore").decode()
    viewer, point = (text.encode("utf-8", "ignore").decode() for text in (viewer, point))
    sandbox.state.update_version(recording["video_id"], name=name)
    sandbox.state.set_mark_points(recording["playback_id"], 0, [(0, point)])
    answer = visit(sandbox, recording, user_name=viewer)
    assert answer.status_code == 200
    data = data_of(answer)
    assert (data["name"], data["chapters"][0]["title"]) == (name, point)
    text = answer.content.decode()
    assert text.count("<script") == text.count("</script>") == 3
    assert "<img src=x" not in text
    shown = re.search(r'<div class="watermark"[^>]*>([^<]*)</div>', text)
    assert shown
    assert html.unescape(shown[1]) == (viewer.strip()[:64] or "访客")


def report(sandbox: Sandbox, ticket: str, seconds: Any, agent: str = "Mozilla/5.0 (Windows NT 10.0)") -> int:
    form = {"ticket": ticket, "play_length": seconds, "position": "3"}
    url = f"{sandbox.base_url}/web/playback/report"
    return requests.post(url, data=form, headers={"User-Agent": agent}, timeout=5).status_code


def test_reports_make_one_watch_record_that_grows(sandbox: Sandbox, recording: Row, monkeypatch: pytest.MonkeyPatch):
    data = data_of(visit(sandbox, recording, user_name="李子涵", user_number=20240117))
    opened = sandbox.state.now()
    assert sandbox.state.rows("SELECT * FROM watch_records") == []
    assert report(sandbox, data["ticket"], 2) == 204
    monkeypatch.setattr(sandbox.state, "clock", lambda: opened + 60.0)
    assert report(sandbox, data["ticket"], 50) == 204
    assert report(sandbox, data["ticket"], 40) == 204  # a beacon that was overtaken
    assert report(sandbox, data["ticket"], 99_999) == 204
    (record,) = sandbox.state.rows("SELECT * FROM watch_records")
    assert (record["user_name"], record["user_number"], record["video_id"]) == (
        "李子涵",
        20240117,
        recording["video_id"],
    )
    assert (record["client_type"], record["user_ip"]) == (ClientType.PC_WEB, "127.0.0.1")
    assert 60 <= record["play_length"] <= 66
    assert record["ends_at"] == opened + 60
    assert sandbox.state.recording_by_id(recording["playback_id"])["play_times"] == 1


def test_tickets_can_not_be_forged_or_kept(sandbox: Sandbox, recording: Row, monkeypatch: pytest.MonkeyPatch):
    ticket = data_of(visit(sandbox, recording))["ticket"]
    body, _, sign = ticket.partition(".")
    for wrong in ("", ".", body, f"{body}.", f"{body[:-4]}AAAA.{sign}", f"{body}.{'0' * 64}", "ü.ü"):
        assert report(sandbox, wrong, 5) == 403
    for wrong in ("", "-1", "1.5", "x", "9" * 30):
        assert report(sandbox, ticket, wrong) == 400
    assert requests.get(f"{sandbox.base_url}/web/playback/report", timeout=5).status_code == 405
    now = time.time()
    monkeypatch.setattr(sandbox.state, "clock", lambda: now + 86_500)
    assert report(sandbox, ticket, 5) == 403
    assert sandbox.state.rows("SELECT * FROM watch_records") == []


def test_a_report_about_a_recording_deleted_meanwhile_is_dropped(sandbox: Sandbox, recording: Row):
    ticket = data_of(visit(sandbox, recording))["ticket"]
    sandbox.state.remove_recording(recording["room_id"], recording["session_id"])
    assert report(sandbox, ticket, 5) == 204
    assert sandbox.state.rows("SELECT * FROM watch_records") == []


@pytest.mark.parametrize(
    ("agent", "kind"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130 Safari/537.36", ClientType.PC_WEB),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148", ClientType.MOBILE_WEB),
        ("Mozilla/5.0 (Linux; Android 14) Mobile MicroMessenger miniProgram", ClientType.ANDROID_MINI_PROGRAM),
        ("Mozilla/5.0 (iPhone) MicroMessenger/8.0 miniProgram/wx1", ClientType.IOS_MINI_PROGRAM),
        ("curl/8", ClientType.OTHER),
    ],
)
def test_the_device_is_read_from_the_browser(agent: str, kind: ClientType):
    assert client_type(agent) == kind
