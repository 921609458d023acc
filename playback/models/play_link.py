"""The ledger of play links: who made which link, for whom and when. The token itself is kept by nobody."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .operation import Operation
from .recording import Recording


class PlayLink(models.Model):
    """One link that lets its holder watch one recording (calls 3, 4, 33)."""

    class Kind(models.TextChoices):
        TIMED = "timed", _("Until a time")
        ONE_TIME = "one_time", _("For one opening")

    recording = models.ForeignKey(
        Recording, null=True, on_delete=models.SET_NULL, related_name="play_links", verbose_name=_("recording")
    )
    label = models.CharField(_("recording"), max_length=300)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("made by")
    )
    made_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("good until"), null=True)
    for_name = models.CharField(_("for"), max_length=100, blank=True)
    for_number = models.BigIntegerField(_("viewer's number"), null=True)
    token_hash = models.CharField(max_length=64, editable=False)  # SHA-256, hex
    operation = models.ForeignKey(Operation, null=True, on_delete=models.SET_NULL, related_name="+", editable=False)

    class Meta:
        verbose_name = _("play link")
        verbose_name_plural = _("play links")
        ordering = ["-made_at", "-id"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-made_at", "-id"], name="playlink_newest"),
            models.Index(fields=["recording", "-made_at"], name="playlink_by_recording"),
            models.Index(fields=["token_hash"], name="playlink_by_hash"),
        ]

    def __str__(self) -> str:
        return f"{self.label} · {timezone.localtime(self.made_at):%Y-%m-%d %H:%M}"
