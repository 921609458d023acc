"""What a teacher reaches: their own rooms, and nothing else by any address. The addresses are those that exist."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from members.models import RoomTeacher
from members.teaching.rights import GRANTED
from members.teaching.urls import urlpatterns
from playback.models import PlayLink, Recording, Room
from playback.sandbox.server import Sandbox
from tests.factories import RecordingFactory, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]

OPEN = {"sign-in", "sign-out"}
OF_A_RECORDING = sorted(str(url.name) for url in urlpatterns if "<int:pk>" in str(url.pattern))
PLAIN = sorted(str(url.name) for url in urlpatterns if "<int:pk>" not in str(url.pattern) and url.name not in OPEN)


def test_every_address_is_one_of_the_two_sorts() -> None:
    assert {"recording", "play", "link", "chapters", "courseware", "watched"} <= set(OF_A_RECORDING)
    assert {str(url.name) for url in urlpatterns} == {*OF_A_RECORDING, *PLAIN, *OPEN}


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "delete"])
@pytest.mark.parametrize("name", OF_A_RECORDING)
def test_a_foreign_recording_is_nowhere(
    sandbox: Sandbox, teach: Client, taught: Recording, foreign: Recording, name: str, method: str
) -> None:
    sandbox.calls.clear()
    for pk in (foreign.pk, foreign.room_id, taught.room_id, 10**15, 0):
        url = reverse(f"teaching:{name}", args=[pk])
        for headers in ({}, {"HX-Request": "true"}):
            answer = getattr(teach, method)(url, {"day": "2024-03-01", "name": "x", "_key": "0" * 32}, headers=headers)
            assert answer.status_code in ({404, 405} if method != "get" else {404}), url
            assert foreign.name not in answer.content.decode()
    assert not list(sandbox.calls), "the vendor is not even asked"
    assert not PlayLink.objects.exists()


@pytest.mark.parametrize("query", ["?room={room}", "?q=别人", "?q={room}", "?q={key}&room={room}", "?p=2&room={room}"])
def test_a_foreign_room_is_nowhere_in_the_list(
    teach: Client, taught: Recording, foreign: Recording, query: str
) -> None:
    Room.objects.filter(pk=foreign.room_id).update(title="别人的教室")
    page = teach.get(reverse("teaching:home") + query.format(room=foreign.room_id, key=foreign.vendor_key))
    assert page.status_code == 200
    body = page.content.decode()
    assert "别人的教室" not in body
    assert reverse("teaching:recording", args=[foreign.pk]) not in body


def test_ones_own_rooms_recordings_are_there(teach: Client, taught: Recording, foreign: Recording) -> None:
    body = teach.get(reverse("teaching:home")).content.decode()
    assert taught.name in body
    assert foreign.name not in body
    for name in OF_A_RECORDING:
        assert teach.get(reverse(f"teaching:{name}", args=[taught.pk])).status_code == 200


@pytest.mark.parametrize("name", [*OF_A_RECORDING, "home"])
def test_taking_the_room_away_works_at_once(teach: Client, wang: User, taught: Recording, name: str) -> None:
    url = reverse(f"teaching:{name}", args=[taught.pk] if name != "home" else [])
    assert taught.name in teach.get(reverse("teaching:home")).content.decode()
    RoomTeacher.objects.filter(user=wang).delete()
    answer = teach.get(url)
    if name == "home":
        assert "data-no-rooms" in answer.content.decode()
        assert taught.name not in answer.content.decode()
    else:
        assert answer.status_code == 404


def test_a_link_form_from_before_makes_nothing_after(
    sandbox: Sandbox, teach: Client, wang: User, taught: Recording
) -> None:
    url = reverse("teaching:link", args=[taught.pk])
    RoomTeacher.objects.filter(user=wang).delete()
    sandbox.calls.clear()
    assert teach.post(url, {"name": "", "_key": "a" * 32}).status_code == 404
    assert not PlayLink.objects.exists()
    assert not list(sandbox.calls)


def test_somebody_who_may_not_sign_in_any_more_is_out(teach: Client, wang: User, taught: Recording) -> None:
    User.objects.filter(pk=wang.pk).update(is_active=False)
    answer = teach.get(reverse("teaching:recording", args=[taught.pk]))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("teaching:sign-in"))


def test_a_recording_that_moved_to_another_room_moves_out_of_reach(
    teach: Client, taught: Recording, foreign: Recording
) -> None:
    Recording.objects.filter(pk=taught.pk).update(room=foreign.room, session_id=5)
    assert teach.get(reverse("teaching:recording", args=[taught.pk])).status_code == 404


@pytest.mark.parametrize("group", ["administrator", "course staff", "teacher", "superuser", ""])
@pytest.mark.parametrize("assigned", [True, False])
def test_groups_open_nothing_here(client: Client, taught: Recording, group: str, assigned: bool) -> None:
    """The matrix of groups and pages: an assignment opens all of them to everybody, and nothing else does."""
    user = User.objects.create_superuser("chief") if group == "superuser" else person(group)
    if assigned:
        RoomTeacher.objects.create(room=taught.room, user=user)
    client.force_login(user)
    for name in OF_A_RECORDING:
        answer = client.get(reverse(f"teaching:{name}", args=[taught.pk]))
        assert answer.status_code == (200 if assigned else 404), name
    for name in PLAIN:
        assert client.get(reverse(f"teaching:{name}")).status_code == 200
    assert ("data-no-rooms" in client.get(reverse("teaching:home")).content.decode()) is not assigned


@pytest.mark.parametrize("name", [*OF_A_RECORDING, *PLAIN])
def test_nobody_is_let_in_without_signing_in(client: Client, taught: Recording, name: str) -> None:
    url = reverse(f"teaching:{name}", args=[taught.pk] if name in OF_A_RECORDING else [])
    for method in (client.get, client.post):
        answer = method(url)
        assert answer.status_code == 302
        assert answer.url == f"{reverse('teaching:sign-in')}?next={url}"
        part = method(url, headers={"HX-Request": "true"})
        assert part.status_code == 401
        assert part["HX-Refresh"] == "true"


def test_the_admin_is_closed_to_who_is_no_staff(teach: Client, wang: User, taught: Recording) -> None:
    """Even with every right of the world: the admin wants the staff flag."""
    wang.user_permissions.set(Permission.objects.all())
    for url in (
        reverse("admin:index"),
        reverse("admin:playback_recording_changelist"),
        reverse("admin:playback_recording_change", args=[taught.pk]),
        reverse("admin:playback_recording_links", args=[taught.pk]),
        reverse("recording-preview", args=[taught.pk]),
        reverse("room-teachers", args=[taught.room_id]),
    ):
        assert teach.get(url).status_code == 302, url


def test_a_right_holds_for_one_recording_and_not_for_all(wang: User, taught: Recording, foreign: Recording) -> None:
    granted: dict[str, Any] = {perm: wang.has_perm(perm, taught) for perm in GRANTED}
    assert all(granted.values())
    for perm in GRANTED:
        assert not wang.has_perm(perm, foreign)
        assert not wang.has_perm(perm)
    for perm in ("playback.block_recording", "playback.remove_recording", "members.view_contact"):
        assert not wang.has_perm(perm, taught)
    wang.is_active = False
    assert not wang.has_perm("playback.make_play_links", taught)


def test_what_the_vendor_no_longer_has_is_told(teach: Client, taught: Recording, sandbox: Sandbox) -> None:
    Recording.objects.filter(pk=taught.pk).update(gone_at=timezone.now())
    sandbox.calls.clear()
    assert taught.name not in teach.get(reverse("teaching:home")).content.decode().replace(taught.room.title, "")
    page = teach.get(reverse("teaching:recording", args=[taught.pk])).content.decode()
    assert "hx-get" not in page
    played = teach.get(reverse("teaching:play", args=[taught.pk]))
    assert 'data-obstacle="gone"' in played.content.decode()
    assert not list(sandbox.calls)


def test_a_page_of_the_list_costs_the_same_however_many(
    teach: Client, wang: User, django_assert_max_num_queries: Any
) -> None:
    first = RecordingFactory()
    RoomTeacher.objects.create(room=first.room, user=wang)
    for number in range(1, 46):
        RecordingFactory(room=first.room, session_id=number)
    teach.get(reverse("teaching:home"))  # how old the data is was asked, and is kept for some seconds
    with django_assert_max_num_queries(7):
        page = teach.get(reverse("teaching:home") + "?p=2")
    assert page.content.decode().count("t-item") == 20
    assert "2 / 3" in page.content.decode()
