"""The player's page in Debian's Chromium: it plays, obeys its controls, fits its frame, and runs no name as code."""

from __future__ import annotations

import html
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from playback.sandbox import media
from playback.sandbox.server import Sandbox

Row = dict[str, Any]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Page]:
    """A page whose console errors and dialogs fail the test."""
    context = chromium.new_context(viewport={"width": 1000, "height": 560}, timezone_id="Asia/Shanghai")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: (errors.append(dialog.message), dialog.dismiss()))
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def other_site(tab: Page) -> Iterator[Callable[[str], None]]:
    """Opens a page of another site (``localhost`` is another one than 127.0.0.1) with this body in the tab.

    It is served for real: Chromium lets no public site, as a made-up host would be, frame a loopback address.
    """
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(bodies[-1])

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def show(body: str) -> None:
        bodies.append(f'<!doctype html><link rel="icon" href="data:,">{body}'.encode())
        tab.goto(f"http://localhost:{server.server_port}/")

    yield show
    server.shutdown()
    server.server_close()


@pytest.fixture
def recording(sandbox: Sandbox) -> Row:
    room = sandbox.state.add_room("高一数学·函数与导数（王老师）", is_long_term=True)
    row = sandbox.state.add_recording(room, 202603180, name="第12讲 导数的几何意义", length=5400)
    sandbox.state.set_mark_points(row["playback_id"], 0, [(0, "回顾"), (900, "切线的斜率"), (5395, "小结")])
    return row


def address(sandbox: Sandbox, row: Row, **query: Any) -> str:
    token = sandbox.state.add_token(row, seconds=600)
    params = {"classid": row["room_id"], "session_id": row["session_id"], "token": token, "user_name": "李子涵"} | query
    return f"{sandbox.base_url}/web/playback/index?{urlencode(params)}"


def position(page: Page) -> int:
    return int(page.locator("body").get_attribute("data-position") or 0)


def play_to(page: Page, seconds: int) -> None:
    """Wait until the clock says so. (The page's policy forbids the ``eval`` of ``wait_for_function``.)"""
    for _ in range(100):
        if position(page) >= seconds:
            return
        page.wait_for_timeout(100)
    pytest.fail(f"stands at {position(page)} s")


def picture(page: Page) -> str:
    return page.evaluate("document.getElementById('board').toDataURL('image/jpeg', 0.4)")


def test_it_plays_by_itself_and_the_picture_moves(sandbox: Sandbox, recording: Row, tab: Page):
    tab.goto(address(sandbox, recording))
    expect(tab.locator("body")).to_have_attribute("data-state", "playing")
    first = picture(tab)
    play_to(tab, 2)
    assert picture(tab) != first
    expect(tab.locator("#name")).to_have_text("第12讲 导数的几何意义")
    expect(tab.locator("#watermark")).to_have_text("李子涵")
    expect(tab.locator("#total")).to_have_text("01:30:00")
    expect(tab.locator("#version")).to_have_text("原始版本")
    assert tab.evaluate("document.querySelector('.cover').naturalWidth") == 640


def test_pausing_stops_time_and_picture(sandbox: Sandbox, recording: Row, tab: Page):
    tab.goto(address(sandbox, recording))
    tab.locator("#toggle").click()
    expect(tab.locator("body")).to_have_attribute("data-state", "paused")
    tab.wait_for_timeout(200)
    still, at = picture(tab), position(tab)
    tab.wait_for_timeout(1300)
    assert (picture(tab), position(tab)) == (still, at)
    tab.locator("#toggle").click()
    play_to(tab, at + 1)


def test_seeking_chapters_and_speed(sandbox: Sandbox, recording: Row, tab: Page):
    tab.goto(address(sandbox, recording))
    tab.locator("#points button").nth(1).click()
    assert 900 <= position(tab) <= 903
    expect(tab.locator("#chapter")).to_have_text("切线的斜率")
    expect(tab.locator("#points button").nth(1)).to_have_attribute("aria-current", "true")
    tab.locator("#seek").fill("3000")
    assert 3000 <= position(tab) <= 3003
    tab.locator("#speed").select_option("4")
    before = position(tab)
    tab.wait_for_timeout(1500)
    assert position(tab) - before >= 4
    tab.locator("#points button").nth(2).click()
    expect(tab.locator("body")).to_have_attribute("data-state", "ended", timeout=5000)
    assert position(tab) == 5400


