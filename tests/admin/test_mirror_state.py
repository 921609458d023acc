"""The page about the state of the mirror, and the banner of lists: who sees what, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from django_celery_beat.models import PeriodicTask

from members.models import Member, MemberList, RoomTeacher
from playback import heartbeat, staleness
from playback.admin import dashboard, mirror_words
from playback.models import Change, Delivery, SyncLease, SyncRun, WatchDay
from playback.staleness import Reason, State
from playback.staleness.rules import RULES
from tests.factories import RecordingFactory, RoomFactory, SyncRunFactory, VersionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
PAGE = reverse("mirror-state")
HOUR = timedelta(hours=1)
LISTS = {
    "rooms": "admin:playback_room_changelist",
    "recordings": "admin:playback_recording_changelist",
    "versions": "admin:playback_version_changelist",
    "watch_records": "admin:playback_watchrecord_changelist",
    "members": "admin:members_member_changelist",
}
EVERY_PAGE = 4  # session, person, rights


@pytest.fixture(autouse=True)
def _in_order(settings: Any) -> Iterator[None]:
    settings.BAIJIAYUN_PARTNER_ID, settings.BAIJIAYUN_PARTNER_KEY = "1", "k"
    settings.BAIJIAYUN_PRIVATE_DOMAIN = "school"
    heartbeat.tick()
    with translation.override("en"):
        yield
    cache.delete(heartbeat._KEY)


def read(ago: timedelta = timedelta(minutes=1), **fields: Any) -> None:
    for kind in SyncRun.Kind.values:
        SyncRunFactory(kind=kind, full=True, started_at=timezone.now() - ago, **fields)


def seen(client: Client, url: str, language: str = "en") -> str:
    staleness.forget()
    client.cookies[project.LANGUAGE_COOKIE_NAME] = language
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


class TestThePage:
    def test_is_for_who_sees_sync_runs(self, staff: Client, teacher: Client, client: Client) -> None:
        assert PAGE in seen(staff, reverse("admin:index"))
        assert teacher.get(PAGE).status_code == 403
        assert PAGE not in seen(teacher, reverse("admin:index"))
        assert client.get(PAGE).status_code == 302
        assert staff.post(PAGE).status_code == 405

    def test_has_every_kind(self, staff: Client) -> None:
        page = seen(staff, PAGE)
        for name in (*staleness.kinds(), "callbacks"):
            assert f'data-kind-state="{name}"' in page
        assert set(LISTS) == {name for name, kind in staleness.kinds().items() if kind.model is not None}

    def test_runs_are_started_by_who_may(self, staff: Client, administrator: Client) -> None:
        read()
        start = reverse("admin:playback_syncrun_start")
        assert start not in seen(staff, PAGE)
        assert seen(administrator, PAGE).count(start) == len(SyncRun.Kind.values)

    def test_says_why_and_leads_there(self, administrator: Client) -> None:
        read(3 * HOUR)
        run = SyncRunFactory(
            state="failed", error="list_recordings: the vendor refused the call (code 7): <b>refused</b>", full=False
        )
        row = PeriodicTask.objects.get(name="Sync: newest rooms")
        PeriodicTask.objects.filter(pk=row.pk).update(enabled=False)
        page = seen(administrator, PAGE)
        assert "The vendor refused a call of the last reading" in page
        assert "&lt;b&gt;refused" in page
        assert reverse("admin:playback_syncrun_change", args=[run.pk]) in page
        assert "switched off" in page
        chief = User.objects.create_superuser("another")
        other = Client()
        other.force_login(chief)
        assert reverse("admin:django_celery_beat_periodictask_change", args=[row.pk]) in seen(other, PAGE)

    def test_a_held_run_is_linked(self, administrator: Client) -> None:
        read(48 * HOUR)
        run = SyncRunFactory(state="held", full=True, error="12 recordings would be marked as gone")
        page = seen(administrator, PAGE)
        assert "waits for a person" in page
        assert reverse("admin:playback_syncrun_change", args=[run.pk]) in page

    def test_callbacks_are_told_by_their_health(self, staff: Client) -> None:
        Delivery.objects.create(qid="1", received_at=timezone.now(), state="dead")
        assert "?state__exact=dead" in seen(staff, PAGE)
        group = User.objects.get(username="course-staff").groups.get()
        group.permissions.remove(*group.permissions.filter(codename="view_delivery"))
        assert 'data-kind-state="callbacks"' not in seen(staff, PAGE)

    def test_works_without_redis(self, staff: Client, settings: Any) -> None:
        read(3 * HOUR)
        settings.REDIS_URL = "redis://:CANARYpassword@127.0.0.1:1/0"
        page = seen(staff, PAGE)
        assert "Redis does not answer" in page
        assert "CANARY" not in page

    def test_costs_a_bounded_number_of_queries(self, staff: Client) -> None:
        def count() -> int:
            staleness.forget()
            with CaptureQueriesContext(connection) as queries:
                assert staff.get(PAGE).status_code == 200
            return len(queries)

        read(3 * HOUR)
        SyncRunFactory(state="running", finished_at=None)
        few = count()
        for recording in RecordingFactory.create_batch(30):
            VersionFactory(recording=recording)
        SyncRunFactory.create_batch(60, state="failed", error="why")
        for day in range(60):
            WatchDay.objects.create(day=timezone.localdate() - timedelta(days=day), state="failed")
        assert count() <= few + 1
        assert count() <= 17 + EVERY_PAGE

    def test_tells_what_changed_behind_our_back(self, staff: Client) -> None:
        Change.objects.create(kind="strayed", subject="recording", label="第1节", seen_at=timezone.now())
        page = seen(staff, PAGE)
        assert 'id="drift"' in page
        assert "kind__exact=strayed" in page


class TestTheBanner:
    @pytest.mark.parametrize("kind", LISTS)
    def test_each_list_of_the_vendor_s_data_warns(self, signed_in: Callable[[str], Client], kind: str) -> None:
        chief = signed_in("superuser")
        room = RoomFactory(first_seen_at=timezone.now() - 9 * 24 * HOUR)
        assert "was never read from the vendor to its end" in seen(chief, reverse(LISTS[kind]))
        read()
        WatchDay.objects.create(
            day=timezone.localdate(), state="complete", started_at=timezone.now(), read_at=timezone.now()
        )
        MemberList.objects.create(room=room, read_at=timezone.now(), tried_at=timezone.now())
        assert "data-stale" not in seen(chief, reverse(LISTS[kind]))

    def test_says_as_of_when_and_why(self, staff: Client) -> None:
        read(3 * HOUR)
        page = seen(staff, reverse(LISTS["recordings"]))
        assert "(3\xa0hours ago)" in page
        assert "Its last turn was missed" in page
        assert page.count("data-stale") == 1
        assert 'role="status"' in page

    def test_the_list_s_own_top_is_still_there(self, administrator: Client) -> None:
        """Watch records have downloads above them."""
        page = seen(administrator, reverse(LISTS["watch_records"]))
        assert "data-stale" in page
        assert "export/csv" in page
        assert page.index("data-stale") < page.index("export/csv")

    def test_who_may_not_see_runs_gets_the_age_alone(self, teacher: Client) -> None:
        read(3 * HOUR)
        page = seen(teacher, reverse(LISTS["recordings"]))
        assert "(3\xa0hours ago)" in page
        assert "Its last turn was missed" not in page
        assert PAGE not in page

    def test_the_first_reading_has_words_of_its_own(self, staff: Client) -> None:
        for kind in SyncRun.Kind.values:
            run = SyncRunFactory(kind=kind, full=True, state="running", finished_at=None)
            SyncLease.objects.create(
                kind=kind, run=run, token="00000000-0000-0000-0000-000000000001",
                expires_at=timezone.now() + HOUR,
            )  # fmt: skip
        page = seen(staff, reverse(LISTS["recordings"]))
        assert "for the first time" in page
        assert "bo-note-info" in page

    def test_changes_are_as_old_as_the_worst_list_they_come_from(self, staff: Client) -> None:
        url = reverse("admin:playback_change_changelist")
        read()
        assert "data-stale" not in seen(staff, url)
        SyncRun.objects.filter(kind="versions").update(started_at=timezone.now() - 3 * HOUR)
        SyncRun.objects.filter(kind="rooms").update(started_at=timezone.now() - 2 * HOUR)
        page = seen(staff, url)
        assert "Versions: This is as of" in page
        assert "(3\xa0hours ago)" in page
        assert page.count("data-stale") == 1
        SyncRun.objects.filter(kind="rooms").delete()
        assert "Rooms: This was never read" in seen(staff, url)

    def test_lists_of_our_own_data_have_none(self, administrator: Client) -> None:
        for name in ("operation", "syncrun", "delivery"):
            assert "data-stale" not in seen(administrator, reverse(f"admin:playback_{name}_changelist"))

    def test_a_row_that_was_read_by_itself_is_not_old(self, staff: Client) -> None:
        read(3 * HOUR)
        old = RecordingFactory(synced_at=timezone.now() - 5 * HOUR)
        new = RecordingFactory(synced_at=timezone.now())
        assert "data-stale" in seen(staff, reverse("admin:playback_recording_change", args=[old.pk]))
        assert "data-stale" not in seen(staff, reverse("admin:playback_recording_change", args=[new.pk]))

    def test_teachers_are_told_the_age(self, client: Client) -> None:
        read(3 * HOUR)
        room = RoomFactory()
        lecturer = User.objects.create_user("lecturer")
        RoomTeacher.objects.create(user=lecturer, room=room)
        client.force_login(lecturer)
        page = seen(client, reverse("teaching:home"))
        assert "(3\xa0hours ago)" in page
        assert "missed" not in page
        read()
        assert "data-stale" not in seen(client, reverse("teaching:home"))

    def test_costs_two_queries_where_all_is_fresh_and_none_soon_after(self, staff: Client) -> None:
        read()
        url = reverse(LISTS["recordings"])

        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                assert staff.get(url).status_code == 200
            return len(queries)

        count()
        kept = count()
        staleness.forget()
        assert count() <= kept + 2
        assert kept <= 12


class TestTheFrontPage:
    def test_says_the_same(self, staff: Client) -> None:
        read(3 * HOUR)
        page = seen(staff, reverse("admin:index"))
        for standing in staleness.board().values():
            if standing.kind.model is not None:
                assert str(mirror_words.state_badge(standing.state)) in page
        assert "3\xa0hours ago" in page
        assert Member.objects.count() == 0

    def test_tells_what_changed_behind_our_back(self, staff: Client, client: Client) -> None:
        recording = RecordingFactory()
        Change.objects.create(kind="vendor", subject="recording", recording=recording, seen_at=timezone.now())
        cache.delete(dashboard._COUNTS)
        page = staff.get(reverse("admin:index"))
        assert 'id="drift"' in page.content.decode()
        assert page.context["drift"]["kinds"][0]["count"] == "1"
        client.force_login(User.objects.create_user("nobody", is_staff=True))
        assert 'id="drift"' not in seen(client, reverse("admin:index"))


def test_each_rule_has_a_sentence_in_both_languages() -> None:
    """And each sentence a rule: nothing is told by a bare word."""
    at = timezone.now() - HOUR
    row = staleness.Needs().schedule(staleness.kinds()["rooms"].news)
    told = {
        "at": at, "pages": 3, "kinds": ["rooms"], "waiting": 2, "row": row, "limit": HOUR, "schedule": "Heartbeat",
        "first": False,
    }  # fmt: skip
    chief = User.objects.create_superuser("chief")
    for rule in mirror_words._SENTENCES:
        for language in ("en", "zh-hans"):
            with translation.override(language):
                words = mirror_words.told(Reason(rule, told), chief)
                assert words.why.strip(), rule
                assert "%(" not in words.why + words.do, rule
    assert len(RULES) == 11
    assert {str(state) for state in State} == {"fresh", "stale", "first", "never", "nothing"}
