"""The pages that make play links, against the sandbox: three steps, once; nothing of a token but in the answer."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from playback.models import PlayLink, Recording
from playback.play_links import making
from playback.sandbox.server import Sandbox
from tests.factories import RecordingFactory, person
from tests.operations.vendor import recorded
from tests.play_links.vendor import opened, query_of

pytestmark = [pytest.mark.django_db]
CHANGELIST = "admin:playback_recording_changelist"
TIMED = {"lasting": "timed", "amount": "3", "unit": "days"}


@pytest.fixture(autouse=True)
def _english(settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"


def links_url(recording: Recording) -> str:
    return reverse("admin:playback_recording_links", args=[recording.pk])


def hidden_of(page: Any) -> dict[str, Any]:
    """The hidden fields of the plan's form, as a browser sends them."""
    body = re.search(r'<form[^>]*id="make-form".*?</form>', page.content.decode(), re.S)
    assert body, page.content.decode()
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', body[0])
    sent: dict[str, Any] = {}
    for name, value in found:
        sent.setdefault(name, []).append(html.unescape(value))
    return sent


def reviewed(client: Client, url: str, fields: dict[str, Any]) -> dict[str, Any]:
    page = client.post(url, {**fields, "_review": "1"})
    assert page.status_code == 200
    return {**hidden_of(page), "_make": "1"}


def shown(page: Any) -> list[str]:
    return [html.unescape(url) for url in re.findall(r"<span[^>]*data-link>([^<]+)</span>", page.content.decode())]


def everything_stored() -> str:
    """The whole database as text, whatever the model."""
    out = StringIO()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            out.write(repr(cursor.fetchall()))
    return out.getvalue()


# ---------------------------------------------------------------- one recording


def test_from_the_menu_to_links_that_open_the_player(sandbox: Sandbox, staff: Client) -> None:
    recording = recorded(sandbox)
    menu = staff.get(reverse("admin:playback_recording_change", args=[recording.pk])).content.decode()
    assert f'action="{links_url(recording)}"' in menu
    assert 'data-kind="play_links"' in menu
    sandbox.calls.clear()
    form = staff.post(links_url(recording))
    assert 'name="viewers"' in form.content.decode()

    review = staff.post(links_url(recording), {**TIMED, "viewers": "王芳 2023001\n<b>李</b>", "_review": "1"})
    body = review.content.decode()
    assert "Make 2 links" in body
    assert "&lt;b&gt;李&lt;/b&gt;" in body
    assert "Until " in body
    assert not sandbox.calls
    assert not PlayLink.objects.exists()

    made = staff.post(links_url(recording), {**hidden_of(review), "_make": "1"})
    assert made.status_code == 200
    first, second = shown(made)
    assert opened(first).status_code == opened(second).status_code == 200
    assert query_of(first)["user_number"] == "2023001"
    assert query_of(second)["user_name"] == "<b>李</b>"
    copied = re.search(r'data-copy="([^"]+)"', made.content.decode())
    assert copied
    assert html.unescape(copied[1]).split("\n") == [f"王芳\t2023001\t{first}", f"<b>李</b>\t\t{second}"]
    assert "no-store" in made["Cache-Control"]
    assert made["Referrer-Policy"] == "same-origin"
    assert PlayLink.objects.count() == 2


def test_a_reload_or_a_second_click_makes_nothing_and_shows_nothing(sandbox: Sandbox, staff: Client) -> None:
    recording = recorded(sandbox)
    sent = reviewed(staff, links_url(recording), {"lasting": "one_time"})
    (link,) = shown(staff.post(links_url(recording), sent))
    sandbox.calls.clear()
    again = staff.post(links_url(recording), sent)
    assert again.status_code == 409
    assert "data-used" in again.content.decode()
    assert query_of(link)["token"] not in again.content.decode()
    assert not sandbox.calls
    assert PlayLink.objects.count() == 1
    assert not shown(staff.get(links_url(recording)))


@pytest.mark.parametrize("key", [None, "", "x" * 32, "0" * 31])
def test_a_form_that_was_not_shown_makes_nothing(sandbox: Sandbox, staff: Client, key: str | None) -> None:
    recording = recorded(sandbox)
    fields = {**TIMED, "_make": "1"} | ({} if key is None else {"_key": key})
    assert staff.post(links_url(recording), fields).status_code == 409
    assert not PlayLink.objects.exists()


