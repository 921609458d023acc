"""The preview page, against the sandbox vendor over a real socket."""

from __future__ import annotations

import html
import logging
import re
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from playback.models import Recording
from playback.player import Obstacle, Viewer, embed_url
from playback.sandbox.server import Sandbox
from tests.factories import RecordingFactory, RoomFactory, person

pytestmark = pytest.mark.django_db


def mirrored(sandbox: Sandbox, session_id: int = 0, **facts: int) -> Recording:
    """A recording that the vendor has, and our row of it, which still thinks that all is well."""
    room = sandbox.state.add_room("高一数学", is_long_term=bool(session_id))
    sandbox.state.add_recording(room, session_id, name="第一讲", **facts)
    return RecordingFactory(room=RoomFactory(room_id=room), session_id=session_id)


def page_of(client: Client, recording: Recording) -> object:
    return client.get(reverse("recording-preview", args=[recording.pk]))


def frame_of(response: object) -> str:
    found = re.search(r'<iframe[^>]* src="([^"]+)"', response.content.decode())  # type: ignore[attr-defined]
    return html.unescape(found[1]) if found else ""


@pytest.mark.parametrize("session_id", [0, 202403011])
def test_a_teacher_watches(sandbox: Sandbox, client: Client, session_id: int) -> None:
    user = person("teacher", last_name="王", first_name="老师")
    client.force_login(user)
    recording = mirrored(sandbox, session_id)
    address = frame_of(page_of(client, recording))
    query = {key: value[0] for key, value in parse_qs(urlsplit(address).query).items()}
    assert query["classid"] == str(recording.room_id)
    assert query.get("session_id") == (str(session_id) if session_id else None)
    assert query["user_name"] == user.get_full_name()
    assert query["user_number"] == str(user.pk)
    player = requests.get(address, timeout=5)
    assert player.status_code == 200
    assert "第一讲" in player.text


def test_each_view_has_a_token_of_its_own(sandbox: Sandbox, teacher: Client) -> None:
    recording = mirrored(sandbox)
    first, second = (frame_of(page_of(teacher, recording)) for _ in range(2))
    assert first != second


def test_only_this_page_frames_anything_and_only_the_player(sandbox: Sandbox, teacher: Client) -> None:
    recording = mirrored(sandbox)
    page = page_of(teacher, recording)
    assert f"frame-src {sandbox.base_url};" in page["Content-Security-Policy"] + ";"
    assert "allowfullscreen" in page.content.decode()
    for url in (reverse("admin:index"), reverse("admin:playback_recording_change", args=[recording.pk])):
        policy = teacher.get(url)["Content-Security-Policy"]
        assert "frame-src 'none'" in policy
        assert "script-src 'self' 'unsafe-eval'" in policy


def test_the_token_stays_out_of_logs_stores_and_referrers(
    sandbox: Sandbox, teacher: Client, caplog: pytest.LogCaptureFixture
) -> None:
    recording = mirrored(sandbox)
    with caplog.at_level(logging.DEBUG):
        page = page_of(teacher, recording)
    token = parse_qs(urlsplit(frame_of(page)).query)["token"][0]
    assert token not in caplog.text
    assert "no-store" in page["Cache-Control"]
    assert page["Referrer-Policy"] == "same-origin"  # with no-referrer, a browser's forms fail the CSRF check
    assert 'referrerpolicy="no-referrer"' in page.content.decode()
    assert 'name="referrer"' not in page.content.decode()
    assert page.content.decode().count(token) == 1


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
def test_the_vendors_state_counts_not_the_mirrors(
    sandbox: Sandbox, teacher: Client, facts: dict[str, int], obstacle: Obstacle
) -> None:
    recording = mirrored(sandbox, **facts)
    page = page_of(teacher, recording)
    assert f'data-obstacle="{obstacle}"' in page.content.decode()
    assert not frame_of(page)
    assert "frame-src 'none'" in page["Content-Security-Policy"]


def test_who_may_publish_gets_the_button(sandbox: Sandbox, teacher: Client, staff: Client) -> None:
    recording = mirrored(sandbox, publish_status=2)
    url = reverse("admin:playback_recording_operate", args=[recording.pk, "publish"])
    assert url in page_of(staff, recording).content.decode()
    assert url not in page_of(teacher, recording).content.decode()


def test_gone_here_asks_nobody(sandbox: Sandbox, teacher: Client) -> None:
    recording = mirrored(sandbox)
    Recording.objects.update(gone_at=timezone.now())
    sandbox.calls.clear()
    assert 'data-obstacle="gone"' in page_of(teacher, recording).content.decode()
    assert not list(sandbox.calls)


def test_gone_there(sandbox: Sandbox, teacher: Client) -> None:
    recording = RecordingFactory()
    words = page_of(teacher, recording).content.decode()
    assert re.search(r'data-obstacle="(gone|refused)"', words)


@pytest.mark.parametrize(
    ("domain", "key", "obstacle"),
    [("http://127.0.0.1:9", "k", Obstacle.UNREACHABLE), ("", "k", Obstacle.MISCONFIGURED), ("keep", "wrong",
     Obstacle.MISCONFIGURED)],
)  # fmt: skip
def test_no_vendor_no_account(
    sandbox: Sandbox, teacher: Client, settings, domain: str, key: str, obstacle: Obstacle
) -> None:
    recording = mirrored(sandbox)
    if domain != "keep":
        settings.BAIJIAYUN_BASE_URL, settings.BAIJIAYUN_PRIVATE_DOMAIN = domain, ""
    settings.BAIJIAYUN_PARTNER_KEY = key
    page = page_of(teacher, recording)
    assert page.status_code == 200
    assert f'data-obstacle="{obstacle}"' in page.content.decode()


def test_without_the_right_there_is_no_preview(sandbox: Sandbox, client: Client) -> None:
    client.force_login(person(""))
    recording = mirrored(sandbox)
    assert page_of(client, recording).status_code == 403
    assert page_of(client, recording)
    assert sandbox.state.recording(recording.room_id, 0) is not None


def test_a_viewers_name_cannot_leave_its_place(settings) -> None:
    settings.BAIJIAYUN_BASE_URL = "https://school.at.baijiayun.com"
    recording = Recording(room_id=1, session_id=2)
    query = parse_qs(urlsplit(embed_url(recording, "t&classid=9", Viewer("王&token=x#", 7))).query)
    assert query == {
        "classid": ["1"], "token": ["t&classid=9"], "session_id": ["2"], "user_name": ["王&token=x#"],
        "user_number": ["7"],
    }  # fmt: skip
