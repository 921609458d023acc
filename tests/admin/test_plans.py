"""What PostgreSQL reads for the pages of large tables: indexes, and no more of them than is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from playback.admin import words
from playback.admin.paging import COUNT_STOPS_AT, OF_SEARCH_STOPS_AT
from playback.models import Recording
from playback.sync import indexes

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]  # the first test waits for the fill
WATCHED = reverse("admin:playback_watchrecord_changelist")
LIST = reverse("admin:playback_recording_changelist")


@pytest.fixture(scope="module")
def filled(django_db_setup: None, django_db_blocker: Any) -> Iterator[int]:
    """40,000 recordings in 400 rooms and as many watch records, once for the module; answers the first one's id."""
    from benchmarks import fill

    with django_db_blocker.unblock():
        if connection.vendor != "postgresql":
            pytest.skip("PostgreSQL's plans")
        fill.recordings(40_000, 400)
        fill.watch_records(40_000)
        indexes.ensure()
        first = Recording.objects.order_by("pk").values_list("pk", flat=True)[0]
        connection.close()
    yield first
    with django_db_blocker.unblock():
        fill.empty()
        with connection.cursor() as cursor:
            for index in indexes.OF_SEARCHES:
                cursor.execute(f"DROP INDEX IF EXISTS {index.name}")
            cursor.execute("ANALYZE")
        connection.close()


@pytest.fixture
def chief(filled: int, db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("chief"))
    return client


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def plans(client: Client, url: str, table: str, **query: Any) -> list[dict[str, Any]]:
    """How the page's statements on the table were run: every node of their plans, with what it really read."""
    client.get(url, query)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url, query)
    assert answer.status_code == 200
    statements = [q["sql"] for q in queries if f'FROM "{table}"' in q["sql"] and not q["sql"].startswith("EXPLAIN")]
    assert statements
    found: list[dict[str, Any]] = []
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}".replace("%", "%%"), [])
            found += nodes(json.loads(json.dumps(cursor.fetchone()[0]))[0]["Plan"])
    return found


def read_by(found: list[dict[str, Any]], table: str) -> set[str]:
    """The indexes it was read by; that it was read whole is a failure. A list that nothing narrows is counted by
    meeting 10,001 rows, in whatever order the planner likes."""
    whole = [node for node in found if node.get("Relation Name") == table and node["Node Type"] == "Seq Scan"]
    assert all(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) <= COUNT_STOPS_AT for node in whole), whole
    return {node["Index Name"] for node in found if "Index Name" in node}


def sorted_rows(found: list[dict[str, Any]]) -> int:
    sorts = [node for node in found if node["Node Type"] in {"Sort", "Incremental Sort"}]
    return int(max((node["Plans"][0]["Actual Rows"] * node["Plans"][0]["Actual Loops"] for node in sorts), default=0))


TABLE = "playback_watchrecord"


@pytest.mark.parametrize("page", ["1", "2", "-1"])
def test_all_watch_records(chief: Client, page: str) -> None:
    found = plans(chief, WATCHED, TABLE, p=page)
    assert "watch_newest" in read_by(found, TABLE)
    assert sorted_rows(found) <= 50


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({"client_type__exact": "7"}, "watch_by_device"),  # none of them
        ({"q": "700123"}, "watch_of_number"),
        ({"q": "张伟1"}, "watch_of_name"),
        ({"q": "500000123"}, "watch_of_recording"),  # a video's id
        ({"q": "24010100000007"}, "watch_of_recording"),  # a room's
    ],
)
def test_what_is_filtered_and_searched(chief: Client, query: dict[str, str], index: str) -> None:
    found = plans(chief, WATCHED, TABLE, **query)
    assert index in read_by(found, TABLE)
    assert sorted_rows(found) <= 1_000


def test_a_day(chief: Client) -> None:
    day = str(chief.get(WATCHED, {"p": "-1"}).context["cl"].result_list[0].day)
    found = plans(chief, WATCHED, TABLE, day_from=day, day_to=day)
    assert read_by(found, TABLE) >= {"watch_newest"}
    assert sorted_rows(found) <= 1_000


