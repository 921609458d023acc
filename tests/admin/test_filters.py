"""The lists' filters, through the lists themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import RecordingFactory, RoomFactory, VersionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.portable]

BEIJING = ZoneInfo("Asia/Shanghai")


def shown(client: Client, model: str = "recording", **query: Any) -> set[int]:
    page = client.get(reverse(f"admin:playback_{model}_changelist"), query)
    assert page.status_code == 200
    return {row.pk for row in page.context["cl"].result_list}


def test_what_is_gone_is_hidden_until_asked_for(staff: Client) -> None:
    live, gone = RecordingFactory(), RecordingFactory(gone_at=timezone.now())
    assert shown(staff) == {live.pk}
    assert shown(staff, presence="gone") == {gone.pk}
    assert shown(staff, presence="all") == {live.pk, gone.pk}


def test_days_are_beijing_days_and_the_last_one_is_included(staff: Client) -> None:
    first = RecordingFactory(created_at=datetime(2024, 3, 5, 0, 0, tzinfo=BEIJING))
    last = RecordingFactory(created_at=datetime(2024, 3, 6, 23, 59, 59, tzinfo=BEIJING))
    RecordingFactory(created_at=datetime(2024, 3, 4, 23, 59, 59, tzinfo=BEIJING))
    RecordingFactory(created_at=datetime(2024, 3, 7, 0, 0, tzinfo=BEIJING))
    assert shown(staff, created_at_from="2024-03-05", created_at_to="2024-03-06") == {first.pk, last.pk}
    assert len(shown(staff, created_at_from="nonsense")) == 4


def test_length_is_in_minutes(staff: Client) -> None:
    short, middle, long = (RecordingFactory(length=minutes * 60) for minutes in (5, 30, 90))
    assert shown(staff, length_from="10", length_to="60") == {middle.pk}
    assert shown(staff, length_from="1.5") == {short.pk, middle.pk, long.pk}
    assert shown(staff, length_from="x", length_to="9e99") == {short.pk, middle.pk, long.pk}


def test_states_product_and_room(staff: Client) -> None:
    room = RoomFactory()
    wanted = RecordingFactory(status=20, publish_status=None, product_type=2, room=room)
    blocked = RecordingFactory(publish_status=2)
    assert shown(staff, status__exact="20") == {wanted.pk}
    assert shown(staff, publish_status__exact="2") == {blocked.pk}
    assert shown(staff, product_type__exact="2") == {wanted.pk}
    assert shown(staff, room__room_id__exact=room.pk) == {wanted.pk}


def test_main_versions(staff: Client) -> None:
    recording = RecordingFactory(main_version=1)
    original = VersionFactory(recording=recording, version=0)
    main = VersionFactory(recording=recording, version=1)
    assert shown(staff, "version", main="yes") == {main.pk}
    assert shown(staff, "version", main="no") == {original.pk}


def test_a_rooms_count_leads_to_its_recordings(staff: Client) -> None:
    room = RoomFactory()
    wanted = {RecordingFactory(room=room, session_id=n).pk for n in (1, 2)}
    RecordingFactory(room=room, session_id=3, gone_at=timezone.now())
    page = staff.get(reverse("admin:playback_room_changelist")).content.decode()
    link = f"{reverse('admin:playback_recording_changelist')}?room__room_id__exact={room.pk}"
    assert f'href="{link}">2</a>' in page
    assert shown(staff, room__room_id__exact=room.pk) == wanted


@pytest.mark.parametrize("column", range(1, 12))
def test_every_sortable_column_sorts(staff: Client, column: int) -> None:
    RecordingFactory.create_batch(3)
    for sign in ("", "-"):
        assert len(shown(staff, o=f"{sign}{column}")) == 3


def test_a_room_is_found_by_typing(staff: Client) -> None:
    RoomFactory(title="高一数学（9）班")
    RoomFactory(title="高二物理")
    answer = staff.get(
        reverse("admin:autocomplete"),
        {"app_label": "playback", "model_name": "recording", "field_name": "room", "term": "高一"},
    )
    assert [row["text"] for row in answer.json()["results"]] == ["高一数学（9）班"]
