"""The schedule of the sync passes, as rows that the admin can change afterwards.

Nothing here is written again: who changes or disables a row keeps it so.
"""

import datetime
import json

from django.db import migrations
from django.utils import timezone

# name, kind, minutes between two runs
INCREMENTAL = [
    ("Sync: newest recordings", "recordings", 1),
    ("Sync: newest versions", "versions", 5),
    ("Sync: newest rooms", "rooms", 10),
]
# name, kind, hour and minute in Beijing
FULL = [
    ("Sync: all rooms", "rooms", 2, 10),
    ("Sync: all recordings", "recordings", 2, 30),
    ("Sync: all versions", "versions", 3, 30),
]
TASK = "playback.sync_kind"


def add(apps, schema_editor):
    beat = "django_celery_beat"
    task = apps.get_model(beat, "PeriodicTask")
    interval = apps.get_model(beat, "IntervalSchedule")
    crontab = apps.get_model(beat, "CrontabSchedule")
    # Beat runs a task for the first time one interval after its last run. A last run long ago makes a new
    # installation sync as soon as beat is up.
    long_ago = timezone.now() - datetime.timedelta(days=1)
    for name, kind, minutes in INCREMENTAL:
        every = (
            interval.objects.filter(every=minutes, period="minutes").first()
            or interval.objects.create(every=minutes, period="minutes")
        )
        defaults = {
            "task": TASK,
            "kwargs": json.dumps({"kind": kind}),
            "queue": "sync",
            "interval": every,
            # A run that could not start before the next one is due is left out.
            "expire_seconds": minutes * 60,
            "last_run_at": long_ago,
            "description": "Reads the vendor's list newest first, until it meets only what is known.",
        }
        task.objects.get_or_create(name=name, defaults=defaults)
    for name, kind, hour, minute in FULL:
        at = {
            "minute": str(minute),
            "hour": str(hour),
            "day_of_week": "*",
            "day_of_month": "*",
            "month_of_year": "*",
            "timezone": "Asia/Shanghai",
        }
        nightly = crontab.objects.filter(**at).first() or crontab.objects.create(**at)
        defaults = {
            "task": TASK,
            "kwargs": json.dumps({"kind": kind, "full": True}),
            "queue": "sync",
            "crontab": nightly,
            "expire_seconds": 6 * 3600,
            "description": "Reads the vendor's whole list, and finds what is gone.",
        }
        task.objects.get_or_create(name=name, defaults=defaults)


def remove(apps, schema_editor):
    names = [row[0] for row in (*INCREMENTAL, *FULL)]
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=names).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("playback", "0004_sync_run_would_go"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(add, remove)]
