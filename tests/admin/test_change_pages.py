"""The history in the list and on its rows' pages, and what the vendor does not show of our operations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from playback.admin import drift
from playback.models import Change, Operation, OperationItem, Recording
from tests.factories import (
    OperationFactory,
    OperationItemFactory,
    RecordingFactory,
    RoomFactory,
    SyncRunFactory,
    VersionFactory,
    person,
)

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("english")]
LIST = "admin:playback_change_changelist"
SignIn = Callable[[str], Client]


@pytest.fixture
def english(settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"


def change(about: Recording | None = None, /, **values: Any) -> Change:
    recording = about or RecordingFactory()
    now = timezone.now()
    given = {
        "kind": "vendor",
        "subject": "recording",
        "recording": recording,
        "label": f"{recording.name} ({recording.vendor_key})",
        "fields": {"publish_status": [1, 2]},
        "seen_at": now,
        "since": now - timedelta(days=1),
    }
    return Change.objects.create(**{**given, **values})


def text(client: Client, url: str, **query: str) -> str:
    response = client.get(url, query, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def missed(recording: Recording, **values: Any) -> OperationItem:
    """An item that is done, and not shown."""
    operation = OperationFactory(kind="block", state=Operation.State.DONE, user=person("", username="zhang"))
    given = {"outcome": "done", "change": {"publish_status": [1, 2]}, "missing": {"publish_status": [2, 1]}}
    item: OperationItem = OperationItemFactory(operation=operation, recording=recording, **{**given, **values})
    return item


def test_the_list_tells_each_in_words(staff: Client) -> None:
    version = VersionFactory(recording__name="集合的运算")
    change(version.recording, fields={"publish_status": [1, 2], "length": [600, 5025], "name": ["<b>旧</b>", "新"]})
    change(version.recording, kind="strayed", version=version, subject="version", fields={"status": [20, 100]})
    change(version.recording, kind="gone", fields={})
    page = text(staff, reverse(LIST))
    for words in ("Published", "Blocked", "0:10:00", "1:23:45", "&lt;b&gt;旧"):
        assert words in page
    assert "Our copy had strayed" in page
    assert "<b>旧" not in page
    assert reverse("admin:playback_version_change", args=[version.pk]) in page
    assert reverse("admin:playback_recording_change", args=[version.recording_id]) in page


def test_an_operations_change_names_it_to_those_who_may_see_operations(signed_in: SignIn) -> None:
    operation = OperationFactory(kind="block", user=person("", username="zhang"))
    entry = change(own=True, operation=operation)
    report = reverse("admin:playback_operation_report", args=[operation.uuid])
    for url in (reverse(LIST), reverse("admin:playback_recording_change", args=[entry.recording_id])):
        seen = text(signed_in("course staff") if url == reverse(LIST) else signed_in("administrator"), url)
        assert report in seen
        assert "zhang" in seen
    teacher = signed_in("teacher")
    for url in (reverse(LIST), reverse("admin:playback_recording_change", args=[entry.recording_id])):
        seen = text(teacher, url)
        assert report not in seen
        assert "zhang" not in seen
        assert "An operation here" in seen


def test_echoes_stand_with_their_version_alone(staff: Client) -> None:
    version = VersionFactory()
    change(version.recording, version=version, subject="version", echo=True, fields={"name": ["甲", "乙丙丁"]})
    assert "乙丙丁" not in text(staff, reverse(LIST))
    assert "乙丙丁" not in text(staff, reverse("admin:playback_recording_change", args=[version.recording_id]))
    assert "乙丙丁" in text(staff, reverse("admin:playback_version_change", args=[version.pk]))
    assert "乙丙丁" in text(staff, reverse(LIST), version__exact=str(version.pk))


def test_it_is_found_by_ids_and_filters(staff: Client) -> None:
    mine, other = RecordingFactory(name="力学"), RecordingFactory(name="光学")
    change(mine, fields={"name": ["旧名一", "力学"]})
    change(
        other,
        kind="strayed",
        own=False,
        fields={"name": ["旧名二", "光学"]},
        seen_at=timezone.now() - timedelta(days=9),
    )
    room = RoomFactory(title="化学教室")
    change(mine, subject="room", room=room, recording=None, fields={"title": ["旧名三", "化学教室"]}, own=True)

    def found(**query: str) -> list[str]:
        page = text(staff, reverse(LIST), **query)
        return [name for name in ("旧名一", "旧名二", "旧名三") if name in page]

    assert found() == ["旧名一", "旧名二", "旧名三"]
    assert found(q=str(mine.video_id)) == ["旧名一"]
    assert found(q=str(other.room_id)) == ["旧名二"]
    assert found(q=str(room.pk)) == ["旧名三"]
    assert found(q="力学") == ["旧名一"]
    assert found(kind__exact="strayed") == ["旧名二"]
    assert found(subject__exact="room") == ["旧名三"]
    assert found(cause="behind") == ["旧名一", "旧名二"]
    assert found(cause="own") == ["旧名三"]
    day = timezone.localtime(timezone.now() - timedelta(days=2)).date().isoformat()
    assert found(seen_at_from=day) == ["旧名一", "旧名三"]
    assert found(recording__exact=str(mine.pk)) == ["旧名一"]


def test_the_page_of_one_and_of_a_column_that_is_no_more(staff: Client) -> None:
    run = SyncRunFactory()
    entry = change(run=run, fields={"created_at": ["2024-03-01T08:00:00+00:00", None], "colour": ["红", "绿"]})
    page = text(staff, reverse("admin:playback_change_change", args=[entry.pk]))
    assert "2024-03-01 16:00:00 Beijing time" in page
    assert "Colour" in page
    assert reverse("admin:playback_syncrun_change", args=[run.pk]) in page


def test_rooms_and_rows_without_history(staff: Client) -> None:
    recording = RecordingFactory()
    change(recording, subject="room", room=recording.room, recording=None, fields={"title": ["旧", "新新新"]})
    assert "新新新" in text(staff, reverse("admin:playback_room_change", args=[recording.room_id]))
    page = text(staff, reverse("admin:playback_recording_change", args=[recording.pk]))
    assert "Nothing has changed since it was first seen." in page


@pytest.mark.parametrize("group", ["administrator", "course staff", "teacher", ""])
def test_who_may_see_it(signed_in: SignIn, group: str) -> None:
    expected = 200 if group else 403
    entry = change()
    client = signed_in(group)
    assert client.get(reverse(LIST)).status_code == expected
    assert client.get(reverse("admin:playback_change_change", args=[entry.pk])).status_code == expected
    assert client.post(reverse("admin:playback_change_change", args=[entry.pk]), {}).status_code == 405


def test_the_cost_does_not_grow(staff: Client) -> None:
    counted = []
    recording = RecordingFactory()
    pages = [reverse(LIST), reverse("admin:playback_recording_change", args=[recording.pk])]
    for url in pages:
        staff.get(url)
    for more in (3, 30):
        for _ in range(more):
            change(own=True, operation=OperationFactory(user=person("", username=f"p{Change.objects.count()}")))
            change(recording, version=VersionFactory(recording=recording), subject="version", kind="strayed")
        for url in pages:
            with CaptureQueriesContext(connection) as queries:
                staff.get(url)
            counted.append(len(queries))
    assert counted[0] == counted[2], counted
    assert counted[0] <= 8
    assert counted[1] == counted[3], counted


# ---------------------------------------------------------------- not shown by the vendor


def test_the_report_the_recording_and_the_list_say_what_is_not_shown(staff: Client) -> None:
    item = missed(RecordingFactory())
    fine = OperationFactory(kind="publish", state=Operation.State.DONE)
    sentence = "It is done, but the vendor does not show it. Publish state: expected Blocked, shown is Published."
    assert sentence in text(staff, reverse("admin:playback_operation_report", args=[item.operation.uuid]))
    assert sentence in text(staff, reverse("admin:playback_recording_change", args=[item.recording_id]))
    page = text(staff, reverse("admin:playback_operation_changelist"), shown="no")
    assert "Not shown by the vendor" in page
    rows = staff.get(reverse("admin:playback_operation_changelist"), {"shown": "no"}).context["cl"].result_list
    assert [row.pk for row in rows] == [item.operation_id] != [fine.pk]


def test_a_report_is_narrowed_to_what_is_not_shown(staff: Client) -> None:
    item = missed(RecordingFactory(name="未生效的一课"))
    OperationItemFactory(operation=item.operation, recording=RecordingFactory(name="生效的一课"), outcome="done")
    report = reverse("admin:playback_operation_report", args=[item.operation.uuid])
    page = staff.get(report)
    assert page.context["not_shown"] == 1
    assert 'data-outcome="not_shown"' in page.content.decode()
    narrowed = staff.get(report, {"outcome": "not_shown"})
    assert [row.pk for row in narrowed.context["page"].object_list] == [item.pk]
    download = reverse("admin:playback_operation_download", args=[item.operation.uuid])
    sheet = load_workbook(BytesIO(staff.get(download, {"outcome": "not_shown"}).content)).active
    assert sheet is not None
    assert [row[0] for row in sheet.iter_rows(values_only=True)].count("未生效的一课") == 1
    assert "生效的一课" not in [row[0] for row in sheet.iter_rows(values_only=True)]
    item.missing = None
    item.save()
    assert 'data-outcome="not_shown"' not in text(staff, report)


def test_the_summary_for_other_pages(rf: RequestFactory) -> None:
    change()
    change(kind="gone", fields={})
    change(own=True)
    change(seen_at=timezone.now() - timedelta(days=30))
    missed(RecordingFactory())
    request = rf.get("/")
    request.user = person("course staff")
    context = drift.context(request)
    assert [line["count"] for line in context["drift"]["kinds"]] == ["1", "0", "0", "1", "0"]
    html = render_to_string("playback/drift_summary.html", context)
    assert "1 change of our operations is done, but the vendor does not show it." in html
    assert "shown=no" in html
    request.user = person("teacher")
    assert "shown=no" not in render_to_string("playback/drift_summary.html", drift.context(request))
    request.user = person("", username="stranger")
    assert drift.context(request) == {}
