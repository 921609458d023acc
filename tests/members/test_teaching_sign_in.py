"""Signing in at either address, and where it leads."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from members.models import RoomTeacher
from tests.factories import RecordingFactory, person

pytestmark = [pytest.mark.django_db]
WORD = "a long word"
ADMIN, TEACH = "admin:login", "teaching:sign-in"


def sign_in(client: Client, name: str, user: str, word: str = WORD, **fields: str) -> Any:
    return client.post(reverse(name), {"username": user, "password": word, **fields})


def staff_person(group: str = "") -> User:
    user = person(group)
    user.set_password(WORD)
    user.save()
    return user


@pytest.mark.parametrize("address", [ADMIN, TEACH])
@pytest.mark.parametrize("fields", [{}, {"next": "/admin/"}, {"next": "/teach/"}])
def test_a_teacher_lands_on_the_teachers_pages(
    client: Client, wang: User, address: str, fields: dict[str, str]
) -> None:
    answer = sign_in(client, address, wang.username, **fields)
    assert answer.status_code == 302
    last = client.get(answer.url, follow=True)
    assert last.status_code == 200
    assert last.request["PATH_INFO"] == reverse("teaching:home")


@pytest.mark.parametrize("address", [ADMIN, TEACH])
def test_a_teacher_is_led_to_the_recording_that_was_asked_for(
    client: Client, wang: User, db: None, address: str
) -> None:
    recording = RecordingFactory()
    RoomTeacher.objects.create(room=recording.room, user=wang)
    wanted = reverse("teaching:recording", args=[recording.pk])
    assert sign_in(client, address, wang.username, next=wanted).url == wanted


@pytest.mark.parametrize(
    "outside",
    [
        "https://evil.example/teach/",
        "//evil.example/teach/",
        "/\\evil.example/teach/",
        "javascript:alert(1)",
        "/teach/../../evil",
        "http:///evil.example",
        "/teach/sign-in/?next=/teach/sign-in/",
    ],
)
@pytest.mark.parametrize("address", [ADMIN, TEACH])
def test_next_leads_nowhere_else(client: Client, wang: User, address: str, outside: str) -> None:
    answer = sign_in(client, address, wang.username, next=outside)
    assert answer.status_code == 302
    assert answer.url.startswith("/teach/")
    assert not client.get(answer.url, follow=False).get("Location", "/").startswith(("//", "http"))


def test_the_wrong_word_and_the_wrong_name_say_the_same(client: Client, wang: User) -> None:
    for address in (ADMIN, TEACH):
        said = [sign_in(client, address, name, "wrong") for name in (wang.username, "nobody-at-all")]
        assert [answer.status_code for answer in said] == [200, 200]
        assert "_auth_user_id" not in client.session


def test_who_may_not_sign_in_is_not_let_in(client: Client, wang: User) -> None:
    User.objects.update(is_active=False)
    for address in (ADMIN, TEACH):
        assert sign_in(client, address, wang.username).status_code == 200
        assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("address", [ADMIN, TEACH])
def test_a_guessed_password_is_locked_out_at_both_addresses(
    client: Client, wang: User, address: str, settings: Any
) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    for _ in range(3):
        last = sign_in(client, address, wang.username, "wrong")
    assert last.status_code == 429
    for other in (ADMIN, TEACH):
        assert sign_in(client, other, wang.username).status_code == 429
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("group", ["teacher", "course staff", "administrator"])
def test_staff_keep_the_admin(client: Client, group: str) -> None:
    user = staff_person(group)
    RoomTeacher.objects.create(room=RecordingFactory().room, user=user)
    answer = sign_in(client, ADMIN, user.username)
    assert answer.url == reverse("admin:index")
    assert client.get(answer.url).status_code == 200
    assert reverse("admin:index") in client.get(reverse("teaching:home")).content.decode()


def test_staff_without_a_right_but_with_a_room_are_teachers(client: Client) -> None:
    user = staff_person()
    assert sign_in(client, ADMIN, user.username).url == reverse("admin:index")
    client.logout()
    RoomTeacher.objects.create(room=RecordingFactory().room, user=user)
    assert sign_in(client, ADMIN, user.username).url == reverse("teaching:home")
    client.logout()
    user.user_permissions.add(Permission.objects.get(codename="view_room"))
    assert sign_in(client, ADMIN, user.username).url == reverse("admin:index")


def test_the_front_door_leads_a_signed_in_teacher_home(teach: Client) -> None:
    last = teach.get("/", follow=True)
    assert last.request["PATH_INFO"] == reverse("teaching:home")
    assert teach.get(reverse(TEACH)).url == reverse("teaching:home")


def test_logging_out_is_a_post_and_ends_it(teach: Client) -> None:
    assert teach.get(reverse("teaching:sign-out")).status_code == 405
    answer = teach.post(reverse("teaching:sign-out"))
    assert answer.url == reverse(TEACH)
    assert teach.get(reverse("teaching:home")).status_code == 302


@pytest.mark.parametrize("name", ["sign-in", "sign-out", "password"])
def test_forms_want_the_csrf_token(wang: User, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(wang)
    assert client.post(reverse(f"teaching:{name}"), {"username": "wang", "password": WORD}).status_code == 403


def test_a_password_of_ones_own(teach: Client, wang: User) -> None:
    url = reverse("teaching:password")
    bad = teach.post(
        url, {"old_password": "no", "new_password1": "another long word", "new_password2": "another long word"}
    )
    assert bad.status_code == 200
    assert "t-error" in bad.content.decode()
    good = teach.post(
        url, {"old_password": WORD, "new_password1": "another long word", "new_password2": "another long word"}
    )
    assert good.url == reverse("teaching:password-changed")
    wang.refresh_from_db()
    assert wang.check_password("another long word")
    assert teach.get(good.url).status_code == 200, "and one stays signed in"


def test_both_languages_and_the_switch(client: Client, db: None) -> None:
    page = client.get(reverse(TEACH)).content.decode()
    assert '<html lang="zh-hans">' in page
    switched = client.post(reverse("set_language"), {"language": "en", "next": reverse(TEACH)})
    assert switched.url == reverse(TEACH)
    assert '<html lang="en">' in client.get(reverse(TEACH)).content.decode()
