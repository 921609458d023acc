"""The mark points' editor with its scripts: rows come, go and are sorted in the page, and the vendor gets the list."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from playback.models import Recording
from playback.sandbox.server import Sandbox

from .test_back_office import SOON, complaints, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]


def test_marks_are_edited_and_saved(page: Page, school: str, sandbox: Sandbox) -> None:
    recording = Recording.objects.get(name="牛顿第二定律")
    playback = (sandbox.state.recording(recording.room_id) or {})["playback_id"]
    sandbox.state.set_mark_points(playback, 0, [(60, "导入"), (600, "旧的"), (900, "小结")])
    heard = complaints(page)
    sign_in(page, school, "staff")
    page.goto(f"{school}/admin/playback/recording/{recording.pk}/change/")
    page.locator("[data-panel=marks]").scroll_into_view_if_needed()
    page.locator("[data-edit-marks]").click()

    rows = page.locator("[data-mark-row]")
    times = page.locator("[data-mark-row] [name=time]")
    texts = page.locator("[data-mark-row] [name=text]")
    expect(rows).to_have_count(4, timeout=SOON)  # three, and an empty one
    rows.nth(1).locator("[data-mark-remove]").click()
    expect(rows).to_have_count(3)
    times.nth(2).fill("０：３０")
    times.nth(2).press("Enter")
    texts.nth(2).fill("开场")
    texts.nth(2).press("Enter")  # a row more, and no plan yet
    expect(rows).to_have_count(4)
    page.locator("[data-mark-sort]").click()
    expect(texts.nth(0)).to_have_value("开场")
    expect(times.nth(3)).to_have_value("")

    times.nth(3).fill("99:00:00")
    texts.nth(3).fill("太晚")
    show = page.locator('button[name="_planned"]')
    show.click()
    wrong = page.locator(".bo-mark-problem")
    expect(wrong).to_have_count(1, timeout=SOON)
    times.nth(3).fill("00:12:00")
    expect(wrong).to_have_count(0)
    show.click()
    page.locator("#confirm-form button").click()
    expect(page.locator('#progress[data-state="done"]')).to_be_visible(timeout=SOON)
    assert sandbox.state.mark_points(playback, 0) == [(30, "开场"), (60, "导入"), (720, "太晚"), (900, "小结")]
    assert heard == []
