"""The ledger's list, page, panel and search: a link is found by its hash and never becomes part of an address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from playback.models import PlayLink, Recording
from playback.play_links.ledger import hash_in, hash_of
from tests.factories import RecordingFactory, person

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
LIST = "admin:playback_playlink_changelist"
TIMED = "aZ3-_" * 11  # as the sandbox's, 55 characters
ONCE = "0f" * 16


@pytest.fixture(autouse=True)
def _english(settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"


def entered(recording: Recording, token: str = TIMED, **facts: Any) -> PlayLink:
    now = timezone.now()
    values = {"kind": "timed", "made_at": now, "expires_at": now + timedelta(days=1), "for_name": "王芳"}
    return PlayLink.objects.create(
        recording=recording, label=recording.name, token_hash=hash_of(token), **{**values, **facts}
    )


@pytest.mark.parametrize("token", [TIMED, ONCE])
@pytest.mark.parametrize(
    "shape",
    [
        "https://school.at.baijiayun.com/web/playback/index?classid=17081558148393&token={}&user_name=%E7%8E%8B",
        "  https://x.example/web/playback/index?token={}&classid=1\n",
        "classid=1&token={}",
        "?limited_token={}",
        "{}",
        " {} ",
    ],
)
def test_a_link_a_part_of_it_and_a_token_are_recognised(token: str, shape: str) -> None:
    assert hash_in(shape.format(token)) == hash_of(token)
    assert hash_in(hash_of(token)) == hash_of(token)


@pytest.mark.parametrize(
    "words",
    ["", "王芳", "17081558148393", "17081558148393-201912010", "高一数学（3）班 第十二讲 token",
     "Introduction to algebra 2024", "https://x.example/web/playback/index?classid=17081558148393", "token=",
     "https://[x?token=a"],
)  # fmt: skip
def test_what_is_no_link_is_searched_for_as_words(words: str) -> None:
    assert hash_in(words) is None


def test_a_pasted_link_is_found_and_stands_in_no_address(staff: Client) -> None:
    mine = entered(RecordingFactory(), for_name="要找的人")
    entered(RecordingFactory(), ONCE, for_name="别的人")
    for pasted in (f"https://x.example/play?classid=1&token={TIMED}", TIMED):
        answer = staff.post(reverse("admin:playback_playlink_find"), {"q": pasted, "kind__exact": "timed"})
        assert answer.status_code == 302
        assert TIMED not in answer.url
        assert "kind__exact=timed" in answer.url
        body = staff.get(answer.url).content.decode()
        assert "要找的人" in body
        assert "别的人" not in body
        assert TIMED not in body
        assert reverse("admin:playback_playlink_change", args=[mine.pk]) in body
    nothing = staff.post(reverse("admin:playback_playlink_find"), {"q": "x1" * 20}, follow=True)
    assert "Nothing matches" in nothing.content.decode()


def test_the_search_box_is_a_post(staff: Client) -> None:
    entered(RecordingFactory())
    body = staff.get(reverse(LIST)).content.decode()
    assert f'method="post" action="{reverse("admin:playback_playlink_find")}"' in body
    assert staff.get(reverse("admin:playback_playlink_find")).status_code == 405


@pytest.mark.parametrize("words", ["单调性", "王芳", "2023001", "{room}", "{room}-{session}", "{video}", "{name}"])
def test_found_by_recording_and_by_for_whom(staff: Client, words: str) -> None:
    recording = RecordingFactory(session_id=202403011, name="函数的单调性 第一讲")
    entered(recording, for_name="王芳", for_number=2023001)
    entered(RecordingFactory(name="导数"), ONCE, for_name="李雷", for_number=7)
    words = words.format(room=recording.room_id, session=202403011, video=recording.video_id, name=recording.name)
    answer = staff.post(reverse("admin:playback_playlink_find"), {"q": words}, follow=True)
    assert [row.for_name for row in answer.context["cl"].result_list] == ["王芳"]


def test_filters(staff: Client) -> None:
    maker, now = person("course staff", username="maker"), timezone.now()
    entered(RecordingFactory(), "a", for_name="good", made_by=maker)
    entered(RecordingFactory(), "b", for_name="over", expires_at=now, made_at=now - timedelta(days=9))
    entered(RecordingFactory(), "c", for_name="ever", expires_at=None)
    entered(RecordingFactory(), "d", for_name="once", kind="one_time")
    day = timezone.localtime(now - timedelta(days=9)).date().isoformat()

    def found(**query: Any) -> set[str]:
        return {row.for_name for row in staff.get(reverse(LIST), query).context["cl"].result_list}

    assert found() == {"good", "over", "ever", "once"}
    assert found(state="good") == {"good", "ever", "once"}
    assert found(state="over") == {"over"}
    assert found(state="for_ever") == {"ever"}
    assert found(kind__exact="one_time") == {"once"}
    assert found(made_by=maker.pk) == {"good"}
    assert found(made_by="x") == {"good", "over", "ever", "once"}
    assert found(made_at_from=day, made_at_to=day) == {"over"}
    body = staff.get(reverse(LIST)).content.decode()
    assert "Over" in body
    assert "For ever" in body


@pytest.mark.parametrize("group", ["administrator", "course staff", "teacher", ""])
def test_who_may_read_the_ledger(signed_in: Callable[[str], Client], group: str) -> None:
    client = signed_in(group)
    link = entered(RecordingFactory())
    expected = 200 if group in {"administrator", "course staff"} else 403
    for url in (
        reverse(LIST),
        reverse("admin:playback_playlink_change", args=[link.pk]),
        reverse("admin:playback_recording_panel", args=[link.recording_id, "links"]),
    ):
        assert client.get(url).status_code == expected
    assert client.post(reverse("admin:playback_playlink_find"), {"q": "x"}).status_code == (
        302 if expected == 200 else 403
    )
    sidebar = client.get(reverse("admin:index")).content.decode()
    assert (reverse(LIST) in sidebar) == (expected == 200)


def test_nobody_adds_changes_or_deletes_a_row(signed_in: Callable[[str], Client]) -> None:
    client = signed_in("superuser")
    link = entered(RecordingFactory())
    assert client.get(reverse("admin:playback_playlink_add")).status_code == 403
    assert client.get(reverse("admin:playback_playlink_delete", args=[link.pk])).status_code == 403
    assert client.post(reverse("admin:playback_playlink_change", args=[link.pk]), {"for_name": "x"}).status_code == 405


def test_the_page_of_a_link(staff: Client) -> None:
    link = entered(
        RecordingFactory(), for_name="<b>王</b>", for_number=7, made_by=person("course staff", username="maker")
    )
    body = staff.get(reverse("admin:playback_playlink_change", args=[link.pk])).content.decode()
    assert "&lt;b&gt;王&lt;/b&gt;" in body
    assert "maker" in body
    assert "Not kept" in body
    Recording.objects.all().delete()
    assert staff.get(reverse("admin:playback_playlink_change", args=[link.pk])).status_code == 200
    assert link.label in staff.get(reverse(LIST)).content.decode()


def test_the_panel_shows_the_last_links_and_the_button(staff: Client) -> None:
    recording = RecordingFactory()
    url = reverse("admin:playback_recording_panel", args=[recording.pk, "links"])
    make = reverse("admin:playback_recording_links", args=[recording.pk])
    empty = staff.get(url).content.decode()
    assert "No play link of this recording" in empty
    assert make in empty
    for number in range(9):
        made_at = timezone.now() + timedelta(seconds=number)
        entered(recording, str(number), for_name=f"第{number}人", made_at=made_at)
    entered(RecordingFactory(), "other", for_name="别的回放")
    body = staff.get(url).content.decode()
    assert "第8人" in body
    assert "第0人" not in body
    assert "别的回放" not in body
    ledger_url = f"{reverse(LIST)}?recording__exact={recording.pk}"
    assert ledger_url in body
    assert staff.get(ledger_url).context["cl"].result_count == 9
    Recording.objects.filter(pk=recording.pk).update(gone_at=timezone.now())
    gone = staff.get(url).content.decode()
    assert "第8人" in gone
    assert make not in gone


def test_a_page_of_the_ledger_costs_the_same(staff: Client) -> None:
    maker = person("course staff", username="maker")
    counted = []
    for count in (3, 50):
        for number in range(count):
            entered(RecordingFactory(), f"{count}-{number}", made_by=maker)
        with CaptureQueriesContext(connection) as queries:
            assert staff.get(reverse(LIST)).status_code == 200
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 12
