"""What was ticked on one page of a list is still picked on the next."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from playback.admin.recording import RecordingAdmin
from playback.models import Operation

from .test_back_office import SOON, complaints, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]


def test_picks_live_through_pages_and_sorting(page: Page, school: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RecordingAdmin, "list_per_page", 2)
    heard = complaints(page)
    sign_in(page, school, "staff")
    page.goto(f"{school}/admin/playback/recording/")
    boxes = page.locator("#result_list input.action-select")
    expect(boxes).to_have_count(2)
    boxes.nth(0).check()
    page.goto(f"{school}/admin/playback/recording/?p=2")
    bar = page.locator("[data-picked]")
    expect(bar).to_be_visible()
    expect(bar.locator("[data-picked-elsewhere]")).to_have_text("1")
    boxes.nth(1).check()
    page.goto(f"{school}/admin/playback/recording/?p=3")
    expect(bar.locator("[data-picked-count]")).to_have_text("2")
    page.goto(f"{school}/admin/playback/recording/?p=2")
    expect(boxes.nth(1)).to_be_checked()
    expect(boxes.nth(0)).not_to_be_checked()
    page.goto(f"{school}/admin/playback/recording/?p=3")

    page.locator('select[name="action"]').select_option("block")  # offered without a tick on this page
    page.get_by_role("button", name="执行").click()
    expect(page.get_by_role("heading", name="计划：屏蔽回放")).to_be_visible(timeout=SOON)
    assert Operation.objects.get().items.count() == 2

    page.goto(f"{school}/admin/playback/recording/?p=3")
    page.locator("[data-picked-clear]").click()
    expect(bar).to_be_hidden()
    page.goto(f"{school}/admin/playback/recording/")
    expect(boxes.nth(0)).not_to_be_checked()
    assert heard == []
