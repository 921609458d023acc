"""The report's buttons: pause, go on, cancel, undo, try again, and the file to take away."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from playback.models import Operation, OperationItem, Recording
from playback.operations import execute
from tests.factories import OperationFactory, OperationItemFactory, RecordingFactory, person

pytestmark = [pytest.mark.django_db, pytest.mark.portable]


@pytest.fixture
def owner() -> User:
    return person("course staff", username="owner")


@pytest.fixture
def client(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def running(owner: User, count: int = 3) -> Operation:
    RecordingFactory.create_batch(count)
    operation = execute.plan("block", owner, Recording.objects.order_by("pk"), {})
    return execute.confirm(operation, owner)


def ended(owner: User, **outcomes: int) -> Operation:
    operation = OperationFactory(kind="block", user=owner, state="done", confirmed_at=timezone.now())
    for outcome, many in outcomes.items():
        OperationItemFactory.create_batch(
            many,
            operation=operation,
            outcome=outcome,
            finished_at=timezone.now(),
            change={"publish_status": [1, 2]} if outcome != "skipped" else {},
            recording__publish_status=2 if outcome == "done" else 1,
        )
    return operation


def url(name: str, operation: Operation, *more: str) -> str:
    return reverse(f"admin:playback_operation_{name}", args=[operation.uuid, *more])


def test_pause_go_on_and_cancel(client: Client, owner: User) -> None:
    operation = running(owner)
    page = client.get(url("report", operation)).content.decode()
    assert url("steer", operation, "pause") in page
    assert client.post(url("steer", operation, "pause")).status_code == 302
    operation.refresh_from_db()
    assert operation.state == Operation.State.PAUSED
    page = client.get(url("progress", operation)).content.decode()
    assert url("steer", operation, "resume") in page
    assert url("steer", operation, "pause") not in page
    client.post(url("steer", operation, "resume"))
    client.post(url("steer", operation, "cancel"))
    operation.refresh_from_db()
    assert operation.state == Operation.State.CANCELLED
    assert set(operation.items.values_list("outcome", flat=True)) == {"cancelled"}
    again = client.post(url("steer", operation, "cancel"), follow=True)  # the second click
    assert "不在运行" in again.content.decode()


def test_steering_is_a_post_of_somebody_who_may(client: Client, owner: User) -> None:
    operation = running(owner)
    assert client.get(url("steer", operation, "pause")).status_code == 405
    assert client.post(url("steer", operation, "explode")).status_code == 404
    other = Client()
    other.force_login(person("course staff", username="other"))
    assert url("steer", operation, "pause") not in other.get(url("report", operation)).content.decode()
    assert other.post(url("steer", operation, "pause")).status_code == 403
    operation.refresh_from_db()
    assert operation.state == Operation.State.QUEUED


def test_undo_and_retry_lead_to_plans_of_their_own(client: Client, owner: User) -> None:
    operation = ended(owner, done=2, refused=1)
    page = client.get(url("report", operation)).content.decode()
    assert url("again", operation, "undo") in page
    undo_page = client.post(url("again", operation, "undo"), follow=True).content.decode()
    undo = Operation.objects.get(undoes=operation)
    assert undo.items.filter(outcome="planned").count() == 2
    assert "撤销：屏蔽回放" in undo_page
    assert "恢复 2 个回放" in undo_page
    client.post(url("again", operation, "retry"))
    retry = Operation.objects.get(retries=operation)
    assert retry.items.count() == 1
    execute.confirm(undo, owner)
    page = client.get(url("report", operation)).content.decode()
    assert url("report", undo) in page


def test_nothing_is_offered_that_cannot_be(client: Client, owner: User) -> None:
    operation = ended(owner, skipped=2)
    page = client.get(url("report", operation)).content.decode()
    assert "/again/" not in page
    answer = client.post(url("again", operation, "retry"), follow=True)
    assert "没有需要重试的条目" in answer.content.decode()
    assert Operation.objects.count() == 1


def test_the_report_as_a_file(client: Client, owner: User) -> None:
    operation = ended(owner, done=1, refused=1)
    bad = operation.items.get(outcome="refused")
    name = '=HYPERLINK("http://evil.example","x")'
    OperationItem.objects.filter(pk=bad.pk).update(
        label=name, reason={"code": "refused", "vendor": {"code": 1, "message": "+今天不行"}}
    )
    answer = client.get(url("download", operation))
    assert answer["Content-Disposition"].startswith('attachment; filename="block-')
    rows = read(answer)
    assert [row[0].value for row in rows][2] == name
    assert all(cell.data_type != "f" for row in rows for cell in row)
    assert "1: +今天不行" in [cell.value for cell in rows[2]]
    assert bad.recording is not None
    assert bad.recording.vendor_key in [cell.value for cell in rows[2]]
    assert len(read(client.get(url("download", operation) + "?outcome=done"))) == 2


def read(answer: Any) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(BytesIO(answer.content)).active.iter_rows())


def test_a_plan_says_what_it_costs(client: Client, owner: User, settings: Any) -> None:
    settings.BAIJIAYUN_CALLS_PER_WINDOW = 200
    RecordingFactory.create_batch(5)
    operation = execute.plan("block", owner, Recording.objects.all(), {})
    page = client.get(url("plan", operation)).content.decode()
    assert "共需调用百家云 15 次，受其频率限制至少 1 秒" in page


def test_what_matched_is_told_with_its_filter(client: Client) -> None:
    RecordingFactory.create_batch(3)
    client.post(
        reverse("admin:playback_recording_changelist") + "?status__exact=100",
        {"action": "block", "select_across": "1", "_selected_action": [Recording.objects.first().pk]},  # type: ignore[union-attr]
    )
    operation = Operation.objects.get()
    assert (operation.selection, operation.items.count()) == ("status__exact=100", 3)
