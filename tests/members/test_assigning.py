"""Giving a room its teachers and taking it away, on the room's page in the admin."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from members.models import RoomTeacher
from playback.models import Room
from tests.factories import RoomFactory, person

pytestmark = [pytest.mark.django_db]


def url_of(room: Room) -> str:
    return reverse("room-teachers", args=[room.pk])


def page_of(room: Room) -> str:
    return reverse("admin:playback_room_change", args=[room.pk])


def pairs() -> set[tuple[int, str]]:
    return {(row.room_id, row.user.username) for row in RoomTeacher.objects.select_related("user")}


def test_given_and_taken_away(administrator: Client, wang: User) -> None:
    room, other = RoomFactory(), RoomFactory()
    RoomTeacher.objects.create(room=other, user=wang)
    assert url_of(room) in administrator.get(page_of(room)).content.decode()
    assert "assign-form" in administrator.get(url_of(room)).content.decode()

    given = administrator.post(url_of(room), {"who": "wang"})
    assert given.status_code == 200
    assert 'data-teacher="wang"' in given.content.decode()
    assert pairs() == {(room.pk, "wang"), (other.pk, "wang")}
    row = RoomTeacher.objects.get(room=room)
    assert row.assigned_by is not None
    assert row.assigned_by.username == "administrator"

    rooms = administrator.get(reverse("admin:auth_user_change", args=[wang.pk])).content.decode()
    assert page_of(room) in rooms
    assert page_of(other) in rooms

    administrator.post(url_of(room), {"remove": str(row.pk)})
    assert pairs() == {(other.pk, "wang")}


@pytest.mark.parametrize("who", ["wang", "王芳", "王 芳", "芳王", " wang "])
def test_people_are_found_by_user_name_or_whole_name(administrator: Client, wang: User, who: str) -> None:
    room = RoomFactory()
    administrator.post(url_of(room), {"who": who})
    assert pairs() == {(room.pk, "wang")}


@pytest.mark.parametrize("who", ["", " ", "nobody", "王", "芳", "gone", "twin", "wang,gone", "<script>"])
def test_who_is_nobody_is_told_and_nothing_typed_is_lost(administrator: Client, wang: User, who: str) -> None:
    User.objects.create_user("gone", is_active=False)
    for number in (1, 2):
        User.objects.create_user(f"t{number}", last_name="twin")
    room = RoomFactory()
    answer = administrator.post(url_of(room), {"who": who}).content.decode()
    assert 'role="alert"' in answer
    assert "<script>" not in answer
    if who.strip() and "<" not in who:
        assert f'value="{who}"' in answer
    assert not pairs()


def test_twice_is_told(administrator: Client, wang: User) -> None:
    room = RoomFactory()
    for _ in range(2):
        answer = administrator.post(url_of(room), {"who": "wang"})
    assert 'role="alert"' in answer.content.decode()
    assert pairs() == {(room.pk, "wang")}


@pytest.mark.parametrize("number", ["0", "x", "", "99999999", "²"])
def test_an_assignment_of_another_room_is_not_taken_away(administrator: Client, wang: User, number: str) -> None:
    room, other = RoomFactory(), RoomFactory()
    row = RoomTeacher.objects.create(room=other, user=wang)
    for sent in (number, str(row.pk)):
        answer = administrator.post(url_of(room), {"remove": sent})
        assert answer.status_code == 200
        assert 'role="alert"' in answer.content.decode()
    assert pairs() == {(other.pk, "wang")}


@pytest.mark.parametrize(
    ("group", "sees", "changes"),
    [
        ("administrator", 200, 200),
        ("course staff", 403, 403),
        ("teacher", 403, 403),
        ("superuser", 200, 200),
        ("", 403, 403),
    ],
)
def test_who_may(signed_in: Callable[[str], Client], wang: User, group: str, sees: int, changes: int) -> None:
    client = signed_in(group)
    room = RoomFactory()
    assert client.get(url_of(room)).status_code == sees
    assert client.post(url_of(room), {"who": "wang"}).status_code == changes
    assert bool(pairs()) == (changes == 200)
    page = client.get(page_of(room))
    assert (url_of(room) in page.content.decode()) == (sees == 200)


def test_who_may_only_see_changes_nothing(client: Client, wang: User) -> None:
    from django.contrib.auth.models import Permission

    user = person("course staff")
    user.user_permissions.add(Permission.objects.get(codename="view_roomteacher"))
    client.force_login(user)
    room = RoomFactory()
    row = RoomTeacher.objects.create(room=room, user=wang)
    page = client.get(url_of(room)).content.decode()
    assert 'data-teacher="wang"' in page
    assert "<form" not in page
    for sent in ({"who": user.username}, {"remove": str(row.pk)}):
        assert client.post(url_of(room), sent).status_code == 403
    assert pairs() == {(room.pk, "wang")}


def test_it_wants_the_csrf_token_and_an_existing_room(administrator: Client, wang: User) -> None:
    room = RoomFactory()
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(User.objects.get(username="administrator"))
    assert careful.post(url_of(room), {"who": "wang"}).status_code == 403
    assert administrator.post(reverse("room-teachers", args=[1]), {"who": "wang"}).status_code == 404
    assert administrator.put(url_of(room)).status_code == 405
    assert not pairs()


def test_a_persons_page_is_still_saved_and_its_rooms_stay(administrator: Client, wang: User) -> None:
    RoomTeacher.objects.create(room=RoomFactory(), user=wang)
    url = reverse("admin:auth_user_change", args=[wang.pk])
    page = administrator.get(url)
    sent = {
        "username": "wang",
        "first_name": "芳芳",
        "is_active": "on",
        "date_joined_0": "2024-03-01",
        "date_joined_1": "09:00",
    }
    for formset in page.context["inline_admin_formsets"]:
        sent |= {field.html_name: str(field.value()) for field in formset.formset.management_form}
    assert administrator.post(url, sent).status_code == 302
    wang.refresh_from_db()
    assert wang.first_name == "芳芳"
    assert RoomTeacher.objects.count() == 1
