"""The owners of a room: who sees them, who may change them, and how."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from playback.models import Room
from tests.factories import RoomFactory, person

pytestmark = [pytest.mark.django_db]


def page_of(client: Client, room: Room) -> Any:
    return client.get(reverse("admin:playback_room_change", args=[room.pk]))


def change(client: Client, room: Room, **posted: Any) -> Any:
    return client.post(reverse("admin:playback_room_owners", args=[room.pk]), posted)


@pytest.fixture
def room() -> Room:
    made: Room = RoomFactory()
    return made


def test_an_administrator_adds_and_removes_one_at_a_time(administrator: Client, room: Room) -> None:
    li = person(username="li", first_name="娜", last_name="李", email="li@example.org")
    wang = person(username="wang", email="wang@example.org")
    assert li in page_of(administrator, room).context["owner_form"].fields["person"].queryset
    answer = change(administrator, room, person=li.pk)
    assert answer.url == reverse("admin:playback_room_change", args=[room.pk])
    change(administrator, room, person=wang.pk)
    assert set(room.owners.all()) == {li, wang}
    page = page_of(administrator, room)
    assert "李娜 (li)" in page.content.decode()
    assert li not in page.context["owner_form"].fields["person"].queryset
    change(administrator, room, remove=li.pk)
    assert list(room.owners.all()) == [wang]
    assert list(LogEntry.objects.order_by("pk").values_list("change_message", flat=True)) == [
        "owner added: li",
        "owner added: wang",
        "owner removed: li",
    ]


@pytest.mark.parametrize("given", ["", "x", "999999", "9" * 40])
def test_what_is_no_person_is_a_sentence_at_the_field(administrator: Client, room: Room, given: str) -> None:
    answer = change(administrator, room, person=given)
    assert answer.status_code == 200
    (error,) = answer.context["owner_form"].errors["person"]
    assert error in answer.content.decode()
    assert not room.owners.exists()


@pytest.mark.parametrize("given", ["", "x", "999999", "9" * 40, "²"])
def test_removing_nobody_changes_nothing(administrator: Client, room: Room, given: str) -> None:
    room.owners.add(person(username="li"))
    assert change(administrator, room, remove=given).status_code == 302
    assert room.owners.count() == 1
    assert not LogEntry.objects.exists()


def test_who_left_cannot_be_chosen(administrator: Client, room: Room) -> None:
    left = person(username="left", is_active=False)
    assert "person" in change(administrator, room, person=left.pk).context["owner_form"].errors


def test_who_gets_no_mail_is_marked(administrator: Client, room: Room) -> None:
    room.owners.add(person(username="silent"), person(username="left", email="left@example.org", is_active=False))
    page = page_of(administrator, room).content.decode()
    assert "没有邮箱" in page
    assert "账号已停用" in page


@pytest.mark.parametrize("group", ["course staff", "teacher"])
def test_others_see_and_do_not_change(signed_in: Any, room: Room, group: str) -> None:
    client = signed_in(group)
    owner = person(username="li")
    room.owners.add(owner)
    page = page_of(client, room)
    assert "li" in [shown["name"] for shown in page.context["owners"]]
    assert page.context["owner_form"] is None
    assert reverse("admin:playback_room_owners", args=[room.pk]) not in page.content.decode()
    for posted in ({"person": person(username="wang").pk}, {"remove": owner.pk}):
        assert change(client, room, **posted).status_code == 403
    assert list(room.owners.all()) == [owner]


def test_a_change_is_a_post_with_a_token(administrator: Client, room: Room) -> None:
    assert administrator.get(reverse("admin:playback_room_owners", args=[room.pk])).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = administrator.cookies
    assert change(strict, room, person=person(username="li").pk).status_code == 403
    assert not room.owners.exists()


def test_a_room_that_is_none(administrator: Client) -> None:
    assert administrator.post(reverse("admin:playback_room_owners", args=[1])).status_code == 404
