"""The form of removing chat: three ways to say which, each bad input beside its field, nothing typed lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from playback.models import Operation, Recording
from playback.sandbox.server import Sandbox
from tests.factories import VersionFactory
from tests.operations.vendor import mirrored

pytestmark = [pytest.mark.django_db]

FIELDS = {
    "how": "person",
    "times": "clock",
    "user_number": "",
    "start": "",
    "end": "",
    "lines": "",
    "began": "",
    "version": "",
}


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    return mirrored(sandbox)


def submit(client: Client, recording: Recording, **fields: str) -> Any:
    url = reverse("admin:playback_recording_operate", args=[recording.pk, "remove_chat"])
    return client.post(url, {**FIELDS, "_planned": "1", **fields})


def spans(operation: Operation) -> Any:
    return operation.parameters["spans"]


def test_the_button_leads_to_the_form_and_changes_nothing(
    staff: Client, sandbox: Sandbox, recording: Recording
) -> None:
    VersionFactory(recording=recording, version=3, name="下半节")
    url = reverse("admin:playback_recording_operate", args=[recording.pk, "remove_chat"])
    assert url in staff.get(reverse("admin:playback_recording_change", args=[recording.pk])).content.decode()
    words = staff.post(url).content.decode()
    assert "3 · 下半节" in words
    assert not Operation.objects.exists()
    assert staff.get(url).status_code == 405


@pytest.mark.parametrize(
    ("fields", "stored"),
    [
        ({"user_number": "１２３", "lines": "9"}, [{"user_number": 123}]),
        ({"user_number": "123", "start": "10:02"}, [{"user_number": 123, "start": "10:02:00"}]),
        (
            {"how": "time", "user_number": "123", "start": "10:02", "end": "10:05:30"},
            [{"start": "10:02:00", "end": "10:05:30"}],
        ),
        (
            {"how": "list", "lines": "7\n8，10:02，\n", "start": "1:00"},
            [{"user_number": 7}, {"user_number": 8, "start": "10:02:00"}],
        ),
    ],
)
def test_a_plan_in_words(staff: Client, recording: Recording, fields: dict[str, str], stored: Any) -> None:
    answer = submit(staff, recording, **fields)
    operation = Operation.objects.get()
    assert spans(operation) == stored
    staff.cookies["django_language"] = "en"
    words = staff.get(answer.url).content.decode()
    assert "cannot be brought back" in words
    assert 'name="typed_count"' in words
    for span in stored:
        assert str(span.get("user_number", "anybody")) in words


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "user_number"),
        ({"start": "10:02", "end": "10:05"}, "user_number"),
        ({"user_number": "小孙"}, "user_number"),
        ({"how": "time"}, "start"),
        ({"how": "time", "start": "10:05", "end": "10:02"}, "end"),
        ({"how": "time", "start": "late", "times": "offset"}, "start"),
        ({"how": "time", "start": "1:00", "times": "offset", "began": "10:00"}, "began"),
        ({"how": "list"}, "lines"),
        ({"how": "list", "lines": "7\nx, 10:02\n8"}, "lines"),
        ({"how": "both"}, "how"),
        ({"user_number": "7", "times": "moon"}, "times"),
        ({"user_number": "7", "version": "9"}, "version"),
    ],
)
def test_bad_input_is_a_sentence_beside_its_field(
    staff: Client, recording: Recording, fields: dict[str, str], field: str
) -> None:
    answer = submit(staff, recording, **fields)
    assert answer.status_code == 200
    form = answer.context["form"]
    assert list(form.errors) == [field]
    assert not Operation.objects.exists()
    words = answer.content.decode()
    for name in ("user_number", "start", "end", "began"):
        if fields.get(name):
            assert f'value="{fields[name]}"' in words
    if fields.get("lines"):
        assert fields["lines"] in words


def test_what_was_posted_does_not_become_code(staff: Client, recording: Recording) -> None:
    words = submit(staff, recording, how="'};alert(1);//", lines="</textarea><b>").content.decode()
    assert "'};alert(1)" not in words
    assert "x-data=\"{ how: 'person', times: 'clock' }\"" in words
    assert "&lt;/textarea&gt;" in words


def test_without_the_right(teacher: Client, recording: Recording) -> None:
    assert submit(teacher, recording, user_number="7").status_code == 403
    assert not Operation.objects.exists()
