"""Rosters being imported, and when what is kept for a time only is let go.

The schedules are rows that the admin can change afterwards; nothing here is written again.
"""

import datetime

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

SCHEDULES = [
    (
        "Members: forget rosters",
        "members.forget_rosters",
        "hours",
        1,
        "Removes rosters that were uploaded more than a day ago.",
    ),
    (
        "Members: make old data anonymous",
        "members.anonymise",
        "days",
        1,
        "Clears names, numbers, phones and mail of people whom no list has named for MEMBERS_ANONYMISE_AFTER_DAYS; "
        "does nothing while that is 0.",
    ),
]


def add(apps, schema_editor):
    task = apps.get_model("django_celery_beat", "PeriodicTask")
    interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    for name, what, period, number, description in SCHEDULES:
        every = interval.objects.filter(every=number, period=period).first() or interval.objects.create(
            every=number, period=period
        )
        task.objects.get_or_create(
            name=name,
            defaults={
                "task": what,
                "queue": "sync",
                "interval": every,
                "expire_seconds": 3600,
                "last_run_at": timezone.now(),
                "description": description,
            },
        )


def remove(apps, schema_editor):
    names = [name for name, *_ in SCHEDULES]
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=names).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('django_celery_beat', '0019_alter_periodictasks_options'),
        ('members', '0003_schedule'),
        ('playback', '0007_roles_of_every_call'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RosterImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('filename', models.CharField(max_length=255)),
                ('facts', models.JSONField(default=dict)),
                ('lines', models.JSONField(default=dict)),
                ('problems', models.JSONField(default=list)),
                ('decisions', models.JSONField(default=dict)),
                ('addition', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='playback.operation')),
                ('recording', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='playback.recording')),
                ('removal', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='playback.operation')),
                ('room', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='playback.room')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'roster import',
                'verbose_name_plural': 'roster imports',
                'ordering': ['-created_at', '-id'],
                'default_permissions': (),
                'indexes': [models.Index(fields=['created_at'], name='roster_oldest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('room__isnull', True), ('recording__isnull', True), _connector='XOR'), name='roster_of_one_list')],
            },
        ),
        migrations.RunPython(add, remove),
    ]
