"""Indexes of the lists at a million recordings and ten million watch records, and PostgreSQL's function for searches.

A first load writes through every index, so each must have a question that it answers:

* ``recording_newest``, ``version_newest`` and those by status, publish state, product and expiry carry ``gone_at``: lists
  are counted and paged deep by the index alone, where each of ten thousand rows lay on a page of the table of its own.
* ``recording_gone`` and ``recording_expiry_unknown``: what is in such a state, newest first; without them a state that
  few are in, or none, is looked for in the whole table. ``recording_held_by``: a person's holds, of the few held.
* ``recording_by_playback``, ``recording_by_session``: an id that is pasted is one of four kinds; two had no index, and
  one without makes the search read the whole table. Session 0 is no id: ordinary rooms take no room in it.
* ``recording_by_size``, ``recording_by_plays``, ``recording_by_expiry``: the list can be sorted by these columns.
* ``watch_by_device``: the list's filter, also for a device that one viewer in a million has.

Removed, because another one answers: the foreign keys' own indexes (``recording_by_room``, ``version_natural_key``),
``version_by_name`` (versions are not sorted by name any more), and the second index of ``guid``, for LIKE.

The indexes for searches by words are not made here: they would slow down the first load, and a table that is full can
be indexed without a lock only outside of a transaction. ``playback.sync.indexes`` makes them, after the first
full pass or by ``manage.py indexes``; until then searches find the same, but slower. The function speaks of
nothing but ``pg_catalog``, so that it works whatever the search path is, as in a restore.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FUNCTION = """
CREATE OR REPLACE FUNCTION playback_bigrams(value text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    word text := pg_catalog.upper(value);
    found text[] := '{}';
BEGIN
    FOR n IN 1 .. pg_catalog.length(word) - 1 LOOP
        found := pg_catalog.array_append(found, pg_catalog.substr(word, n, 2));
    END LOOP;
    RETURN found;
END
$$
"""


def make_function(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FUNCTION)


def drop_function(apps, schema_editor):
    """With the indexes that lean on it, which no migration knows of."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION IF EXISTS playback_bigrams(text) CASCADE")


class Migration(migrations.Migration):

    dependencies = [
        ('playback', '0012_watch_records'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(make_function, drop_function),
        migrations.RemoveIndex(
            model_name='recording',
            name='recording_newest',
        ),
        migrations.RemoveIndex(
            model_name='recording',
            name='recording_by_expiry',
        ),
        migrations.RemoveIndex(
            model_name='recording',
            name='recording_by_status',
        ),
        migrations.RemoveIndex(
            model_name='recording',
            name='recording_by_publish',
        ),
        migrations.RemoveIndex(
            model_name='recording',
            name='recording_by_product',
        ),
        migrations.RemoveIndex(
            model_name='version',
            name='version_newest',
        ),
        migrations.RemoveIndex(
            model_name='version',
            name='version_by_name',
        ),
        migrations.AlterField(
            model_name='recording',
            name='held_by',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='put on hold by'),
        ),
        migrations.AlterField(
            model_name='recording',
            name='room',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='recordings', to='playback.room', verbose_name='room'),
        ),
        migrations.AlterField(
            model_name='version',
            name='recording',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='playback.recording', verbose_name='recording'),
        ),
        migrations.AlterField(
            model_name='watchrecord',
            name='guid',
            field=models.CharField(max_length=64, verbose_name='guid'),
        ),
        migrations.AddIndex(
            model_name='recording',
            index=models.Index(fields=['-created_at', '-id', 'gone_at'], name='recording_newest'),
        ),
        migrations.AddIndex(
            model_name='recording',
            index=models.Index(fields=['status', '-created_at', '-id', 'gone_at'], name='recording_by_status'),
        ),
        migrations.AddIndex(
            model_name='recording',
            index=models.Index(fields=['publish_status', '-created_at', '-id', 'gone_at'], name='recording_by_publish'),
        ),
        migrations.AddIndex(
            model_name='recording',
            index=models.Index(fields=['product_type', '-created_at', '-id', 'gone_at'], name='recording_by_product'),
        ),
        migrations.AddIndex(
            model_name='recording',
            index=models.Index(condition=models.Q(('gone_at__isnull', False)), fields=['-created_at', '-id'], name='recording_gone'),
        ),
        migrations.AddIndex(
            model_name='recording',
            index=models.Index(fields=['playback_id'], name='recording_by_playback'),
        ),
        migrations.AddIndex(
            model_name='recording',
            index=models.Index(condition=models.Q(('session_id__gt', 0)), fields=['session_id'], name='recording_by_session'),
        ),
        migrations.AddIndex(
            model_name='recording',
            index=models.Index(fields=['total_transcode_size'], name='recording_by_size'),
        ),
        migrations.AddIndex(
            model_name='recording',
            index=models.Index(fields=['play_times', '-created_at', '-id'], name='recording_by_plays'),
        ),
        migrations.AddIndex(
            model_name='recording',
            index=models.Index(fields=['expires_at', '-created_at', '-id', 'gone_at'], name='recording_by_expiry'),
        ),
        migrations.AddIndex(
            model_name='recording',
            index=models.Index(condition=models.Q(('expires_at', None), models.Q(('valid_days', None), ('valid_days__lt', 0), ('valid_days__gt', 0), _connector='OR')), fields=['-created_at', '-id'], name='recording_expiry_unknown'),
        ),
        migrations.AddIndex(
            model_name='recording',
            index=models.Index(condition=models.Q(('held_by__isnull', False)), fields=['held_by'], name='recording_held_by'),
        ),
        migrations.AddIndex(
            model_name='version',
            index=models.Index(fields=['-created_at', '-id', 'gone_at'], name='version_newest'),
        ),
        migrations.AddIndex(
            model_name='watchrecord',
            index=models.Index(fields=['client_type', '-day', '-began_at', '-id'], name='watch_by_device'),
        ),
        migrations.AddConstraint(
            model_name='watchrecord',
            constraint=models.UniqueConstraint(fields=('guid',), name='watch_guid'),
        ),
    ]
