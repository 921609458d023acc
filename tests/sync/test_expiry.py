"""Reading how long the vendor keeps recordings: what is asked, what is stored, and what an error leaves."""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import current_app
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from playback.conf import vendor_client
from playback.models import Recording
from playback.sandbox.server import Sandbox
from playback.sync import expiry
from playback.tasks import expiry as tasks
from playback.vendor import transport
from playback.vendor.codes import Lane

from .conftest import LONG_AGO, sync

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
schedule = importlib.import_module("playback.migrations.0009_expiry_schedule")


@pytest.fixture
def recordings(vendor: Sandbox, school: Callable[..., int]) -> list[Recording]:
    """Seven in the mirror: 30 days, until a time, for ever, then the account's default (90 days)."""
    vendor.state.set_setting("partner_valid_day", 90)
    school(7)
    sync()
    found = list(Recording.objects.order_by("-created_at"))
    for recording, columns in zip(found, ({"valid_day": 30}, {"expires_at": 1_900_000_000}, {"valid_day": 0})):  # noqa: B905
        vendor.state.update_recording(recording.room_id, recording.session_id, **columns)
    vendor.calls.clear()
    return found


def stored() -> list[tuple[int | None, datetime | None]]:
    return list(Recording.objects.order_by("-created_at").values_list("valid_days", "expires_at"))


def read(**options: Any) -> expiry.Reading:
    return expiry.read_stale(vendor_client(Lane.SYNC), **options)


def age(hours: int) -> None:
    Recording.objects.update(expiry_read_at=timezone.now() - timedelta(hours=hours))


def test_what_the_vendor_says_is_stored(recordings: list[Recording]) -> None:
    reading = read()
    default = [(90, LONG_AGO - timedelta(hours=n) + timedelta(days=90)) for n in range(3, 7)]
    fixed = datetime.fromtimestamp(1_900_000_000, UTC)
    assert stored() == [(30, LONG_AGO + timedelta(days=30)), (None, fixed), (0, None), *default]
    assert (reading.asked, reading.dated, reading.for_ever, reading.untold, reading.error) == (7, 6, 1, 0, "")
    assert not Recording.objects.filter(expiry_read_at=None).exists()


def test_days_follow_from_the_time_set_before(vendor: Sandbox, recordings: list[Recording]) -> None:
    read()
    vendor.state.update_recording(recordings[1].room_id, recordings[1].session_id, expires_at=None, valid_day=10)
    age(hours=48)
    read()
    assert stored()[1] == (10, recordings[1].created_at + timedelta(days=10))  # type: ignore[operator]


def test_what_was_read_lately_is_not_read_again(vendor: Sandbox, recordings: list[Recording]) -> None:
    read()
    assert len(vendor.calls.of("expiry")) == 1
    assert read().asked == 0
    assert len(vendor.calls.of("expiry")) == 1
    age(hours=21)
    assert read(only_new=True).asked == 0
    assert read().asked == 7