def test_a_recordings(chief: Client, filled: int) -> None:
    found = plans(chief, WATCHED, TABLE, recording__id__exact=filled + 5)
    assert "watch_of_recording" in read_by(found, TABLE)
    panel = reverse("admin:playback_recording_panel", args=[filled + 5, "watching"])
    Recording.objects.get(pk=filled + 5).watch_days.create(day="2024-01-01", plays=1, viewers=1, seconds=1)
    assert "watch_of_recording" in read_by(plans(chief, panel, TABLE), TABLE)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({"p": "-1"}, "recording_newest"),
        ({"p": "100"}, "recording_newest"),
        ({"presence": "gone"}, "recording_gone"),
        ({"status__exact": "30"}, "recording_by_status"),
        ({"room__room_id__exact": "24010100000007"}, "recording_by_room"),
        ({"expires": "week"}, "recording_by_expiry"),
        ({"expires": "unknown"}, "recording_expiry_unknown"),
        ({"o": "2"}, "recording_by_name"),
        ({"o": "-4"}, "recording_by_status"),
        ({"o": "5"}, "recording_by_publish"),
        ({"o": "6"}, "recording_by_length"),
        ({"o": "-7"}, "recording_by_size"),
        ({"o": "8"}, "recording_by_plays"),
        ({"o": "-8"}, "recording_by_plays"),
        ({"o": "10"}, "recording_by_expiry"),
        ({"o": "-10"}, "recording_by_expiry"),
        ({"q": "1000123"}, "recording_by_playback"),
        ({"q": "202401020"}, "recording_by_session"),
        ({"q": "鲸落"}, "recording_name_pairs"),
    ],
)
def test_recordings(chief: Client, query: dict[str, str], index: str) -> None:
    found = plans(chief, LIST, "playback_recording", **query)
    assert index in {node["Index Name"] for node in found if "Index Name" in node}
    assert sorted_rows(found) <= 1_000


@pytest.mark.parametrize("page", ["1", "20"])
def test_a_word_of_every_fifth_row_is_counted_after_some_thousands(chief: Client, page: str) -> None:
    """2,001 of them stand in 10,005 rows."""
    found = plans(chief, LIST, "playback_recording", q="函数", p=page)
    passed = [node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in found]
    assert OF_SEARCH_STOPS_AT * 4 < max(passed) < OF_SEARCH_STOPS_AT * 6


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("word", "way"), [("函数", "by_rows"), ("1", "by_rows"), ("鲸落", "by_pairs"), ("麒麟", "by_pairs")]
)
def test_the_way_is_chosen_by_how_common_a_word_is(filled: int, word: str, way: str) -> None:
    assert f"('name__{way}', '{word}')" in str(words.recordings([word]))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "given",
    [["鲸落"], ["鲸落", "精讲"], ["函数", "鲸落"], ["高一数学（1）班", "函数"], ["麒麟"], ["abC"], ["函数", "第1"]],
)
def test_either_way_finds_the_same(filled: int, given: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = [set(Recording.objects.filter(words.recordings(given)).values_list("pk", flat=True))]
    chosen_versions = [set(words.Version.objects.filter(words.versions(given)).values_list("pk", flat=True))]
    monkeypatch.setattr(words, "tables", lambda: {index.model: words.Table(0, False) for index in words.OF_SEARCHES})
    chosen.append(set(Recording.objects.filter(words.recordings(given)).values_list("pk", flat=True)))
    chosen_versions.append(set(words.Version.objects.filter(words.versions(given)).values_list("pk", flat=True)))
    plain = Recording.objects.all()
    for word in given:
        plain = plain.filter(words.Q(name__icontains=word) | words.Q(room__title__icontains=word))
    chosen.append(set(plain.values_list("pk", flat=True)))
    assert chosen[0] == chosen[1] == chosen[2]
    assert chosen_versions[0] == chosen_versions[1]
    assert bool(chosen[0]) == (given not in (["麒麟"], ["abC"]))
