"""One recording's day: cropped to class times, the cut made the main version, its marks edited, the trash and back,
and one of it undone; each through plan, confirmation and report, and each looked up at the vendor."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from playback.models import Operation, Recording
from playback.sandbox.server import Sandbox

from .test_back_office import SOON, complaints, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]
CUT = 1  # the version that the crop makes
NAME = "牛顿第二定律"


def held(sandbox: Sandbox) -> dict[str, Any]:
    """The vendor's own row."""
    recording = Recording.objects.get(name=NAME)
    return dict(sandbox.state.recording(recording.room_id, recording.session_id) or {})


def lesson(sandbox: Sandbox) -> None:
    """An hour that the vendor made as it ended; class ran from its 10th to its 50th minute."""
    row = held(sandbox)
    began = row["created_at"] - row["length"]
    sandbox.state.add_class_time(row["room_id"], row["session_id"], began + 600, began + 3000)
    sandbox.state.set_mark_points(row["playback_id"], 0, [(60, "候课"), (600, "导入"), (1800, "例题")])


def do(page: Page, kind: str) -> None:
    """A button of the recording's page, in its head or in the menu."""
    button = page.locator(f'[data-kind="{kind}"]')
    if not button.is_visible():
        page.locator(".bo-menu summary").click()
    button.click()


def carry_out(page: Page, heading: str) -> None:
    """The plan is confirmed, and its report says that all is done."""
    expect(page.get_by_role("heading", name=heading)).to_be_visible(timeout=SOON)
    page.locator("#confirm-form button").click()
    expect(page.locator('#progress[data-state="done"]')).to_be_visible(timeout=SOON)
    expect(page.locator('[data-outcome="done"] b')).to_have_text("1")


def test_a_day_of_one_recording(page: Page, school: str, sandbox: Sandbox) -> None:
    lesson(sandbox)
    heard = complaints(page)
    sign_in(page, school, "staff")
    recording = Recording.objects.get(name=NAME)
    own = f"{school}/admin/playback/recording/{recording.pk}/change/"
    key = held(sandbox)["playback_id"]

    page.goto(own)
    do(page, "crop_to_class")
    page.fill('[name="begins_at"]', "10分")
    page.locator('button[name="_planned"]').click()
    expect(page.get_by_role("alert")).to_contain_text("05:30", timeout=SOON)  # how a time is written
    expect(page.locator('[name="begins_at"]')).to_have_value("10分")
    page.fill('[name="begins_at"]', "00:10:00")
    page.locator('button[name="_planned"]').click()
    expect(page.locator(".bo-table")).to_contain_text("候课", timeout=SOON)  # a mark that lies in no part
    assert len(sandbox.state.versions(recording.room_id)) == 1, "nothing happens before the click"
    carry_out(page, "计划：按上课时间裁剪回放")
    original, cut = sandbox.state.versions(recording.room_id)
    assert (original["is_main"], cut["version"], cut["length"]) == (1, CUT, 2400)
    assert sandbox.state.mark_points(key, CUT) == [(0, "导入"), (1200, "例题")]

    page.goto(own)
    page.locator(f'[data-main="{CUT}"]').click()
    carry_out(page, "计划：设置主版本")
    assert [row["version"] for row in sandbox.state.versions(recording.room_id) if row["is_main"]] == [CUT]

    page.goto(own)
    page.locator("[data-panel=marks]").scroll_into_view_if_needed()
    page.locator("[data-edit-marks]").click()
    texts = page.locator("[data-mark-row] [name=text]")
    expect(texts.nth(1)).to_have_value("例题", timeout=SOON)  # the list of what is now the main version
    texts.nth(1).fill("例题一")
    page.locator('button[name="_planned"]').click()
    carry_out(page, "计划：编辑打点")
    edited = page.url
    assert sandbox.state.mark_points(key, CUT) == [(0, "导入"), (1200, "例题一")]

    page.goto(own)
    do(page, "trash")
    page.locator('button[name="_planned"]').click()
    carry_out(page, "计划：把回放移入回收站")
    assert held(sandbox)["publish_status"] == 2
    page.goto(f"{school}/admin/playback/trashentry/")
    row = page.locator("#result_list tr", has_text=NAME)
    expect(row).to_be_visible(timeout=SOON)
    row.get_by_role("button", name="恢复").click()
    carry_out(page, "计划：从回收站恢复回放")
    assert held(sandbox)["publish_status"] == 1

    page.goto(edited)
    page.get_by_role("button", name="撤销").click()
    carry_out(page, "计划：撤销：编辑打点")
    assert sandbox.state.mark_points(key, CUT) == [(0, "导入"), (1200, "例题")]
    assert sandbox.state.mark_points(key, 0) == [(60, "候课"), (600, "导入"), (1800, "例题")]

    page.goto(own)
    told = page.locator("[aria-labelledby=operations-title] tbody tr")
    expect(told).to_have_count(6)
    expect(told.first).to_contain_text("撤销")  # the newest first
    expect(told.last).to_contain_text(re.compile("上课时间"))
    assert set(Operation.objects.values_list("state", flat=True)) == {Operation.State.DONE}
    assert heard == []
