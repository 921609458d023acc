"""Courseware on the pages of a recording and of a room: PDFs, page turns, and a vendor that does not answer well."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from playback.models import Recording
from playback.sandbox.server import Sandbox
from playback.vendor import transport
from playback.vendor.results import BEIJING
from tests.factories import RecordingFactory, RoomFactory
from tests.operations.makers import make_user

pytestmark = [pytest.mark.django_db]


@pytest.fixture(autouse=True)
def _impatient(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.BAIJIAYUN_TIMEOUT = 1.0
    for lane, policy in transport.POLICIES.items():
        monkeypatch.setitem(transport.POLICIES, lane, replace(policy, attempts=1))


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    """A class with two documents, whose pages were turned 23 times and twice."""
    room = sandbox.state.add_room(is_long_term=True)
    sandbox.state.add_recording(room, 202611191)
    first = sandbox.state.add_document(room, 202611191, name="函数<b>.pptx", total_pages=30)
    second = sandbox.state.add_document(room, 202611191, name="作业.docx", total_pages=2, pdf_url="")
    for turn in range(23):
        sandbox.state.add_page_turn(room, 202611191, time_ms=1500 + turn * 60_000, page=turn, document_id=first)
    for turn in range(2):
        sandbox.state.add_page_turn(room, 202611191, time_ms=4_000_000 + turn, page=turn, document_id=second)
    made: Recording = RecordingFactory(room=RoomFactory(room_id=room), session_id=202611191)
    return made


@pytest.fixture(autouse=True)
def _english(staff: Client) -> None:
    staff.cookies["django_language"] = "en"


def panel_url(recording: Recording) -> str:
    return reverse("admin:playback_recording_panel", args=[recording.pk, "courseware"])


def words_of(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def links(words: str) -> list[str]:
    return re.findall(r'<a [^>]*href="([^"]+)"[^>]*target="_blank" rel="noopener noreferrer"', words)


def test_pdfs_and_page_turns(staff: Client, sandbox: Sandbox, recording: Recording) -> None:
    page = reverse("admin:playback_recording_change", args=[recording.pk])
    assert panel_url(recording) in words_of(staff.get(page))
    words = words_of(staff.get(panel_url(recording)))
    assert "函数&lt;b&gt;.pptx" in words
    assert "函数<b>" not in words
    assert len(links(words)) == 2  # the list's and the document's
    assert all(url.startswith(f"{sandbox.base_url}/media/courseware/") for url in links(words))
    shown, folded = words.split("<details>")
    assert shown.count('<li><span class="bo-muted">0:') == 20
    assert "0:00:01" in shown
    assert "0:22:01" in folded.split("</details>")[0]
    assert "1:06:40" in folded.split("</details>")[1]


def test_page_turns_as_a_file(staff: Client, recording: Recording) -> None:
    answer = staff.post(panel_url(recording))
    assert answer["Content-Disposition"] == f'attachment; filename="page-turns-{recording.vendor_key}.xlsx"'
    rows = list(load_workbook(BytesIO(answer.content)).active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert len(rows) == 26
    assert rows[1][:5] == ("函数<b>.pptx", "0:00:01", 1.5, 1, 30)
    assert rows[25][:5] == ("作业.docx", "1:06:40", 4000.001, 2, 2)


def test_a_file_that_cannot_be_made_is_told_on_the_page(staff: Client, sandbox: Sandbox, recording: Recording) -> None:
    sandbox.faults.add("page_turns", "refuse", message="没有权限")
    answer = staff.post(panel_url(recording), follow=True)
    assert answer.redirect_chain[0][0] == reverse("admin:playback_recording_change", args=[recording.pk])
    assert "没有权限" in words_of(answer)


def test_a_class_without_courseware(staff: Client, sandbox: Sandbox) -> None:
    room = sandbox.state.add_room()
    sandbox.state.add_recording(room)
    recording = RecordingFactory(room=RoomFactory(room_id=room))
    words = words_of(staff.get(panel_url(recording)))
    assert "No PDFs were kept of this class." in words
    assert "<form" not in words


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)//x.pdf", "data:text/html,x", "ftp://h/x.pdf", "https:///x.pdf", "x.pdf"]
)
def test_what_is_no_web_address_gets_no_link(staff: Client, sandbox: Sandbox, url: str) -> None:
    room = sandbox.state.add_room()
    sandbox.state.add_recording(room)
    document = sandbox.state.add_document(room, name="课件", pdf_url=url)
    sandbox.state.add_page_turn(room, 0, time_ms=1, page=0, document_id=document)
    words = words_of(staff.get(panel_url(RecordingFactory(room=RoomFactory(room_id=room)))))
    assert "课件" in words
    assert links(words) == []
    assert url not in words


@pytest.mark.parametrize(
    ("fault", "options"), [("refuse", {"code": 2002, "message": "无权限"}), ("html", {}), ("status", {"status": 404})]
)
@pytest.mark.parametrize(("call", "stays"), [("page_turns", "/media/courseware/"), ("recording_courseware", "0:00:01")])
def test_one_part_that_fails_leaves_the_other(
    staff: Client, sandbox: Sandbox, recording: Recording, fault: str, options: dict[str, Any], call: str, stays: str
) -> None:
    sandbox.faults.add(call, fault, **options)
    words = words_of(staff.get(panel_url(recording)))
    assert stays in words
    assert words.count("cloud_off") == 1
    assert ("无权限" in words) == (fault == "refuse")


@pytest.mark.parametrize("fault", ["html", "refuse", "broken_json"])
def test_a_vendor_that_answers_neither(staff: Client, sandbox: Sandbox, recording: Recording, fault: str) -> None:
    sandbox.faults.add("*", fault)
    words = words_of(staff.get(panel_url(recording)))
    assert f'hx-get="{panel_url(recording)}"' in words  # try again


def test_rows_that_cannot_be_read_are_counted(staff: Client, sandbox: Sandbox, recording: Recording) -> None:
    sandbox.faults.add("page_turns", "wrong_types", how="nulls")
    answer = staff.get(panel_url(recording))
    assert answer.context["unreadable"] + answer.context["turns"] == 25
    assert answer.context["unreadable"] > 0


# ---------------------------------------------------------------- a room's


@pytest.fixture
def room(sandbox: Sandbox, recording: Recording) -> Any:
    """With a second class a day later, which the mirror does not know, of 25 documents."""
    number = recording.room.room_id
    sandbox.state.add_recording(number, 202611201)
    for n in range(25):
        sandbox.state.add_document(
            number, 202611201, name=f"第{n}份", created_at=datetime(2026, 11, 20, tzinfo=BEIJING)
        )
    return recording.room


def courseware_of(room: Any) -> str:
    return reverse("admin:playback_room_courseware", args=[room.pk])


def test_all_courseware_of_a_room(staff: Client, recording: Recording, room: Any) -> None:
    page = reverse("admin:playback_room_change", args=[room.pk])
    assert courseware_of(room) in words_of(staff.get(page))
    answer = staff.get(courseware_of(room))
    words = words_of(answer)
    assert answer.context["total"] == 26
    assert len(links(words.split("<details>")[0])) == 20
    assert reverse("admin:playback_recording_change", args=[recording.pk]) in words


def test_courseware_of_a_day(staff: Client, room: Any) -> None:
    assert staff.get(courseware_of(room), {"day": "2026-11-19"}).context["total"] == 1
    assert staff.get(courseware_of(room), {"day": "2026-11-20"}).context["total"] == 25
    assert "No courseware was kept of this day." in words_of(staff.get(courseware_of(room), {"day": "2026-11-21"}))


def test_a_day_that_is_none_is_told_and_not_asked_for(staff: Client, sandbox: Sandbox, room: Any) -> None:
    answer = staff.get(courseware_of(room), {"day": "2026-02-30"})
    assert answer.context["form"].errors["day"]
    assert 'value="2026-02-30"' in words_of(answer)
    assert not sandbox.calls.of("room_courseware")


@pytest.mark.parametrize("fault", ["html", "refuse", "status"])
def test_a_room_whose_courseware_cannot_be_had(staff: Client, sandbox: Sandbox, room: Any, fault: str) -> None:
    sandbox.faults.add("room_courseware", fault)
    words = words_of(staff.get(courseware_of(room), {"day": "2026-11-19"}))
    assert f'hx-get="{courseware_of(room)}?day=2026-11-19"' in words


def test_rights(client: Client, staff: Client, recording: Recording, room: Any) -> None:
    for url in (courseware_of(room), panel_url(recording)):
        assert client.get(url).status_code == 302  # to sign in
        assert staff.get(url).status_code == 200
    assert staff.post(courseware_of(room)).status_code == 405
    user = make_user("porter", "view_room")
    user.is_staff = True
    user.save()
    client.force_login(user)
    assert courseware_of(room) not in words_of(client.get(reverse("admin:playback_room_change", args=[room.pk])))
    assert client.get(courseware_of(room)).status_code == 403
    assert client.get(panel_url(recording)).status_code == 403
