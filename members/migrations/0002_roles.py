"""What the roles may do with members."""

from django.apps import apps as installed_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations

COURSE_STAFF = ["view_member", "edit_lists", "import_roster", "trace_access"]
ADMINISTRATOR = [
    *COURSE_STAFF,
    "view_contact",
    "remove_person",
    "view_roomteacher",
    "assign_teachers",
    "view_contactview",
]


def extend(apps, schema_editor):
    alias = schema_editor.connection.alias
    create_permissions(installed_apps.get_app_config("members"), apps=apps, using=alias, verbosity=0)
    groups = apps.get_model("auth", "Group").objects.using(alias)
    ours = apps.get_model("auth", "Permission").objects.using(alias).filter(content_type__app_label="members")
    for name, codenames in (("administrator", ADMINISTRATOR), ("course staff", COURSE_STAFF)):
        group = groups.filter(name=name).first()
        if group is not None:
            group.permissions.add(*ours.filter(codename__in=codenames))


class Migration(migrations.Migration):
    dependencies = [("members", "0001_members"), ("playback", "0007_roles_of_every_call")]

    operations = [migrations.RunPython(extend, migrations.RunPython.noop)]