def test_no_store_no_links(sandbox: Sandbox, staff: Client, settings: Any) -> None:
    recording = recorded(sandbox)
    sent = reviewed(staff, links_url(recording), TIMED)
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"}
    }
    answer = staff.post(links_url(recording), sent)
    assert answer.status_code == 503
    assert "Nothing was made" in answer.content.decode()
    assert not PlayLink.objects.exists()


def test_for_ever_is_warned_of_and_an_earlier_end_is_told(sandbox: Sandbox, staff: Client) -> None:
    recording = recorded(sandbox)
    Recording.objects.update(expires_at=timezone.now() + timedelta(days=1), publish_status=2)
    body = staff.post(links_url(recording), {"lasting": "for_ever", "_review": "1"}).content.decode()
    assert "cannot be taken back" in body
    assert "The recording itself expires sooner" in body
    assert "It is blocked: publish it first." in body
    body = staff.post(links_url(recording), {"lasting": "timed", "amount": 3, "unit": "hours", "_review": "1"})
    assert "cannot be taken back" not in body.content.decode()
    assert "expires sooner" not in body.content.decode()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({**TIMED, "viewers": "王,12a"}, "Line 1: A viewer&#x27;s number consists of digits only."),
        ({**TIMED, "amount": ""}, "Say for how long."),
        ({**TIMED, "amount": "0"}, "A link is good for at least a minute"),
        ({**TIMED, "amount": "-4"}, "A link is good for at least a minute"),
        ({**TIMED, "amount": "3651"}, "at most 3650 days"),
        ({**TIMED, "amount": "9" * 30}, "at most 3650 days"),
        ({**TIMED, "amount": "soon"}, "Enter a whole number."),
        ({}, "Say how long the links are good."),
        ({"lasting": "always"}, "Select a valid choice."),
        ({**TIMED, "unit": "years"}, "Select a valid choice."),
    ],
)
@pytest.mark.parametrize("step", ["_review", "_make"])
def test_bad_input_is_a_sentence_and_nothing_typed_is_lost(
    sandbox: Sandbox, staff: Client, fields: dict[str, Any], sentence: str, step: str
) -> None:
    recording = recorded(sandbox)
    body = staff.post(links_url(recording), {"viewers": "王芳 7", **fields, step: "1"}).content.decode()
    assert sentence in body
    assert fields.get("viewers", "王芳 7") in body
    assert not PlayLink.objects.exists()


def test_back_from_the_plan_the_form_is_as_it_was_typed(sandbox: Sandbox, staff: Client) -> None:
    recording = recorded(sandbox)
    sent = reviewed(staff, links_url(recording), {"lasting": "one_time", "viewers": "甲\n乙 2"})
    sent.pop("_make")
    body = staff.post(links_url(recording), {**sent, "_edit": "1"}).content.decode()
    assert re.search(r"甲\r?\n乙 2", body)
    assert re.search(r'value="one_time"[^>]*checked', body)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"publish_status": 2}, "It is blocked: publish it first."),
        ({"status": 20}, "It is still transcoding."),
        ({"expires_at": 1_700_000_000}, "It has expired."),
    ],
)
def test_a_refused_recording_says_why(sandbox: Sandbox, staff: Client, facts: dict[str, int], sentence: str) -> None:
    recording = recorded(sandbox)
    sent = reviewed(staff, links_url(recording), TIMED)
    sandbox.state.update_recording(recording.room_id, **facts)
    body = staff.post(links_url(recording), sent).content.decode()
    assert "No link was made" in body
    assert sentence in body
    assert not PlayLink.objects.exists()


def test_the_vendors_words_are_shown_and_escaped(sandbox: Sandbox, staff: Client) -> None:
    recording = recorded(sandbox)
    sandbox.faults.add("player_token", "refuse", code=1, message="<i>不行</i>")
    body = staff.post(links_url(recording), reviewed(staff, links_url(recording), TIMED)).content.decode()
    assert "1: &lt;i&gt;不行&lt;/i&gt;" in body


# ---------------------------------------------------------------- a selection


def selection(recordings: list[Recording], **more: Any) -> dict[str, Any]:
    return {"action": "play_links", ACTION_CHECKBOX_NAME: [row.pk for row in recordings], "index": "0", **more}


