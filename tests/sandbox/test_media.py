"""Covers, courseware and video files as the vendor's media hosts serve them, over a real socket."""

from __future__ import annotations

import io
import time

import pytest
import requests
from PIL import Image

from playback.sandbox import media, media_cover
from playback.sandbox.media_subjects import SUBJECTS, icon, subject_of
from playback.sandbox.server import Sandbox


@pytest.fixture
def recording(sandbox: Sandbox) -> dict:
    room = sandbox.state.add_room("高二物理·电磁学（李老师）")
    return sandbox.state.add_recording(room, name="第3讲 电势能与电势", length=5400)


def opened(answer: requests.Response) -> Image.Image:
    picture = Image.open(io.BytesIO(answer.content))
    picture.load()
    return picture


def test_a_cover_is_a_picture_that_may_be_kept(sandbox: Sandbox, recording: dict):
    url = sandbox.base_url + recording["cover"]
    answer = requests.get(url, timeout=5)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert opened(answer).size == (640, 360)
    assert "max-age=86400" in answer.headers["Cache-Control"]
    again = requests.get(url, headers={"If-None-Match": answer.headers["ETag"]}, timeout=5)
    assert (again.status_code, again.content) == (304, b"")
    assert requests.get(url, timeout=5).content == answer.content


@pytest.mark.parametrize(
    ("asked", "width"), [("100", 160), ("160", 160), ("200", 320), ("640", 640), ("-3", 640), ("x", 640)]
)
def test_a_smaller_cover_can_be_asked_for(sandbox: Sandbox, recording: dict, asked: str, width: int):
    answer = requests.get(sandbox.base_url + recording["cover"], params={"w": asked}, timeout=5)
    assert opened(answer).size == (width, width * 9 // 16)


def test_another_name_is_another_cover(sandbox: Sandbox, recording: dict):
    url = sandbox.base_url + recording["cover"]
    before = requests.get(url, timeout=5)
    sandbox.state.update_version(recording["video_id"], name="新的名字")
    after = requests.get(url, headers={"If-None-Match": before.headers["ETag"]}, timeout=5)
    assert after.status_code == 200
    assert after.content != before.content


def test_what_does_not_exist_is_404(sandbox: Sandbox, recording: dict):
    for path in (
        "cover/1.jpg",
        "cover/x.jpg",
        "courseware/9.pdf",
        "image/" + "0" * 32,
        "../etc/passwd",
        "",
        "cover/1.png",
    ):
        assert requests.get(f"{sandbox.base_url}/media/{path}", timeout=5).status_code == 404


def test_an_uploaded_cover_is_served_as_it_was_sent(sandbox: Sandbox):
    content = media_cover.cover(1, "上传", "", 160)
    path = sandbox.state.add_image("image/jpeg", content)
    answer = requests.get(sandbox.base_url + path, timeout=5)
    assert (answer.content, answer.headers["Content-Type"]) == (content, "image/jpeg")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_covers_are_drawn_fast_enough_for_a_list(sandbox: Sandbox):
    media_cover.cover(0, "第1讲 热身", "高一数学")
    began = time.perf_counter()
    for number in range(1, 41):
        media_cover.cover(number, f"第{number}讲 导数的几何意义", "高一数学·函数与导数（王老师）", 320)
    assert (time.perf_counter() - began) / 40 < 0.05  # some 9 ms on an idle core
    began = time.perf_counter()
    for number in range(1, 41):
        media_cover.cover(number, f"第{number}讲 导数的几何意义", "高一数学·函数与导数（王老师）", 320)
    assert (time.perf_counter() - began) / 40 < 0.001


def test_covers_need_no_chinese_font(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(media_cover, "_FONTS", ())
    media_cover._font_path.cache_clear()
    media_cover.cover.cache_clear()
    try:
        pictures = {media_cover.cover(number, "第1讲 集合", "高一数学") for number in range(10)}
    finally:
        media_cover._font_path.cache_clear()
        media_cover.cover.cache_clear()
    assert len(pictures) == 10


def test_each_subject_has_a_drawing_of_its_own():
    drawings = {icon(subject.key, 60).tobytes() for subject in SUBJECTS}
    assert len(drawings) == len(SUBJECTS)
    assert subject_of("C++编程·信息学竞赛").key == "code"
    assert subject_of("家长会", "数学组总结").key == "maths"
    assert subject_of("家长会").key == "other"


@pytest.mark.parametrize(
    "title", ["", " ", "，" * 80, "W" * 300, "第1讲 ", "第1讲 \n\t", "\U0001f600\u202e<b>", "长" * 500]
)
def test_no_title_breaks_a_cover(title: str):
    assert Image.open(io.BytesIO(media_cover.cover(1, title, title))).size == (640, 360)


def test_courseware_is_a_pdf_with_its_pages(sandbox: Sandbox, recording: dict):
    number = sandbox.state.add_document(recording["room_id"], name="电势能.pptx", total_pages=5)
    path = sandbox.state.document(number)["pdf_url"]
    answer = requests.get(sandbox.base_url + path, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-")
    assert answer.content.rstrip().endswith(b"%%EOF")
    assert b"/Count 5" in answer.content
    assert len(answer.content) < 300_000
    part = requests.get(sandbox.base_url + path, headers={"Range": "bytes=0-4"}, timeout=10)
    assert (part.status_code, part.content) == (206, b"%PDF-")


def test_a_video_plays_in_parts_and_its_address_dies_after_two_hours(
    sandbox: Sandbox, recording: dict, monkeypatch: pytest.MonkeyPatch
):
    url = media.video_url(sandbox.state, sandbox.base_url, f"{recording['video_id']}_abc")
    whole = requests.get(url, timeout=5)
    assert (whole.status_code, whole.headers["Content-Type"]) == (200, "video/mp4")
    assert whole.content[4:8] == b"ftyp"
    part = requests.get(url, headers={"Range": "bytes=100-199"}, timeout=5)
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole.content)}"
    now = time.time()
    monkeypatch.setattr(sandbox.state, "clock", lambda: now + 7190)
    assert requests.get(url, timeout=5).status_code == 200
    monkeypatch.setattr(sandbox.state, "clock", lambda: now + 7210)
    assert (requests.get(url, timeout=5).status_code, requests.get(url, timeout=5).text) == (403, "expired")


def test_a_video_address_can_not_be_changed(sandbox: Sandbox, recording: dict):
    url = media.video_url(sandbox.state, sandbox.base_url, "100")
    for wrong in (url.replace("/100.mp4", "/101.mp4"), url[:-1] + ("0" if url[-1] != "0" else "1"), url.split("?")[0]):
        assert requests.get(wrong, timeout=5).status_code == 403
    later = url.replace("t=", "t=f")
    assert requests.get(later, timeout=5).status_code == 403
