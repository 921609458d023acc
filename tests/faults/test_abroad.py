"""Machines and people in countries whose clocks change: everything is told, read and started by Beijing's.

The days of the change in New York and Berlin, minutes before it and after it; times that do not exist there, or exist
twice. Each page, export, plan and schedule must be to the letter what a machine in Shanghai makes of the same moment.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone as django_timezone
from django_celery_beat.models import PeriodicTask

from playback.conf import vendor_client
from playback.models import Operation, PlayLink, Recording, Room, Version, WatchDay, WatchRecord
from playback.operations import execute
from playback.play_links.making import make_for_one
from playback.play_links.terms import Terms
from playback.player import Viewer
from playback.sync import expiry
from playback.sync.watch_records import DayRead, read_day
from playback.vendor.codes import Lane
from tests.operations.vendor import confirmed, drive
from tests.sync.test_watch_records import check_against

from .conftest import School, mirror_all
from .equality import assert_mirror_is_vendor
from .processes import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hasty")]
BEIJING = timezone(timedelta(hours=8))
ZONES = ["America/New_York", "Europe/Berlin"]
CHANGES = {
    "New York loses an hour": ("America/New_York", datetime(2026, 3, 8, 7, 0, tzinfo=UTC)),
    "Berlin loses an hour": ("Europe/Berlin", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
    "New York has an hour twice": ("America/New_York", datetime(2026, 11, 1, 6, 0, tzinfo=UTC)),
}
A_MINUTE = timedelta(minutes=1)
# Wall times in Beijing that are missing, or come twice, on a clock of New York or Berlin; and the ends of a day.
WALLS = [
    datetime(2026, 3, 8, 2, 30, tzinfo=BEIJING),
    datetime(2026, 3, 29, 2, 30, tzinfo=BEIJING),
    datetime(2026, 11, 1, 1, 30, tzinfo=BEIJING),
    datetime(2026, 3, 8, 0, 0, tzinfo=BEIJING),
    datetime(2026, 3, 8, 23, 59, 59, tzinfo=BEIJING),
]
_TIME = re.compile(r'(?:datetime|title|value|min|max)="([^"]*\d{4}-\d\d-\d\d[^"]*)"')
_TAGS = re.compile(r"<script.*?</script>|<style.*?</style>|<[^>]*>", re.DOTALL)


@contextmanager
def machine_in(zone: str, moment: datetime) -> Iterator[None]:
    """A process whose own time zone is this one, also after the settings were read, at a moment that stands still."""
    before = os.environ.get("TZ")
    with time_machine.travel(moment, tick=False):
        os.environ["TZ"] = zone
        time.tzset()
        try:
            yield
        finally:
            if before is None:
                del os.environ["TZ"]
            else:
                os.environ["TZ"] = before
            time.tzset()


@pytest.fixture
def campus(school: School, chief: User) -> School:
    """Classes, viewings, an expiry, an operation and a link at the wall times that are odd elsewhere."""
    state = school.vendor.state
    with machine_in("Asia/Shanghai", CHANGES["New York loses an hour"][1] - timedelta(hours=1)):
        for number, wall in enumerate(WALLS):
            row = state.add_recording(
                *school.key(number), name=f"第{number}节", created_at=wall - timedelta(days=7 * (wall.month == 11))
            )
            state.update_recording(*school.key(number), created_at=int(wall.timestamp()))
            state.add_watch_record(
                row["playback_id"], row["video_id"], wall, guid=f"G{number}", user_number=number, play_length=60
            )
        state.execute("UPDATE versions SET valid_day = 400")
        mirror_all()
        read_everything()
        operation = confirmed("rename", chief, list(Recording.objects.order_by("pk")[:1]), {"name": "改过的名字"})
        drive(operation)
        make_for_one(chief, Recording.objects.order_by("pk")[1], [Viewer("王芳")], Terms(PlayLink.Kind.TIMED, 86_400))
    return school


def read_everything() -> None:
    client = vendor_client(Lane.SYNC)
    for day in sorted({wall.date() for wall in WALLS}):
        read_day(client, day, DayRead(day))
    expiry.read_stale(client)


def forget() -> None:
    """All that was read of the vendor is to be read, parsed and written anew."""
    for model in (Room, Recording, Version):
        model.objects.update(payload_hash=None, created_at=None)
    Recording.objects.update(expires_at=None, valid_days=None, expiry_read_at=None)
    WatchRecord.objects.all().delete()
    WatchDay.objects.all().delete()


@pytest.mark.portable
@pytest.mark.parametrize(("zone", "change"), CHANGES.values(), ids=CHANGES.keys())
def test_the_mirror_is_the_same(campus: School, zone: str, change: datetime) -> None:
    kept = [*Recording.objects.order_by("pk").values_list("created_at", "expires_at", "valid_days")]
    days = dict(WatchRecord.objects.values_list("guid", "day"))
    assert days["G0"] == date(2026, 3, 8)
    assert (days["G3"], days["G4"]) == (date(2026, 3, 8), date(2026, 3, 8))
    for moment in (change - A_MINUTE, change + A_MINUTE):
        with machine_in(zone, moment):
            forget()
            mirror_all()
            read_everything()
            assert_mirror_is_vendor(campus.vendor)
            check_against(campus.vendor)
        assert dict(WatchRecord.objects.values_list("guid", "day")) == days
        assert [*Recording.objects.order_by("pk").values_list("created_at", "expires_at", "valid_days")] == kept


@pytest.mark.parametrize(("zone", "change"), CHANGES.values(), ids=CHANGES.keys())
def test_pages_exports_and_plans_are_the_same(campus: School, chief: User, zone: str, change: datetime) -> None:
    here, there = (everything_told(chief, where, change + A_MINUTE) for where in ("Asia/Shanghai", zone))
    assert len(here) > 15
    for name, text in here.items():
        assert there[name] == text, f"{name} in {zone}"
    of_a_day = here["recordings of a day"]
    assert all(f"2026-03-08 {at}" in of_a_day for at in ("00:00", "02:30", "23:59"))
    assert not any(other in of_a_day for other in ("第1节", "第2节"))
    assert "2026-03-08 02:30:00" in here["recording"]
    assert "2026-03-08 02:30:00" in here["watch records as a table"]
    assert "2027-03-28T02:30:00+08:00" in here["typed expiry"]
    tonight = change.astimezone(BEIJING).date() + timedelta(days=1)
    assert f"Sync: all rooms {tonight} 02:10" in here["schedules"]
    with machine_in(zone, change - A_MINUTE):
        assert schedules() == here["schedules"]


def everything_told(chief: User, zone: str, moment: datetime) -> dict[str, str]:
    """What people read at that moment, of a machine there; nothing of it is left afterwards."""
    block = transaction.atomic()
    block._from_testcase = True  # what asks for a transaction of its own gets the test's, as it does without this one
    with machine_in(zone, moment), block:
        found = {**pages(chief), **actions(chief), "schedules": schedules()}
        transaction.set_rollback(True)
    return found


def pages(chief: User) -> dict[str, str]:
    client = Client()
    client.force_login(chief)
    recording, other = Recording.objects.order_by("pk")[:2]
    operation = Operation.objects.get()
    addresses = {
        "dashboard": reverse("admin:index"),
        "recordings": reverse("admin:playback_recording_changelist"),
        "recordings of a day": reverse("admin:playback_recording_changelist")
        + "?created_at_from=2026-03-08&created_at_to=2026-03-08",
        "recording": reverse("admin:playback_recording_change", args=[recording.pk]),
        "another recording": reverse("admin:playback_recording_change", args=[other.pk]),
        "versions": reverse("admin:playback_version_changelist"),
        "rooms": reverse("admin:playback_room_changelist"),
        "room": reverse("admin:playback_room_change", args=[recording.room_id]),
        "sync runs": reverse("admin:playback_syncrun_changelist"),
        "operations": reverse("admin:playback_operation_changelist"),
        "operations of a day": reverse("admin:playback_operation_changelist")
        + "?created_at_from=2026-03-08&created_at_to=2026-03-08",
        "report": reverse("admin:playback_operation_report", args=[operation.uuid]),
        "play links": reverse("admin:playback_playlink_changelist"),
        "watch records": reverse("admin:playback_watchrecord_changelist"),
        "watch records of a day": reverse("admin:playback_watchrecord_changelist")
        + "?day_from=2026-03-08&day_to=2026-03-08",
        "watch records as a table": reverse("admin:playback_watchrecord_export", args=["csv"]),
    }
    return {name: read(client, address) for name, address in addresses.items()}


def read(client: Client, address: str) -> str:
    """The words of a page, and the times in its attributes."""
    answer = client.get(address)
    assert answer.status_code == 200, f"{address}: {answer.status_code}"
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    text = content.decode()
    times = " ".join(_TIME.findall(text))
    return " ".join(f"{_TAGS.sub(' ', text)} {times} {answer.get('Content-Disposition', '')}".split())


def actions(chief: User) -> dict[str, str]:
    """Plans and links made at that moment: what they say, and what they send."""
    chosen = Recording.objects.filter(publish_status=1).order_by("pk")
    pattern = execute.plan("rename", chief, chosen, {"pattern": "{date} {n}"})
    typed = execute.plan("set_expiry", chief, chosen, {"mode": "date", "date": "2027-03-28T02:30"})
    spring = execute.plan("set_expiry", chief, chosen, {"mode": "date", "date": "2027-03-14T02:30"})
    trash = confirmed("trash", chief, list(chosen[:1]), {"days": 7})
    (link,) = make_for_one(chief, chosen[0], [Viewer("李雷")], Terms(PlayLink.Kind.TIMED, 7200))
    assert link.row is not None
    return {
        "pattern": str([*pattern.items.order_by("position").values_list("change", flat=True)]),
        "typed expiry": f"{typed.parameters} {[*typed.items.order_by('position').values_list('change', flat=True)]}",
        "another typed expiry": str(spring.parameters),
        "times of an operation": f"{trash.created_at} {trash.confirmed_at}",
        "link": f"{link.row} {link.row.expires_at} {link.row.made_at}",
        "today": f"{django_timezone.localdate()} {django_timezone.localtime()}",
    }


def schedules() -> str:
    """When each nightly task runs next, in Beijing."""
    now, told = django_timezone.now(), []
    for row in PeriodicTask.objects.exclude(crontab=None).select_related("crontab").order_by("name"):
        state = row.schedule.is_due(now)
        assert not state.is_due
        told.append(f"{row.name} {(now + timedelta(seconds=round(state.next))).astimezone(BEIJING):%Y-%m-%d %H:%M}")
    return "; ".join(told)


SCRIPT = """
import django, json, time
django.setup()
from django.utils import timezone
from config.celery import app
from playback.vendor.results.values import time as read
print(json.dumps([time.tzname[0], str(timezone.get_default_timezone()), str(app.timezone), app.conf.timezone,
                  read("2026-03-08 02:30:00").isoformat(), timezone.localtime(read(1772908200)).isoformat()]))
"""


def test_a_process_started_there_is_one_of_beijing() -> None:
    given = {**os.environ, "TZ": ZONES[0], "DJANGO_SETTINGS_MODULE": "config.settings"}
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=given, check=True, capture_output=True, timeout=60
    )
    assert json.loads(told.stdout) == [
        "CST",
        "Asia/Shanghai",
        "Asia/Shanghai",
        "Asia/Shanghai",
        "2026-03-08T02:30:00+08:00",
        "2026-03-08T02:30:00+08:00",
    ]
