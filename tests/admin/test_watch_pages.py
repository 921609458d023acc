"""The list of watch records, its files, and the panel of a recording."""

from __future__ import annotations

import csv
import json
import re
from datetime import datetime, timedelta
from html import unescape
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from playback.admin import watch_export
from playback.models import Recording
from playback.sync.watch_store import store_page
from playback.vendor.results import WatchRow
from tests.factories import RecordingFactory

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
LIST = reverse("admin:playback_watchrecord_changelist")
AT = datetime(2024, 5, 6, 9, 0, tzinfo=timezone.get_default_timezone())


@pytest.fixture
def recording() -> Recording:
    return RecordingFactory(name="函数", length=1000)


def watched(recording: Recording | None, count: int = 1, days: int = 0, **fields: Any) -> None:
    """Stored as a page of the vendor's is."""
    at = AT + timedelta(days=days)
    given = {"began_at": at, "ended_at": at, "play_length": 500, "client_type": 5, "user_ip": "60.1.2.3", **fields}
    video = recording.video_id if recording else 1
    tag = f"{video}-{days}-{fields.get('user_number')}-{fields.get('user_name')}-{fields.get('client_type')}"
    store_page(at.date(), [WatchRow(f"{tag}-{n}", video_id=video, **given) for n in range(count)])


def listed(client: Client, **query: Any) -> str:
    answer = client.get(LIST, query)
    assert answer.status_code == 200, answer
    return answer.content.decode().split('id="result_list"')[-1].split("</form>")[0]


def csv_rows(client: Client, **query: Any) -> list[list[str]]:
    answer = client.get(reverse("admin:playback_watchrecord_export", args=["csv"]), query)
    assert answer.streaming
    text = b"".join(answer.streaming_content).decode()
    assert text[0] == "\ufeff"
    return list(csv.reader(StringIO(text[1:])))


def test_teachers_have_none_of_it(teacher: Client, recording: Recording) -> None:
    watched(recording)
    panel = reverse("admin:playback_recording_panel", args=[recording.pk, "watching"])
    for url in (LIST, panel, reverse("admin:playback_watchrecord_export", args=["csv"])):
        assert teacher.get(url).status_code == 403
    assert LIST not in teacher.get(reverse("admin:index")).content.decode()


def test_only_who_sees_contacts_sees_addresses(staff: Client, administrator: Client, recording: Recording) -> None:
    watched(recording, user_name="王小明")
    one = reverse("admin:playback_watchrecord_change", args=[recording.watch_records.get().pk])
    for client, may in ((staff, False), (administrator, True)):
        told = [listed(client), client.get(one).content.decode(), str(csv_rows(client))]
        assert ["60.1.2.3" in text for text in told] == [may] * 3
        assert all("王小明" in text for text in told)
    assert LIST in staff.get(reverse("admin:index")).content.decode()


def test_search_and_filters(staff: Client, recording: Recording) -> None:
    largest = 2**64 - 1
    watched(recording, user_name="大", user_number=largest)
    watched(recording, user_name="小", user_number=7, days=1, client_type=1)
    watched(None, user_name="无", user_number=8, days=2, client_type=77)
    everything = {"大", "小", "无"}

    def met(**query: Any) -> set[str]:
        page = listed(staff, **query)
        return {name for name in everything if f">{name}<" in page}

    assert met() == everything
    assert met(q=str(largest)) == met(q="大") == {"大"}
    assert met(q=str(largest - 1)) == set()
    assert met(q=str(recording.video_id)) == met(q=recording.vendor_key) == {"大", "小"}
    assert met(day_from="2024-05-07", day_to="2024-05-07") == {"小"}
    assert met(day_from="not a day") == everything
    assert met(client_type__exact="1") == {"小"}
    assert met(recording__id__exact=str(recording.pk)) == {"大", "小"}
    assert "77" in listed(staff, q="无")
    assert [row[0] for row in csv_rows(staff, q="小")[1:]] == ["小"]


def test_a_csv_has_all_rows_and_no_formulas(staff: Client, recording: Recording) -> None:
    watched(recording, 120, user_name="=HYPERLINK(1)", user_number=9, area="＋1")
    watched(recording, user_name="后来", days=1)
    rows = csv_rows(staff)
    assert len(rows) == 1 + 121
    assert rows[1][0] == "后来"
    assert rows[2][0] == "'=HYPERLINK(1)"
    assert (rows[2][3], rows[2][5], rows[2][7], rows[2][9]) == (
        recording.vendor_key,
        f"{AT:%Y-%m-%d %H:%M:%S}",
        "500",
        "'＋1",
    )
    with CaptureQueriesContext(connection) as queries:
        csv_rows(staff)
    assert len(queries) <= 8


def test_a_workbook_is_bounded(staff: Client, recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    watched(recording, 3, user_name="=1", user_number=2**64 - 1)
    url = reverse("admin:playback_watchrecord_export", args=["xlsx"])
    sheet = load_workbook(BytesIO(staff.get(url).content)).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert len(rows) == 4
    assert rows[1][:2] == ["=1", str(2**64 - 1)]
    assert sheet["A2"].data_type == "s"
    monkeypatch.setattr(watch_export, "MOST_XLSX", 2)
    page = staff.get(url, {"day_from": "2024-05-01"}, follow=True)
    assert page.redirect_chain == [(f"{LIST}?day_from=2024-05-01", 302)]
    assert "CSV" in str(next(iter(page.context["messages"])))


def test_exports_are_looked_at_only(staff: Client) -> None:
    assert staff.post(reverse("admin:playback_watchrecord_export", args=["csv"])).status_code == 405
    assert staff.get(reverse("admin:playback_watchrecord_export", args=["exe"])).status_code == 404


def test_the_panel_counts(staff: Client, recording: Recording) -> None:
    url = reverse("admin:playback_recording_panel", args=[recording.pk, "watching"])
    assert "canvas" not in staff.get(url).content.decode()
    watched(recording, 3, user_name="甲", user_number=1)  # 1500 of 1000 s: all of it
    watched(recording, 1, user_name="乙", client_type=1)
    watched(recording, 1, days=2, user_name="甲", user_number=1)
    watched(RecordingFactory(), 5, user_name="丙")
    page = staff.get(url).content.decode()
    chart = json.loads(unescape(re.findall(r'data-bars="([^"]*)"', page)[0]))
    assert chart["labels"] == ["05-06", "05-07", "05-08"]
    assert (chart["plays"]["data"], chart["viewers"]["data"]) == ([4, 0, 1], [2, 0, 1])
    tallies = re.findall(r"<dd>(.*?)</dd>", page)
    assert tallies == ["5", "2", "0:41:40", "67%"]
    lines = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", page, re.S)]
    assert ["2024-05-06", "4", "2", "0:33:20", "75%"] in lines
    assert ["iPhone", "1", "20%"] in lines
    assert listed(staff, recording__id__exact=recording.pk).count("<tr") - 1 == 5


def test_the_list_costs_the_same(staff: Client, recording: Recording) -> None:
    counted = []
    for number in (3, 60):
        for n in range(number):
            watched(RecordingFactory(), user_number=n)
        staff.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            staff.get(LIST)
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 12