def rows_of(answer: Any) -> list[dict[str, Any]]:
    sheet = load_workbook(BytesIO(answer.content)).active
    assert sheet is not None
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_a_selection_becomes_a_file_whose_links_play(sandbox: Sandbox, staff: Client) -> None:
    good, blocked_here, blocked_there = (recorded(sandbox, name=name) for name in ("=1+1", "第二讲", "第三讲"))
    Recording.objects.filter(pk=blocked_here.pk).update(publish_status=2)
    sandbox.state.update_recording(blocked_there.room_id, publish_status=2)
    url = reverse(CHANGELIST)
    chosen = [good, blocked_here, blocked_there]
    form = staff.post(url, selection(chosen)).content.decode()
    assert "one_time" not in form
    assert "<b>2</b> <span>links will be asked for" in form
    assert "It is blocked: publish it first." in form

    sent = reviewed(staff, url, {**selection(chosen), **TIMED, "name": "高一3班", "number": "３"})
    answer = staff.post(url, sent)
    assert answer["Content-Type"].endswith("spreadsheetml.sheet")
    assert "no-store" in answer["Cache-Control"]
    rows = {row["Vendor's id"]: row for row in rows_of(answer)}
    made = rows[good.vendor_key]
    assert (made["Recording"], made["Room"], made["Outcome"]) == ("=1+1", "高一3班", "Made")
    assert (made["For whom"], made["Viewer's number"]) == ("高一3班", 3)
    assert opened(made["Link"]).status_code == 200
    assert query_of(made["Link"])["user_name"] == "高一3班"
    link = PlayLink.objects.get()
    assert link.expires_at is not None
    until = timezone.localtime(link.expires_at).replace(tzinfo=None)
    assert abs(made["Good until (Beijing)"] - until) < timedelta(seconds=1)
    assert rows[blocked_here.vendor_key]["Outcome"] == "Not made: It is blocked: publish it first."
    assert rows[blocked_there.vendor_key]["Outcome"].startswith("Not made: The vendor gave no token")
    assert not rows[blocked_there.vendor_key]["Link"]
    assert staff.post(url, sent).status_code == 409


def test_all_that_match_across_pages(sandbox: Sandbox, staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "BATCH", 20)
    recordings = [recorded(sandbox, name=f"第{n}讲") for n in range(55)]
    RecordingFactory(name="别的")
    url = f"{reverse(CHANGELIST)}?q=讲"
    fields = {**selection(recordings[:2]), "select_across": "1", "lasting": "for_ever"}
    answer = staff.post(url, reviewed(staff, url, fields))
    rows = rows_of(answer)
    assert len(rows) == 55
    assert {row["Good until (Beijing)"] for row in rows} == {"For ever"}
    assert len({row["Link"] for row in rows}) == 55
    assert len(sandbox.calls.of("player_tokens")) == 3


def test_what_changed_since_the_plan_is_shown_before_anything_is_made(sandbox: Sandbox, staff: Client) -> None:
    recordings = [recorded(sandbox, name=f"第{n}讲") for n in range(2)]
    url = reverse(CHANGELIST)
    sent = reviewed(staff, url, {**selection(recordings), **TIMED})
    Recording.objects.filter(pk=recordings[0].pk).update(gone_at=timezone.now())
    url_both = f"{url}?presence=all"
    answer = staff.post(url_both, sent)
    assert answer.status_code == 409
    assert "Something changed since this plan was made" in answer.content.decode()
    assert not PlayLink.objects.exists()
    rows = rows_of(staff.post(url_both, {**hidden_of(answer), "_make": "1"}))
    assert sorted(row["Outcome"] for row in rows) == ["Made", "Not made: The vendor no longer has this recording."]


