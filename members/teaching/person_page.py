"""The rooms somebody teaches in, on the admin's page of the person. Given and taken away on the page of the room."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from members.models import RoomTeacher
from playback import display


class TaughtRooms(TabularInline):
    model = RoomTeacher
    fk_name = "user"
    verbose_name_plural = _("Teaches in")
    fields = ["place", "since", "by"]
    readonly_fields = fields
    extra = 0
    show_title = False
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("room", "assigned_by").order_by("-assigned_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("room"))
    def place(self, row: RoomTeacher) -> Any:
        return display.link(reverse("admin:playback_room_change", args=[row.room_id]), row.room)

    @admin.display(description=_("assigned"))
    def since(self, row: RoomTeacher) -> Any:
        return display.moment(row.assigned_at)

    @admin.display(description=_("by"))
    def by(self, row: RoomTeacher) -> str:
        return row.assigned_by.get_username() if row.assigned_by else display.EMPTY


def add_to(site: admin.AdminSite) -> None:
    people: Any = site.get_model_admin(User)
    people.inlines = [*people.inlines, TaughtRooms]
