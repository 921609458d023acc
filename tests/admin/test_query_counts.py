"""A list page costs the same, however long the list: at most 12 queries."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from playback.admin.paging import COUNT_STOPS_AT, OF_SEARCH_STOPS_AT, CappedCount
from playback.models import Recording, Room
from tests.factories import MergeFactory, OperationItemFactory, RecordingFactory, SyncRunFactory, VersionFactory, person

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
MOST = 12


def fill(count: int) -> None:
    user = person("teacher", username=f"someone-{count}")
    for recording in RecordingFactory.create_batch(count):
        VersionFactory(recording=recording)
        SyncRunFactory(user=user)
        MergeFactory(asked_by=user)
        OperationItemFactory(recording=recording, operation__user=user)


@pytest.mark.parametrize("name", ["room", "recording", "version", "merge", "syncrun", "operation", "index"])
def test_the_number_of_queries_does_not_grow(signed_in: Callable[[str], Client], name: str) -> None:
    client = signed_in("course staff")
    url = reverse("admin:index") if name == "index" else reverse(f"admin:playback_{name}_changelist")
    client.get(url)
    counted = []
    for more in (3, 60):
        fill(more)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(url).status_code == 200
        counted.append(len(queries))
    assert counted[0] == counted[1], [query["sql"] for query in queries]
    assert counted[1] <= MOST, [query["sql"] for query in queries]


def test_search_and_filters_cost_no_more(staff: Client) -> None:
    fill(30)
    with CaptureQueriesContext(connection) as queries:
        staff.get(
            reverse("admin:playback_recording_changelist"),
            {"q": "函数", "status__exact": "100", "created_at_from": "2020-01-01", "length_to": "600", "o": "-3"},
        )
    assert len(queries) <= MOST


def test_the_count_stops(staff: Client) -> None:
    now = timezone.now()
    room = Room.objects.create(room_id=1, first_seen_at=now)
    Recording.objects.bulk_create(
        Recording(room=room, session_id=n, name=f"第{n}讲", first_seen_at=now) for n in range(COUNT_STOPS_AT + 200)
    )
    page = staff.get(reverse("admin:playback_recording_changelist"))
    assert page.context["cl"].result_count == COUNT_STOPS_AT
    assert "10,000+" in page.content.decode()
    assert str(COUNT_STOPS_AT) not in page.content.decode()
    assert staff.get(reverse("admin:playback_recording_changelist"), {"p": "5"}).status_code == 200


def test_a_count_is_written_as_it_is() -> None:
    assert str(CappedCount(10_000, COUNT_STOPS_AT)) == "10,000"
    assert str(CappedCount(COUNT_STOPS_AT, COUNT_STOPS_AT)) == "10,000+"
    assert str(CappedCount(OF_SEARCH_STOPS_AT, OF_SEARCH_STOPS_AT)) == "2,000+"
