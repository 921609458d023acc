"""The side bar: what a person may see, in the order of a day's work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {"items": [{"title": _("Overview"), "icon": "dashboard", "link": reverse_lazy("admin:index")}]},
        {
            "title": _("Content"),
            "separator": True,
            "items": [
                _item(_("Recordings"), "smart_display", "playback", "recording"),
                _item(_("Rooms"), "meeting_room", "playback", "room"),
                _item(_("Versions"), "content_cut", "playback", "version"),
                _item(_("Merges"), "merge", "playback", "merge"),
                _item(_("Trash"), "delete", "playback", "trashentry"),
            ],
        },
        {
            "title": _("Viewers"),
            "separator": True,
            "items": [
                _item(_("Members"), "groups", "members", "member"),
                _item(_("Watch records"), "visibility", "playback", "watchrecord"),
                _page(_("Can they watch?"), "contact_support", "members-access", "members.trace_access"),
                _page(_("Import a roster"), "upload_file", "members-roster", "members.import_roster"),
            ],
        },
        {
            "title": _("Activity"),
            "separator": True,
            "items": [
                _item(_("Operations"), "task_alt", "playback", "operation"),
                _item(_("Play links"), "link", "playback", "playlink"),
                _page(_("State of the mirror"), "monitor_heart", "mirror-state", "playback.view_syncrun"),
                _item(_("Changes"), "difference", "playback", "change"),
                _item(_("Sync runs"), "sync", "playback", "syncrun"),
                _item(_("Deliveries"), "call_received", "playback", "delivery"),
            ],
        },
        {
            "title": _("Administration"),
            "separator": True,
            "items": [
                _item(_("People"), "person", "auth", "user"),
                _item(_("Groups"), "group", "auth", "group"),
                _item(_("Looks at contact data"), "visibility", "members", "contactview"),
                _item(_("Schedules"), "schedule", "django_celery_beat", "periodictask"),
            ],
        },
    ]


def _item(title: Any, icon: str, app: str, model: str) -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{model}_changelist"),
        "permission": _may_view(f"{app}.view_{model}"),
    }


def _page(title: Any, icon: str, name: str, permission: str) -> dict[str, Any]:
    """A page that is no list of a model."""
    return {"title": title, "icon": icon, "link": reverse_lazy(name), "permission": _may_view(permission)}


def _may_view(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)
