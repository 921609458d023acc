"""Who teaches in which room, and who looked at somebody's phone number or mail."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from playback.models import Room

from .member import Member


class RoomTeacher(models.Model):
    """A local user who teaches in a room: they see its recordings on the teachers' page, and nothing of other rooms."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="teachers", verbose_name=_("room"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="taught_rooms", verbose_name=_("teacher")
    )
    assigned_at = models.DateTimeField(_("assigned"), auto_now_add=True)
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("teacher of a room")
        verbose_name_plural = _("teachers of rooms")
        default_permissions = ("view",)
        permissions = [("assign_teachers", _("Can say who teaches in a room"))]
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="one_assignment_a_teacher")]

    def __str__(self) -> str:
        return f"{self.room} · {self.user}"


class ContactView(models.Model):
    """Somebody saw phone numbers or mail addresses unmasked: who, whose, where and when. Holds neither itself."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("person")
    )
    member = models.ForeignKey(
        Member, null=True, on_delete=models.SET_NULL, related_name="contact_views", verbose_name=_("member")
    )
    place = models.CharField(_("where"), max_length=60)  # member page, list, export, …
    count = models.IntegerField(_("members shown"), default=1)
    at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        verbose_name = _("look at contact data")
        verbose_name_plural = _("looks at contact data")
        ordering = ["-at", "-id"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["-at", "-id"], name="contact_view_newest")]

    def __str__(self) -> str:
        return f"{self.user} · {self.member} · {self.place}"
