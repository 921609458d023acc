"""The panel of plain videos and the merges' pages; and that a signed address stands in the answer to a POST alone."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from playback.models import Merge, Operation, OperationItem, Recording
from playback.sandbox.server import Sandbox
from playback.vendor.codes import ConvertStatus
from tests.operations.vendor import confirmed, drive, mirrored, row

pytestmark = [pytest.mark.django_db]
ADDRESS = re.compile(r'value="(http[^"]*/media/video/[^"]*)"')


@pytest.fixture(autouse=True)
def in_english_and_impatient(settings: LazySettings) -> None:
    settings.LANGUAGE_CODE = "en"
    settings.OPERATION_SETTLE_SECONDS = settings.OPERATION_PATIENCE_SECONDS = 0.0


def panel(recording: Recording) -> str:
    return reverse("admin:playback_recording_panel", args=[recording.pk, "video"])


def generated(sandbox: Sandbox) -> Recording:
    recording = mirrored(sandbox)
    sandbox.state.set_recorded_video((row(sandbox, recording) or {})["playback_id"], ConvertStatus.DONE)
    return recording


def rendered(sandbox: Sandbox, user: User) -> Merge:
    number = sandbox.state.add_merge("合集", length=1858)
    sandbox.transcode_seconds = 0.0
    operation = confirmed("render_merged", user, [], {"mixed_playback_id": number, "note": "期末复习"})
    for _ in range(50):
        drive(operation, rounds=2)
    found: Merge = Merge.objects.get()
    return found


@pytest.mark.parametrize(
    ("status", "word"),
    [(0, "not rendered"), (1, "queued"), (2, "being rendered"), (3, "</span>rendered"), (4, "failed")],
)
def test_the_panel_tells_how_far_it_is(sandbox: Sandbox, staff: Client, status: int, word: str) -> None:
    recording = mirrored(sandbox)
    sandbox.state.set_convert((row(sandbox, recording) or {})["playback_id"], 0, ConvertStatus(status))
    answer = staff.get(panel(recording))
    assert word in answer.content.decode()
    assert ("load delay" in answer.content.decode()) == (status in (1, 2))  # it looks again by itself while it moves


def test_the_address_is_in_the_answer_and_opens(sandbox: Sandbox, staff: Client) -> None:
    recording = generated(sandbox)
    answer = staff.post(panel(recording))
    found = ADDRESS.search(answer.content.decode())
    assert found is not None
    assert "no-store" in answer["Cache-Control"]
    assert "Beijing time" in answer.content.decode()  # until when


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (1, "There is no recorded video"),
        (1001, "does not know this recording or version"),
        (2002, "does not accept"),
        (404, "does not accept"),
        (3001, "no longer has this recording"),
    ],
)
def test_refusals_are_sentences(sandbox: Sandbox, staff: Client, code: int, sentence: str) -> None:
    recording = generated(sandbox)
    sandbox.faults.add("recorded_video_url", "refuse", code=code, message="不行<b>")
    words = staff.post(panel(recording)).content.decode()
    assert sentence in words
    assert f"{code}: 不行&lt;b&gt;" in words


def test_the_vendor_answers_wrongly(sandbox: Sandbox, staff: Client) -> None:
    recording = generated(sandbox)
    for call, ask in (("recorded_video_url", staff.post), ("convert_status", staff.get)):
        sandbox.faults.add(call, "broken_json")
        answer = ask(panel(recording))
        assert answer.status_code == 200
        assert "bo-note" in answer.content.decode()


def test_a_version_that_is_not_there(sandbox: Sandbox, staff: Client) -> None:
    recording = generated(sandbox)
    sandbox.calls.clear()
    assert not ADDRESS.search(staff.post(panel(recording), {"version": "7"}).content.decode())
    assert sandbox.calls == []


def test_a_get_gives_no_address(sandbox: Sandbox, staff: Client) -> None:
    recording = generated(sandbox)
    sandbox.calls.clear()
    staff.get(panel(recording))
    assert sandbox.calls.of("recorded_video_url") == []
    merge = rendered(sandbox, User.objects.create_superuser("chief"))
    assert staff.get(reverse("admin:playback_merge_address", args=[merge.pk])).status_code == 405


def test_addresses_need_the_right(sandbox: Sandbox, signed_in: Callable[[str], Client]) -> None:
    recording = generated(sandbox)
    merge = rendered(sandbox, User.objects.create_superuser("chief"))
    for group in ("teacher", ""):
        client = signed_in(group)
        assert client.get(panel(recording)).status_code == 403
        assert client.post(panel(recording)).status_code == 403
        assert client.post(reverse("admin:playback_merge_address", args=[merge.pk])).status_code == 403
        assert client.get(reverse("admin:playback_merge_render")).status_code == 403
        assert client.get(reverse("admin:playback_merge_changelist")).status_code == 403


def test_a_form_of_elsewhere_gets_nothing(sandbox: Sandbox, staff: Client) -> None:
    recording = generated(sandbox)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get(username="course-staff"))
    assert strict.post(panel(recording)).status_code == 403


def test_a_merge_from_the_form_to_its_address(sandbox: Sandbox, staff: Client) -> None:
    number = sandbox.state.add_merge("合集", length=1858)
    form = reverse("admin:playback_merge_render")
    assert staff.get(form).status_code == 200
    wrong = staff.post(form, {"_planned": "1", "mixed_playback_id": "甲", "note": "期末复习"})
    assert "期末复习" in wrong.content.decode()  # nothing typed is lost
    assert wrong.context["form"].errors["mixed_playback_id"]
    planned = staff.post(form, {"_planned": "1", "mixed_playback_id": str(number), "note": "期末复习"})
    page = staff.get(planned.url).content.decode()
    assert f"{number} (期末复习)" in page
    assert "selected" not in page  # it is about no recording
    operation = Operation.objects.get()
    staff.post(reverse("admin:playback_operation_confirm", args=[operation.uuid]))
    sandbox.transcode_seconds = 0.0
    for _ in range(50):
        drive(operation, rounds=2)
    report = staff.get(reverse("admin:playback_operation_report", args=[operation.uuid])).content.decode()
    assert "Each recording" not in report
    sheet = load_workbook(
        BytesIO(staff.get(reverse("admin:playback_operation_download", args=[operation.uuid])).content)
    ).active
    assert sheet[1][0].value == "Target"
    assert sheet[2][0].value == f"{number} (期末复习)"
    assert "期末复习" in staff.get(reverse("admin:playback_merge_changelist"), {"q": str(number)}).content.decode()
    merge = Merge.objects.get()
    shown = staff.get(reverse("admin:playback_merge_change", args=[merge.pk])).content.decode()
    assert "720p" in shown
    assert "0:30:58" in shown
    answer = staff.post(reverse("admin:playback_merge_address", args=[merge.pk]), {"definition": "720p"})
    assert ADDRESS.search(answer.content.decode())
    missing = staff.post(reverse("admin:playback_merge_address", args=[merge.pk]), {"definition": "4k"})
    assert not ADDRESS.search(missing.content.decode())


def test_a_merge_without_a_video_and_a_vendor_that_refuses(sandbox: Sandbox, staff: Client) -> None:
    number = sandbox.state.add_merge("合集")
    merge = Merge.objects.create(mixed_playback_id=number, asked_at=timezone.now())
    url = reverse("admin:playback_merge_address", args=[merge.pk])
    assert "no video of this merge yet" in staff.post(url, {"definition": "720p"}).content.decode()
    sandbox.faults.add("merged_video", "refuse", code=2002)
    assert "does not accept" in staff.post(url, {"definition": "720p"}).content.decode()


def test_a_signed_address_is_nowhere_else(
    sandbox: Sandbox, signed_in: Callable[[str], Client], caplog: pytest.LogCaptureFixture
) -> None:
    """Not in logs (all of them, to the last), not in history, not in a page; nor is its signature."""
    client = signed_in("superuser")
    chief = User.objects.get(username="chief")
    with caplog.at_level(logging.DEBUG):
        for name in logging.root.manager.loggerDict:
            logging.getLogger(name).setLevel(logging.DEBUG if name.startswith(("playback", "urllib3")) else 0)
        recording = mirrored(sandbox)
        operations = [confirmed(kind, chief, [recording]) for kind in ("render_video", "generate_video")]
        sandbox.transcode_seconds = 0.0
        for operation in operations:
            for _ in range(30):
                drive(operation, rounds=2)
        merge = rendered(sandbox, chief)
        answers = [
            client.post(panel(recording)),
            client.post(reverse("admin:playback_merge_address", args=[merge.pk]), {"definition": "720p"}),
        ]
        pages = [
            client.get(url).content.decode()
            for url in (
                panel(recording),
                reverse("admin:playback_recording_change", args=[recording.pk]),
                reverse("admin:playback_merge_change", args=[merge.pk]),
                reverse("admin:playback_merge_changelist"),
                reverse("admin:playback_operation_changelist"),
                *(reverse("admin:playback_operation_report", args=[row.uuid]) for row in Operation.objects.all()),
            )
        ]
    signs = set()
    for answer in answers:
        found = ADDRESS.search(answer.content.decode())
        assert found is not None
        signs |= set(re.findall(r"sign=([0-9a-f]+)", found[1]))
    assert len(signs) == 2
    assert {item.outcome for item in OperationItem.objects.all()} == {"done"}
    everywhere = [caplog.text, *pages, _dumped(Operation, OperationItem, Merge)]
    assert "address shown" in caplog.text  # that somebody got one is told
    for place in everywhere:
        assert "/media/video/" not in place
        assert not any(sign in place for sign in signs)


def _dumped(*models: Any) -> str:
    return json.dumps([list(model.objects.values()) for model in models], default=str)
