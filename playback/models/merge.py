"""Merged recordings (合并回放): made in the vendor's console, rendered to one video from here (calls 38, 39)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .operation import Operation


class Merge(models.Model):
    """One merge by the vendor's id. Its videos' addresses live for hours only and are asked for when wanted."""

    mixed_playback_id = models.BigIntegerField(_("merge id"), unique=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    asked_at = models.DateTimeField(_("rendering asked for"), null=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("by")
    )
    operation = models.ForeignKey(Operation, null=True, on_delete=models.SET_NULL, related_name="+", editable=False)
    ready_at = models.DateTimeField(_("ready"), null=True)
    fid = models.BigIntegerField(_("file id"), null=True)
    # [{"definition": "720p", "length": 5400, "size": 123, "width": 1280, "height": 720}], without addresses
    videos = models.JSONField(default=list, blank=True, editable=False)

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        ordering = ["-asked_at", "-id"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return str(self.mixed_playback_id)