def test_watching_makes_a_watch_record(sandbox: Sandbox, recording: Row, tab: Page):
    tab.goto(address(sandbox, recording, user_number=20240117))
    play_to(tab, 3)
    tab.locator("#toggle").click()
    tab.wait_for_timeout(300)
    (record,) = sandbox.state.rows("SELECT * FROM watch_records")
    assert (record["user_name"], record["user_number"]) == ("李子涵", 20240117)
    assert 2 <= record["play_length"] <= 10


def test_it_plays_in_a_small_frame_of_another_site(sandbox: Sandbox, recording: Row, tab: Page, other_site):
    source = address(sandbox, recording)
    other_site(f'<iframe width="320" height="180" allowfullscreen src="{html.escape(source)}"></iframe>')
    frame = tab.frame_locator("iframe")
    expect(frame.locator("body")).to_have_attribute("data-state", "playing")
    expect(frame.locator("body")).to_have_attribute("data-position", "2", timeout=8000)
    inner = tab.frames[1]
    assert inner.evaluate("document.documentElement.scrollWidth") == 320
    for control in ("#toggle", "#full", "#list", "#seek", "#speed"):
        box = inner.locator(control).bounding_box()
        outer = tab.locator("iframe").bounding_box()
        assert box
        assert outer
        assert box["x"] >= outer["x"]
        assert box["x"] + box["width"] <= outer["x"] + outer["width"] + 3
        assert box["y"] + box["height"] <= outer["y"] + outer["height"] + 3
    inner.locator("#list").click()
    inner.locator("#points button").nth(1).click()
    expect(frame.locator("#points button").nth(1)).to_have_attribute("aria-current", "true")


def test_on_a_telephone_chapters_stand_below_and_nothing_overflows(sandbox: Sandbox, recording: Row, tab: Page):
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.goto(address(sandbox, recording))
    expect(tab.locator("#points button").first).to_be_visible()
    stage, chapters = tab.locator(".stage").bounding_box(), tab.locator("#chapters").bounding_box()
    assert stage
    assert chapters
    assert stage["width"] == 390
    assert chapters["y"] >= stage["y"] + stage["height"] - 1
    assert tab.evaluate("document.documentElement.scrollWidth") == 390


def test_names_stay_text(sandbox: Sandbox, recording: Row, tab: Page):
    nasty = '<img src=x onerror="alert(1)"></script><script>alert(2)</script>'
    sandbox.state.update_version(recording["video_id"], name=nasty)
    sandbox.state.set_mark_points(recording["playback_id"], 0, [(0, nasty)])
    tab.goto(address(sandbox, recording, user_name=nasty))
    expect(tab.locator("body")).to_have_attribute("data-state", "playing")
    expect(tab.locator("#name")).to_have_text(nasty)
    expect(tab.locator("#points span").first).to_have_text(nasty)
    assert tab.locator("img").count() == 1


def test_a_refusal_is_a_page_to_read(sandbox: Sandbox, recording: Row, chromium: Browser):
    sandbox.state.set_publish_status(recording["playback_id"], 2)
    page = chromium.new_page()
    answer = page.goto(address(sandbox, recording))
    assert answer
    assert answer.status == 403
    expect(page.get_by_role("heading")).to_have_text("回放已屏蔽")
    page.close()


def test_the_video_file_plays(sandbox: Sandbox, recording: Row, tab: Page, other_site):
    url = media.video_url(sandbox.state, sandbox.base_url, "100")
    other_site(f'<video muted autoplay loop src="{html.escape(url)}"></video>')
    tab.wait_for_function("document.querySelector('video').currentTime > 0.3")
    assert tab.evaluate("document.querySelector('video').videoWidth") == 640
