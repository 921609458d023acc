"""Browsers in countries whose clocks change show what one in Shanghai shows, on the days of the change and between."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from playback.models import Operation, Recording
from tests.browser.conftest import CHROMIUM, browser_type_launch_args
from tests.operations.vendor import confirmed, drive

from .conftest import School, mirror_all
from .test_abroad import WALLS, ZONES

__all__ = ["browser_type_launch_args"]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("hasty"),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no /usr/bin/chromium here"),
]
BEIJING = timezone(timedelta(hours=8))
TIME = re.compile(r"\d{4}-\d\d-\d\d(?:\s\d\d:\d\d(?::\d\d)?)?")


def test_times_are_those_of_beijing(school: School, chief: User, live_server: LiveServer, browser: Browser) -> None:
    for number, wall in enumerate(WALLS):
        school.vendor.state.add_recording(*school.key(number), name=f"第{number}节", created_at=wall)
    mirror_all()
    drive(confirmed("rename", chief, list(Recording.objects.order_by("pk")[:1]), {"name": "改过的名字"}))
    told = {zone: shown(browser, live_server.url, chief, zone) for zone in ("Asia/Shanghai", *ZONES)}
    for zone in ZONES:
        assert told[zone] == told["Asia/Shanghai"]
    assert [at for at in told["Asia/Shanghai"][1] if at.startswith("2026-03")] == [
        "2026-03-08 23:59",
        "2026-03-08 02:30",
        "2026-03-08 00:00",
    ]


def shown(browser: Browser, address: str, chief: User, zone: str) -> list[list[str]]:
    """The visible times of some pages, as a browser in this zone shows them."""
    client = Client()
    client.force_login(chief)
    recording, operation = Recording.objects.order_by("pk")[0], Operation.objects.get()
    listed = reverse("admin:playback_recording_changelist")
    context = browser.new_context(timezone_id=zone, locale="zh-CN", viewport={"width": 1440, "height": 900})
    try:
        cookie = client.cookies[project.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": project.SESSION_COOKIE_NAME, "value": cookie, "url": address}])
        page = context.new_page()
        page.set_default_timeout(30_000)
        found = []
        for path in (
            listed,
            f"{listed}?created_at_from=2026-03-08&created_at_to=2026-03-08",
            reverse("admin:playback_recording_change", args=[recording.pk]),
            reverse("admin:playback_operation_report", args=[operation.uuid]),
        ):
            page.goto(f"{address}{path}")
            assert page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone") == zone
            # The times alone: how long ago something was is told too, and time passes between two browsers.
            found.append(TIME.findall(page.locator("body").inner_text()))
        assert any(f"{datetime.now(BEIJING):%Y-%m-%d}" in at for at in found[3])
        return found
    finally:
        context.close()
