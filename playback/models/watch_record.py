"""Who watched what: the vendor's watch records (calls 6 and 37), by guid, and their sums by recording and day.

A record is history: it stays when its recording is gone. ``day`` is the day in Beijing that the vendor lists it under.
A viewer's number goes beyond 63 bits, where SQLite's numbers become inexact: it is kept as its digits.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .recording import Recording

CLIENT_TYPES = [
    (0, _("Other device")),
    (1, "iPhone"),
    (2, "iPad"),
    (3, "Android"),
    (4, _("Mobile web page")),
    (5, _("Web page on a computer")),
    (6, _("Computer program")),
    (7, _("Mac program")),
    (8, _("Android mini-program")),
    (9, _("iOS mini-program")),
]


class WatchRecord(models.Model):
    """One viewing."""

    guid = models.CharField("guid", max_length=64)
    day = models.DateField(_("day"))
    recording = models.ForeignKey(
        Recording,
        null=True,  # its video is not known here, yet
        db_index=False,
        on_delete=models.SET_NULL,
        related_name="watch_records",
        verbose_name=_("recording"),
    )
    version_number = models.IntegerField(_("version"), null=True)
    video_id = models.BigIntegerField(_("video id"), null=True)
    user_name = models.CharField(_("viewer"), max_length=150, blank=True, default="")
    user_number = models.CharField(_("viewer's number"), max_length=20, blank=True, default="")
    began_at = models.DateTimeField(_("began"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    play_length = models.IntegerField(_("watched"), null=True)  # s
    client_type = models.IntegerField(_("device"), null=True, choices=CLIENT_TYPES)
    user_ip = models.CharField(_("IP address"), max_length=64, blank=True, default="")
    area = models.CharField(_("area"), max_length=100, blank=True, default="")
    ext_data = models.CharField(_("extra data"), max_length=500, blank=True, default="")

    class Meta:
        verbose_name = _("watch record")
        verbose_name_plural = _("watch records")
        ordering = ["-day", "-began_at", "-id"]
        default_permissions = ("view",)
        # Not ``unique=True``: that would bring a second index on PostgreSQL, for LIKE, which nobody asks for.
        constraints = [models.UniqueConstraint(fields=["guid"], name="watch_guid")]
        indexes = [
            models.Index(fields=["-day", "-began_at", "-id"], name="watch_newest"),
            models.Index(fields=["recording", "-day", "-began_at", "-id"], name="watch_of_recording"),
            models.Index(fields=["user_number", "-day", "-began_at", "-id"], name="watch_of_number"),
            models.Index(fields=["user_name", "-day", "-began_at", "-id"], name="watch_of_name"),
            models.Index(fields=["client_type", "-day", "-began_at", "-id"], name="watch_by_device"),
            models.Index(fields=["video_id"], condition=Q(recording=None), name="watch_unlinked"),
        ]

    def __str__(self) -> str:
        return self.guid


class WatchDay(models.Model):
    """How far a day of the vendor's records was read."""

    class State(models.TextChoices):
        READING = "reading", _("Being read, or broken off")
        COMPLETE = "complete", _("Complete")
        SHORT = "short", _("Fewer than the vendor counts")
        FAILED = "failed", _("Broken off by an error")

    day = models.DateField(primary_key=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.READING)
    token = models.UUIDField(null=True)  # of the reading that may store pages: the one that began last
    page_size = models.IntegerField(default=0)
    next_page = models.IntegerField(default=1)
    pages = models.IntegerField(default=0)
    total = models.BigIntegerField(null=True)  # as the vendor counts
    unreadable = models.IntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)  # the start of the last reading that came to the end
    error = models.TextField(blank=True, default="")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.day}: {self.state}"

    @property
    def complete(self) -> bool:
        return self.state == self.State.COMPLETE


class RecordingDay(models.Model):
    """A recording's watch records of one day, summed up by the database."""

    recording = models.ForeignKey(
        Recording, db_index=False, on_delete=models.CASCADE, related_name="watch_days", verbose_name=_("recording")
    )
    day = models.DateField(_("day"))
    plays = models.IntegerField(_("plays"))
    viewers = models.IntegerField(_("viewers"))
    seconds = models.BigIntegerField(_("watched"))
    # The mean over its viewers of the share that each watched, 0 to 1, by the lengths when it was counted.
    completion = models.FloatField(_("completion"), null=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["recording", "day"], name="one_sum_a_recording_and_day")]

    def __str__(self) -> str:
        return f"{self.recording_id}, {self.day}: {self.plays}"
