"""Selection, plan, confirmation, report: the pages around the engine."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from playback.models import Operation, OperationItem, Recording
from tests.factories import RecordingFactory, person

pytestmark = [pytest.mark.django_db, pytest.mark.portable]

LIST = "admin:playback_recording_changelist"
Outcome = OperationItem.Outcome


def select(client: Client, kind: str, recordings: list[Recording], query: str = "", **more: Any) -> Any:
    posted = {"action": kind, ACTION_CHECKBOX_NAME: [row.pk for row in recordings], **more}
    return client.post(f"{reverse(LIST)}{query}", posted)


def confirm(client: Client, operation: Operation, **more: Any) -> Any:
    posted = {"seen_plan": operation.planned_at.isoformat(), **more}
    return client.post(reverse("admin:playback_operation_confirm", args=[operation.uuid]), posted)


def test_a_selection_becomes_a_plan_and_nothing_else(staff: Client) -> None:
    recordings = RecordingFactory.create_batch(3)
    recordings[2].publish_status = 2
    recordings[2].save()
    answer = select(staff, "block", recordings)
    operation = Operation.objects.get()
    assert answer.url.startswith(reverse("admin:playback_operation_plan", args=[operation.uuid]))
    assert operation.state == Operation.State.PLANNED
    page = staff.get(answer.url)
    words = page.content.decode()
    assert page.context["to_do"] == 2
    assert "已经是屏蔽状态" in words
    assert "已发布</del>" in words
    assert "已屏蔽</ins>" in words


def test_confirming_starts_it_once_however_often_it_is_clicked(staff: Client) -> None:
    select(staff, "block", RecordingFactory.create_batch(2))
    operation = Operation.objects.get()
    first = confirm(staff, operation)
    operation.refresh_from_db()
    assert operation.state == Operation.State.QUEUED
    confirmed_at = operation.confirmed_at
    second = confirm(staff, operation)
    assert first.url == second.url == reverse("admin:playback_operation_report", args=[operation.uuid])
    operation.refresh_from_db()
    assert operation.confirmed_at == confirmed_at
    assert staff.get(first.url).status_code == 200


def test_all_that_match_means_the_filters_and_not_the_page(staff: Client) -> None:
    wanted = RecordingFactory.create_batch(60, name="要屏蔽的")
    RecordingFactory.create_batch(3, name="别的")
    query = "?" + urlencode({"q": "要屏蔽的"})
    select(staff, "block", wanted[:50], query, select_across="1")
    operation = Operation.objects.get()
    assert operation.items.count() == 60
    assert set(operation.items.values_list("recording", flat=True)) == {row.pk for row in wanted}


def test_ids_outside_the_filters_are_not_reached(staff: Client) -> None:
    inside, outside = RecordingFactory(name="里面"), RecordingFactory(name="外面")
    select(staff, "block", [inside, outside], "?" + urlencode({"q": "里面"}))
    assert [item.recording for item in Operation.objects.get().items.all()] == [inside]


def test_an_empty_selection_is_told(staff: Client) -> None:
    RecordingFactory()
    answer = staff.post(reverse(LIST), {"action": "block", "index": "0"}, follow=True)
    assert not Operation.objects.exists()
    assert answer.context["messages"]


def test_a_plan_is_discarded(staff: Client) -> None:
    recording = RecordingFactory()
    back = reverse("admin:playback_recording_change", args=[recording.pk])
    select(staff, "block", [recording])
    operation = Operation.objects.get()
    answer = staff.post(reverse("admin:playback_operation_discard", args=[operation.uuid]), {"back": back})
    assert answer.url == back
    assert not Operation.objects.exists()


@pytest.mark.parametrize(
    "back", ["https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example", "javascript:x"]
)
def test_the_way_back_stays_here(staff: Client, back: str) -> None:
    select(staff, "block", [RecordingFactory()])
    operation = Operation.objects.get()
    answer = staff.post(reverse("admin:playback_operation_discard", args=[operation.uuid]), {"back": back})
    assert answer.url == reverse(LIST)


def test_a_plan_that_the_world_overtook_is_shown_again(staff: Client) -> None:
    recordings = RecordingFactory.create_batch(2)
    select(staff, "block", recordings)
    operation = Operation.objects.get()
    Recording.objects.filter(pk=recordings[0].pk).update(publish_status=2)
    answer = confirm(staff, operation)
    assert answer.status_code == 409
    assert recordings[0].name in answer.content.decode()
    operation.refresh_from_db()
    assert operation.state == Operation.State.PLANNED
    assert answer.context["to_do"] == 1
    confirm(staff, operation)
    operation.refresh_from_db()
    assert operation.state == Operation.State.QUEUED


def test_a_stale_page_confirms_nothing(staff: Client) -> None:
    select(staff, "block", [RecordingFactory()])
    operation = Operation.objects.get()
    answer = confirm(staff, operation, seen_plan="2020-01-01T00:00:00+00:00")
    assert answer.status_code == 409
    operation.refresh_from_db()
    assert operation.state == Operation.State.PLANNED


def test_deleting_asks_for_the_number(administrator: Client) -> None:
    staff = administrator
    select(staff, "delete", RecordingFactory.create_batch(3))
    operation = Operation.objects.get()
    page = staff.get(reverse("admin:playback_operation_plan", args=[operation.uuid])).content.decode()
    assert 'name="typed_count"' in page
    for typed in ("", "2", "三", "9" * 30):
        assert confirm(staff, operation, typed_count=typed).status_code == 422
    operation.refresh_from_db()
    assert operation.state == Operation.State.PLANNED
    assert confirm(staff, operation, typed_count=" 3 ").status_code == 302


def test_nothing_to_do_has_no_confirm_button(staff: Client) -> None:
    select(staff, "publish", [RecordingFactory(publish_status=1)])
    operation = Operation.objects.get()
    page = staff.get(reverse("admin:playback_operation_plan", args=[operation.uuid])).content.decode()
    assert "confirm-form" not in page
    assert "没有需要处理的回放" in page
    assert confirm(staff, operation).status_code == 422


class TestRename:
    def test_the_form_comes_first_and_keeps_the_selection(self, staff: Client) -> None:
        recordings = RecordingFactory.create_batch(2)
        answer = select(staff, "rename", recordings)
        assert answer.status_code == 200
        page = answer.content.decode()
        for recording in recordings:
            assert f'name="{ACTION_CHECKBOX_NAME}" value="{recording.pk}"' in page
        assert not Operation.objects.exists()

    def test_a_pattern_becomes_a_plan(self, staff: Client) -> None:
        recordings = RecordingFactory.create_batch(2, room__title="高一数学")
        select(staff, "rename", recordings, name="{room} 第{n}讲", _planned="1")
        changes = [item.change["name"][1] for item in Operation.objects.get().items.all()]
        assert changes == ["高一数学 第1讲", "高一数学 第2讲"]

    def test_all_that_match_survive_the_form(self, staff: Client) -> None:
        RecordingFactory.create_batch(55, name="旧")
        posted = {"select_across": "1", "name": "新", "_planned": "1"}
        select(staff, "rename", [Recording.objects.all()[0]], "?q=旧", **posted)
        assert Operation.objects.get().items.count() == 55

    def test_the_preview_answers_while_typing(self, staff: Client) -> None:
        recordings = RecordingFactory.create_batch(2)
        page = select(staff, "rename", recordings, name="{n}<b>", _preview="1").content.decode()
        assert "1&lt;b&gt;" in page
        assert "<html" not in page
        wrong = select(staff, "rename", recordings, name="{nobody}", _preview="1").content.decode()
        assert "nobody" in wrong
        assert not Operation.objects.exists()

    def test_a_cover_is_checked_as_a_picture(self, staff: Client) -> None:
        recording = RecordingFactory()
        fake = SimpleUploadedFile("cover.png", b"<script>not a picture</script>", content_type="image/png")
        answer = select(staff, "rename", [recording], cover=fake, _planned="1")
        assert answer.status_code == 200
        assert "不是完整的 JPEG 或 PNG 图片" in answer.content.decode()
        picture = BytesIO()
        Image.new("RGB", (320, 180), "navy").save(picture, "PNG")
        real = SimpleUploadedFile("封面.png", picture.getvalue(), content_type="image/png")
        assert select(staff, "rename", [recording], cover=real, _planned="1").status_code == 302
        assert bytes(Operation.objects.get().attachment or b"") == picture.getvalue()

    @pytest.mark.parametrize("name", ["", "{wrong}", "名" * 300])
    def test_what_the_vendor_would_not_take_is_told_at_the_field(self, staff: Client, name: str) -> None:
        answer = select(staff, "rename", [RecordingFactory()], name=name, _planned="1")
        assert answer.status_code == 200
        assert answer.context["form"].errors
        assert not Operation.objects.exists()


class TestReport:
    def operation(self, client: Client) -> Operation:
        select(client, "block", RecordingFactory.create_batch(4))
        operation = Operation.objects.get()
        confirm(client, operation)
        return operation

    def finish(self, operation: Operation) -> None:
        from django.utils import timezone

        refused, *others = operation.items.all()
        words = {"code": "refused", "vendor": {"code": 1, "message": "不允许<script>alert(1)</script>"}}
        operation.items.filter(pk=refused.pk).update(outcome="refused", reason=words, finished_at=timezone.now())
        operation.items.exclude(pk=refused.pk).update(outcome="done", finished_at=timezone.now())
        Operation.objects.filter(pk=operation.pk).update(state="done", finished_at=timezone.now())
        assert len(others) == 3

    def test_it_renews_itself_until_it_is_over(self, staff: Client) -> None:
        operation = self.operation(staff)
        url = reverse("admin:playback_operation_progress", args=[operation.uuid])
        running = staff.get(url)
        assert "hx-trigger" in running.content.decode()
        assert "<html" not in running.content.decode()
        assert "no-store" in running["Cache-Control"]
        self.finish(operation)
        assert "hx-trigger" not in staff.get(url).content.decode()

    def test_outcomes_are_counted_and_filtered_and_the_vendor_is_quoted(self, staff: Client) -> None:
        operation = self.operation(staff)
        self.finish(operation)
        url = reverse("admin:playback_operation_report", args=[operation.uuid])
        everything = staff.get(url)
        assert {row["value"]: row["count"] for row in everything.context["outcomes"]} == {"done": 3, "refused": 1}
        refused = staff.get(url, {"outcome": "refused"})
        words = refused.content.decode()
        assert len(refused.context["page"].object_list) == 1
        assert "1: 不允许&lt;script&gt;alert(1)&lt;/script&gt;" in words
        assert "<script>alert(1)" not in words

    def test_a_plan_has_no_report_and_a_report_no_plan(self, staff: Client) -> None:
        select(staff, "block", [RecordingFactory()])
        operation = Operation.objects.get()
        plan = reverse("admin:playback_operation_plan", args=[operation.uuid])
        report = reverse("admin:playback_operation_report", args=[operation.uuid])
        assert staff.get(report).url == plan
        confirm(staff, operation)
        assert staff.get(plan).url == report

    def test_a_kind_of_an_earlier_release_stays_readable(self, staff: Client) -> None:
        operation = self.operation(staff)
        self.finish(operation)
        Operation.objects.filter(pk=operation.pk).update(kind="bygone")
        assert staff.get(reverse("admin:playback_operation_report", args=[operation.uuid])).status_code == 200
        assert staff.get(reverse("admin:playback_operation_changelist")).status_code == 200


class TestOneRecording:
    @pytest.mark.parametrize(
        ("state", "offered", "missing"),
        [
            ({}, {"block", "rename", "refresh"}, {"publish", "delete"}),
            ({"publish_status": 2}, {"publish", "rename"}, {"block"}),
            ({"status": 20, "publish_status": None}, {"refresh"}, {"publish", "block"}),
        ],
    )
    def test_buttons_fit_the_state(
        self, staff: Client, state: dict[str, Any], offered: set[str], missing: set[str]
    ) -> None:
        page = staff.get(reverse("admin:playback_recording_change", args=[RecordingFactory(**state).pk]))
        kinds = {button.kind for button in page.context["buttons"]}
        assert offered <= kinds
        assert not missing & kinds

    def test_a_button_plans_for_this_recording_alone(self, staff: Client) -> None:
        recording, _other = RecordingFactory.create_batch(2)
        answer = staff.post(reverse("admin:playback_recording_operate", args=[recording.pk, "block"]))
        operation = Operation.objects.get()
        assert str(operation.uuid) in answer.url
        assert [item.recording_id for item in operation.items.all()] == [recording.pk]

    def test_unknown_kinds_and_recordings_are_not_found(self, staff: Client) -> None:
        recording = RecordingFactory()
        url = "admin:playback_recording_operate"
        assert staff.post(reverse(url, args=[recording.pk, "explode"])).status_code == 404
        assert staff.post(reverse(url, args=[recording.pk + 1, "block"])).status_code == 404

    def test_its_operations_are_listed(self, staff: Client) -> None:
        recording = RecordingFactory()
        staff.post(reverse("admin:playback_recording_operate", args=[recording.pk, "block"]))
        own = reverse("admin:playback_recording_change", args=[recording.pk])
        operation = Operation.objects.get()
        assert str(operation.uuid) not in staff.get(own).content.decode(), "a plan is nothing that was done"
        confirm(staff, operation)
        staff.post(reverse("admin:playback_recording_operate", args=[recording.pk, "refresh"]))
        later = Operation.objects.get(kind="refresh")
        confirm(staff, later)
        words = staff.get(own).content.decode()
        assert -1 < words.find(str(later.uuid)) < words.find(str(operation.uuid)), "the newest first"


def test_names_and_titles_are_escaped_everywhere(staff: Client) -> None:
    evil = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{ 7|add:7 }}'
    recording = RecordingFactory(name=evil, room__title=evil, cover_url='https://x/"onerror="alert(3)')
    select(staff, "block", [recording])
    operation = Operation.objects.get()
    pages = [
        reverse(LIST),
        reverse("admin:playback_recording_change", args=[recording.pk]),
        reverse("admin:playback_room_changelist"),
        reverse("admin:playback_room_change", args=[recording.room_id]),
        reverse("admin:playback_operation_plan", args=[operation.uuid]),
        reverse("admin:index"),
    ]
    for url in pages:
        words = staff.get(url).content.decode()
        assert "<img src=x" not in words, url
        assert "<script>alert" not in words, url
        assert '"onerror="' not in words, url


def test_an_inactive_owner_confirms_nothing(staff: Client) -> None:
    select(staff, "block", [RecordingFactory()])
    operation = Operation.objects.get()
    User.objects.update(is_active=False)
    answer = confirm(staff, operation)
    assert answer.status_code == 302
    operation.refresh_from_db()
    assert operation.state == Operation.State.PLANNED


def test_rights_taken_away_between_plan_and_confirmation(staff: Client) -> None:
    select(staff, "block", [RecordingFactory()])
    operation = Operation.objects.get()
    assert operation.user is not None
    operation.user.groups.clear()
    assert confirm(staff, operation).status_code == 403
    operation.refresh_from_db()
    assert operation.state == Operation.State.PLANNED


def test_a_person_may_confirm_for_others_where_allowed(client: Client, staff: Client) -> None:
    select(staff, "block", [RecordingFactory()])
    operation = Operation.objects.get()
    client.force_login(person("administrator"))
    assert confirm(client, operation).status_code == 302
    operation.refresh_from_db()
    assert operation.state == Operation.State.QUEUED
