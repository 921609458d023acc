"""The trash: what is to be deleted at the vendor, and when.

The vendor's delete has no way back. So a recording is blocked first and stays at the vendor until its date; restoring
gives it its former publish state. A version (a cut) waits in the trash in the same way, but is not blocked: the vendor
blocks whole recordings only.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .operation import Operation
from .recording import Recording

WHOLE = -1  # in place of a version's number


class TrashEntry(models.Model):
    """One recording, or one of its versions, on its way out. Open while ``ended_at`` is empty."""

    class End(models.TextChoices):
        RESTORED = "restored", _("Restored")
        DELETED = "deleted", _("Deleted at the vendor")

    recording = models.ForeignKey(
        Recording, on_delete=models.CASCADE, related_name="trash_entries", verbose_name=_("recording")
    )
    version = models.IntegerField(_("version"), default=WHOLE)
    put_at = models.DateTimeField(_("put there"))
    put_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("by")
    )
    due_at = models.DateTimeField(_("will be deleted"))
    former_publish_status = models.IntegerField(null=True, editable=False)
    # The operation that will delete it, once its date has come.
    operation = models.ForeignKey(Operation, null=True, on_delete=models.SET_NULL, related_name="+", editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_as = models.CharField(_("end"), max_length=10, choices=End.choices, blank=True)

    class Meta:
        verbose_name = _("trash entry")
        verbose_name_plural = _("trash")
        ordering = ["due_at", "id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["recording", "version"], condition=Q(ended_at=None), name="one_open_trash_entry"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(ended_at=None), name="trash_due"),
        ]

    def __str__(self) -> str:
        return str(self.recording) if self.version == WHOLE else f"{self.recording} · v{self.version}"
