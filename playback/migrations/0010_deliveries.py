"""Deliveries of callbacks, what callbacks alone tell of a version, who may do what with them, and their schedule."""

import datetime

import django.db.models.deletion
from django.apps import apps as installed_apps
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.utils import timezone

COURSE_STAFF = ["view_delivery"]
ADMINISTRATOR = ["view_delivery", "replay_delivery", "register_callback_address"]
QUEUE = "callbacks"
# name, task, every, period, what it does
SCHEDULE = [
    (
        "Callbacks: take up what waits",
        "playback.callbacks.take_up",
        1,
        "minutes",
        "Applies deliveries that were not heard of, and tries failed ones again.",
    ),
    (
        "Callbacks: look up what is overdue",
        "playback.callbacks.look_up_overdue",
        5,
        "minutes",
        "Asks the vendor about recordings that are not ready for too long: their callback may never come.",
    ),
    (
        "Callbacks: compare the address",
        "playback.callbacks.look_after",
        1,
        "days",
        "Asks the vendor where it sends callbacks, and forgets deliveries of half a year ago.",
    ),
]


def grant(apps, schema_editor):
    alias = schema_editor.connection.alias
    create_permissions(installed_apps.get_app_config("playback"), apps=apps, using=alias, verbosity=0)
    groups = apps.get_model("auth", "Group").objects.using(alias)
    ours = apps.get_model("auth", "Permission").objects.using(alias).filter(content_type__app_label="playback")
    for name, codenames in (("administrator", ADMINISTRATOR), ("course staff", COURSE_STAFF)):
        group = groups.filter(name=name).first()
        if group is not None:
            group.permissions.add(*ours.filter(codename__in=codenames))


def schedule(apps, schema_editor):
    alias = schema_editor.connection.alias
    tasks = apps.get_model("django_celery_beat", "PeriodicTask").objects.using(alias)
    intervals = apps.get_model("django_celery_beat", "IntervalSchedule").objects.using(alias)
    long_ago = timezone.now() - datetime.timedelta(days=2)  # so that beat runs them as soon as it is up
    for name, task, every, period, description in SCHEDULE:
        found = intervals.filter(every=every, period=period).first()
        defaults = {
            "task": task,
            "interval": found or intervals.create(every=every, period=period),
            "queue": QUEUE,
            "expire_seconds": 3600 if period == "days" else every * 60,
            "last_run_at": long_ago,
            "description": description,
        }
        tasks.get_or_create(name=name, defaults=defaults)


def unschedule(apps, schema_editor):
    tasks = apps.get_model("django_celery_beat", "PeriodicTask").objects.using(schema_editor.connection.alias)
    tasks.filter(name__in=[row[0] for row in SCHEDULE]).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('playback', '0009_expiry_schedule'),
        ('django_celery_beat', '0019_alter_periodictasks_options'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CallbackAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.TextField(blank=True)),
                ('looked_at', models.DateTimeField()),
                ('error', models.TextField(blank=True)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='RefusedCallbacks',
            fields=[
                ('hour', models.DateTimeField(primary_key=True, serialize=False)),
                ('count', models.IntegerField(default=0)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='version',
            name='definitions',
            field=models.CharField(max_length=100, null=True, verbose_name='definitions'),
        ),
        migrations.AddField(
            model_name='version',
            name='rendered_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='version',
            name='rendered_video_id',
            field=models.BigIntegerField(null=True, verbose_name='rendered video'),
        ),
        migrations.AddField(
            model_name='version',
            name='told_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.CreateModel(
            name='OverdueLook',
            fields=[
                ('recording', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='overdue_look', serialize=False, to='playback.recording')),
                ('looks', models.IntegerField(default=0)),
                ('next_at', models.DateTimeField()),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(fields=['next_at'], name='overdue_look_next')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('qid', models.CharField(max_length=64, null=True, unique=True, verbose_name='delivery id')),
                ('kind', models.CharField(choices=[('CB1', 'Transcoding (CB1)'), ('CB2', 'Plain video (CB2)'), ('CB3', 'Version rebuilt (CB3)'), ('unknown', 'Unknown')], default='unknown', max_length=8, verbose_name='kind')),
                ('verdict', models.CharField(choices=[('good', 'Genuine'), ('bad_signature', 'Bad signature'), ('outside_window', 'Too old, or from the future')], default='good', max_length=14, verbose_name='verdict')),
                ('state', models.CharField(choices=[('received', 'Waiting'), ('applied', 'Applied'), ('ignored', 'Nothing to apply'), ('failed', 'Failed, tried again'), ('dead', 'Given up'), ('rejected', 'Refused')], default='received', max_length=8, verbose_name='state')),
                ('fields', models.JSONField(default=dict, verbose_name='fields')),
                ('received_at', models.DateTimeField(verbose_name='received')),
                ('sent_at', models.DateTimeField(null=True, verbose_name='sent by the vendor')),
                ('room_id', models.BigIntegerField(null=True, verbose_name='room id')),
                ('session_id', models.BigIntegerField(null=True, verbose_name='session id')),
                ('version', models.IntegerField(null=True, verbose_name='version')),
                ('video_id', models.BigIntegerField(null=True, verbose_name='video id')),
                ('status', models.IntegerField(choices=[(0, 'Not recorded'), (10, 'Generating'), (20, 'Transcoding'), (30, 'Failed'), (100, 'Ready')], null=True, verbose_name='status')),
                ('attempts', models.IntegerField(default=0, verbose_name='attempts')),
                ('due_at', models.DateTimeField(editable=False, null=True)),
                ('claimed_at', models.DateTimeField(editable=False, null=True)),
                ('applied_at', models.DateTimeField(null=True, verbose_name='applied')),
                ('error', models.TextField(blank=True, default='', verbose_name='error')),
                ('changed', models.JSONField(blank=True, default=dict, verbose_name='what it changed')),
                ('seconds_after_class', models.IntegerField(null=True, verbose_name='time from class end to delivery')),
                ('replayed_at', models.DateTimeField(null=True, verbose_name='replayed')),
                ('recording', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deliveries', to='playback.recording', verbose_name='recording')),
                ('replayed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='replayed by')),
            ],
            options={
                'verbose_name': 'delivery',
                'verbose_name_plural': 'deliveries',
                'ordering': ['-received_at', '-id'],
                'permissions': [('replay_delivery', 'Can apply a delivery again'), ('register_callback_address', 'Can tell the vendor where to send callbacks')],
                'default_permissions': ('view',),
                'indexes': [models.Index(fields=['-received_at', '-id'], name='delivery_newest'), models.Index(fields=['state', '-received_at', '-id'], name='delivery_by_state'), models.Index(fields=['kind', '-received_at', '-id'], name='delivery_by_kind'), models.Index(fields=['room_id', 'session_id'], name='delivery_by_room'), models.Index(fields=['video_id'], name='delivery_by_video'), models.Index(condition=models.Q(('state__in', ['received', 'failed'])), fields=['due_at'], name='delivery_waiting')],
            },
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
        migrations.RunPython(schedule, unschedule),
    ]
