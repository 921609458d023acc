"""The members part of a room's and a recording's page, and the page that adds people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from members.admin import list_add
from members.lists import ListOf, RecordingList, RoomList
from members.models import ContactView, Member, MemberList
from members.sync import store
from members.sync.reading import read_list
from playback.conf import vendor_client
from playback.models import Operation, Recording, Room
from playback.sandbox.server import Sandbox
from playback.vendor.codes import Lane

from .conftest import new_room
from .test_list_operations import at_the_vendor, drive
from .test_sync_lists import put

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]
People = Callable[..., list[int]]


@pytest.fixture(params=["room", "recording"])
def which(request: pytest.FixtureRequest, room: Room, recording: Recording) -> ListOf:
    return RoomList(room) if request.param == "room" else RecordingList(recording)


def url(which: ListOf, name: str = "") -> str:
    return reverse(f"admin:members_list{name}", args=[which.of, which.pk])


def read(which: ListOf) -> None:
    assert read_list(vendor_client(Lane.SYNC), which).complete


def planned() -> dict[int, str]:
    """The items of the one plan, and it is thrown away."""
    operation = Operation.objects.get()
    told = {item.before["user_id"]: item.outcome for item in operation.items.filter(outcome="planned")}
    operation.delete()
    return told


# ---------------------------------------------------------------- the part of a page


def test_the_part_is_on_both_pages(staff: Client, which: ListOf) -> None:
    page = staff.get(reverse(f"admin:playback_{which.of}_change", args=[which.pk])).content.decode()
    assert 'data-panel="members"' in page
    assert url(which) in page


def test_who_is_on_it_is_masked_paged_and_searched(
    staff: Client, vendor: Sandbox, which: ListOf, people: People, settings: Any
) -> None:
    settings.SYNC_PAGE_SIZE = 100
    put(vendor, which, people(30))
    read(which)
    page = staff.get(url(which)).content.decode()
    assert "138****0000" in page
    assert "s***@example.org" in page
    assert "13800130000" not in page
    assert "student0@" not in page
    assert page.count('name="member"') == 25
    assert staff.post(url(which), {"p": "2"}).content.decode().count('name="member"') == 5
    page = staff.post(url(which), {"find": "学生17"}).content.decode()
    assert page.count('name="member"') == 1
    assert not ContactView.objects.exists()


def test_administrators_see_contacts_and_it_is_logged(
    administrator: Client, vendor: Sandbox, which: ListOf, people: People
) -> None:
    put(vendor, which, people(3))
    read(which)
    assert "13800130002" in administrator.get(url(which)).content.decode()
    look = ContactView.objects.get()
    assert (look.count, look.place) == (3, f"list of a {which.of}")


def test_read_now_asks_the_vendor(staff: Client, vendor: Sandbox, which: ListOf, people: People) -> None:
    put(vendor, which, people(2))
    assert "学生0" not in staff.get(url(which)).content.decode()
    page = staff.post(url(which), {"do": "read"}).content.decode()
    assert "学生0" in page
    assert "学生1" in page
    assert MemberList.objects.get().read_at is not None


@pytest.mark.parametrize(
    ("fault", "options", "words"),
    [("refuse", {"code": 1, "message": "操作失败"}, "1: 操作失败"), ("html", {}, ""), ("drop", {}, "")],
)
def test_read_now_says_what_went_wrong_and_keeps_what_is_known(
    staff: Client, vendor: Sandbox, which: ListOf, people: People, fault: str, options: dict[str, Any], words: str
) -> None:
    put(vendor, which, people(2))
    read(which)
    vendor.faults.add(f"list_{which.of}_members", fault, **options)
    page = staff.post(url(which), {"do": "read"}).content.decode()
    assert 'role="alert"' in page
    assert words in page
    assert "学生0" in page


def test_a_long_list_is_left_to_the_schedule(
    staff: Client, vendor: Sandbox, which: ListOf, people: People, settings: Any
) -> None:
    settings.SYNC_PAGE_SIZE = 2
    put(vendor, which, people(12))
    assert 'role="alert"' in staff.post(url(which), {"do": "read"}).content.decode()
    assert MemberList.objects.get().wanted_at is not None


def test_removing_the_ticked(staff: Client, vendor: Sandbox, which: ListOf, people: People) -> None:
    ids = people(4)
    put(vendor, which, ids)
    read(which)
    answer = staff.post(url(which, "_remove"), {"member": ids[:2]})
    operation = Operation.objects.get()
    assert answer.url.startswith(reverse("admin:playback_operation_plan", args=[operation.uuid]))
    assert at_the_vendor(vendor, which) == set(ids)  # nothing yet
    plan = staff.get(answer.url).content.decode()
    assert "学生0" in plan
    staff.post(reverse("admin:playback_operation_confirm", args=[operation.uuid]))
    assert drive(operation) == {"done": 2}
    report = staff.get(reverse("admin:playback_operation_report", args=[operation.uuid])).content.decode()
    assert "学生1" in report
    for page in (plan, report):
        assert "13800130000" not in page
        assert "student0@" not in page
    assert at_the_vendor(vendor, which) == store.ids_here(which) == set(ids[2:])


def test_removing_nobody_or_nonsense(staff: Client, which: ListOf) -> None:
    for data in ({}, {"member": ["x"]}):
        answer = staff.post(url(which, "_remove"), data)
        assert answer.url == reverse(f"admin:playback_{which.of}_change", args=[which.pk])
    assert staff.get(url(which, "_remove")).status_code == 405
    assert not Operation.objects.exists()


def test_a_list_that_is_not_there(staff: Client) -> None:
    for of, pk in (("room", 7), ("recording", 7), ("version", 7)):
        assert staff.get(reverse("admin:members_list", args=[of, pk])).status_code == 404


def test_changing_wants_the_csrf_token_and_the_right(which: ListOf) -> None:
    from tests.factories import person

    client = Client(enforce_csrf_checks=True)
    client.force_login(person("course staff"))
    for address in (url(which), url(which, "_add"), url(which, "_remove")):
        assert client.post(address, {"member": 1, "pasted": "1"}).status_code == 403
    looker = person(username="looker")
    from django.contrib.auth.models import Permission

    looker.user_permissions.set(Permission.objects.filter(codename__in=["view_member", "view_room", "view_recording"]))
    client = Client()
    client.force_login(looker)
    page = client.get(url(which)).content.decode()
    assert url(which, "_add") not in page
    assert url(which, "_remove") not in page
    assert client.post(url(which, "_add"), {"pasted": "1"}).status_code == 403
    assert client.post(url(which, "_remove"), {"member": "1"}).status_code == 403


# ---------------------------------------------------------------- adding


@pytest.fixture
def known(vendor: Sandbox, people: People) -> list[int]:
    """Four people whom the list of another room names."""
    ids = people(4)
    other = RoomList(new_room(vendor, "高二的班"))
    put(vendor, other, ids)
    read(other)
    return ids


def add(client: Client, which: ListOf, **data: Any) -> Any:
    return client.post(url(which, "_add"), {"do": "plan", **data})


def test_picking(staff: Client, which: ListOf, known: list[int]) -> None:
    page = staff.post(url(which, "_add"), {"do": "search", "words": "学生", "pasted": "保留", "picked": known[:1]})
    told = page.content.decode()
    assert "保留" in told  # nothing typed is lost
    assert told.count('name="picked"') == 4
    assert told.count(" checked") == 1
    assert "13800130000" not in told
    add(staff, which, picked=known[:2])
    assert planned() == dict.fromkeys(known[:2], "planned")


def test_pasting(staff: Client, which: ListOf, known: list[int]) -> None:
    numbers = [str(user_id + 800_000) for user_id in known]
    answer = add(staff, which, pasted=f"{known[0]}，{numbers[1]}\r\n {numbers[2]}、{numbers[2]};{known[3]}")
    assert answer.status_code == 302
    assert planned() == dict.fromkeys(known, "planned")


def test_what_is_not_clear_is_listed_and_nothing_is_lost(staff: Client, which: ListOf, known: list[int]) -> None:
    Member.objects.filter(pk__in=known[2:]).update(user_sn="77")
    pasted = f"{known[0]} 77 990001 陌生"
    answer = add(staff, which, pasted=pasted)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert not Operation.objects.exists()
    for word in ("990001", "陌生", "学生2", "学生3"):
        assert word in page
    assert pasted in page
    seen = answer.context["form"].problems
    answer = add(staff, which, pasted=pasted, seen=seen, picked=[known[3]], as_id=["990001"])
    assert answer.status_code == 302
    assert planned() == dict.fromkeys([known[0], known[3], 990_001], "planned")
    # Problems that nobody saw are shown before a plan is made.
    assert add(staff, which, pasted=f"{pasted} 更多", seen=seen).status_code == 200


def test_ones_number_that_is_anothers_user_id_is_not_guessed(staff: Client, which: ListOf, known: list[int]) -> None:
    Member.objects.filter(pk=known[0]).update(user_sn=str(known[1]))
    answer = add(staff, which, pasted=str(known[1]))
    assert answer.status_code == 200
    assert set(answer.context["form"].resolved.ambiguous) == {str(known[1])}


def test_another_rooms_list(staff: Client, vendor: Sandbox, which: ListOf, known: list[int]) -> None:
    assert add(staff, which, from_room="高二的班").status_code == 302
    assert planned() == dict.fromkeys(known, "planned")
    unread = new_room(vendor, "没读过")
    vendor.state.add_room_members(unread.pk, known[:1])
    assert add(staff, which, from_room=str(unread.pk)).status_code == 302  # it is read now
    assert planned() == {known[0]: "planned"}


def test_a_room_that_is_not_clear(staff: Client, vendor: Sandbox, which: ListOf, known: list[int]) -> None:
    new_room(vendor, "高二的班 B")
    answer = add(staff, which, from_room="高二", pasted="保留")
    assert answer.status_code == 422
    assert answer.content.decode().count('name="from_room" value=') == 3  # what was typed, and two to choose from
    assert add(staff, which, from_room="没有这个").status_code == 422
    vendor.faults.add("list_room_members", "refuse", code=1, message="操作失败")
    new_room(vendor, "坏的")
    answer = add(staff, which, from_room="坏的")
    assert "操作失败" in answer.content.decode()
    assert not Operation.objects.exists()


def test_a_room_is_not_added_to_itself(staff: Client, vendor: Sandbox, room: Room) -> None:
    assert add(staff, RoomList(room), from_room=str(room.pk)).status_code == 422


def test_nothing_is_chosen(staff: Client, which: ListOf) -> None:
    answer = add(staff, which)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert staff.get(url(which, "_add")).status_code == 200


def test_too_many_numbers(staff: Client, which: ListOf, monkeypatch: pytest.MonkeyPatch) -> None:
    from members import pasted

    monkeypatch.setattr(pasted, "MOST", 3)
    answer = add(staff, which, pasted="1 2 3 4 5")
    assert answer.status_code == 422
    assert "1 2 3 4 5" in answer.content.decode()
    assert list_add.PROBLEMS >= 3


def test_typed_words_are_escaped(staff: Client, which: ListOf) -> None:
    answer = add(staff, which, pasted="<script>x</script>", from_room='"><b>')
    page = answer.content.decode()
    assert "<script>x" not in page
    assert '"><b>' not in page
