"""What is told when a page cannot be shown: in the reader's language, in the house's looks, without inner matters."""

from __future__ import annotations

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db


def said(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined,no-any-return]


def test_a_page_without_the_right_says_so(teacher: Client) -> None:
    answer = teacher.get(reverse("admin:playback_syncrun_changelist"))
    assert answer.status_code == 403
    assert "您没有权限" in said(answer)
    teacher.cookies[project.LANGUAGE_COOKIE_NAME] = "en"
    answer = teacher.get(reverse("admin:playback_syncrun_changelist"))
    assert "You may not do this" in said(answer)
    assert '<html lang="en">' in said(answer)


def test_an_address_that_is_none(client: Client) -> None:
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "页面不存在" in said(answer)


def test_a_form_that_was_open_too_long() -> None:
    answer = Client(enforce_csrf_checks=True).post(reverse("admin:login"), {"username": "a", "password": "b"})
    assert answer.status_code == 403
    assert "页面打开时间过长" in said(answer)


def test_an_error_of_ours_tells_nothing_of_it(monkeypatch: pytest.MonkeyPatch, administrator: Client) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("inner matters")

    monkeypatch.setattr("playback.admin.dashboard.tiles", broken)
    administrator.raise_request_exception = False
    answer = administrator.get(reverse("admin:index"))
    assert answer.status_code == 500
    assert "系统出错了" in said(answer)
    assert "inner matters" not in said(answer)


def test_a_name_that_is_locked_out(client: Client) -> None:
    User.objects.create_user("li", password="right", is_staff=True)
    for _ in range(project.AXES_FAILURE_LIMIT):
        answer = client.post(reverse("admin:login"), {"username": "li", "password": "wrong"})
    assert answer.status_code == 429
    assert "登录失败次数过多" in said(answer)
    assert client.post(reverse("admin:login"), {"username": "li", "password": "right"}).status_code == 429
