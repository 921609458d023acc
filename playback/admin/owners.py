"""Who owns a room: shown on its page, and changed there by who has the right to.

One person is added or taken off at a time, so that two people at the same page do not undo each other. Owners are
people of this site; they are mailed when the room's recordings are about to expire.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from unfold.widgets import UnfoldAdminSelectWidget

from playback import display
from playback.models import Room

PERMISSION = "playback.assign_owners"


class PersonField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return display.person(obj)


class NewOwnerForm(forms.Form):
    person = PersonField(
        label=_lazy("Add an owner"),
        queryset=User.objects.none(),
        empty_label=_lazy("Choose a person"),
        widget=UnfoldAdminSelectWidget(),
        error_messages={
            "required": _lazy("Choose a person."),
            "invalid_choice": _lazy("This person cannot be chosen (any more)."),
        },
    )

    def __init__(self, room: Room, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        free = User.objects.filter(is_active=True).exclude(pk__in=room.owners.values("pk"))
        self.fields["person"].queryset = free.order_by("username")  # type: ignore[attr-defined]


def section(request: HttpRequest, room: Room, form: NewOwnerForm | None = None) -> dict[str, Any]:
    """For the room's page."""
    may = request.user.has_perm(PERMISSION)
    return {
        "owners": [
            {"person": person, "name": display.person(person), "mailed": bool(person.email and person.is_active)}
            for person in room.owners.order_by("username")
        ],
        "may_assign_owners": may,
        "owner_form": (form or NewOwnerForm(room)) if may else None,
        "owners_url": reverse("admin:playback_room_owners", args=[room.pk]),
    }


def change(model_admin: Any, request: HttpRequest, pk: int) -> HttpResponse:
    """Add (``person``) or take off (``remove``) one owner."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    room = get_object_or_404(model_admin.get_queryset(request), pk=pk)
    if not request.user.has_perm(PERMISSION) or not model_admin.has_view_permission(request, room):
        raise PermissionDenied
    if "remove" in request.POST:
        removed = request.POST["remove"]
        person = room.owners.filter(pk=int(removed)).first() if removed.isascii() and removed.isdigit() else None
        if person is not None:
            room.owners.remove(person)
            model_admin.log_change(request, room, f"owner removed: {person.get_username()}")
            messages.success(request, _("%(name)s no longer owns this room.") % {"name": display.person(person)})
        return HttpResponseRedirect(_page(room))
    form = NewOwnerForm(room, request.POST)
    if not form.is_valid():
        context = section(request, room, form)
        answer: HttpResponse = model_admin.page(request, room, context)
        return answer
    person = form.cleaned_data["person"]
    room.owners.add(person)
    model_admin.log_change(request, room, f"owner added: {person.get_username()}")
    messages.success(request, _("%(name)s owns this room now.") % {"name": display.person(person)})
    return HttpResponseRedirect(_page(room))


def _page(room: Room) -> str:
    return reverse("admin:playback_room_change", args=[room.pk])
