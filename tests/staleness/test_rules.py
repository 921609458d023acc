"""When a kind is fresh, stale or never read, and which reason is told: each rule, and their order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import redis
import time_machine
from django.core.cache import cache
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from playback import heartbeat, staleness
from playback.models import SyncLease, SyncRun
from playback.staleness import State

from .conftest import HOUR, MINUTE, alive, now, ran, why

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("in_order")]
DAY = timedelta(days=1)


class TestStates:
    def test_fresh_until_the_limit(self) -> None:
        at = timezone.now()
        with time_machine.travel(at, tick=False):
            ran()
            assert now().state is State.FRESH
            assert now().worst is None
        for later, state in ((59 * MINUTE - MINUTE, State.FRESH), (HOUR, State.STALE)):
            with time_machine.travel(at + later, tick=False):
                assert now().state is state

    def test_news_and_everything_have_limits_of_their_own(self) -> None:
        ran(ago=2 * DAY, full=True)
        ran(ago=MINUTE, full=False, state="nothing_new")
        standing = now()
        assert [(side.name, side.state) for side in standing.sides] == [("news", State.FRESH), ("full", State.STALE)]
        assert standing.state is State.STALE
        assert standing.worst is not None
        assert standing.worst.name == "full"

    def test_news_are_as_of_any_complete_run_and_everything_as_of_a_full_one(self) -> None:
        full = ran(ago=3 * HOUR, full=True)
        later = ran(ago=2 * MINUTE, full=False)
        ran(ago=MINUTE, full=True, state="incomplete")
        ran("rooms", ago=timedelta(), full=True)
        assert [side.at for side in now().sides] == [later.started_at, full.started_at]

    def test_never_read(self) -> None:
        standing = now()
        assert standing.state is State.NEVER
        assert standing.news is not None
        assert standing.news.at is None

    def test_read_for_the_first_time(self) -> None:
        alive(ran(state="running"))
        assert now().state is State.FIRST

    def test_limits_are_settings(self, settings: Any) -> None:
        ran(ago=10 * MINUTE, full=True)
        assert now().state is State.FRESH
        settings.STALE_AFTER_SECONDS = 300
        assert now().state is State.STALE
        settings.STALE_AFTER_BY_KIND = {"recordings": "1200"}
        assert now().state is State.FRESH
        settings.STALE_AFTER_BY_KIND = {"recordings": "1200", "recordings.full": "60", "rooms": "1"}
        assert [side.state for side in now().sides] == [State.FRESH, State.STALE]


class TestReasons:
    """Each in a mirror that is three hours old and otherwise in order."""

    @pytest.fixture(autouse=True)
    def _old(self) -> None:
        ran(ago=3 * HOUR)

    def test_no_account(self, settings: Any) -> None:
        settings.BAIJIAYUN_PARTNER_KEY = ""
        assert why().rule == "account"

    def test_redis_is_lost(self, no_redis: None) -> None:
        assert why().rule == "redis"

    def test_beat_stands_still(self) -> None:
        with time_machine.travel(timezone.now() + 20 * MINUTE, tick=False):
            reason = why()
            assert reason.rule == "beat"
            assert timezone.now() - reason.told["at"] >= 20 * MINUTE

    def test_beat_was_never_there(self, store: redis.Redis) -> None:
        cache.delete(heartbeat._KEY)
        assert (why().rule, why().told["at"]) == ("beat", None)

    def test_a_run_of_the_schedule_shows_that_beat_is_there(self) -> None:
        """The worker that runs the ticks is away, and readings go on."""
        with time_machine.travel(timezone.now() + 20 * MINUTE, tick=False):
            ran("rooms", ago=MINUTE, state="failed", error="the vendor could not be reached")
            assert why().rule == "due"

    def test_its_schedule_is_switched_off(self) -> None:
        row = PeriodicTask.objects.get(name="Sync: newest recordings")
        PeriodicTask.objects.filter(pk=row.pk).update(enabled=False)
        assert (why().rule, why().schedule) == ("switched_off", row.pk)
        assert now("versions").state is State.NEVER
        assert why("versions").rule == "due"

    def test_another_row_that_does_the_same_will_do(self) -> None:
        row = PeriodicTask.objects.get(name="Sync: newest recordings")
        PeriodicTask.objects.filter(pk=row.pk).update(enabled=False)
        PeriodicTask.objects.create(
            name="Ours", task=row.task, kwargs='{"full": false, "kind": "recordings"}', interval=row.interval
        )
        assert why().rule == "due"

    def test_its_schedule_was_removed(self) -> None:
        PeriodicTask.objects.filter(name="Sync: newest recordings").delete()
        assert why().rule == "unscheduled"

    @pytest.mark.parametrize("kwargs", ["no json", "[]", '{"kind": "rooms"}'])
    def test_a_row_with_other_options_is_no_schedule_of_it(self, kwargs: str) -> None:
        PeriodicTask.objects.filter(name="Sync: newest recordings").update(kwargs=kwargs)
        assert why().rule == "unscheduled"

    def test_no_worker_takes(self, store: redis.Redis) -> None:
        store.rpush("sync", "a task", "another")
        assert (why().rule, why().told["waiting"]) == ("workers", 2)

    def test_the_workers_are_at_something_else(self, store: redis.Redis) -> None:
        store.rpush("sync", "a task")
        alive(ran("rooms", ago=30 * MINUTE, state="running"))
        assert (why().rule, why().told["kinds"]) == ("busy", ["rooms"])

    @pytest.mark.parametrize("state", ["failed", "incomplete"])
    def test_the_last_reading_ended_badly(self, state: str) -> None:
        run = ran(ago=MINUTE, full=False, state=state, error="list_recordings: the vendor refused the call (code 7)")
        assert (why().rule, why().run, why().error) == (state, run.pk, run.error)

    def test_a_bad_end_before_the_last_good_one_is_over(self) -> None:
        ran(ago=4 * HOUR, state="failed", error="long ago")
        assert why().rule == "due"

    def test_a_run_that_met_another_is_no_attempt(self) -> None:
        failed = ran(ago=2 * MINUTE, full=False, state="failed", error="why")
        ran(ago=MINUTE, full=False, state="busy")
        assert (why().rule, why().run) == ("failed", failed.pk)

    def test_its_worker_died(self) -> None:
        run = ran(ago=2 * MINUTE, full=False, state="running", finished_at=None)
        assert (why().rule, why().run) == ("died", run.pk)
        SyncLease.objects.create(
            kind="recordings", run=run, token="00000000-0000-0000-0000-000000000001", expires_at=timezone.now()
        )
        assert why().rule == "died", "a lease that is over is nobody's"

    def test_it_is_being_read(self) -> None:
        run = ran(ago=MINUTE, full=False, state="running", pages=7)
        alive(run)
        assert (why().rule, why().run, why().told["pages"]) == ("under_way", run.pk, 7)
        assert now().state is State.STALE, "until it comes to its end"

    def test_it_is_being_read_for_longer_than_it_may_be_old(self) -> None:
        run = ran(ago=2 * HOUR, full=False, state="running")
        alive(run)
        assert why().rule == "slow"

    def test_it_waits_for_a_person(self) -> None:
        with time_machine.travel(timezone.now() + 2 * DAY):
            heartbeat.tick()
            run = ran(ago=HOUR, state="held", error="12 recordings would be marked as gone")
            ran(ago=MINUTE, full=False, state="nothing_new")
            assert now().news is not None
            assert now().news.state is State.FRESH
            assert (why(side="full").rule, why(side="full").run) == ("held", run.pk)
            alive(ran(ago=MINUTE, state="running"))
            assert why(side="full").rule == "under_way", "somebody let it go on"

    def test_it_is_read_more_rarely_than_it_may_be_old(self, settings: Any) -> None:
        settings.STALE_AFTER_BY_KIND = {"recordings.full": "7200"}
        row = PeriodicTask.objects.get(name="Sync: all recordings")
        assert (why(side="full").rule, why(side="full").schedule) == ("rare", row.pk)
        assert why(side="news").rule == "due"

    def test_what_stands_in_the_way_of_all_comes_first(self, settings: Any, store: redis.Redis) -> None:
        """All at once; each is put right in turn."""
        ran(ago=2 * HOUR, full=False, state="failed", error="why")
        PeriodicTask.objects.filter(name="Sync: newest recordings").update(enabled=False)
        store.rpush("sync", "a task")
        with time_machine.travel(timezone.now() + 20 * MINUTE, tick=False):
            redis_url, settings.REDIS_URL = settings.REDIS_URL, "redis://127.0.0.1:1/0"
            settings.BAIJIAYUN_PARTNER_ID = ""
            assert why().rule == "account"
            settings.BAIJIAYUN_PARTNER_ID = "1"
            assert why().rule == "redis"
            settings.REDIS_URL = redis_url
            assert why().rule == "beat"
            heartbeat.tick()
            assert why().rule == "switched_off"
            PeriodicTask.objects.filter(name="Sync: newest recordings").update(enabled=True)
            assert why().rule == "workers"
            store.delete("sync")
            assert why().rule == "failed"
            held = ran(ago=HOUR, full=False, state="held")
            assert (why().rule, why().run) == ("held", held.pk)
            ran(ago=timedelta())
            assert now().state is State.FRESH


def test_a_fresh_list_costs_one_query(django_assert_num_queries: Any) -> None:
    ran()
    with django_assert_num_queries(1):
        assert now().state is State.FRESH
    with django_assert_num_queries(0):
        staleness.standing("recordings")


def test_a_stale_list_costs_no_more_than_five(django_assert_max_num_queries: Any) -> None:
    ran(ago=3 * HOUR)
    ran(ago=2 * MINUTE, full=False, state="running", finished_at=None)
    with django_assert_max_num_queries(5):
        assert now().state is State.STALE


def test_many_runs_are_read_by_index() -> None:
    """The newest of each sort are met, whatever lies beneath."""
    old = timezone.now() - 5 * HOUR
    SyncRun.objects.bulk_create(
        SyncRun(kind=kind, full=n % 2 == 0, state=state, started_at=old - n * MINUTE)
        for kind in SyncRun.Kind.values
        for state in SyncRun.State.values
        for n in range(20)
    )
    newest = ran("versions", ago=MINUTE, full=False)
    assert [side.at for side in now("versions").sides] == [newest.started_at, old]
