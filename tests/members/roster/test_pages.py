"""The pages of an import: upload, rows to look at, plans, files; nobody sees another's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from members.models import RosterImport
from members.roster import reading
from playback.models import Operation, Room
from playback.sandbox.server import Sandbox
from tests.factories import RecordingFactory, RoomFactory, person
from tests.members.conftest import new_room
from tests.members.makers import member, put_on
from tests.members.roster import files

pytestmark = [pytest.mark.django_db]
PHONE = "13800138009"


@pytest.fixture
def room() -> Room:
    """1 and 2 are on its list; 3 and 4 are not. Two have the number 7 but for its zeros."""
    for number in range(1, 5):
        member(number, f"学生{number}", f"S{number}")
    member(5, "甲", "007")
    member(6, "乙", "07")
    made = RoomFactory()
    put_on(made, [1, 2])
    return made


def upload(client: Client, owner: Any, content: bytes | str, of: str = "room", name: str = "名单.csv") -> Any:
    file = SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)
    key = owner.vendor_key if of == "recording" else str(owner.pk)
    return client.post(reverse("members-roster"), {"of": of, "key": key, "file": file})


def test_from_upload_to_two_plans(staff: Client, room: Room) -> None:
    answer = upload(staff, room, "学号,姓名,手机\nS2,学生2,\nS3,学生3,\n7,谁,\nS9,<b>无</b>,13800138009\nS3,学生3,\n")
    url = answer.url
    page = staff.get(url).content.decode()
    assert PHONE not in page
    assert "138****8009" in page
    assert "<b>无</b>" not in page
    assert page.count("data-line=") == 3
    assert 'name="removing"' in page

    refused = staff.post(f"{url}plan/", {"removing": "1"})
    assert refused.status_code == 422
    assert not Operation.objects.exists()

    wrong = staff.post(url, {"who-4": "6", "typed-5": "nobody"})
    assert wrong.status_code == 422
    assert 'value="nobody"' in wrong.content.decode()  # nothing typed is lost
    assert RosterImport.objects.get().decisions == {"4": 6}
    assert staff.post(url, {"typed-5": "S4"}).status_code == 302
    assert staff.post(f"{url}plan/", {"removing": "1"}).url == f"{url}#plans"
    addition, removal = Operation.objects.order_by("pk")
    assert sorted(item.before["user_id"] for item in addition.items.all()) == [3, 4, 6]
    assert [item.before["user_id"] for item in removal.items.all()] == [1]
    page = staff.get(url).content.decode()
    for operation in (addition, removal):
        plan = reverse("admin:playback_operation_plan", args=[operation.uuid])
        assert plan in page
        assert staff.get(plan).status_code == 200


def test_without_removal_the_one_plan_is_shown_at_once(staff: Client, room: Room) -> None:
    recording = RecordingFactory(room=room)
    url = upload(staff, recording, files.xlsx([["user_id"], [3]]), "recording").url
    answer = staff.post(f"{url}plan/")
    assert answer.url.startswith(reverse("admin:playback_operation_plan", args=[Operation.objects.get().uuid]))
    assert Operation.objects.get().kind == "add_recording_members"


def test_a_row_cannot_be_given_to_who_is_not_offered(staff: Client, room: Room) -> None:
    url = upload(staff, room, "学号\n7\n").url
    staff.post(url, {"who-2": "1", "who-99": "5", "who-x": "5", "what-2": "5"})
    assert RosterImport.objects.get().decisions == {}
    staff.post(url, {"who-2": "leave"})
    staff.post(url, {"who-2": ""})
    assert RosterImport.objects.get().decisions == {}
    staff.post(url, {"leave_out": "1"})
    assert RosterImport.objects.get().decisions == {"2": 0}


@pytest.mark.parametrize(
    ("content", "key", "field"),
    [
        ("姓名\n甲\n", "", "file"),
        ("", "", "file"),
        ("学号\nS1\n", "没有这间", "key"),
        ("学号\nS1\n", " ", "key"),
        (None, "", "file"),
    ],
)
def test_bad_uploads_are_sentences_beside_their_fields(
    staff: Client, room: Room, content: str | None, key: str, field: str
) -> None:
    data: dict[str, Any] = {"of": "room", "key": key or str(room.pk)}
    if content is not None:
        data["file"] = SimpleUploadedFile("名单.csv", content.encode())
    answer = staff.post(reverse("members-roster"), data)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not RosterImport.objects.exists()


def test_too_large_a_file_is_refused(staff: Client, room: Room) -> None:
    answer = upload(staff, room, b"user_sn\n" + b"x" * reading.MOST_BYTES)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["file"]


def test_a_gone_room_takes_no_roster(staff: Client, room: Room) -> None:
    Room.objects.update(gone_at=timezone.now())
    assert list(upload(staff, room, "学号\nS1\n").context["form"].errors) == ["key"]


def test_the_file_of_rows_is_masked_and_runs_nothing(administrator: Client, room: Room) -> None:
    url = upload(administrator, room, "学号,姓名,手机\n=1+1,=HYPERLINK(1),13800138009\n7,@x,\n").url
    book = load_workbook(BytesIO(administrator.get(f"{url}rows.xlsx").content))
    cells = [cell for row in book.active.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    values = [cell.value for cell in cells]
    assert "=HYPERLINK(1)" in values
    assert "138****8009" in values
    assert PHONE not in values
    assert "甲 (007, 5); 乙 (07, 6)" in values


@pytest.mark.parametrize(("language", "first"), [("zh-hans", "用户ID"), ("en", "user_id")])
def test_the_template_is_in_the_readers_language(staff: Client, language: str, first: str) -> None:
    staff.cookies["django_language"] = language
    answer = staff.get(reverse("members-roster-template"))
    assert load_workbook(BytesIO(answer.content)).active["A1"].value == first


def test_nobody_elses_import_can_be_reached(
    staff: Client, administrator: Client, room: Room, django_user_model: Any
) -> None:
    url = upload(staff, room, "学号\nS9\n").url
    assert administrator.get(url).status_code == 404
    assert administrator.get(f"{url}rows.xlsx").status_code == 404
    for part in ("", "plan/", "read/"):
        assert administrator.post(f"{url}{part}", {"leave_out": "1"}).status_code == 404
    assert url not in administrator.get(reverse("members-roster")).content.decode()
    RosterImport.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert staff.get(url).status_code == 404


def test_asking_the_vendor_renews_the_difference(staff: Client, vendor: Sandbox) -> None:
    made = new_room(vendor, "高一3班")
    user_id = vendor.state.add_member("王小明", user_sn="S1")
    vendor.state.add_room_members(made.room_id, [user_id])
    url = upload(staff, made, "学号\nS2\n").url
    assert staff.get(url).context["change"].read_at is None
    staff.post(f"{url}read/")
    assert staff.get(url).context["change"].remove == [user_id]


ADDRESSES = {
    "members-roster": ("import_roster", []),
    "members-roster-template": ("import_roster", []),
    "members-access": ("trace_access", []),
    "members-access-everybody": ("trace_access", []),
    "members-access-download": ("trace_access", []),
    "members-access-read": ("trace_access", []),
    "members-access-put-on": ("trace_access", []),
    "members-person-export": ("view_member", [1]),
    "members-person-remove": ("remove_person", [1]),
}
MAY = {
    "administrator": {"import_roster", "trace_access", "view_member", "remove_person"},
    "course staff": {"import_roster", "trace_access", "view_member"},
    "teacher": set(),
    "": set(),
}


@pytest.mark.parametrize("group", MAY)
@pytest.mark.parametrize("name", ADDRESSES)
def test_who_may_open_what(signed_in: Callable[[str], Client], room: Room, group: str, name: str) -> None:
    right, args = ADDRESSES[name]
    client = signed_in(group)
    url = reverse(name, args=args)
    for answer in (client.get(url), client.post(url)):
        assert (answer.status_code == 403) == (right not in MAY[group])
    assert Client().get(url).url.startswith(reverse("admin:login"))


@pytest.mark.parametrize("name", ["members-roster", "members-access", "members-person-remove", "members-access-put-on"])
def test_what_changes_wants_the_csrf_token(room: Room, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("administrator"))
    assert client.post(reverse(name, args=ADDRESSES[name][1])).status_code == 403
