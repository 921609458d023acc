"""When the trash is looked through for what is due, and when the watch records are read.

Nothing here is written again: who changes or disables a row keeps it so.
"""

import datetime

from django.db import migrations
from django.utils import timezone

TRASH = "Trash: delete what is due"
WATCHED = "Sync: who watched"


def add(apps, schema_editor):
    beat = "django_celery_beat"
    task = apps.get_model(beat, "PeriodicTask")
    interval = apps.get_model(beat, "IntervalSchedule")

    def every(number, period):
        return (
            interval.objects.filter(every=number, period=period).first()
            or interval.objects.create(every=number, period=period)
        )

    task.objects.get_or_create(
        name=TRASH,
        defaults={
            "task": "playback.operations.tend_trash",
            "queue": "operation",
            "interval": every(5, "minutes"),
            "expire_seconds": 300,
            "description": "Deletes at the vendor what has been in the trash for its days, unless something stands in "
            "the way.",
        },
    )
    task.objects.get_or_create(
        name=WATCHED,
        defaults={
            "task": "playback.read_watched",
            "queue": "sync",
            "interval": every(1, "hours"),
            "expire_seconds": 3600,
            # Beat waits one interval from here: by then the first recordings are in the mirror.
            "last_run_at": timezone.now() - datetime.timedelta(minutes=57),
            "description": "Reads the account's watch records, so that plans point out what is still watched.",
        },
    )


def remove(apps, schema_editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=[TRASH, WATCHED]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("playback", "0007_roles_of_every_call"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(add, remove)]
