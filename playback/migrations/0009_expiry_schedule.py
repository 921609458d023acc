"""Who was mailed when about what expires, and when expiry is read and told.

Nothing of the schedule is written again: who changes or disables a row keeps it so.
"""

import datetime
import json

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

NEW = "Sync: expiry of new recordings"
ALL = "Sync: expiry of all recordings"
DIGEST = "Mail: what expires soon"


def add(apps, schema_editor):
    beat = "django_celery_beat"
    task = apps.get_model(beat, "PeriodicTask")
    interval = apps.get_model(beat, "IntervalSchedule")
    crontab = apps.get_model(beat, "CrontabSchedule")
    every = (
        interval.objects.filter(every=10, period="minutes").first()
        or interval.objects.create(every=10, period="minutes")
    )

    def daily(hour, minute):
        at = {
            "minute": str(minute),
            "hour": str(hour),
            "day_of_week": "*",
            "day_of_month": "*",
            "month_of_year": "*",
            "timezone": "Asia/Shanghai",
        }
        return crontab.objects.filter(**at).first() or crontab.objects.create(**at)

    task.objects.get_or_create(
        name=NEW,
        defaults={
            "task": "playback.read_expiry",
            "kwargs": json.dumps({"only_new": True}),
            "queue": "sync",
            "interval": every,
            "expire_seconds": 600,
            # Beat waits one interval from here: by then the first recordings are in the mirror.
            "last_run_at": timezone.now() - datetime.timedelta(minutes=8),
            "description": "Asks how long the vendor keeps the recordings that were never asked about.",
        },
    )
    task.objects.get_or_create(
        name=ALL,
        defaults={
            "task": "playback.read_expiry",
            "queue": "sync",
            "crontab": daily(4, 40),
            "expire_seconds": 6 * 3600,
            "description": "Asks again how long the vendor keeps each recording, the longest unread first.",
        },
    )
    task.objects.get_or_create(
        name=DIGEST,
        defaults={
            "task": "playback.send_expiry_digests",
            "queue": "sync",
            "crontab": daily(8, 0),
            "expire_seconds": 12 * 3600,
            "description": "Tells the owners of rooms what expires soon, at most one mail a person and day.",
        },
    )


def remove(apps, schema_editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=[NEW, ALL, DIGEST]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("playback", "0008_trash_schedule"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExpiryDigest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("begun_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("recordings", models.IntegerField(default=0)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={"default_permissions": ()},
        ),
        migrations.AddConstraint(
            model_name="expirydigest",
            constraint=models.UniqueConstraint(fields=("user", "day"), name="one_expiry_digest_a_day"),
        ),
        migrations.RunPython(add, remove),
    ]
