"""The history of changes, what the vendor does not show of an operation, and who may see the history.

Whoever may view recordings may view what happened to them.
"""

import django.db.models.deletion
from django.apps import apps as installed_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations, models


def grant(apps, schema_editor):
    alias = schema_editor.connection.alias
    create_permissions(installed_apps.get_app_config("playback"), apps=apps, using=alias, verbosity=0)
    groups = apps.get_model("auth", "Group").objects.using(alias)
    ours = apps.get_model("auth", "Permission").objects.using(alias).filter(content_type__app_label="playback")
    for group in groups.filter(name__in=["administrator", "course staff", "teacher"]):
        group.permissions.add(*ours.filter(codename="view_change"))


class Migration(migrations.Migration):

    dependencies = [
        ('playback', '0013_search_and_indexes'),
    ]

    operations = [
        migrations.CreateModel(
            name='Change',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('vendor', 'Changed at the vendor'), ('strayed', 'Our copy had strayed'), ('both', 'Strayed here, and changed at the vendor'), ('gone', 'Gone at the vendor'), ('back', 'Came back')], max_length=8, verbose_name='kind')),
                ('subject', models.CharField(choices=[('room', 'Room'), ('recording', 'Recording'), ('version', 'Version')], max_length=9, verbose_name='what')),
                ('label', models.CharField(max_length=300)),
                ('fields', models.JSONField(blank=True, default=dict, verbose_name='change')),
                ('since', models.DateTimeField(null=True, verbose_name='last seen as before')),
                ('seen_at', models.DateTimeField(verbose_name='noticed')),
                ('own', models.BooleanField(default=False)),
                ('echo', models.BooleanField(default=False)),
            ],
            options={
                'verbose_name': 'change',
                'verbose_name_plural': 'changes',
                'ordering': ['-seen_at', '-id'],
                'default_permissions': ('view',),
            },
        ),
        migrations.AddField(
            model_name='operationitem',
            name='checked_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='operationitem',
            name='missing',
            field=models.JSONField(blank=True, null=True, verbose_name='not shown by the vendor'),
        ),
        migrations.AddIndex(
            model_name='operationitem',
            index=models.Index(condition=models.Q(('missing__isnull', False)), fields=['operation'], name='item_not_shown'),
        ),
        migrations.AddField(
            model_name='change',
            name='operation',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='changes', to='playback.operation', verbose_name='operation'),
        ),
        migrations.AddField(
            model_name='change',
            name='recording',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='changes', to='playback.recording', verbose_name='recording'),
        ),
        migrations.AddField(
            model_name='change',
            name='room',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='changes', to='playback.room', verbose_name='room'),
        ),
        migrations.AddField(
            model_name='change',
            name='run',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='changes', to='playback.syncrun', verbose_name='sync run'),
        ),
        migrations.AddField(
            model_name='change',
            name='version',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='changes', to='playback.version', verbose_name='version'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(condition=models.Q(('echo', False)), fields=['-seen_at', '-id'], name='change_newest'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(condition=models.Q(('echo', False)), fields=['kind', '-seen_at', '-id'], name='change_by_kind'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(fields=['recording', '-seen_at', '-id'], name='change_of_recording'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(fields=['version', '-seen_at', '-id'], name='change_of_version'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(fields=['room', '-seen_at', '-id'], name='change_of_room'),
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
