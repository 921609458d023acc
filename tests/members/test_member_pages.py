"""The list of members and the page of one: searching, masks, and who sees nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members.models import ContactView, Member, MemberList, RecordingMembership, RoomMembership
from playback.models import Recording, Room
from tests.factories import RecordingFactory, RoomFactory, person

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
LIST = "admin:members_member_changelist"
PHONE, MAIL = "13812345678", "wang.fang@example.org"


def member(user_id: int = 10_001, **facts: Any) -> Member:
    defaults = {
        "name": "王芳",
        "user_sn": "20230001",
        "phone_number": PHONE,
        "email": MAIL,
        "synced_at": timezone.now(),
    }
    return Member.objects.create(pk=user_id, first_seen_at=timezone.now(), **{**defaults, **facts})


def crowd() -> None:
    member()
    member(10_002, name="李雷", user_sn="20230002", phone_number="13900005678", email="li@example.org")
    member(10_003, name="韩梅梅", user_sn="T-77", phone_number="", email="")


def on_lists(person: Member) -> tuple[Room, Recording]:
    recording = RecordingFactory(name="函数课", room=RoomFactory(title="高一3班"))
    now = timezone.now()
    RoomMembership.objects.create(room=recording.room, member=person, first_seen_at=now, synced_at=now)
    RecordingMembership.objects.create(recording=recording, member=person, first_seen_at=now, synced_at=now)
    MemberList.objects.create(room=recording.room, read_at=now, total=1)
    return recording.room, recording


def found(client: Client, words: str) -> set[str]:
    answer = client.post(reverse("admin:members_member_find"), {"q": words}, follow=True)
    page = answer.content.decode()
    return {name for name in ("王芳", "李雷", "韩梅梅") if name in page}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("王", {"王芳"}),
        ("20230002", {"李雷"}),
        ("T-77", {"韩梅梅"}),
        ("10003", {"韩梅梅"}),
        ("5678", {"王芳", "李雷"}),
        (PHONE, {"王芳"}),
        (MAIL.upper(), {"王芳"}),
        ("10001，10003", {"王芳", "韩梅梅"}),
        ("20230001\n20230002 T-77", {"王芳", "李雷", "韩梅梅"}),
        ("１０００１", {"王芳"}),
        ("王 2023", {"王芳"}),
        ("谁也不是", set()),
        ("12345678", set()),  # eight digits of somebody's number are no way to find the others out
        ("wang.fang", set()),
        ("example.org", set()),
        ("99999999999999999999", set()),
    ],
)
def test_searching(staff: Client, words: str, names: set[str]) -> None:
    crowd()
    assert found(staff, words) == names


def test_who_may_see_contacts_searches_parts_of_them(administrator: Client) -> None:
    crowd()
    assert found(administrator, "345678") == {"王芳"}
    assert found(administrator, "example.org") == {"王芳", "李雷"}


@pytest.mark.parametrize("words", [PHONE, MAIL, f"{MAIL} {PHONE}"])
def test_a_phone_or_a_mail_is_in_no_address(staff: Client, words: str) -> None:
    crowd()
    answer = staff.post(reverse("admin:members_member_find"), {"q": words, "presence": "all"})
    assert answer.status_code == 302
    for hidden in (PHONE, MAIL, "wang", "%40"):
        assert hidden not in answer.url
    assert "presence=all" in answer.url
    nobody = staff.post(reverse("admin:members_member_find"), {"q": "13711111111"})
    assert "13711111111" not in nobody.url


def test_the_list_counts_rooms_and_recordings_in_few_queries(staff: Client) -> None:
    crowd()
    on_lists(Member.objects.get(pk=10_001))
    with CaptureQueriesContext(connection) as queries:
        page = staff.get(reverse(LIST)).content.decode()
    assert len(queries) <= 12
    assert "王芳" in page


@pytest.mark.parametrize("url", ["list", "page"])
def test_contacts_are_masked_for_staff_and_plain_and_logged_for_administrators(
    staff: Client, administrator: Client, url: str
) -> None:
    person = member()
    on_lists(person)
    address = reverse(LIST) if url == "list" else reverse("admin:members_member_change", args=[person.pk])
    page = staff.get(address).content.decode()
    assert PHONE not in page
    assert MAIL not in page
    assert "138****5678" in page
    assert "w***@example.org" in page
    assert not ContactView.objects.exists()

    page = administrator.get(address).content.decode()
    assert PHONE in page
    assert MAIL in page
    look = ContactView.objects.get()
    assert (look.member, look.count, look.user) == (person, 1, User.objects.get(username="administrator"))


def test_a_page_without_contacts_is_no_look(administrator: Client) -> None:
    member(phone_number="", email="")
    administrator.get(reverse(LIST))
    assert not ContactView.objects.exists()


def test_the_page_of_one(staff: Client) -> None:
    person = member()
    room, recording = on_lists(person)
    page = staff.get(reverse("admin:members_member_change", args=[person.pk])).content.decode()
    for words in ("王芳", "20230001", "10001", "高一3班", "函数课"):
        assert words in page
    assert reverse("admin:playback_room_change", args=[room.pk]) in page
    assert reverse("admin:playback_recording_change", args=[recording.pk]) in page


def test_names_are_escaped(staff: Client) -> None:
    person = member(name="<script>alert(1)</script>", remark="<b>x</b>")
    on_lists(person)
    for address in (reverse(LIST), reverse("admin:members_member_change", args=[person.pk])):
        page = staff.get(address).content.decode()
        assert "<script>alert(1)" not in page
        assert "<b>x</b>" not in page


def test_gone_members_are_behind_a_filter(staff: Client) -> None:
    member(gone_at=timezone.now())
    assert "王芳" not in staff.get(reverse(LIST)).content.decode()
    page = staff.get(reverse(LIST), {"presence": "gone"}).content.decode()
    assert "王芳" in page


def test_a_teacher_sees_nothing(teacher: Client) -> None:
    person = member()
    room, recording = on_lists(person)
    for address in (
        reverse(LIST),
        reverse("admin:members_member_change", args=[person.pk]),
        reverse("admin:members_list", args=["room", room.pk]),
        reverse("admin:members_list", args=["recording", recording.pk]),
        reverse("admin:members_list_add", args=["room", room.pk]),
    ):
        assert teacher.get(address).status_code == 403
        assert teacher.post(address, {"do": "read"}).status_code in {403, 405}
    assert teacher.post(reverse("admin:members_member_find"), {"q": "王"}).status_code == 403
    assert teacher.post(reverse("admin:members_list_remove", args=["room", room.pk])).status_code == 403
    for address in (
        reverse("admin:playback_room_change", args=[room.pk]),
        reverse("admin:playback_recording_change", args=[recording.pk]),
        reverse("admin:index"),
    ):
        page = teacher.get(address).content.decode()
        assert 'data-panel="members"' not in page
        assert reverse(LIST) not in page


def test_nobody_adds_changes_or_deletes_a_member_here(signed_in: Any) -> None:
    client = signed_in("superuser")
    row = member()
    assert client.get(reverse("admin:members_member_add")).status_code == 403
    assert client.get(reverse("admin:members_member_delete", args=[row.pk])).status_code == 403
    assert client.post(reverse("admin:members_member_change", args=[row.pk]), {"name": "x"}).status_code == 405


def test_the_side_bar_leads_to_members(staff: Client) -> None:
    assert reverse(LIST) in staff.get(reverse("admin:index")).content.decode()


def test_staff_without_the_right_to_rooms_do_not_see_them(client: Client) -> None:
    from django.contrib.auth.models import Permission

    user = person(username="only members")
    user.user_permissions.add(Permission.objects.get(codename="view_member"))
    client.force_login(user)
    row = member()
    room, _recording = on_lists(row)
    page = client.get(reverse("admin:members_member_change", args=[row.pk])).content.decode()
    assert "高一3班" not in page
    assert client.get(reverse("admin:members_list", args=["room", room.pk])).status_code == 403
