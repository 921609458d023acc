"""Expiry in the pages: the list's column and filter, the recording's facts, the front page's tile, the form."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from playback.models import Operation, Recording
from playback.sandbox.server import Sandbox
from tests.factories import RecordingFactory
from tests.operations.vendor import mirrored

from .test_filters import shown
from .test_flow import select

pytestmark = [pytest.mark.django_db, pytest.mark.portable]


def expiring(days: float, **facts: Any) -> Recording:
    now = timezone.now()
    recording: Recording = RecordingFactory(expires_at=now + timedelta(days=days), expiry_read_at=now, **facts)
    return recording


def page_of(client: Client, recording: Recording) -> str:
    return client.get(reverse("admin:playback_recording_change", args=[recording.pk])).content.decode()


def operate(client: Client, recording: Recording, **posted: Any) -> Any:
    return client.post(reverse("admin:playback_recording_operate", args=[recording.pk, "set_expiry"]), posted)


def test_the_filter(staff: Client) -> None:
    over, week, month, later = (expiring(days) for days in (-1, 6.9, 29.9, 31))
    never = RecordingFactory(valid_days=0, expiry_read_at=timezone.now())
    unknown, unasked = RecordingFactory(expiry_read_at=timezone.now()), RecordingFactory()
    assert shown(staff, expires="week") == {week.pk}
    assert shown(staff, expires="month") == {week.pk, month.pk}
    assert shown(staff, expires="dated") == {over.pk, week.pk, month.pk, later.pk}
    assert shown(staff, expires="over") == {over.pk}
    assert shown(staff, expires="never") == {never.pk}
    assert shown(staff, expires="unknown") == {unknown.pk, unasked.pk}
    assert len(shown(staff)) == 7


def test_the_soonest_comes_first_and_what_has_no_date_last(staff: Client) -> None:
    late, soon, none = expiring(20), expiring(2), RecordingFactory(valid_days=0)
    page = staff.get(reverse("admin:playback_recording_changelist"))
    column = page.context["cl"].list_display.index("expires")
    page = staff.get(reverse("admin:playback_recording_changelist"), {"o": str(column)})
    assert [row.pk for row in page.context["cl"].result_list] == [soon.pk, late.pk, none.pk]


def test_the_tile_counts_what_its_list_shows(staff: Client) -> None:
    expiring(3)
    expiring(29)
    expiring(-3)
    expiring(3, gone_at=timezone.now())
    (tile,) = [tile for tile in staff.get(reverse("admin:index")).context["tiles"] if "expires=" in tile["url"]]
    assert (tile["count"], tile["tone"]) == ("2", "warning")
    assert len({row.pk for row in staff.get(tile["url"]).context["cl"].result_list}) == 2


def test_the_page_says_until_when_and_as_of_when(staff: Client) -> None:
    read_at = datetime.fromisoformat("2026-03-02T04:40:07+08:00")
    facts = {"created_at": datetime.fromisoformat("2026-01-01T09:00:00+08:00"), "expiry_read_at": read_at}
    days = RecordingFactory(valid_days=30, expires_at=facts["created_at"] + timedelta(days=30), **facts)
    page = page_of(staff, days)
    assert "2026-01-31 09:00" in page
    assert "2026-03-02 04:40:07" in page
    assert "30" in page
    for fact, words in (
        (RecordingFactory(valid_days=0, **facts), "永久"),
        (RecordingFactory(**facts), "百家云没有说明"),
        (RecordingFactory(), "尚未查询"),
        (RecordingFactory(created_at=datetime.fromisoformat("2022-11-22T10:00:00+08:00")), "百家云不设有效期"),
    ):
        assert words in page_of(staff, fact)


def test_the_button_is_offered_to_who_may(staff: Client, teacher: Client) -> None:
    recording = RecordingFactory()
    assert 'data-kind="set_expiry"' in page_of(staff, recording)
    assert 'data-kind="set_expiry"' not in page_of(teacher, recording)
    assert operate(teacher, recording).status_code == 403
    old = RecordingFactory(created_at=datetime.fromisoformat("2022-01-01T10:00:00+08:00"))
    assert 'data-kind="set_expiry"' not in page_of(staff, old)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"mode": "days", "days": "soon"}, "days"),
        ({"mode": "date", "date": "2020-01-01T10:00"}, "date"),
        ({"mode": "", "days": "30"}, "mode"),
    ],
)
def test_bad_input_is_a_sentence_at_its_field_and_nothing_is_lost(
    staff: Client, typed: dict[str, str], field: str
) -> None:
    answer = operate(staff, RecordingFactory(), _planned="1", **typed)
    assert answer.status_code == 200
    form = answer.context["form"]
    assert list(form.errors) == [field]
    page = answer.content.decode()
    assert form.errors[field][0] in page
    for value in typed.values():
        assert f'value="{value}"' in page
    assert not Operation.objects.exists()


def test_a_form_becomes_a_plan_that_was_read_from_the_vendor(staff: Client, sandbox: Sandbox) -> None:
    recording = mirrored(sandbox)
    sandbox.state.update_recording(recording.room_id, valid_day=30)
    form = select(staff, "set_expiry", [recording])
    assert form.context["form"]["mode"].value() == "days"
    answer = select(staff, "set_expiry", [recording], _planned="1", mode="days", days="90")
    operation = Operation.objects.get()
    assert operation.parameters == {"mode": "days", "days": 90}
    page = staff.get(answer.url).content.decode()
    end = timezone.localtime(recording.created_at + timedelta(days=90)).strftime("%Y-%m-%d %H:%M")  # type: ignore[operator]
    assert end in page


def test_the_plan_points_out_what_vanishes(staff: Client, sandbox: Sandbox) -> None:
    recording = mirrored(sandbox)
    Recording.objects.update(created_at=timezone.now() - timedelta(days=10))
    answer = select(staff, "set_expiry", [recording], _planned="1", mode="days", days="3")
    page = staff.get(answer.url).content.decode()
    assert "学员将立即无法观看" in page
    assert User.objects.filter(is_superuser=True).count() == 0  # by course staff's own right
