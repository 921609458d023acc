"""A teacher's one-time link: made with the ledger, shown once, good for one opening."""

from __future__ import annotations

import html
import logging
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from playback.models import PlayLink, Recording
from playback.play_links import making
from playback.play_links.terms import Terms
from playback.player import Viewer
from playback.sandbox.server import Sandbox
from tests.factories import person
from tests.play_links.vendor import opened, query_of

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]


@pytest.fixture(autouse=True)
def _english(settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"


def url_of(recording: Recording) -> str:
    return reverse("teaching:link", args=[recording.pk])


def filled(client: Client, recording: Recording, name: str = "") -> dict[str, str]:
    page = client.get(url_of(recording)).content.decode()
    found = re.search(r'name="_key" value="([0-9a-f]{32})"', page)
    assert found, page
    return {"name": name, "_key": found[1]}


def link_in(answer: Any) -> str:
    found = re.search(r"data-link>([^<]+)<", answer.content.decode())
    return html.unescape(found[1]) if found else ""


def test_one_link_that_opens_once(
    sandbox: Sandbox, teach: Client, wang: User, taught: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = teach.post(url_of(taught), filled(teach, taught, "赵一的家长"))
    link = link_in(answer)
    assert query_of(link)["user_name"] == "赵一的家长"
    assert f'data-copy="{html.escape(link)}"' in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert query_of(link)["token"] not in caplog.text
    entry = PlayLink.objects.get()
    assert (entry.made_by, entry.recording, entry.kind, entry.for_name) == (wang, taught, "one_time", "赵一的家长")
    assert opened(link).status_code == 200
    assert opened(link).status_code != 200


def test_a_second_click_or_a_reload_makes_no_second_one(sandbox: Sandbox, teach: Client, taught: Recording) -> None:
    sent = filled(teach, taught)
    first = teach.post(url_of(taught), sent)
    again = teach.post(url_of(taught), sent)
    assert again.status_code == 409
    assert link_in(first)
    assert not link_in(again)
    assert PlayLink.objects.count() == 1
    assert teach.post(url_of(taught), {"name": ""}).status_code == 409, "a form without its key is none of ours"


@pytest.mark.parametrize("facts", [{"publish_status": 2}, {"status": 20}])
def test_the_vendors_state_is_a_sentence_and_the_name_is_kept(
    sandbox: Sandbox, teach: Client, taught: Recording, facts: dict[str, int]
) -> None:
    other = sandbox.state
    known = other.recording(taught.room_id, taught.session_id)
    assert known
    column, value = next(iter(facts.items()))
    table = "recordings" if column == "publish_status" else "versions"
    other.execute(f"UPDATE {table} SET {column} = ? WHERE playback_id = ?", (value, known["playback_id"]))  # noqa: S608
    answer = teach.post(url_of(taught), filled(teach, taught, "家长"))
    assert 'role="alert"' in answer.content.decode()
    assert 'value="家长"' in answer.content.decode()
    assert not PlayLink.objects.exists()
    assert not link_in(answer)


def test_a_lost_answer_makes_no_link(sandbox: Sandbox, teach: Client, taught: Recording) -> None:
    sandbox.faults.add("one_time_token", "broken_json", times=20, after_change=True)
    answer = teach.post(url_of(taught), filled(teach, taught))
    assert 'role="alert"' in answer.content.decode()
    assert not PlayLink.objects.exists()
    assert link_in(teach.post(url_of(taught), filled(teach, taught))) == ""
    sandbox.faults.clear()
    assert link_in(teach.post(url_of(taught), filled(teach, taught)))


def test_a_name_that_is_too_long_is_told_and_kept(sandbox: Sandbox, teach: Client, taught: Recording) -> None:
    sandbox.calls.clear()
    answer = teach.post(url_of(taught), filled(teach, taught, "长" * 65))
    assert "t-error" in answer.content.decode()
    assert "长" * 65 in answer.content.decode()
    assert not list(sandbox.calls)


def test_a_link_takes_a_post_and_the_csrf_token(sandbox: Sandbox, wang: User, taught: Recording) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(wang)
    sent = filled(client, taught)
    assert client.post(url_of(taught), sent).status_code == 403
    assert not PlayLink.objects.exists()


def test_the_right_is_asked_for_again_where_links_are_made(
    sandbox: Sandbox, wang: User, taught: Recording, foreign: Recording
) -> None:
    once = Terms(PlayLink.Kind.ONE_TIME)
    assert making.make_for_one(wang, taught, [Viewer("x")], once)[0].made
    sandbox.calls.clear()
    for user, recording in ((wang, foreign), (person("teacher"), taught)):
        with pytest.raises(PermissionDenied):
            making.make_for_one(user, recording, [Viewer("x")], once)
    with pytest.raises(PermissionDenied):
        making.make_for_many(wang, [taught], Viewer("x"), Terms(PlayLink.Kind.TIMED, 3600))
    assert not list(sandbox.calls)
    assert PlayLink.objects.count() == 1
