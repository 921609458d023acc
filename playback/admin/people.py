"""Users and groups, in the theme's clothes. The groups are made by a migration; their names are shown translated."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _noop
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

admin.site.unregister(User)
admin.site.unregister(Group)

# The migration's names, for the translators; the database holds the English word.
GROUP_NAMES = (_noop("administrator"), _noop("course staff"), _noop("teacher"))


def group_name(group: Any) -> str:
    return gettext(group.name) if group.name in GROUP_NAMES else str(group.name)


@admin.register(User)
class PersonAdmin(UserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_filter_submit = True

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request=request, **kwargs)
        if db_field.name == "groups" and field is not None:
            field.label_from_instance = group_name  # type: ignore[method-assign, assignment]
        return field


@admin.register(Group)
class GroupOfPeopleAdmin(GroupAdmin, ModelAdmin):
    list_display = ["shown_name"]

    @admin.display(description=Group._meta.get_field("name").verbose_name, ordering="name")
    def shown_name(self, group: Group) -> str:
        return group_name(group)
