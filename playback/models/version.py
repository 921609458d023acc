"""Versions (版本): the cuts of a recording."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from playback.vendor.codes import RecordingStatus, VersionType

from .mirror import Mirror
from .recording import PUBLISH_STATUSES, STATUSES, Recording

VERSION_TYPES = [
    (VersionType.ORIGINAL.value, _("Original")),
    (VersionType.EDITED.value, _("Edited")),
]


class Version(Mirror):
    """One cut of a recording, with a video of its own (calls 2 with ``crop_video`` and 10).

    Exactly one version of a recording is main: the one ``Recording.main_version`` names.
    """

    recording = models.ForeignKey(  # its index: version_natural_key
        Recording, db_index=False, on_delete=models.CASCADE, related_name="versions", verbose_name=_("recording")
    )
    version = models.IntegerField(_("version"))
    version_type = models.IntegerField(_("kind of version"), null=True, choices=VERSION_TYPES)
    video_id = models.BigIntegerField(_("video id"), null=True)
    name = models.CharField(_("name"), max_length=255, blank=True)
    status = models.IntegerField(_("status"), choices=STATUSES, default=RecordingStatus.NOT_RECORDED.value)
    publish_status = models.IntegerField(_("publish state"), null=True, choices=PUBLISH_STATUSES)
    created_at = models.DateTimeField(_("created"), null=True)
    length = models.IntegerField(_("length"), null=True, help_text=_("seconds"))
    total_transcode_size = models.BigIntegerField(_("size"), null=True, help_text=_("bytes"))
    cover_url = models.URLField(_("cover"), max_length=500, blank=True)
    play_times = models.BigIntegerField(_("plays"), null=True)
    # Told by callbacks alone: no list carries them, so no list may empty them.
    definitions = models.CharField(_("definitions"), max_length=100, null=True)
    rendered_video_id = models.BigIntegerField(_("rendered video"), null=True)
    rendered_at = models.DateTimeField(null=True, editable=False)  # when the vendor told of that video
    told_at = models.DateTimeField(null=True, editable=False)  # the vendor's time of the last callback applied

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        ordering = ["-created_at", "-id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["recording", "version"], name="version_natural_key"),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id", "gone_at"], name="version_newest"),
            models.Index(fields=["status", "-created_at", "-id"], name="version_by_status"),
            models.Index(fields=["video_id"], name="version_by_video"),
        ]

    def __str__(self) -> str:
        return f"{self.name or self.recording.vendor_key} · v{self.version}"

    @property
    def is_main(self) -> bool:
        return self.version == self.recording.main_version
