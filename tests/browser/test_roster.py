"""A roster from the file to the vendor's list, by hand: a row decided, one plan to add and one to remove."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from members.lists import list_of
from members.sync.reading import read_list
from playback.conf import vendor_client
from playback.models import Room
from playback.sandbox.server import Sandbox
from playback.vendor.codes import Lane

from .test_back_office import SOON, complaints, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]


def test_a_roster_becomes_the_list(page: Page, school: str, sandbox: Sandbox, tmp_path: Path) -> None:
    room = Room.objects.get(title="高二物理")
    state = sandbox.state
    stays, leaves, comes, meant = (state.add_member(name, user_sn=sn) for name, sn in
        (("王小明", "001"), ("李雷", "002"), ("韩梅梅", "003"), ("林涛", "7")))  # fmt: skip
    other = state.add_member("林涛二", user_sn="07")
    elsewhere = Room.objects.exclude(pk=room.pk).first()
    assert elsewhere is not None
    state.add_room_members(room.room_id, [stays, leaves])
    state.add_room_members(elsewhere.room_id, [comes, meant, other])
    for owner in (room, elsewhere):
        assert read_list(vendor_client(Lane.SYNC), list_of(owner)).complete
    file = tmp_path / "名单.csv"
    file.write_bytes("学号,姓名\n1,王小明\n3,韩梅梅\n7,\n99,谁\n".encode("gb18030"))
    heard = complaints(page)
    sign_in(page, school, "staff")

    page.goto(f"{school}/admin/members/roster/?room={room.room_id}")
    page.set_input_files("#id_file", str(file))
    page.locator("#roster-form button[type=submit]").click()
    expect(page.locator("[data-add] b")).to_have_text("1", timeout=SOON)
    expect(page.locator("[data-keep] b")).to_have_text("1")
    expect(page.locator("[data-remove] b")).to_have_text("1")
    expect(page.locator("tr[data-line]")).to_have_count(2)

    page.locator("select[name=who-4]").select_option(str(meant))
    page.locator("select[name=who-5]").select_option("leave")
    page.locator("#rows-form button:not([name])").click()
    expect(page.locator("[data-add] b")).to_have_text("2", timeout=SOON)
    page.locator("input[name=removing]").check()
    page.locator("#plan-form button[type=submit]").click()
    plans = page.locator("#plans a")
    expect(plans).to_have_count(2, timeout=SOON)
    preview = page.url.partition("#")[0]
    for number in range(2):
        page.goto(preview)
        plans.nth(number).click()
        page.locator("#confirm-form button[type=submit]").click()
        expect(page.locator("#confirm-form")).to_have_count(0, timeout=SOON)
    expect(page.locator(".bo-outcome, .bo-badge").first).to_be_visible(timeout=SOON)
    expect.set_options(timeout=SOON)
    for _ in range(100):
        now = {row["user_id"] for row in state.list_room_members(room.room_id)[1]}
        if now == {stays, comes, meant}:
            break
        page.wait_for_timeout(100)
    assert now == {stays, comes, meant}
    page.goto(preview)
    expect(page.locator("[data-add] b")).to_have_text("0")
    expect(page.locator("[data-keep] b")).to_have_text("3")
    assert heard == []


def test_the_import_fits_a_phone(page: Page, school: str, tmp_path: Path) -> None:
    room = Room.objects.get(title="高二物理")
    file = tmp_path / "roster.csv"
    file.write_text("学号,姓名\n99,一个名字很长很长很长很长很长很长的学生\n")
    sign_in(page, school, "staff")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{school}/admin/members/roster/?room={room.room_id}")
    page.set_input_files("#id_file", str(file))
    page.locator("#roster-form button[type=submit]").click()
    expect(page.locator("tr[data-line]")).to_have_count(1, timeout=SOON)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
