"""Who may run the operations that this release adds.

Deleting at the vendor at once becomes the administrators' alone: course staff have the trash. The group's right is
taken here once; whoever gives it back in the admin keeps it.
"""

from django.apps import apps as installed_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations

COURSE_STAFF = [
    "trash_recording",
    "choose_version",
    "crop_recording",
    "replace_recording",
    "render_recording",
    "set_expiry",
    "edit_marks",
    "remove_chat",
    "make_play_links",
    "view_trashentry",
    "view_playlink",
    "view_merge",
]
ADMINISTRATOR = [*COURSE_STAFF, "hold_recording", "assign_owners"]


def extend(apps, schema_editor):
    alias = schema_editor.connection.alias
    create_permissions(installed_apps.get_app_config("playback"), apps=apps, using=alias, verbosity=0)
    groups = apps.get_model("auth", "Group").objects.using(alias)
    ours = apps.get_model("auth", "Permission").objects.using(alias).filter(content_type__app_label="playback")
    for name, codenames in (("administrator", ADMINISTRATOR), ("course staff", COURSE_STAFF)):
        group = groups.filter(name=name).first()
        if group is not None:
            group.permissions.add(*ours.filter(codename__in=codenames))
    staff = groups.filter(name="course staff").first()
    if staff is not None:
        staff.permissions.remove(*ours.filter(codename="remove_recording"))


class Migration(migrations.Migration):
    dependencies = [("playback", "0006_operations_of_every_call")]

    operations = [migrations.RunPython(extend, migrations.RunPython.noop)]
