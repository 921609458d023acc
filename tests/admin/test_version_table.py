"""The versions on a recording's page: from the mirror, and as the vendor has them when asked."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from playback.conf import vendor_client
from playback.demo.embedded import free_port
from playback.models import Operation, Recording, Version
from playback.sandbox.server import Sandbox
from playback.sync.single import refresh_recording
from playback.vendor.codes import Lane
from tests.operations.vendor import mirrored

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    made = mirrored(sandbox)
    sandbox.state.add_version(made.room_id, name="<b>精华</b>", length=900)
    sandbox.state.add_version(made.room_id, name="没好", status=20)
    return refresh_recording(vendor_client(Lane.PERSON), made)


def page(client: Client, recording: Recording) -> Any:
    return client.get(reverse("admin:playback_recording_change", args=[recording.pk]))


def panel(client: Client, recording: Recording) -> Any:
    return client.get(reverse("admin:playback_recording_panel", args=[recording.pk, "versions"]))


def test_all_versions_stand_side_by_side(sandbox: Sandbox, recording: Recording, staff: Client) -> None:
    sandbox.calls.clear()
    answer = page(staff, recording)
    words = answer.content.decode()
    assert [line.number for line in answer.context["versions"]] == [0, 1, 2]
    assert "&lt;b&gt;精华&lt;/b&gt;" in words
    assert words.partition('id="history"')[0].count("主版本</span>") == 1
    assert words.count('data-main="1"') == 1  # ready and not main: it alone has a button
    assert 'data-main="0"' not in words
    assert 'data-main="2"' not in words
    assert list(sandbox.calls) == []  # the page itself asks nobody


def test_a_gone_version_comes_last_and_cannot_be_main(recording: Recording, staff: Client) -> None:
    Version.objects.filter(recording=recording, version=1).update(gone_at="2024-01-01T00:00Z")
    answer = page(staff, recording)
    assert [line.number for line in answer.context["versions"]] == [0, 2, 1]
    assert "data-main" not in answer.content.decode()


def test_the_button_leads_to_a_plan(recording: Recording, staff: Client) -> None:
    url = reverse("admin:playback_recording_operate", args=[recording.pk, "set_main"])
    answer = staff.post(url, {"_planned": "1", "version": "1"}, follow=True)
    words = answer.content.decode()
    assert Operation.objects.get().items.get().change == {"main_version": [0, 1]}
    assert "0:15:00" in words
    assert "1:00:00" in words


def test_the_form_shows_them_too_and_wants_one(recording: Recording, staff: Client) -> None:
    url = reverse("admin:playback_recording_operate", args=[recording.pk, "set_main"])
    assert 'value="1"' in staff.post(url).content.decode()
    answer = staff.post(url, {"_planned": "1"})
    assert answer.context["form"].errors["version"]


def test_without_the_right_there_is_no_button(recording: Recording, teacher: Client) -> None:
    assert "data-main" not in page(teacher, recording).content.decode()
    url = reverse("admin:playback_recording_operate", args=[recording.pk, "set_main"])
    assert teacher.post(url, {"_planned": "1", "version": "1"}).status_code == 403


def test_the_vendor_says_the_same(recording: Recording, staff: Client) -> None:
    answer = panel(staff, recording)
    assert [line.number for line in answer.context["versions"]] == [0, 1, 2]
    assert answer.context["differs"] is False
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("change", ["added", "renamed", "ready", "main"])
def test_the_vendor_says_otherwise(sandbox: Sandbox, recording: Recording, staff: Client, change: str) -> None:
    rows = {row["version"]: row for row in sandbox.state.versions(recording.room_id)}
    if change == "added":
        sandbox.state.add_version(recording.room_id, name="新的")
    elif change == "renamed":
        sandbox.state.update_version(rows[1]["video_id"], name="改了")
    elif change == "ready":
        sandbox.state.update_version(rows[2]["video_id"], status=100)
    else:
        sandbox.state.set_main(rows[1]["playback_id"], 1)
    answer = panel(staff, recording)
    assert answer.context["differs"] is True
    if change == "main":
        assert [line.is_main for line in answer.context["versions"]] == [False, True, False]
    if change == "added":
        assert answer.context["versions"][-1].url == ""
    assert Version.objects.filter(recording=recording).count() == 3  # looking changes nothing here


def test_rows_that_cannot_be_read_are_counted(sandbox: Sandbox, recording: Recording, staff: Client) -> None:
    sandbox.faults.add("list_versions", "wrong_types", how="missing")
    answer = panel(staff, recording)
    assert answer.context["unreadable"] + len(answer.context["versions"]) == 3


@pytest.mark.parametrize("how", ["gone", "refused", "away"])
def test_a_vendor_that_does_not_tell(
    sandbox: Sandbox, recording: Recording, staff: Client, settings: LazySettings, how: str
) -> None:
    if how == "gone":
        sandbox.state.remove_recording(recording.room_id, 0)
    elif how == "refused":
        sandbox.faults.add("list_versions", "refuse", message="今天不行")
    else:
        settings.BAIJIAYUN_BASE_URL = f"http://127.0.0.1:{free_port()}"
    answer = panel(staff, recording)
    assert answer.status_code == 200
    words = answer.content.decode()
    assert "再试一次" in words or "重试" in words
    assert "bo-note-warning" in words
    assert [line.number for line in answer.context["versions"]] == [0, 1, 2]


def test_a_recording_that_is_gone_offers_nothing(recording: Recording, staff: Client) -> None:
    Recording.objects.filter(pk=recording.pk).update(gone_at="2024-01-01T00:00Z")
    words = page(staff, recording).content.decode()
    assert "data-main" not in words
    assert "data-ask-versions" not in words