def test_it_goes_in_batches_by_product_type_the_longest_unread_first(
    vendor: Sandbox, school: Callable[..., int], recordings: list[Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "BATCH", 3)
    age(hours=30)
    Recording.objects.filter(pk=recordings[6].pk).update(expiry_read_at=None)
    longer = timezone.now() - timedelta(hours=40)
    Recording.objects.filter(pk=recordings[5].pk).update(product_type=None, expiry_read_at=longer)
    reading = read(most=6)
    asked = [(call.params["product_type"], call.params["video_ids"].split(",")) for call in vendor.calls.of("expiry")]
    assert [(product_type, len(videos)) for product_type, videos in asked] == [("1", 3), ("1", 2), ("0", 1)]
    assert asked[0][1][0] == str(recordings[6].video_id)
    assert (reading.asked, reading.more) == (6, True)
    assert read(most=6).more is False


def test_a_batch_is_one_statement(recordings: list[Recording]) -> None:
    with CaptureQueriesContext(connection) as queries:
        read()
    assert [query["sql"].split()[0] for query in queries if "UPDATE" in query["sql"]] == ["UPDATE"]


def test_a_full_batch_fits_a_statement(vendor: Sandbox, school: Callable[..., int]) -> None:
    school(expiry.BATCH + 5)
    sync()
    assert read().for_ever == expiry.BATCH + 5
    assert Recording.objects.filter(valid_days=0).count() == expiry.BATCH + 5


def test_only_what_can_expire_is_asked_about(vendor: Sandbox, recordings: list[Recording]) -> None:
    old, empty, gone, undated = (row.pk for row in recordings[:4])
    Recording.objects.filter(pk=old).update(created_at=datetime.fromisoformat("2022-11-22T23:59:59+08:00"))
    Recording.objects.filter(pk=empty).update(video_id=None)
    Recording.objects.filter(pk=gone).update(gone_at=timezone.now())
    Recording.objects.filter(pk=undated).update(created_at=None)
    assert read().asked == 3
    assert Recording.objects.filter(expiry_read_at=None).count() == 4


def test_what_the_vendor_leaves_out_is_untold_and_no_default_is_guessed(
    vendor: Sandbox, recordings: list[Recording]
) -> None:
    read()
    vendor.state.remove_recording(recordings[0].room_id, recordings[0].session_id)
    age(hours=48)
    assert read().untold == 1
    found = Recording.objects.get(pk=recordings[0].pk)
    assert (found.valid_days, found.expires_at) == (None, None)
    assert found.expiry_read_at is not None
    assert found.expiry_read_at > timezone.now() - timedelta(minutes=5)


def test_an_error_ends_it_and_what_was_read_stays(
    vendor: Sandbox, recordings: list[Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "BATCH", 3)
    Recording.objects.filter(pk=recordings[6].pk).update(product_type=2)
    client = vendor_client(Lane.SYNC)
    ask = client.expiry

    def then_refuse(product_type: int, video_ids: Any) -> Any:
        answer = ask(product_type, video_ids)
        vendor.faults.add("expiry", "refuse", code=1, message="今天不行")
        return answer

    monkeypatch.setattr(client, "expiry", then_refuse)  # the second call meets a fault
    reading = expiry.read_stale(client)
    assert (reading.asked, "今天不行" in reading.error, reading.more) == (3, True, False)
    assert Recording.objects.filter(expiry_read_at__isnull=False).count() == 3


@pytest.mark.parametrize("how", ["strings", "nulls", "missing", "empty_lists"])
def test_an_answer_of_wrong_types_stores_nothing_wrong(vendor: Sandbox, recordings: list[Recording], how: str) -> None:
    read()
    right = stored()
    age(hours=48)
    vendor.faults.add("expiry", "wrong_types", how=how)
    read()
    assert all(now in (was, expiry.UNTOLD) for now, was in zip(stored(), right, strict=True))


def test_an_unreadable_value_keeps_what_was_known(vendor: Sandbox, recordings: list[Recording]) -> None:
    read()
    right = stored()
    age(hours=48)
    vendor.faults.add("expiry", "wrong_types", how="nulls")
    reading = read()
    assert reading.unreadable > 0
    kept = Recording.objects.filter(expiry_read_at__lt=timezone.now() - timedelta(hours=47))
    assert kept.count() == reading.unreadable
    assert all(pair in right for pair in kept.values_list("valid_days", "expires_at"))


def test_newer_words_and_another_main_video_win_over_a_slow_answer(
    vendor: Sandbox, recordings: list[Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = vendor_client(Lane.SYNC)
    ask = client.expiry
    later = timezone.now() + timedelta(minutes=1)

    def meanwhile(product_type: int, video_ids: Any) -> Any:
        answer = ask(product_type, video_ids)
        Recording.objects.filter(pk=recordings[0].pk).update(valid_days=7, expiry_read_at=later)
        Recording.objects.filter(pk=recordings[1].pk).update(video_id=1)
        return answer

    monkeypatch.setattr(client, "expiry", meanwhile)
    expiry.read_stale(client)
    assert stored()[:3] == [(7, None), (None, None), (0, None)]


@pytest.mark.parametrize(
    ("days", "kept"),
    [(0, expiry.FOR_EVER), (1, (1, LONG_AGO + timedelta(days=1))), (2**31 - 1, (2**31 - 1, None))],
)
def test_days_count_from_the_making(days: int, kept: tuple[int | None, datetime | None]) -> None:
    assert expiry.after_days(LONG_AGO, days) == kept


# ---------------------------------------------------------------- how it is started


def test_the_command_reads_all_and_says_what_came_of_it(
    recordings: list[Recording], vendor: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    call_command("sync_expiry", stdout=said)
    assert "asked about 7: 6 with a date, 1 for ever" in said.getvalue()
    age(hours=48)
    monkeypatch.setattr(transport.Transport, "_pause", lambda *args: None)
    vendor.faults.add("expiry", "status", status=503)
    with pytest.raises(CommandError, match="not complete"):
        call_command("sync_expiry", stdout=said)


def test_the_command_without_an_account(settings: Any) -> None:
    settings.BAIJIAYUN_PARTNER_ID = ""
    with pytest.raises(CommandError, match="BAIJIAYUN_PARTNER_ID"):
        call_command("sync_expiry")


def test_the_task_reads_and_goes_on_while_there_is_more(
    recordings: list[Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    queued: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.read_expiry, "delay", lambda **given: queued.append(given))
    monkeypatch.setattr(expiry.read_stale, "__kwdefaults__", {"only_new": False, "most": 5})
    tasks.read_expiry(only_new=True)
    assert queued == [{"only_new": True}]
    assert Recording.objects.filter(expiry_read_at__isnull=False).count() == 5
    tasks.read_expiry(only_new=True)
    assert len(queued) == 1
    assert Recording.objects.filter(expiry_read_at=None).count() == 0


def test_the_schedule_names_tasks_that_exist_and_keeps_what_somebody_changed() -> None:
    PeriodicTask.objects.all().delete()
    schedule.add(apps, None)
    rows = {row.name: row for row in PeriodicTask.objects.all()}
    current_app.loader.import_default_modules()
    assert set(rows) == {schedule.NEW, schedule.ALL, schedule.DIGEST}
    for row in rows.values():
        assert row.task in current_app.tasks
        assert (row.queue, row.enabled, bool(row.expire_seconds)) == ("sync", True, True)
    assert json.loads(rows[schedule.NEW].kwargs) == {"only_new": True}
    digest = rows[schedule.DIGEST].crontab
    assert (digest.hour, digest.minute, str(digest.timezone)) == ("8", "0", "Asia/Shanghai")
    PeriodicTask.objects.filter(name=schedule.DIGEST).update(enabled=False)
    schedule.add(apps, None)
    assert PeriodicTask.objects.get(name=schedule.DIGEST).enabled is False
    assert PeriodicTask.objects.count() == 3
