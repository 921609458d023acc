"""A roster that somebody is importing: what was found in the file, until the plan is made or a day is over.

Neither the file nor a telephone is kept: a row is a line of it, what is wrong with it, and whom it means.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from playback.models import Operation, Recording, Room

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class RosterImport(models.Model):
    """Belongs to the person who uploaded it, and to nobody else."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    filename = models.CharField(max_length=255)
    room = models.ForeignKey(Room, null=True, on_delete=models.CASCADE, related_name="+")
    recording = models.ForeignKey(Recording, null=True, on_delete=models.CASCADE, related_name="+")
    facts = models.JSONField(default=dict)  # of the file: rows, columns, encoding, sheet; matches by what
    lines: Any = models.JSONField(default=dict)  # line → user id
    problems: Any = models.JSONField(default=list)  # rows to look at
    decisions: Any = models.JSONField(default=dict)  # line → user id, or 0: left out
    addition = models.ForeignKey(Operation, null=True, on_delete=models.SET_NULL, related_name="+")
    removal = models.ForeignKey(Operation, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("roster import")
        verbose_name_plural = _("roster imports")
        default_permissions = ()
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(room__isnull=True) ^ Q(recording__isnull=True), name="roster_of_one_list"
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="roster_oldest")]

    def __str__(self) -> str:
        return self.filename

    @classmethod
    def of(cls, user: User | AnonymousUser) -> models.QuerySet[RosterImport]:
        return cls._default_manager.filter(user=user.pk)
