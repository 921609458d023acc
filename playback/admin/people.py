"""Users and groups, in the theme's clothes. The groups are made by a migration; their names are shown translated."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as _noop
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

admin.site.unregister(User)
admin.site.unregister(Group)

# The migration's names, for the translators; the database holds the English word.
GROUP_NAMES = (_noop("administrator"), _noop("course staff"), _noop("teacher"))


def group_name(group: Any) -> str:
    return gettext(group.name) if group.name in GROUP_NAMES else str(group.name)


def permission_name(permission: Any) -> str:
    """Ours by their own names; Django's four by a verb and the model's name in the reader's language."""
    what = permission.content_type
    verbs = {"add": _("Can add %(name)s"), "change": _("Can change %(name)s"), "delete": _("Can delete %(name)s"),
             "view": _("Can view %(name)s")}  # fmt: skip
    verb, _separator, rest = permission.codename.partition("_")
    if verb in verbs and rest == what.model:
        return f"{what.app_labeled_name} | {verbs[verb] % {'name': what.name}}"
    return f"{what.app_labeled_name} | {gettext(permission.name)}"


def _labelled(field: Any, name: str) -> Any:
    """A field for groups or permissions, its choices in the reader's language."""
    labels = {"groups": group_name, "user_permissions": permission_name, "permissions": permission_name}
    if field is not None and name in labels:
        field.label_from_instance = labels[name]
    return field


@admin.register(User)
class PersonAdmin(UserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_filter_submit = True

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request=request, **kwargs)
        return _labelled(field, db_field.name)


@admin.register(Group)
class GroupOfPeopleAdmin(GroupAdmin, ModelAdmin):
    list_display = ["shown_name"]

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        return _labelled(super().formfield_for_manytomany(db_field, request=request, **kwargs), db_field.name)

    @admin.display(description=Group._meta.get_field("name").verbose_name, ordering="name")
    def shown_name(self, group: Group) -> str:
        return group_name(group)
