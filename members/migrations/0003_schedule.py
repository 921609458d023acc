"""When the members' lists are read: every minute some, in an order that the two new columns help to find.

The schedule is a row that the admin can change afterwards; nothing here is written again.
"""

import datetime

from django.db import migrations, models
from django.utils import timezone

NAME = "Sync: lists of members"
TASK = "members.read_lists"


def add(apps, schema_editor):
    task = apps.get_model("django_celery_beat", "PeriodicTask")
    interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    every = interval.objects.filter(every=1, period="minutes").first() or interval.objects.create(
        every=1, period="minutes"
    )
    task.objects.get_or_create(
        name=NAME,
        defaults={
            "task": TASK,
            "queue": "sync",
            "interval": every,
            "expire_seconds": 60,
            "last_run_at": timezone.now() - datetime.timedelta(days=1),
            "description": "Reads who may watch: first the lists that somebody waits for, then those of rooms with "
            "recent recordings, then the ones read longest ago.",
        },
    )


def remove(apps, schema_editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0002_roles"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [
        migrations.AddField(
            "memberlist", "tried_at", models.DateTimeField("last tried", null=True, editable=False)
        ),
        migrations.AddField(
            "memberlist", "wanted_at", models.DateTimeField("to be read soon, since", null=True, editable=False)
        ),
        migrations.AddIndex(
            "memberlist", models.Index(fields=["wanted_at"], name="member_list_wanted")
        ),
        migrations.RunPython(add, remove),
    ]
