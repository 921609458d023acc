"""A teacher on a phone: signs in, finds, watches, looks who watched, makes a one-time link; and an administrator who
gives them the room."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from members.models import RoomTeacher
from playback.models import PlayLink, Recording
from playback.sandbox.server import Sandbox
from tests.factories import person

from .conftest import PASSWORD
from .test_back_office import SOON, complaints, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def wang(school: str) -> User:
    return User.objects.create_user("wang", password=PASSWORD, last_name="王", first_name="芳")


def narrow(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_teacher_on_a_phone_finds_watches_and_shares(page: Page, school: str, wang: User, sandbox: Sandbox) -> None:
    recording = Recording.objects.get(name="函数的单调性 第2讲")
    RoomTeacher.objects.create(room=recording.room, user=wang)
    known = sandbox.state.recording(recording.room_id, recording.session_id) or {}
    sandbox.state.set_mark_points(known["playback_id"], 0, [(60, "导入")])
    sandbox.state.add_watch_record(
        known["playback_id"], known["video_id"], datetime(2024, 3, 2, 4, tzinfo=UTC), user_name="赵一", play_length=90
    )
    page.set_default_timeout(SOON)
    page.set_viewport_size(PHONE)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    heard = complaints(page)

    page.goto(f"{school}/admin/")  # whichever address they were told
    page.fill("#id_username", "wang")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    expect(page.locator(".t-item")).to_have_count(5)
    assert page.url == f"{school}/teach/"
    assert narrow(page)
    expect(page.get_by_text("牛顿第二定律")).to_have_count(0)

    page.fill('input[type="search"]', "第2讲")
    page.press('input[type="search"]', "Enter")
    expect(page.locator(".t-item")).to_have_count(1)
    page.locator(".t-item").click()
    for part, words in (("chapters", "导入"), ("watched", "赵一")):
        page.locator(f"[data-part={part}]").scroll_into_view_if_needed()
        expect(page.locator(f"[data-part={part}]")).to_contain_text(words)
    assert narrow(page)
    page.locator("[data-day-after]").click()
    expect(page.locator("[data-part=watched]")).to_contain_text("2024-03-03")
    moving = ", ".join(f"[data-part=watched].htmx-{state}" for state in ("request", "swapping", "settling"))
    expect(page.locator(moving)).to_have_count(0)  # else the field is replaced while it is being filled in
    page.locator("[data-part=watched] [name=day]").fill("2024-03-02")
    expect(page.locator("[data-part=watched]")).to_contain_text("赵一")

    page.locator("[data-watch]").click()
    player = page.frame_locator("#player")
    expect(player.locator("body")).to_have_attribute("data-state", re.compile("ready|loading|playing|paused"))
    if player.locator("body").get_attribute("data-state") != "playing":
        player.locator("body").click()
    expect(player.locator("body")).to_have_attribute("data-state", "playing")
    expect(player.locator("body")).to_contain_text("函数的单调性 第2讲")

    page.locator("[data-share-link]").click()
    page.fill("#id_name", "赵一的家长")
    page.locator("#link-form button").dblclick()
    expect(page.locator("[data-link]")).to_be_visible()
    link = page.locator("[data-link]").inner_text()
    page.locator("[data-copy]").click()
    expect(page.locator("[data-copied]")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == link
    assert narrow(page)
    assert PlayLink.objects.get().for_name == "赵一的家长"
    assert heard == []

    page.locator(".t-menu summary").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.locator(".t-menu summary").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("#sign-in-form")).to_be_visible()
    page.goto(f"{school}/teach/recordings/{recording.pk}/")
    expect(page.locator("#sign-in-form")).to_be_visible()


def test_a_room_is_given_and_taken_away_while_its_teacher_looks(
    page: Page, school: str, wang: User, sandbox: Sandbox
) -> None:
    chief = person("administrator", username="chief")
    chief.set_password(PASSWORD)
    chief.save()
    heard = complaints(page)
    sign_in(page, school, "chief")
    room = Recording.objects.get(name="牛顿第二定律").room_id
    page.goto(f"{school}/admin/playback/room/{room}/change/")
    panel = page.locator("[data-panel=teachers]")
    panel.scroll_into_view_if_needed()
    page.fill("#assign-who", "王芳")
    page.locator("#assign-form button").click()
    expect(panel.locator('[data-teacher="wang"]')).to_be_visible()
    assert RoomTeacher.objects.get().room_id == room
    panel.locator("button[name=remove]").click()
    expect(panel.locator('[data-teacher="wang"]')).to_have_count(0)
    assert not RoomTeacher.objects.exists()
    assert heard == []
