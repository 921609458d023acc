"""A day at the back-office: what people do, in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from playback.models import Operation, Recording
from playback.sandbox.server import Sandbox

from .conftest import PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]
SOON = 30_000  # ms; the machine may be busy


def sign_in(page: Page, school: str, name: str) -> None:
    page.set_default_timeout(SOON)
    page.goto(f"{school}/admin/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    expect(page.get_by_role("heading", name="最新回放")).to_be_visible(timeout=SOON)


def complaints(page: Page) -> list[str]:
    """What the page's own scripts and policy complain about."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda line: found.append(line.text) if line.type == "error" else None)
    return found


def test_staff_filter_block_two_see_the_report_and_watch(page: Page, school: str, sandbox: Sandbox) -> None:
    heard = complaints(page)
    sign_in(page, school, "staff")

    page.locator('#nav-sidebar a[href$="/playback/recording/"]').click()
    expect(page.locator("#result_list tbody")).to_have_count(6, timeout=SOON)
    page.locator("#changelist a", has_text="筛选").first.click()
    page.locator('input[name="created_at_from"]').fill("2024-03-01")
    page.get_by_role("button", name="应用筛选").click()
    expect(page.locator("#result_list tbody")).to_have_count(5, timeout=SOON)

    page.fill("#searchbar", "第1讲 数学")
    page.press("#searchbar", "Enter")
    expect(page.locator("#result_list tbody")).to_have_count(1, timeout=SOON)
    page.fill("#searchbar", "单调性")
    page.press("#searchbar", "Enter")
    expect(page.locator("#result_list tbody")).to_have_count(5, timeout=SOON)

    boxes = page.locator("#result_list input.action-select")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.locator('select[name="action"]').select_option("block")
    page.get_by_role("button", name="执行").click()
    expect(page.get_by_role("heading", name="计划：屏蔽回放")).to_be_visible(timeout=SOON)
    assert sorted(row["publish_status"] for row in vendors(sandbox)) == [1] * 5, "nothing happens before the click"

    page.get_by_role("button", name="屏蔽 2 个回放").dblclick()
    expect(page.locator('#progress[data-state="done"]')).to_be_visible(timeout=SOON)
    expect(page.locator('[data-outcome="done"] b')).to_have_text("2")
    assert Operation.objects.get().items.filter(outcome="done").count() == 2
    assert sorted(row["publish_status"] for row in vendors(sandbox)) == [1, 1, 1, 2, 2]
    assert Recording.objects.filter(publish_status=2).count() == 2

    page.get_by_role("link", name=re.compile("第5讲")).click()
    expect(page.locator(".bo-badge", has_text="已屏蔽").first).to_be_visible()
    page.get_by_role("link", name="观看", exact=True).click()
    expect(page.locator('[data-obstacle="blocked"]')).to_be_visible(timeout=SOON)

    playable = Recording.objects.get(name="函数的单调性 第1讲")
    page.goto(f"{school}/admin/playback/recording/{playable.pk}/change/")
    page.get_by_role("link", name="观看", exact=True).click()
    player = page.frame_locator("#player")
    expect(player.locator("body")).to_have_attribute("data-state", re.compile("ready|loading|playing|paused"))
    if player.locator("body").get_attribute("data-state") != "playing":
        player.locator("body").click()
    expect(player.locator("body")).to_have_attribute("data-state", "playing", timeout=SOON)
    expect(player.locator("body")).to_contain_text("函数的单调性 第1讲")
    assert heard == []


def test_a_teacher_on_a_phone_watches_and_can_do_no_more(page: Page, school: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    heard = complaints(page)
    sign_in(page, school, "teacher")
    recording = Recording.objects.get(name="牛顿第二定律")
    for path in ("", "playback/recording/", f"playback/recording/{recording.pk}/change/", "playback/room/",
                 "playback/version/", f"playback/recording/{recording.pk}/preview/"):  # fmt: skip
        page.goto(f"{school}/admin/{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        expect(page.locator('select[name="action"]')).to_have_count(0)
        expect(page.locator('form[action*="/operate/"]')).to_have_count(0)
    player = page.frame_locator("#player")
    expect(player.locator("body")).to_contain_text("牛顿第二定律", timeout=SOON)
    assert page.goto(f"{school}/admin/playback/syncrun/").status == 403  # type: ignore[union-attr]
    assert [line for line in heard if "403" not in line] == []


def test_the_language_switch(page: Page, school: str) -> None:
    sign_in(page, school, "teacher")
    page.goto(f"{school}/admin/playback/recording/")
    page.locator("#nav-sidebar").get_by_text("teacher", exact=True).click()
    page.get_by_role("button", name=re.compile("English")).click()
    expect(page.locator("html")).to_have_attribute("lang", "en", timeout=SOON)
    expect(page.get_by_role("columnheader", name="Publish state")).to_be_visible()
    assert page.url.endswith("/admin/playback/recording/")


def vendors(sandbox: Sandbox) -> list[dict[str, int]]:
    """The vendor's own rows of the long-term room."""
    room = Recording.objects.get(name="函数的单调性 第1讲").room_id
    return [sandbox.state.recording(room, 202403010 + day) for day in range(1, 6)]


def test_a_cover_that_nobody_gives_looks_like_none(page: Page, school: str) -> None:
    Recording.objects.filter(name="牛顿第二定律").update(cover_url=f"{school}/static/playback/no-such-cover.jpg")
    sign_in(page, school, "staff")
    page.goto(f"{school}/admin/playback/recording/?q=牛顿")
    none = page.locator("#result_list .field-cover span.bo-cover-none")
    expect(none).to_have_count(1, timeout=SOON)
    expect(none).to_have_attribute("aria-label", "牛顿第二定律 的封面")
    expect(page.locator("#result_list img.bo-cover")).to_have_count(0)
