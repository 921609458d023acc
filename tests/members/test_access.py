"""The trace: each line says what is known, what fails and what nobody knows; the failing line has its button."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from members import access
from members.lists import list_of
from members.models import MemberList
from members.roster import importing
from playback.models import Operation, PlayLink, Recording, TrashEntry
from playback.sandbox.server import Sandbox
from tests.factories import RecordingFactory, person
from tests.members.makers import member, put_on
from tests.members.roster import files

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
NOW = timezone.now()


@pytest.fixture
def recording() -> Recording:
    """Everything is well; 1 is on the room's list, 2 on the recording's, 3 on neither."""
    for number in range(1, 4):
        member(number, f"学生{number}", f"S{number}", f"1380013800{number}")
    made = RecordingFactory(expires_at=NOW + timedelta(days=30), expiry_read_at=NOW)
    put_on(made.room, [1])
    put_on(made, [2])
    return made


def states(user_id: int, recording: Recording) -> dict[str, str]:
    recording.refresh_from_db()
    return {line.subject: line.state for line in access.trace(user_id, recording).lines}


def codes(user_id: int, recording: Recording) -> dict[str, str]:
    recording.refresh_from_db()
    return {line.subject: line.code for line in access.trace(user_id, recording).lines}


def test_nothing_stands_in_the_way_of_who_is_on_a_list(recording: Recording) -> None:
    for user_id, on, other in ((1, "room_list", "recording_list"), (2, "recording_list", "room_list")):
        found = states(user_id, recording)
        assert found.pop(on) == access.OK
        assert found.pop(other) == access.UNKNOWN  # that one list is enough is assumed
        assert found.pop("link") == access.UNKNOWN
        assert set(found.values()) == {access.OK}


def test_who_is_on_neither_list_is_kept_out(recording: Recording) -> None:
    found = access.trace(3, recording)
    assert found.verdict == access.FAILS
    failing = {line.subject: line.mend for line in found.lines if line.state == access.FAILS}
    assert failing == {"room_list": "add_room_members", "recording_list": "add_recording_members"}


def test_empty_lists_and_unread_lists_are_not_known_about(recording: Recording) -> None:
    recording.memberships.all().delete()
    recording.room.memberships.all().delete()
    assert codes(3, recording)["room_list"] == codes(3, recording)["recording_list"] == "list_empty"
    MemberList.objects.all().delete()
    assert codes(3, recording)["room_list"] == "never_read"
    assert access.trace(3, recording).verdict == access.UNKNOWN


def trashed(recording: Recording) -> None:
    TrashEntry.objects.create(recording=recording, put_at=NOW, due_at=NOW + timedelta(days=7))


def room_gone(recording: Recording) -> None:
    recording.room.gone_at = NOW
    recording.room.save()


@pytest.mark.parametrize(
    ("change", "subject", "state", "mend"),
    [
        (room_gone, "room", "fails", ""),
        ({"gone_at": NOW}, "recording", "fails", ""),
        (trashed, "trash", "fails", "restore"),
        ({"status": 20}, "status", "fails", "refresh"),
        ({"publish_status": 2}, "publish", "fails", "publish"),
        ({"publish_status": None}, "publish", "unknown", "refresh"),
        ({"expires_at": NOW - timedelta(hours=1)}, "expiry", "fails", "set_expiry"),
        ({"expires_at": None}, "expiry", "ok", ""),
        ({"expires_at": None, "expiry_read_at": None}, "expiry", "unknown", ""),
        ({"main_version": None}, "version", "unknown", "refresh"),
    ],
)
def test_each_step_of_the_recording(recording: Recording, change: Any, subject: str, state: str, mend: str) -> None:
    if callable(change):
        change(recording)
    else:
        Recording.objects.filter(pk=recording.pk).update(**change)
    recording.refresh_from_db()
    lines = {line.subject: line for line in access.trace(1, recording).lines}
    assert (lines[subject].state, lines[subject].mend) == (state, mend)
    assert all(line.text for line in lines.values())
    others = {name: line.state for name, line in lines.items() if name not in {subject, "link", "recording_list"}}
    assert set(others.values()) == {"ok"}


@pytest.mark.parametrize(
    ("links", "code"),
    [
        ([], "link_none"),
        ([{"expires_at": None}], "link_for_ever"),
        ([{"expires_at": NOW + timedelta(days=1)}], "link_good"),
        ([{"expires_at": NOW - timedelta(days=1)}], "link_over"),
        ([{"expires_at": NOW + timedelta(hours=1), "kind": "one_time"}], "link_one_time"),
        ([{"expires_at": NOW + timedelta(days=1)}, {"expires_at": NOW - timedelta(days=1)}], "link_good"),
        ([{"expires_at": None, "for_number": 2}], "link_none"),
        ([{"expires_at": None, "for_number": None, "for_name": "学生1"}], "link_for_ever"),
        ([{"expires_at": None, "for_number": None, "for_name": "别人"}], "link_none"),
    ],
)
def test_links_by_number_or_name(recording: Recording, links: list[dict[str, Any]], code: str) -> None:
    maker = person("course staff", username="teacher-wang")
    for link in links:
        PlayLink.objects.create(
            **{"recording": recording, "kind": "timed", "made_at": NOW, "for_number": 1, "made_by": maker, **link}
        )
    line = {line.subject: line for line in access.trace(1, recording).lines}["link"]
    assert line.code == code
    if code != "link_none":
        assert "teacher-wang" in line.text


def test_many_are_told_apart_in_a_few_queries(
    recording: Recording, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    with django_assert_max_num_queries(8):
        found = access.of_many([*range(1, 4), *range(100, 600)], recording)
    assert (found.total, len(found.cannot), found.unknown, found.shared) == (503, 501, [], [])
    assert found.cannot[0][0] == 3
    Recording.objects.filter(pk=recording.pk).update(publish_status=2)
    recording.refresh_from_db()
    assert [line.code for line in access.of_many([1], recording).shared] == ["blocked"]


# ---------------------------------------------------------------- the pages


def test_the_form_leads_to_the_trace_and_no_address_holds_what_was_typed(staff: Client, recording: Recording) -> None:
    url = reverse("members-access")
    answer = staff.post(url, {"person": "13800138001", "recording": recording.vendor_key})
    assert answer.url == f"{url}?person=1&recording={recording.pk}"
    page = staff.get(answer.url).content.decode()
    assert "13800138001" not in page
    assert "学生1" in page


@pytest.mark.parametrize(
    ("typed", "status"),
    [({"person": "学生"}, 422), ({"person": "谁"}, 422), ({"person": ""}, 422),
     ({"person": "S1", "recording": "没有"}, 422),
     ({"person": "<script>"}, 422), ({"person": "S1"}, 302), ({"person": "学生", "chosen": "2"}, 302),
     ({"person": "77777"}, 302)],
)  # fmt: skip
def test_what_is_not_clear_is_asked_back(
    staff: Client, recording: Recording, typed: dict[str, str], status: int
) -> None:
    answer = staff.post(reverse("members-access"), {"recording": recording.vendor_key, **typed})
    assert answer.status_code == status
    if status == 422:
        assert "<script>" not in answer.content.decode().split("ask-form")[1]


def test_the_button_of_a_failing_line_leads_to_its_plan(staff: Client, recording: Recording) -> None:
    Recording.objects.filter(pk=recording.pk).update(publish_status=2)
    page = staff.get(reverse("members-access"), {"person": 3, "recording": recording.pk}).content.decode()
    publish = reverse("admin:playback_recording_operate", args=[recording.pk, "publish"])
    assert publish in page
    assert staff.post(publish).url.startswith("/admin/playback/operation/")
    for of in ("room", "recording"):
        answer = staff.post(reverse("members-access-put-on"), {"person": 3, "recording": recording.pk, "of": of})
        assert "/plan/" in answer.url
    kinds = Operation.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["publish", "add_room_members", "add_recording_members"]


def test_without_the_right_to_edit_there_is_no_button(recording: Recording) -> None:
    from django.contrib.auth.models import Permission

    user = person()
    user.user_permissions.add(Permission.objects.get(codename="trace_access"))
    client = Client()
    client.force_login(user)
    page = client.get(reverse("members-access"), {"person": 3, "recording": recording.pk}).content.decode()
    assert reverse("members-access-put-on") not in page
    answer = client.post(reverse("members-access-put-on"), {"person": 3, "recording": recording.pk, "of": "room"})
    assert answer.status_code == 403


def test_asking_the_vendor_reads_both_lists(staff: Client, sandbox: Sandbox) -> None:
    from tests.operations.vendor import mirrored

    made = mirrored(sandbox)
    user_id = sandbox.state.add_member("王小明")
    sandbox.state.add_room_members(made.room_id, [user_id])
    before = states(user_id, made)
    assert before["room_list"] == "unknown"
    staff.post(reverse("members-access-read"), {"person": user_id, "recording": made.pk})
    after = codes(user_id, made)
    assert (after["room_list"], after["recording_list"]) == ("on_room", "not_needed")
    sandbox.faults.add("list_room_members", "refuse")
    answer = staff.post(reverse("members-access-read"), {"person": user_id, "recording": made.pk}, follow=True)
    assert answer.status_code == 200
    assert codes(user_id, made)["room_list"] == "on_room"


def test_a_whole_list_as_page_and_file(staff: Client, recording: Recording) -> None:
    user = staff.get("/admin/").wsgi_request.user
    roster = importing.start(user, list_of(recording.room), "名单.csv", files.csv("学号\nS1\nS2\nS3\n"))
    answer = staff.post(
        reverse("members-access"), {"many": "1", "recording": recording.vendor_key, "whose": roster.uuid}
    )
    page = staff.get(answer.url)
    assert "学生3" in page.content.decode()
    assert "学生1" not in page.content.decode()
    query = answer.url.partition("?")[2]
    sheet = load_workbook(BytesIO(staff.get(f"{reverse('members-access-download')}?{query}").content)).active
    assert [row[2].value for row in sheet.iter_rows(min_row=2)] == [3]


def test_somebody_elses_roster_is_not_there(staff: Client, recording: Recording) -> None:
    roster = importing.start(person("administrator"), list_of(recording.room), "名单.csv", files.csv("学号\nS1\n"))
    url = reverse("members-access-everybody")
    assert staff.get(url, {"recording": recording.pk, "roster": str(roster.uuid)}).status_code == 404
    assert staff.get(url, {"recording": recording.pk, "roster": "x"}).status_code == 404
    assert staff.get(url, {"recording": "99999", "room": recording.room_id}).status_code == 404