def test_too_many_are_told_to_be_fewer(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playback.admin.link_making.MOST_RECORDINGS", 2)
    recordings = RecordingFactory.create_batch(3)
    page = staff.post(reverse(CHANGELIST), selection(recordings), follow=True)
    assert "at most 2 recordings at once" in page.content.decode()


def test_a_selection_that_gets_no_link_is_a_page_and_no_file(sandbox: Sandbox, staff: Client) -> None:
    recording = recorded(sandbox)
    sandbox.faults.add("player_tokens", "refuse", code=2002, message="无权限")
    url = reverse(CHANGELIST)
    answer = staff.post(url, reviewed(staff, url, {**selection([recording]), **TIMED}))
    body = answer.content.decode()
    assert "No link was made" in body
    assert "2002: 无权限" in body
    bad = staff.post(url, {**selection([recording]), **TIMED, "name": "长" * 65, "number": "1x", "_review": "1"})
    assert "A name has at most 64 characters." in bad.content.decode()
    assert "number consists of digits only" in bad.content.decode()


# ---------------------------------------------------------------- who may


@pytest.mark.parametrize("group", ["administrator", "course staff", "teacher", ""])
def test_who_may_make_links(sandbox: Sandbox, signed_in: Callable[[str], Client], group: str) -> None:
    client = signed_in(group)
    may = group in {"administrator", "course staff"}
    recording = recorded(sandbox)
    expected = 200 if may else 403
    assert client.get(links_url(recording)).status_code == expected
    assert client.post(links_url(recording), {**TIMED, "_review": "1"}).status_code == expected
    if group:
        body = client.get(reverse("admin:playback_recording_change", args=[recording.pk])).content.decode()
        assert (links_url(recording) in body) == may
        assert ('<option value="play_links"' in client.get(reverse(CHANGELIST)).content.decode()) == may
    sandbox.calls.clear()
    client.post(links_url(recording), {**TIMED, "_make": "1", "_key": uuid4().hex})
    client.post(reverse(CHANGELIST), {**selection([recording]), **TIMED, "_make": "1", "_key": uuid4().hex})
    assert PlayLink.objects.exists() == may
    assert bool(sandbox.calls) == may


def test_a_right_that_is_taken_away_meanwhile_ends_it(sandbox: Sandbox, client: Client) -> None:
    user = person("teacher")
    right = Permission.objects.get(codename="make_play_links")
    user.user_permissions.add(right)
    client.force_login(user)
    recording = recorded(sandbox)
    sent = reviewed(client, links_url(recording), TIMED)
    user.user_permissions.remove(right)
    assert client.post(links_url(recording), sent).status_code == 403
    assert not PlayLink.objects.exists()


def test_making_wants_the_csrf_token(sandbox: Sandbox) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("course staff"))
    recording = recorded(sandbox)
    fields = {**TIMED, "_make": "1", "_key": uuid4().hex}
    assert client.post(links_url(recording), fields).status_code == 403
    assert client.post(reverse(CHANGELIST), {**selection([recording]), **fields}).status_code == 403
    assert client.post(reverse("admin:playback_playlink_find"), {"q": "x"}).status_code == 403
    assert not PlayLink.objects.exists()


# ---------------------------------------------------------------- the token is nowhere else


def test_a_token_is_in_the_answer_and_nowhere_else(
    sandbox: Sandbox, staff: Client, caplog: pytest.LogCaptureFixture
) -> None:
    recording, url = recorded(sandbox), reverse(CHANGELIST)
    caplog.set_level(logging.DEBUG)
    links = shown(staff.post(links_url(recording), reviewed(staff, links_url(recording), {**TIMED, "viewers": "甲"})))
    links += shown(staff.post(links_url(recording), reviewed(staff, links_url(recording), {"lasting": "one_time"})))
    answer = staff.post(url, reviewed(staff, url, {**selection([recording]), **TIMED}))
    links += [row["Link"] for row in rows_of(answer)]
    tokens = [query_of(link)["token"] for link in links]
    assert len(set(tokens)) == 3

    found = staff.post(reverse("admin:playback_playlink_find"), {"q": links[0]}, follow=True)
    assert "甲" in found.content.decode()
    pages = [found.content.decode()]
    for page in (
        reverse("admin:playback_recording_change", args=[recording.pk]),
        reverse("admin:playback_recording_panel", args=[recording.pk, "links"]),
        reverse("admin:playback_playlink_changelist"),
        *[reverse("admin:playback_playlink_change", args=[link.pk]) for link in PlayLink.objects.all()],
        links_url(recording),
    ):
        pages.append(staff.get(page).content.decode())
    dumped = StringIO()
    call_command("dumpdata", stdout=dumped)
    for token in tokens:
        assert token not in everything_stored()
        assert token not in dumped.getvalue()
        assert not [record for record in caplog.records if token in f"{record.getMessage()} {vars(record)!r}"]
        assert not [page for page in pages if token in page]
        assert not [step for step in found.redirect_chain if token in step[0]]
    assert "play links: user=" in caplog.text
    assert PlayLink.objects.first().token_hash in everything_stored()  # type: ignore[union-attr]  # it looks where it should


def test_a_ledger_that_cannot_be_written_shows_no_link(
    sandbox: Sandbox, staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger's rows are committed first."""
    recording = recorded(sandbox)
    sent = reviewed(staff, links_url(recording), TIMED)

    def full(*_: Any, **__: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(PlayLink.objects, "bulk_create", full)
    with pytest.raises(OSError, match="disk full"):
        staff.post(links_url(recording), sent)
    assert sandbox.calls.of("player_token")
    assert not PlayLink.objects.exists()
