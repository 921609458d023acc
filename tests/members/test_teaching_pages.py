"""The teachers' pages against the sandbox vendor over a real socket: list, player, chapters, courseware."""

from __future__ import annotations

import html
import logging
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from members.models import RoomTeacher
from playback.models import Recording
from playback.player import Obstacle
from playback.sandbox.server import Sandbox
from tests.factories import RecordingFactory, RoomFactory
from tests.operations.vendor import recorded, row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]


@pytest.fixture(autouse=True)
def _english(settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"


def of(client: Client, name: str, recording: Recording, **query: str) -> Any:
    return client.get(reverse(f"teaching:{name}", args=[recording.pk]), query)


def body_of(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def frame_of(answer: Any) -> str:
    found = re.search(r'<iframe[^>]* src="([^"]+)"', answer.content.decode())
    return html.unescape(found[1]) if found else ""


# ---------------------------------------------------------------- the list


def test_the_newest_first_found_by_name_and_room(teach: Client, wang: User) -> None:
    maths, physics = RoomFactory(title="高一数学"), RoomFactory(title="高二物理")
    for room in (maths, physics):
        RoomTeacher.objects.create(room=room, user=wang)
    for number in range(3):
        RecordingFactory(room=maths, session_id=number, name=f"函数 第{number}讲")
    RecordingFactory(room=physics, name="牛顿第二定律")

    def names(**query: str) -> list[str]:
        return re.findall(r"<b>([^<]+)</b>", teach.get(reverse("teaching:home"), query).content.decode())

    assert names() == ["牛顿第二定律", "函数 第2讲", "函数 第1讲", "函数 第0讲"]
    assert names(q="牛顿") == names(q="物理") == names(q="物理 定律") == ["牛顿第二定律"]
    assert names(q="函数", room=str(physics.pk)) == []
    assert names(room=str(physics.pk)) == ["牛顿第二定律"]
    assert names(room="abc", p="9999") == names()
    assert names(q="第1讲 %") == []
    page = teach.get(reverse("teaching:home"), {"q": '"><script>'}).content.decode()
    assert "<script>" not in page.replace("<script defer", "")


def test_a_search_stays_when_one_turns_the_page(teach: Client, wang: User) -> None:
    room = RoomFactory()
    RoomTeacher.objects.create(room=room, user=wang)
    for number in range(25):
        RecordingFactory(room=room, session_id=number, name=f"函数 {number}")
    page = teach.get(reverse("teaching:home"), {"q": "函数", "room": str(room.pk)}).content.decode()
    onward = re.search(r'rel="next" href="([^"]+)"', page)
    assert onward
    second = teach.get(reverse("teaching:home") + html.unescape(onward[1])).content.decode()
    assert second.count("t-item") == 5
    assert 'value="函数"' in second


def test_names_of_others_are_text(teach: Client, sandbox: Sandbox, taught: Recording) -> None:
    Recording.objects.update(name="<img src=x>", cover_url="javascript:alert(1)")
    taught.room.title = "<b>1"
    taught.room.save()
    for url in (reverse("teaching:home"), reverse("teaching:recording", args=[taught.pk])):
        page = teach.get(url).content.decode()
        assert "<img src=x>" not in page
        assert "&lt;img src=x&gt;" in page
        assert "<b>1" not in page
        assert "javascript:" not in page


# ---------------------------------------------------------------- the player


def test_the_player_plays_for_the_teacher(teach: Client, wang: User, taught: Recording, sandbox: Sandbox) -> None:
    sandbox.calls.clear()
    quiet = of(teach, "recording", taught)
    assert not frame_of(quiet)
    assert "frame-src 'none'" in quiet["Content-Security-Policy"]
    assert not list(sandbox.calls), "looking at the page makes no token"

    page = of(teach, "play", taught)
    address = frame_of(page)
    query = parse_qs(urlsplit(address).query)
    assert query["user_number"] == [str(wang.pk)]
    assert query["user_name"] == [wang.get_full_name()]
    assert taught.name in requests.get(address, timeout=5).text
    assert f"frame-src {sandbox.base_url};" in page["Content-Security-Policy"] + ";"
    assert "no-store" in page["Cache-Control"]
    assert frame_of(of(teach, "play", taught)) != address, "a token a view"


@pytest.mark.parametrize(
    ("facts", "obstacle"),
    [
        ({"publish_status": 2}, Obstacle.BLOCKED),
        ({"status": 0}, Obstacle.NOT_RECORDED),
        ({"status": 10}, Obstacle.GENERATING),
        ({"status": 20}, Obstacle.TRANSCODING),
        ({"status": 30}, Obstacle.FAILED),
    ],
)
def test_an_obstacle_is_a_sentence(
    sandbox: Sandbox, teach: Client, wang: User, facts: dict[str, int], obstacle: Obstacle
) -> None:
    room = sandbox.state.add_room("高一数学")
    sandbox.state.add_recording(room, name="第一讲", **facts)
    recording = RecordingFactory(room=RoomFactory(room_id=room))
    RoomTeacher.objects.create(room=recording.room, user=wang)
    page = of(teach, "play", recording)
    assert f'data-obstacle="{obstacle}"' in page.content.decode()
    assert "frame-src 'none'" in page["Content-Security-Policy"]


@pytest.mark.parametrize("fault", [("drop", {"when": "before"}), ("html", {}), ("status", {"status": 503})])
def test_a_vendor_that_fails_is_a_sentence_everywhere(
    sandbox: Sandbox, teach: Client, taught: Recording, fault: tuple[str, dict[str, Any]]
) -> None:
    for call in ("recording_info", "mark_points", "recording_courseware", "recording_watch_records"):
        sandbox.faults.add(call, fault[0], times=20, **fault[1])
    assert 'data-obstacle="unreachable"' in of(teach, "play", taught).content.decode()
    for part in ("chapters", "courseware", "watched"):
        answer = of(teach, part, taught)
        assert answer.status_code == 200
        assert re.search("could not be reached|could not be read", body_of(answer)), part
        assert 'hx-get="' in answer.content.decode(), "and it can be tried again"


def test_a_refusal_has_the_vendors_words(sandbox: Sandbox, teach: Client, taught: Recording) -> None:
    sandbox.faults.add("mark_points", "refuse", code=1001, message="<b>没有权限")
    answer = of(teach, "chapters", taught).content.decode()
    assert "1001: &lt;b&gt;没有权限" in answer


def test_the_token_stays_out_of_logs(teach: Client, taught: Recording, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        token = parse_qs(urlsplit(frame_of(of(teach, "play", taught))).query)["token"][0]
    assert token not in caplog.text


# ---------------------------------------------------------------- chapters and courseware


def test_chapters_in_order(sandbox: Sandbox, teach: Client, taught: Recording) -> None:
    assert "no chapters" in body_of(of(teach, "chapters", taught))
    known = row(sandbox, taught)
    assert known
    sandbox.state.set_mark_points(known["playback_id"], 0, [(3725, "小结<i>"), (60, "导入")])
    answer = of(teach, "chapters", taught).content.decode()
    assert answer.index("00:01:00") < answer.index("01:02:05")
    assert "小结&lt;i&gt;" in answer


def test_courseware_opens_elsewhere_and_tells_the_pages(sandbox: Sandbox, teach: Client, taught: Recording) -> None:
    assert "no courseware" in body_of(of(teach, "courseware", taught))
    document = sandbox.state.add_document(taught.room_id, 0, name="函数.pptx")
    number = document["id"] if isinstance(document, dict) else document
    sandbox.state.add_page_turn(taught.room_id, 0, time_ms=754_000, page=2, document_id=number)
    answer = of(teach, "courseware", taught).content.decode()
    assert "函数.pptx" in answer
    assert "0:12:34" in answer
    assert "Page 3" in answer
    for link in re.findall(r"<a [^>]*>", answer):
        assert 'rel="noopener noreferrer"' in link


def test_an_account_without_page_turns_still_shows_the_files(
    sandbox: Sandbox, teach: Client, taught: Recording
) -> None:
    sandbox.state.add_document(taught.room_id, 0, name="函数.pptx")
    sandbox.faults.add("page_turns", "refuse", code=2002, message="没有权限")
    answer = of(teach, "courseware", taught).content.decode()
    assert "t-files" in answer
    assert "没有权限" not in answer


def test_another_session_of_the_room_is_not_mixed_in(sandbox: Sandbox, teach: Client, wang: User) -> None:
    recording = recorded(sandbox, name="第一次", session_id=202403011)
    RoomTeacher.objects.create(room=recording.room, user=wang)
    sandbox.state.add_recording(recording.room_id, 202403012, name="第二次")
    sandbox.state.add_document(recording.room_id, 202403012, name="第二次.pptx")
    assert "no courseware" in body_of(of(teach, "courseware", recording))
