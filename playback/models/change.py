"""Changes: the history of what was found different at the vendor, or here, from what we knew.

An entry says what was noticed, and when; what happened lies between ``since`` (the vendor's words before) and
``seen_at``. It outlives the sync run that noticed it, and keeps a label in case its row is ever removed.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .operation import Operation
from .recording import Recording
from .room import Room
from .sync_run import SyncRun
from .version import Version


class Change(models.Model):
    class Kind(models.TextChoices):
        VENDOR = "vendor", _("Changed at the vendor")
        STRAYED = "strayed", _("Our copy had strayed")
        BOTH = "both", _("Strayed here, and changed at the vendor")
        GONE = "gone", _("Gone at the vendor")
        BACK = "back", _("Came back")

    class Subject(models.TextChoices):
        ROOM = "room", _("Room")
        RECORDING = "recording", _("Recording")
        VERSION = "version", _("Version")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    subject = models.CharField(_("what"), max_length=9, choices=Subject.choices)
    # The row that changed; a version's entry names its recording too.
    room = models.ForeignKey(
        Room, null=True, on_delete=models.SET_NULL, related_name="changes", db_index=False, verbose_name=_("room")
    )
    recording = models.ForeignKey(
        Recording,
        null=True,
        on_delete=models.SET_NULL,
        related_name="changes",
        db_index=False,
        verbose_name=_("recording"),
    )
    version = models.ForeignKey(
        Version, null=True, on_delete=models.SET_NULL, related_name="changes", db_index=False, verbose_name=_("version")
    )
    label = models.CharField(max_length=300)
    # {"field": [from, to]} in the mirror's columns; empty where it only went or came back.
    fields = models.JSONField(_("change"), default=dict, blank=True)
    since = models.DateTimeField(_("last seen as before"), null=True)
    seen_at = models.DateTimeField(_("noticed"))
    run = models.ForeignKey(
        SyncRun, null=True, on_delete=models.SET_NULL, related_name="changes", verbose_name=_("sync run")
    )
    # Our own operation's effect, and not behind our back; stands also when the operation is not there any more.
    own = models.BooleanField(default=False)
    operation = models.ForeignKey(
        Operation, null=True, on_delete=models.SET_NULL, related_name="changes", verbose_name=_("operation")
    )
    # A version's entry that says no more than its recording's: kept with the version, left out of the list.
    echo = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ["-seen_at", "-id"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-seen_at", "-id"], condition=Q(echo=False), name="change_newest"),
            models.Index(fields=["kind", "-seen_at", "-id"], condition=Q(echo=False), name="change_by_kind"),
            models.Index(fields=["recording", "-seen_at", "-id"], name="change_of_recording"),
            models.Index(fields=["version", "-seen_at", "-id"], name="change_of_version"),
            models.Index(fields=["room", "-seen_at", "-id"], name="change_of_room"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.label}"
