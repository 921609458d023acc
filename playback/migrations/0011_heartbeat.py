"""Beat's tick, every minute: what /readyz and the metrics ask for."""

import datetime

from django.db import migrations
from django.utils import timezone

NAME = "Heartbeat"


def schedule(apps, schema_editor):
    alias = schema_editor.connection.alias
    tasks = apps.get_model("django_celery_beat", "PeriodicTask").objects.using(alias)
    intervals = apps.get_model("django_celery_beat", "IntervalSchedule").objects.using(alias)
    minutely = intervals.filter(every=1, period="minutes").first()
    tasks.get_or_create(
        name=NAME,
        defaults={
            "task": "playback.heartbeat",
            "interval": minutely or intervals.create(every=1, period="minutes"),
            "queue": "person",  # the queue that matters most: a tick that waits there is a click that waits
            "expire_seconds": 60,
            "last_run_at": timezone.now() - datetime.timedelta(days=2),  # so that it ticks as soon as beat is up
            "description": "Writes down that beat and the workers are at work, for /readyz and the metrics.",
        },
    )


def unschedule(apps, schema_editor):
    tasks = apps.get_model("django_celery_beat", "PeriodicTask").objects.using(schema_editor.connection.alias)
    tasks.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("playback", "0010_deliveries"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(schedule, unschedule)]
