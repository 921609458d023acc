"""A person's page and file, who sees contact data, and what is forgotten with time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from members.lists import list_of
from members.models import ContactView, Member
from members.roster import importing
from members.sync.reading import read_list
from members.tasks import keeping
from playback.conf import vendor_client
from playback.models import Operation, OperationItem, PlayLink, Recording, Room, WatchRecord
from playback.operations import execute, reasons
from playback.sandbox.server import Sandbox
from playback.vendor.codes import Lane
from tests.factories import RecordingFactory, person
from tests.members.makers import member, put_on
from tests.members.roster import files
from tests.operations.vendor import drive

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
PHONE, MAIL = "13800138001", "xiaoming@example.org"


@pytest.fixture
def who() -> Member:
    """On two lists, with a link and an operation."""
    found = member(1, "=王小明", "S1", PHONE, email=MAIL, remark="三班")
    recording = RecordingFactory()
    put_on(recording.room, [1])
    put_on(recording, [1])
    PlayLink.objects.create(recording=recording, label="=link", kind="timed", made_at=timezone.now(), for_number=1)
    for n, number in enumerate(("1", "1", "2")):
        WatchRecord.objects.create(guid=f"g{n}", day=timezone.localdate(), recording=recording, user_number=number)
    chief = User.objects.create_superuser("planner")
    execute.plan("remove_person", chief, Recording.objects.none(), {"user_id": 1})
    return found


def sheets(client: Client, who: Member) -> dict[str, list[list[Any]]]:
    answer = client.post(reverse("members-person-export", args=[who.pk]))
    assert answer.status_code == 200
    book = load_workbook(BytesIO(answer.content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]  # nothing in it runs
    return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book}


def test_the_file_has_every_part_and_contacts_only_for_who_may(
    staff: Client, administrator: Client, who: Member
) -> None:
    masked = sheets(staff, who)
    assert len(masked) == 6
    assert [len(rows) - 1 for rows in list(masked.values())[1:]] == [1, 1, 1, 2, 2]  # two viewings, two operations
    assert PHONE not in str(masked)
    assert MAIL not in str(masked)
    assert "138****8001" in str(masked)
    assert not ContactView.objects.exists()

    plain = sheets(administrator, who)
    assert PHONE in str(plain)
    assert MAIL in str(plain)
    look = ContactView.objects.get()
    assert (look.user.username, look.member_id) == ("administrator", who.pk)


def test_the_page_shows_links_and_operations_and_escapes_them(administrator: Client, who: Member) -> None:
    Member.objects.update(name="<b>王</b>")
    PlayLink.objects.update(label="<i>link</i>")
    page = administrator.get(reverse("admin:members_member_change", args=[who.pk])).content.decode()
    assert "<b>王</b>" not in page
    assert "<i>link</i>" not in page
    assert "&lt;i&gt;link&lt;/i&gt;" in page
    assert reverse("members-person-remove", args=[who.pk]) in page


def test_parts_are_for_who_may_see_them(who: Member) -> None:
    from django.contrib.auth.models import Permission

    user = person()
    user.user_permissions.add(Permission.objects.get(codename="view_member"))
    client = Client()
    client.force_login(user)
    assert len(sheets(client, who)) == 3  # neither links nor operations
    page = client.get(reverse("admin:members_member_change", args=[who.pk])).content.decode()
    assert "=link" not in page
    assert reverse("members-person-remove", args=[who.pk]) not in page


def test_removal_leads_to_a_plan(administrator: Client, who: Member) -> None:
    answer = administrator.post(reverse("members-person-remove", args=[who.pk]))
    assert "/plan/" in answer.url
    page = administrator.get(answer.url)
    assert page.status_code == 200
    assert "typed_count" in page.content.decode()
    who.room_memberships.update(gone_at=timezone.now())
    who.recording_memberships.update(gone_at=timezone.now())
    assert administrator.post(reverse("members-person-remove", args=[who.pk])).url.endswith(f"/member/{who.pk}/change/")


@pytest.mark.parametrize("days", [0, 30])
def test_old_data_is_made_anonymous_when_that_is_set(settings: Any, days: int) -> None:
    settings.MEMBERS_ANONYMISE_AFTER_DAYS = days
    now = timezone.now()
    member(1, "旧", "S1", PHONE, email=MAIL, remark="x", gone_at=now - timedelta(days=31))
    member(2, "新", "S2", PHONE, gone_at=now - timedelta(days=29))
    member(3, "在", "S3", PHONE)
    operation = Operation.objects.create(kind="add_room_members", state="done")
    for position, user_id in enumerate([1, 3]):
        OperationItem.objects.create(
            operation=operation, position=position, label=f"某人 (S{user_id}, {user_id})", before={"user_id": user_id},
            outcome="done", finished_at=now,
        )  # fmt: skip
    assert keeping.anonymise() == (1 if days else 0)
    assert keeping.anonymise() == 0
    old = Member.objects.get(pk=1)
    kept = [old.user_sn, old.name, old.email, old.phone_number, old.remark]
    assert kept == (["", "", "", "", ""] if days else ["S1", "旧", MAIL, PHONE, "x"])
    assert (old.anonymised_at is not None) == bool(days)
    assert Member.objects.filter(phone_number=PHONE).count() == (2 if days else 3)
    labels = list(operation.items.order_by("position").values_list("label", flat=True))
    assert labels == (["1", "某人 (S3, 3)"] if days else ["某人 (S1, 1)", "某人 (S3, 3)"])


@pytest.mark.usefixtures("impatient")
def test_a_sync_does_not_bring_back_who_was_made_anonymous(
    vendor: Sandbox, room: Room, people: Callable[..., list[int]], settings: Any
) -> None:
    settings.MEMBERS_ANONYMISE_AFTER_DAYS = 1
    (user_id,) = people(1)
    vendor.state.add_room_members(room.room_id, [user_id])
    client = vendor_client(Lane.SYNC)
    read_list(client, list_of(room))
    Member.objects.update(gone_at=timezone.now() - timedelta(days=2))
    assert keeping.anonymise() == 1
    read_list(client, list_of(room))
    found = Member.objects.get(pk=user_id)
    assert (found.name, found.phone_number, found.gone_at) == ("", "", None)


@pytest.mark.usefixtures("impatient")
def test_logs_items_and_reasons_hold_neither_phone_nor_mail(
    vendor: Sandbox, room: Room, people: Callable[..., list[int]], chief: User, caplog: pytest.LogCaptureFixture
) -> None:
    """From a roster of phones through a list's changes, with a refusal and a lost answer among them."""
    caplog.set_level(logging.DEBUG)
    ids = people(4)
    client = vendor_client(Lane.SYNC)
    vendor.state.add_room_members(room.room_id, ids)
    read_list(client, list_of(room))
    vendor.state.remove_room_members(room.room_id, ids[:2])
    read_list(client, list_of(room))
    text = "手机,姓名\n" + "".join(f"1380013{n:04d},学生{n}\n" for n in range(3)) + "student9@example.org,学生9\n"
    roster = importing.start(chief, list_of(room), "名单.csv", files.csv(text))
    importing.leave_out(roster)
    vendor.faults.add("add_room_members", "drop", times=1, when="after")
    vendor.faults.add("remove_room_members", "refuse", times=1)
    operations = importing.plan(roster, chief, removing=True)
    operations.append(execute.plan("remove_person", chief, Recording.objects.none(), {"user_id": ids[2]}))
    for operation in operations:
        execute.confirm(operation, chief, typed_count=execute.counts(operation)["planned"])
        drive(operation)
    kept = [*caplog.messages, *map(str, Operation.objects.values()), *map(str, OperationItem.objects.values())]
    kept += [reasons.text(item.reason) + reasons.vendor_words(item.reason) for item in OperationItem.objects.all()]
    assert OperationItem.objects.filter(outcome="done").count() >= 3
    assert OperationItem.objects.filter(outcome="refused").exists()
    told = "\n".join(kept)
    assert "1380013" not in told
    assert "@example.org" not in told


def test_the_log_of_looks_is_for_administrators(staff: Client, administrator: Client, who: Member) -> None:
    administrator.get(reverse("admin:members_member_change", args=[who.pk]))
    look = ContactView.objects.get()
    listing = reverse("admin:members_contactview_changelist")
    assert staff.get(listing).status_code == 403
    page = administrator.get(listing).content.decode()
    assert "administrator" in page
    assert PHONE not in page
    assert administrator.get(reverse("admin:members_contactview_change", args=[look.pk])).status_code == 200
    assert administrator.post(reverse("admin:members_contactview_delete", args=[look.pk])).status_code == 403
