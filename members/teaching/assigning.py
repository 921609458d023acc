"""Who teaches in a room: a part of the room's page in the admin, fetched when it comes into view.

No operation: nothing is asked of the vendor, and what is given here is taken away with the button beside it.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from members.models import RoomTeacher
from playback.admin import room_parts
from playback.models import Room

ASSIGN = "members.assign_teachers"
SEE = "members.view_roomteacher"
OFFERED = 500  # people in the list to choose from; others are typed


def add_to_rooms() -> None:
    room_parts.register(
        room_parts.RoomPart(
            "teachers", gettext_lazy("Teachers"), SEE, lambda room: reverse("room-teachers", args=[room.pk]), rank=70
        )
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def room_teachers(request: HttpRequest, pk: int) -> HttpResponse:
    """The room's teachers; a POST adds the person named ``who``, or removes the assignment ``remove``."""
    may_assign = request.user.has_perm(ASSIGN)
    allowed = may_assign if request.method == "POST" else may_assign or request.user.has_perm(SEE)
    if not allowed or not request.user.has_perm("playback.view_room"):
        raise PermissionDenied
    room = get_object_or_404(Room, pk=pk)
    context: dict[str, Any] = {}
    if request.method == "POST":
        context = _remove(request, room) if "remove" in request.POST else _assign(request, room)
    teachers = list(room.teachers.select_related("user", "assigned_by").order_by("assigned_at", "pk"))
    context |= {"room": room, "teachers": teachers, "may_assign": may_assign}
    if may_assign:
        taken = [teacher.user_id for teacher in teachers]
        context["people"] = User.objects.filter(is_active=True).exclude(pk__in=taken).order_by("username")[:OFFERED]
    return TemplateResponse(request, "teaching/admin/room_teachers.html", context)


def _assign(request: HttpRequest, room: Room) -> dict[str, Any]:
    who = request.POST.get("who", "").strip()
    found = _people(who)
    if len(found) != 1:
        sentence = (
            _("Nobody who may sign in has this name.")
            if not found
            else _("Several have this name: give the user name.")
        )
        return {"who": who, "problem": sentence if who else _("Say who: a name or a user name.")}
    (person,) = found
    _row, made = RoomTeacher.objects.get_or_create(room=room, user=person, defaults={"assigned_by_id": request.user.pk})
    if not made:
        return {"who": who, "problem": _("%(name)s teaches in this room already.") % {"name": name_of(person)}}
    return {"said": _("%(name)s now sees this room's recordings.") % {"name": name_of(person)}}


def _people(who: str) -> list[User]:
    """By user name, else by their whole name, in either order and with or without a space; at most two."""
    active = User.objects.filter(is_active=True)
    if by_user_name := list(active.filter(username=who)[:1]):
        return by_user_name
    together = "".join(who.split()).lower()
    if not together:
        return []
    letters = Q(first_name__gt="") | Q(last_name__gt="")
    return [
        person
        for person in active.filter(letters).order_by("pk")
        if together in {(person.first_name + person.last_name).lower(), (person.last_name + person.first_name).lower()}
    ][:2]


def _remove(request: HttpRequest, room: Room) -> dict[str, Any]:
    number = request.POST["remove"]
    row = room.teachers.filter(pk=int(number)).select_related("user").first() if number.isdecimal() else None
    if row is None:
        return {"problem": _("This assignment was taken away before.")}
    row.delete()
    return {"said": _("%(name)s no longer sees this room's recordings.") % {"name": name_of(row.user)}}


def name_of(person: User) -> str:
    return person.get_full_name() or person.get_username()
