"""Pages of a list that is longer than it is counted: from the front, from the end, in every order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.templatetags import admin_urls
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse
from django.utils import timezone
from django.utils.html import escape

from playback.admin import paging
from playback.admin.recording import RecordingAdmin
from playback.admin.watch_record import WatchRecordAdmin
from playback.models import Operation, Recording, WatchRecord
from tests.factories import START, RecordingFactory, RoomFactory

pytestmark = [pytest.mark.django_db, pytest.mark.portable]

LIST = reverse("admin:playback_recording_changelist")
PER_PAGE = 4
PAGES = 5  # of a list that was not counted to its end
NEAR = 4  # those of a search, as far as it is counted on its first two pages


@pytest.fixture(autouse=True)
def _short_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "COUNT_STOPS_AT", PER_PAGE * PAGES + 1)
    monkeypatch.setattr(paging, "OF_SEARCH_STOPS_AT", PER_PAGE * NEAR + 1)
    for admin in (RecordingAdmin, WatchRecordAdmin):
        monkeypatch.setattr(admin, "list_per_page", PER_PAGE)


@pytest.fixture
def many() -> list[Recording]:
    """31: two on what would be the last page. Columns have equal values and empty ones."""
    room = RoomFactory()
    return [
        RecordingFactory(
            room=room,
            session_id=1 + n,
            name=f"第{n // 3}讲",
            status=(10, 20, 100)[n % 3],
            publish_status=(None, 1, 2)[n % 3],
            created_at=None if n % 10 == 9 else START + timedelta(hours=n // 2),
            length=None if n % 7 == 0 else n % 4,
            play_times=None if n % 5 == 0 else n % 2,
            total_transcode_size=None if n % 6 == 0 else n,
            expires_at=None if n % 4 == 0 else START + timedelta(days=n % 8),
        )
        for n in range(31)
    ]


def listed(client: Client, url: str = LIST, **query: Any) -> Any:
    answer = client.get(url, query)
    assert answer.status_code == 200, (query, answer.status_code, getattr(answer, "url", ""))
    return answer.context["cl"]


def ids(cl: Any) -> list[int]:
    return [row.pk for row in cl.result_list]


def whole(cl: Any) -> list[int]:
    """The list that the pages are cut from, uncut."""
    return list(cl.queryset.values_list("pk", flat=True))


@pytest.mark.parametrize("order", ["", *(f"{sign}{column}" for column in range(1, 12) for sign in ("", "-")), "5.-7"])
def test_pages_from_either_end_are_slices_of_one_list(staff: Client, many: list[Recording], order: str) -> None:
    query = {"o": order} if order else {}
    expected = whole(listed(staff, **query))
    assert sorted(expected) == sorted(row.pk for row in many)
    for number in range(1, PAGES + 1):
        first = (number - 1) * PER_PAGE
        assert ids(listed(staff, p=number, **query)) == expected[first : first + PER_PAGE], number
        end = len(expected) - first
        assert ids(listed(staff, p=-number, **query)) == expected[end - PER_PAGE : end], -number


def test_the_other_direction_is_the_same_list_turned_round(staff: Client, many: list[Recording]) -> None:
    """So that one index serves both. (The expiry's empty values stay last from the start.)"""
    for column in (2, 4, 5, 6, 7, 8, 9, 10):
        assert whole(listed(staff, o=column)) == whole(listed(staff, o=f"-{column}"))[::-1], column
    by_state = whole(listed(staff, o=4))
    ready = [pk for pk in by_state if Recording.objects.get(pk=pk).status == 100]
    newest_first = Recording.objects.filter(status=100).values_list("pk", flat=True)
    assert ready == list(newest_first)  # equal ones in the list's own order


def test_filters_and_searches_have_a_last_page_too(staff: Client, many: list[Recording]) -> None:
    for row in many[:3]:
        Recording.objects.filter(pk=row.pk).update(gone_at=timezone.now())
    for query in ({"q": "讲"}, {"status__exact": "100"}, {"q": "讲", "presence": "all", "o": "-7"}):
        cl = listed(staff, p=-1, **query)
        expected = whole(cl)
        if len(expected) > PER_PAGE * PAGES:
            assert ids(cl) == expected[-PER_PAGE:]
        else:
            assert ids(cl) == expected[(len(expected) - 1) // PER_PAGE * PER_PAGE :]


def test_a_search_is_counted_further_on_its_deeper_pages(staff: Client, many: list[Recording]) -> None:
    expected = whole(listed(staff, q="讲"))
    assert len(expected) == len(many)
    for number in range(1, PAGES + 1):
        cl = listed(staff, q="讲", p=number)
        told, pages = ("16+", NEAR) if number <= NEAR // 2 else ("20+", PAGES)
        assert (str(cl.result_count), cl.paginator.num_pages) == (told, pages), number
        assert told in staff.get(LIST, {"q": "讲", "p": number}).content.decode()
        assert ids(cl) == expected[(number - 1) * PER_PAGE : number * PER_PAGE]
        assert "p=-1" in cl.pages_from_end[-1].url
    for number in range(1, PAGES + 1):
        cl = listed(staff, q="讲", p=-number)
        assert (str(cl.result_count), cl.paginator.num_pages) == ("20+", PAGES)
        end = len(expected) - (number - 1) * PER_PAGE
        assert ids(cl) == expected[end - PER_PAGE : end]
    for number in (PAGES + 1, -PAGES - 1):
        assert staff.get(LIST, {"q": "讲", "p": number}).url == f"{LIST}?e=1"
    assert str(listed(staff).result_count) == "20+"


@pytest.mark.parametrize(
    ("found", "near", "far", "last"),
    [(5, "5", "5", 2), (16, "16", "16", 4), (17, "16+", "17", 5), (20, "16+", "20", 5)],
)
def test_what_a_search_tells_is_true(
    staff: Client, many: list[Recording], found: int, near: str, far: str, last: int
) -> None:
    Recording.objects.filter(pk__in=[row.pk for row in many[:found]]).update(name="要找的")
    first = listed(staff, q="要找")
    assert str(first.result_count) == near
    assert all(listed(staff, q="要找", p=number).result_list for number in range(1, first.paginator.num_pages + 1))
    end = listed(staff, q="要找", p=-1)
    assert (str(end.result_count), end.page_num) == (far, last)
    assert str(listed(staff, q="要找", p=last).result_count) == far
    assert ids(end) == whole(first)[(last - 1) * PER_PAGE :]


def test_a_rows_address_has_the_lists_filters(staff: Client, many: list[Recording]) -> None:
    """As Django adds them, without its search for the view of each row."""
    looked_up = 0

    def counted(*args: Any) -> Any:
        nonlocal looked_up
        looked_up += 1
        return resolve(*args)

    query = {"q": "讲", "p": "2", "publish_status__exact": "1"}
    answer = staff.get(LIST, query)
    kept = {"preserved_filters": urlencode({"_changelist_filters": urlencode(query)}), "opts": Recording._meta}
    for row in answer.context["cl"].result_list:
        address = reverse("admin:playback_recording_change", args=[row.pk])
        link = admin_urls.add_preserved_filters(kept, address)
        assert f'href="{escape(link)}"' in answer.content.decode()
        assert "p%3D2" in link
    assert f'href="{address}"' not in answer.content.decode()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(admin_urls, "resolve", counted)
        staff.get(LIST, query)
    assert looked_up <= 1
    row = listed(staff).result_list[0]
    assert f'href="{reverse("admin:playback_recording_change", args=[row.pk])}"' in staff.get(LIST).content.decode()


def test_a_list_that_was_counted_to_its_end_ends_by_number(staff: Client, many: list[Recording]) -> None:
    Recording.objects.filter(pk__in=[row.pk for row in many[18:]]).delete()
    cl = listed(staff, p=-1)
    assert (cl.page_num, len(ids(cl))) == (5, 2)
    assert listed(staff, p=-5).page_num == 1
    assert cl.pages_from_end == []
    assert "p=-1" not in staff.get(LIST).content.decode()
    Recording.objects.filter(pk__in=[row.pk for row in many[3:]]).delete()
    assert len(ids(listed(staff, p=-1))) == len(ids(listed(staff, p=7))) == 3  # one page: any number shows it


@pytest.mark.parametrize("page", ["0", "6", "-6", "99999999999999999999"])
def test_pages_that_are_not_there(staff: Client, many: list[Recording], page: str) -> None:
    answer = staff.get(LIST, {"p": page})
    assert (answer.status_code, answer.url) == (302, f"{LIST}?e=1")


@pytest.mark.parametrize("page", ["", "x", "1.5", "--1"])
def test_junk_is_the_first_page(staff: Client, many: list[Recording], page: str) -> None:
    assert listed(staff, p=page).page_num == 1


def test_the_bar_leads_to_both_ends(staff: Client, many: list[Recording]) -> None:
    def links(**query: Any) -> list[str]:
        page = staff.get(LIST, {"status__exact": "", **query})
        return [part.url for part in page.context["cl"].pages_from_end if not part.current]

    assert [link.split("p=")[1].split("&")[0] for link in links()] == ["-1"]
    assert [link.split("p=")[1].split("&")[0] for link in links(p=-3)] == ["-4", "-2", "-1"]
    assert [link.split("p=")[1].split("&")[0] for link in links(p=-5)] == ["-4", "-1"]
    page = staff.get(LIST, {"o": "2", "p": "-3"}).content.decode()
    for link in ("?o=2&amp;p=-1", "?o=2&amp;p=-2", "?o=2&amp;p=-4", "?o=2&amp;p=1", "?o=2&amp;p=2"):
        assert f'href="{link}"' in page, link
    assert 'aria-current="page"' in page


def test_a_selection_on_a_page_from_the_end(staff: Client, many: list[Recording]) -> None:
    shown = ids(listed(staff, p=-2))
    staff.post(f"{LIST}?p=-2", {"action": "block", ACTION_CHECKBOX_NAME: shown[:2]})
    planned = Operation.objects.get()
    assert set(planned.items.values_list("recording", flat=True)) == set(shown[:2])


def test_all_that_match_are_all_however_far_they_were_counted(staff: Client, many: list[Recording]) -> None:
    Recording.objects.filter(pk=many[0].pk).update(gone_at=timezone.now())
    page = staff.get(LIST, {"p": "-1"})
    assert "20+" in page.content.decode()
    shown = ids(page.context["cl"])
    staff.post(f"{LIST}?p=-1", {"action": "block", ACTION_CHECKBOX_NAME: shown, "select_across": "1"})
    planned = Operation.objects.get()
    assert set(planned.items.values_list("recording", flat=True)) == {row.pk for row in many[1:]}


def test_a_page_from_the_end_costs_what_one_from_the_front_costs(staff: Client, many: list[Recording]) -> None:
    listed(staff)  # how old the data is was asked, and is kept for some seconds
    counted = []
    for page in ("1", "-1"):
        with CaptureQueriesContext(connection) as queries:
            listed(staff, p=page)
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 12


def test_watch_records_have_a_last_page(staff: Client) -> None:
    WatchRecord.objects.bulk_create(
        WatchRecord(
            guid=f"g{n}",
            day=START.date() + timedelta(days=n // 5),
            began_at=None if n % 6 == 0 else START + timedelta(hours=n),
            user_name="张",
        )
        for n in range(30)
    )
    url = reverse("admin:playback_watchrecord_changelist")
    for query in ({}, {"o": "3"}, {"o": "-3"}, {"q": "张"}):
        cl = listed(staff, url, p=-1, **query)
        assert ids(cl) == whole(cl)[-PER_PAGE:]
    assert str(listed(staff, url, q="张").result_count) == "20+"  # its index has the order: counted as far as the list
