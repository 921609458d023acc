"""Starting a sync, letting a held one go on, and the pages of runs."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.conf import settings as project
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from playback import staleness
from playback.models import SyncLease, SyncRun
from tests.factories import RecordingFactory, SyncRunFactory

pytestmark = pytest.mark.django_db
START = "admin:playback_syncrun_start"
RELEASE = "admin:playback_syncrun_release"


@pytest.fixture
def queue() -> object:
    store = redis.Redis.from_url(project.REDIS_URL)
    store.delete("sync")
    yield store
    store.delete("sync")


def queued(store: redis.Redis) -> list[tuple[str, dict[str, object]]]:
    import base64

    found = []
    for raw in store.lrange("sync", 0, -1):
        message = json.loads(raw)
        found.append((message["headers"]["task"], json.loads(base64.b64decode(message["body"]))[1]))
    return found[::-1]


def test_a_run_of_one_kind_is_queued(administrator: Client, queue: redis.Redis) -> None:
    answer = administrator.post(reverse(START), {"kind": "rooms", "full": "on"}, follow=True)
    assert "已提交" in answer.content.decode()
    [(task, arguments)] = queued(queue)
    assert task == "playback.sync_kind"
    assert (arguments["kind"], arguments["full"], arguments["trigger"]) == ("rooms", True, "person")


def test_everything_is_a_run_of_each_kind(administrator: Client, queue: redis.Redis) -> None:
    administrator.post(reverse(START), {"kind": ""})
    assert [arguments["kind"] for _task, arguments in queued(queue)] == SyncRun.Kind.values


def test_the_tasks_that_are_named_exist() -> None:
    from config.celery import app
    from playback.admin import queueing

    app.loader.import_default_modules()
    assert {queueing.SYNC, queueing.RELEASE} <= set(app.tasks)


def test_an_unknown_kind_queues_nothing(administrator: Client, queue: redis.Redis) -> None:
    administrator.post(reverse(START), {"kind": "explode"})
    assert queued(queue) == []


def test_only_who_may_starts_one(staff: Client, queue: redis.Redis) -> None:
    assert staff.post(reverse(START), {"kind": "rooms"}).status_code == 403
    assert "syncrun/start/" not in staff.get(reverse("admin:playback_syncrun_changelist")).content.decode()
    assert queued(queue) == []


def test_a_held_run_is_let_go_by_who_may(administrator: Client, staff: Client, queue: redis.Redis) -> None:
    run = SyncRunFactory(state="held")
    page = reverse("admin:playback_syncrun_change", args=[run.pk])
    assert "release/" in administrator.get(page).content.decode()
    assert "release/" not in staff.get(page).content.decode()
    assert staff.post(reverse(RELEASE, args=[run.pk])).status_code == 403
    administrator.post(reverse(RELEASE, args=[run.pk]))
    [(task, arguments)] = queued(queue)
    assert (task, arguments["run_id"]) == ("playback.release_sync", run.pk)


def test_other_runs_wait_for_nobody(administrator: Client, queue: redis.Redis) -> None:
    run = SyncRunFactory(state="done")
    administrator.post(reverse(RELEASE, args=[run.pk]))
    assert queued(queue) == []


def test_unreadable_rows_are_shown_escaped(administrator: Client) -> None:
    rows = [{"row": "17081558148393", "fields": {"create_time": "<b>bad</b>"}}]
    run = SyncRunFactory(unreadable=1, unreadable_rows=rows, state="incomplete", error="<i>why</i>")
    words = administrator.get(reverse("admin:playback_syncrun_change", args=[run.pk])).content.decode()
    assert "17081558148393" in words
    assert "&lt;b&gt;bad" in words
    assert "<i>why" not in words


def test_a_row_is_as_fresh_as_the_last_complete_full_run(administrator: Client) -> None:
    long_ago = timezone.now().replace(year=2020)
    recording = RecordingFactory(synced_at=long_ago)
    url = reverse("admin:playback_recording_change", args=[recording.pk])
    assert administrator.get(url).context["object"].last_seen_at == long_ago
    run = SyncRunFactory(full=True, state="done")
    assert administrator.get(url).context["object"].last_seen_at == run.started_at


class TestFrontPage:
    def test_says_when_no_account_is_set(self, staff: Client, settings) -> None:
        settings.BAIJIAYUN_PARTNER_ID = ""
        assert "尚未配置百家云账号" in staff.get(reverse("admin:index")).content.decode()

    def test_says_when_the_first_sync_is_under_way(self, staff: Client, settings) -> None:
        settings.BAIJIAYUN_PARTNER_ID, settings.BAIJIAYUN_PARTNER_KEY = "1", "k"
        settings.BAIJIAYUN_PRIVATE_DOMAIN = "school"
        page = staff.get(reverse("admin:index")).content.decode()
        assert "首次同步正在进行" not in page, "nobody began it"
        assert "data-stale" in page
        run = SyncRunFactory(full=True, state="running", finished_at=None)
        SyncLease.objects.create(
            kind=run.kind, run=run, token=uuid.uuid4(), expires_at=timezone.now() + timedelta(minutes=1)
        )
        staleness.forget()
        page = staff.get(reverse("admin:index")).content.decode()
        assert "首次同步正在进行" in page
        assert "data-stale" not in page
        RecordingFactory()
        assert "首次同步正在进行" not in staff.get(reverse("admin:index")).content.decode()

    def test_counts_lead_to_the_lists_that_they_count(self, staff: Client) -> None:
        RecordingFactory.create_batch(2)
        RecordingFactory(publish_status=2)
        RecordingFactory(status=20, publish_status=None)
        RecordingFactory(status=30, publish_status=None)
        RecordingFactory(gone_at=timezone.now())
        for tile in staff.get(reverse("admin:index")).context["tiles"]:
            listed = staff.get(tile["url"]).context["cl"].result_count
            assert str(listed) == tile["count"], tile

    def test_a_teacher_sees_no_operations(self, teacher: Client) -> None:
        RecordingFactory()
        words = teacher.get(reverse("admin:index")).content.decode()
        assert "进行中的操作" not in words
        assert "playback/operation" not in words


def test_the_schedules_speak_the_readers_language(administrator: Client) -> None:
    page = administrator.get(reverse("admin:django_celery_beat_periodictask_changelist")).content.decode()
    assert "同步：最新回放" in page
    assert "每天 02:30（北京时间）" in page
    assert "Sync: newest" not in page
    assert "m/h/dM" not in page
    PeriodicTask.objects.filter(name="Sync: newest rooms").update(
        last_run_at=datetime(2026, 3, 1, 4, 5, tzinfo=UTC), total_run_count=3
    )
    assert page.count("<time") == 0, "a row that never ran has no last run"
    page = administrator.get(reverse("admin:django_celery_beat_periodictask_changelist")).content.decode()
    assert "2026-03-01 12:05:00" in page


def test_a_schedule_of_ones_own_is_shown_as_it_is(administrator: Client) -> None:
    fridays = CrontabSchedule.objects.create(minute="0", hour="8", day_of_week="5", timezone="Asia/Shanghai")
    PeriodicTask.objects.create(name="周五早上", task="playback.sync_kind", crontab=fridays)
    page = administrator.get(reverse("admin:django_celery_beat_periodictask_changelist")).content.decode()
    assert "周五早上" in page
    assert "0 8 * * 5" in page
    task = PeriodicTask.objects.get(name="周五早上")
    assert (
        "计划时间说明"
        in administrator.get(reverse("admin:django_celery_beat_periodictask_change", args=[task.pk])).content.decode()
    )
