"""Watch records, how far they were read, their sums by recording and day, and who may see them."""

import django.db.models.deletion
from django.apps import apps as installed_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations, models


def grant(apps, schema_editor):
    alias = schema_editor.connection.alias
    create_permissions(installed_apps.get_app_config("playback"), apps=apps, using=alias, verbosity=0)
    groups = apps.get_model("auth", "Group").objects.using(alias)
    ours = apps.get_model("auth", "Permission").objects.using(alias).filter(content_type__app_label="playback")
    for group in groups.filter(name__in=["administrator", "course staff"]):
        group.permissions.add(*ours.filter(codename="view_watchrecord"))


class Migration(migrations.Migration):

    dependencies = [
        ('playback', '0011_heartbeat'),
    ]

    operations = [
        migrations.CreateModel(
            name='WatchDay',
            fields=[
                ('day', models.DateField(primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('reading', 'Being read, or broken off'), ('complete', 'Complete'), ('short', 'Fewer than the vendor counts'), ('failed', 'Broken off by an error')], default='reading', max_length=8)),
                ('token', models.UUIDField(null=True)),
                ('page_size', models.IntegerField(default=0)),
                ('next_page', models.IntegerField(default=1)),
                ('pages', models.IntegerField(default=0)),
                ('total', models.BigIntegerField(null=True)),
                ('unreadable', models.IntegerField(default=0)),
                ('started_at', models.DateTimeField(null=True)),
                ('read_at', models.DateTimeField(null=True)),
                ('error', models.TextField(blank=True, default='')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='RecordingDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('plays', models.IntegerField(verbose_name='plays')),
                ('viewers', models.IntegerField(verbose_name='viewers')),
                ('seconds', models.BigIntegerField(verbose_name='watched')),
                ('completion', models.FloatField(null=True, verbose_name='completion')),
                ('recording', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='watch_days', to='playback.recording', verbose_name='recording')),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('recording', 'day'), name='one_sum_a_recording_and_day')],
            },
        ),
        migrations.CreateModel(
            name='WatchRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('guid', models.CharField(max_length=64, unique=True, verbose_name='guid')),
                ('day', models.DateField(verbose_name='day')),
                ('version_number', models.IntegerField(null=True, verbose_name='version')),
                ('video_id', models.BigIntegerField(null=True, verbose_name='video id')),
                ('user_name', models.CharField(blank=True, default='', max_length=150, verbose_name='viewer')),
                ('user_number', models.CharField(blank=True, default='', max_length=20, verbose_name="viewer's number")),
                ('began_at', models.DateTimeField(null=True, verbose_name='began')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended')),
                ('play_length', models.IntegerField(null=True, verbose_name='watched')),
                ('client_type', models.IntegerField(choices=[(0, 'Other device'), (1, 'iPhone'), (2, 'iPad'), (3, 'Android'), (4, 'Mobile web page'), (5, 'Web page on a computer'), (6, 'Computer program'), (7, 'Mac program'), (8, 'Android mini-program'), (9, 'iOS mini-program')], null=True, verbose_name='device')),
                ('user_ip', models.CharField(blank=True, default='', max_length=64, verbose_name='IP address')),
                ('area', models.CharField(blank=True, default='', max_length=100, verbose_name='area')),
                ('ext_data', models.CharField(blank=True, default='', max_length=500, verbose_name='extra data')),
                ('recording', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='watch_records', to='playback.recording', verbose_name='recording')),
            ],
            options={
                'verbose_name': 'watch record',
                'verbose_name_plural': 'watch records',
                'ordering': ['-day', '-began_at', '-id'],
                'default_permissions': ('view',),
                'indexes': [models.Index(fields=['-day', '-began_at', '-id'], name='watch_newest'), models.Index(fields=['recording', '-day', '-began_at', '-id'], name='watch_of_recording'), models.Index(fields=['user_number', '-day', '-began_at', '-id'], name='watch_of_number'), models.Index(fields=['user_name', '-day', '-began_at', '-id'], name='watch_of_name'), models.Index(condition=models.Q(('recording', None)), fields=['video_id'], name='watch_unlinked')],
            },
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
