"""The pages to cut a recording: rows of parts, the class's own times, the plan and the report with its links."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from playback.demo.embedded import free_port
from playback.models import Operation, Recording, Version
from playback.operations import execute
from playback.sandbox.server import Sandbox
from tests.factories import RecordingFactory
from tests.operations.cutting import cuts_at_the_vendor, finish, lesson
from tests.operations.vendor import mirrored

pytestmark = [pytest.mark.django_db]


def post(client: Client, recording: Recording, rows: list[tuple[str, str, str]], button: str = "1", **more: Any) -> Any:
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    posted = dict(zip(("part_start", "part_end", "part_name"), map(list, columns), strict=True))
    url = reverse("admin:playback_recording_operate", args=[recording.pk, "crop"])
    return client.post(url, {**posted, "_planned": button, **more})


def typed(answer: Any) -> list[tuple[str, str, str]]:
    return [(row.start, row.end, row.name) for row in answer.context["rows"]]


@pytest.mark.parametrize("group", ["staff", "administrator"])
def test_parts_become_a_plan(sandbox: Sandbox, request: pytest.FixtureRequest, group: str) -> None:
    client = request.getfixturevalue(group)
    rows = [("10:00", "30：00", "导入部分"), ("", " ", ""), ("0:30:00", "1:00:00", "<b>例题</b>")]
    answer = post(client, lesson(sandbox), rows)
    operation = Operation.objects.get()
    assert answer.url.startswith(reverse("admin:playback_operation_plan", args=[operation.uuid]))
    page = client.get(answer.url).content.decode()
    assert "00:10:00–00:30:00" in page
    assert "&lt;b&gt;例题&lt;/b&gt;" in page
    assert "1 个打点" in page
    assert "片段之外的打点" in page
    assert "00:00:05 开场" in page
    assert sandbox.calls.of("crop_recording") == []


def test_a_plan_that_the_vendor_did_not_let_be_made_is_made_later(
    sandbox: Sandbox, staff: Client, settings: LazySettings
) -> None:
    recording = lesson(sandbox)
    there = settings.BAIJIAYUN_BASE_URL
    settings.BAIJIAYUN_BASE_URL = f"http://127.0.0.1:{free_port()}"
    answer = post(staff, recording, [("10:00", "30:00", "导入部分")])
    page = staff.get(answer.url)
    assert page.context["to_do"] == 0
    assert "data-anew" in page.content.decode()
    settings.BAIJIAYUN_BASE_URL = there
    anew = reverse("admin:playback_operation_anew", args=[Operation.objects.get().uuid])
    assert staff.get(anew).status_code == 405
    page = staff.get(staff.post(anew).url)
    assert page.context["to_do"] == 1
    assert "data-anew" not in page.content.decode()


def test_each_wrong_field_of_class_times_has_its_sentence(staff: Client) -> None:
    url = reverse("admin:playback_recording_operate", args=[RecordingFactory().pk, "crop_to_class"])
    answer = staff.post(url, {"_planned": "1", "begins_at": "坏", "late": "坏"})
    assert set(answer.context["form"].errors) == {"begins_at", "late"}


def test_a_teacher_may_not(sandbox: Sandbox, teacher: Client) -> None:
    assert post(teacher, lesson(sandbox), [("0:00", "1:00", "a")]).status_code == 403


def test_every_wrong_row_has_its_sentence_and_nothing_typed_is_lost(sandbox: Sandbox, staff: Client) -> None:
    recording = lesson(sandbox)
    rows = [
        ("0:10:00", "0:05:00", "反了"),
        ("", "", ""),
        ("bald", "0:10:00", "不是时间"),
        ("0:20:00", "0:30:00", ""),
        ("0:40:00", "0:50:00", "好的"),
        ("0:45:00", "0:55:00", "重叠"),
        ("0:58:00", "1:00:01", "太长"),
        ("0:57:00", "0:57:00", "没有"),
    ]
    answer = post(staff, recording, rows, class_begins="0:01:00")
    assert typed(answer) == rows
    assert [bool(row.error) for row in answer.context["rows"]] == [True, False, True, True, False, True, True, True]
    sentences = [row.error for row in answer.context["rows"] if row.error]
    assert len(set(sentences)) == len(sentences)
    page = answer.content.decode()
    assert all(sentence in page for sentence in sentences)
    assert 'value="0:01:00"' in page
    assert not Operation.objects.exists()


def test_no_part_at_all(sandbox: Sandbox, staff: Client) -> None:
    answer = post(staff, lesson(sandbox), [("", "", "")])
    assert "请至少填写一个片段" in answer.content.decode()


def test_more_rows_without_scripts(sandbox: Sandbox, staff: Client) -> None:
    rows = [("0:10:00", "", "半行")]
    answer = post(staff, lesson(sandbox), rows, "more")
    assert typed(answer) == [*rows, *[("", "", "")] * 3]
    assert not any(row.error for row in answer.context["rows"])
    assert not answer.context["form"].errors


# ---------------------------------------------------------------- the class's own times


def test_class_times_are_filled_in_beside_what_was_typed(sandbox: Sandbox, staff: Client) -> None:
    recording = lesson(sandbox)
    mine = ("0:00:00", "0:01:00", "片头")
    answer = post(staff, recording, [mine, ("", "", "")], "class", class_begins="10:00")
    wanted = [mine, ("00:10:00", "00:30:00", "第1课 (1)"), ("00:31:40", "01:00:00", "第1课 (2)")]
    assert typed(answer) == wanted
    page = answer.content.decode()
    assert len(answer.context["ran"]) == 2
    assert "下课时间由百家云补全" in page
    again = post(staff, recording, typed(answer), "class", class_begins="10:00")
    assert typed(again) == wanted  # a second click adds nothing
    assert post(staff, recording, typed(again)).status_code == 302


def test_class_times_that_tell_nothing_are_explained(sandbox: Sandbox, staff: Client) -> None:
    recording = mirrored(sandbox)
    answer = post(staff, recording, [("0:01", "0:02", "a")], "class")
    assert "百家云没有它的上课时间" in answer.content.decode()
    assert typed(answer) == [("0:01", "0:02", "a")]


def test_a_wrong_place_of_class_is_told(sandbox: Sandbox, staff: Client) -> None:
    answer = post(staff, lesson(sandbox), [("", "", "")], "class", class_begins="bald")
    assert answer.context["form"].errors["class_begins"]
    assert sandbox.calls.of("class_times") == []


def test_a_vendor_that_is_not_there_loses_nothing(sandbox: Sandbox, staff: Client, settings: LazySettings) -> None:
    recording = lesson(sandbox)
    settings.BAIJIAYUN_BASE_URL = f"http://127.0.0.1:{free_port()}"
    answer = post(staff, recording, [("0:01", "0:02", "a")], "class")
    assert "无法连接百家云" in answer.content.decode()
    assert typed(answer) == [("0:01", "0:02", "a")]


# ---------------------------------------------------------------- other forms, and the report


def test_a_selection_is_cropped_to_class_times(sandbox: Sandbox, staff: Client) -> None:
    recordings = [lesson(sandbox), mirrored(sandbox, name="第2课")]
    url = reverse("admin:playback_recording_changelist")
    chosen = {"action": "crop_to_class", "_selected_action": [row.pk for row in recordings]}
    form = staff.post(url, chosen)
    assert 'value="15"' in form.content.decode()
    answer = staff.post(url, {**chosen, "_planned": "1", "late": "bald", "begins_at": ""})
    assert "late" in answer.context["form"].errors
    answer = staff.post(url, {**chosen, "_planned": "1", "late": "15", "begins_at": "0:10:00"})
    operation = Operation.objects.get()
    assert operation.state == Operation.State.PREPARING
    execute.prepare(operation.pk)
    page = staff.get(answer.url).content.decode()
    assert "00:10:00–00:30:00" in page
    assert "百家云没有它的上课时间" in page


@pytest.mark.parametrize("typed_length", ["", "x", "0:00"])
def test_a_bad_length_stands_beside_its_field(sandbox: Sandbox, staff: Client, typed_length: str) -> None:
    url = reverse("admin:playback_recording_operate", args=[lesson(sandbox).pk, "split"])
    answer = staff.post(url, {"_planned": "1", "length": typed_length})
    assert list(answer.context["form"].errors) == ["length"]


def test_the_report_links_to_the_new_versions(sandbox: Sandbox, administrator: Client, settings: LazySettings) -> None:
    settings.OPERATION_SETTLE_SECONDS = 0.0
    recording = lesson(sandbox)
    post(administrator, recording, [("0:00", "10:00", "<i>甲</i>"), ("10:00", "20:00", "乙")])
    operation = Operation.objects.get()
    execute.confirm(operation, User.objects.get(username="administrator"))
    assert finish(operation).outcome == "done"
    assert len(cuts_at_the_vendor(sandbox, recording)) == 2
    page = administrator.get(reverse("admin:playback_operation_report", args=[operation.uuid])).content.decode()
    for version in Version.objects.filter(recording=recording, version__gt=0):
        assert reverse("admin:playback_version_change", args=[version.pk]) in page
    assert "&lt;i&gt;甲&lt;/i&gt;" in page
    assert "移入回收站" in page
    assert "撤销</button>" not in page


def test_a_summary_of_many_shows_no_raw_placeholder(staff: Client) -> None:
    recording = RecordingFactory(status=100, main_version=0)
    url = reverse("admin:playback_recording_operate", args=[recording.pk, "set_main"])
    page = staff.post(url, {"_planned": "1", "version": "7"}, follow=True).content.decode()
    assert "%(" not in page
    assert "7" in page
