"""The three roles as groups, and the schedule of the operations engine's housekeeping.

Permission rows are normally made after all migrations; the groups need them now. An existing group of the same name
only gains what it lacks.
"""

from django.apps import apps as installed_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations

MIRROR = ["view_room", "view_recording", "view_version"]
TEACHER = [*MIRROR, "preview_recording"]
COURSE_STAFF = [
    *TEACHER,
    "view_syncrun",
    "view_operation",
    "publish_recording",
    "block_recording",
    "rename_recording",
    "refresh_recording",
    "remove_recording",
]
ADMINISTERED = ["playback", "auth", "django_celery_beat", "axes"]


def make_groups(apps, schema_editor):
    alias = schema_editor.connection.alias
    for label in ADMINISTERED:
        create_permissions(installed_apps.get_app_config(label), apps=apps, using=alias, verbosity=0)
    Group = apps.get_model("auth", "Group")
    permissions = apps.get_model("auth", "Permission").objects.using(alias)
    ours = permissions.filter(content_type__app_label="playback")
    roles = {
        "administrator": permissions.filter(content_type__app_label__in=ADMINISTERED),
        "course staff": ours.filter(codename__in=COURSE_STAFF),
        "teacher": ours.filter(codename__in=TEACHER),
    }
    for name, granted in roles.items():
        group, _ = Group.objects.using(alias).get_or_create(name=name)
        group.permissions.add(*granted)


def schedule_tending(apps, schema_editor):
    alias = schema_editor.connection.alias
    every, _ = apps.get_model("django_celery_beat", "IntervalSchedule").objects.using(alias).get_or_create(
        every=15, period="seconds"
    )
    apps.get_model("django_celery_beat", "PeriodicTask").objects.using(alias).get_or_create(
        name="Operations: take up what was lost",
        defaults={
            "task": "playback.operations.tend",
            "interval": every,
            "queue": "person",  # short, and to be done also while a long operation fills its queue
            "expire_seconds": 30,
            "description": "Settles unknown items, queues lost ones again, throws old plans away.",
        },
    )


class Migration(migrations.Migration):
    dependencies = [
        ("playback", "0002_operations_engine"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("axes", "0010_accessattemptexpiration"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [
        migrations.RunPython(make_groups, migrations.RunPython.noop),
        migrations.RunPython(schedule_tending, migrations.RunPython.noop),
    ]
