"""Deliveries (回调): one callback of the vendor as received, what became of it, and what it changed.

The row is the flight recorder and the queue in one: it is written before the vendor is answered, and a delivery waits
in it until it is applied, so that a broker that is down loses nothing. ``qid`` names a delivery for good: the vendor's
repeats meet the unique constraint. What was refused has no ``qid`` here, or a forged one could take a real one's place.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .recording import STATUSES, Recording


class Delivery(models.Model):
    class Kind(models.TextChoices):
        TRANSCODED = "CB1", _("Transcoding (CB1)")
        RENDERED = "CB2", _("Plain video (CB2)")
        REBUILT = "CB3", _("Version rebuilt (CB3)")
        UNKNOWN = "unknown", _("Unknown")

    class Verdict(models.TextChoices):
        GOOD = "good", _("Genuine")
        BAD_SIGNATURE = "bad_signature", _("Bad signature")
        OUTSIDE_WINDOW = "outside_window", _("Too old, or from the future")

    class State(models.TextChoices):
        RECEIVED = "received", _("Waiting")
        APPLIED = "applied", _("Applied")
        IGNORED = "ignored", _("Nothing to apply")
        FAILED = "failed", _("Failed, tried again")
        DEAD = "dead", _("Given up")
        REJECTED = "rejected", _("Refused")

    qid = models.CharField(_("delivery id"), max_length=64, unique=True, null=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.UNKNOWN)
    verdict = models.CharField(_("verdict"), max_length=14, choices=Verdict.choices, default=Verdict.GOOD)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.RECEIVED)
    # As received, the unknown ones too; without the signature, with which a copy could be sent again.
    fields = models.JSONField(_("fields"), default=dict)
    received_at = models.DateTimeField(_("received"))
    sent_at = models.DateTimeField(_("sent by the vendor"), null=True)
    # Told by a genuine delivery; of a refused one nothing is believed.
    room_id = models.BigIntegerField(_("room id"), null=True)
    session_id = models.BigIntegerField(_("session id"), null=True)
    version = models.IntegerField(_("version"), null=True)
    video_id = models.BigIntegerField(_("video id"), null=True)
    status = models.IntegerField(_("status"), null=True, choices=STATUSES)

    recording = models.ForeignKey(
        Recording, null=True, on_delete=models.SET_NULL, related_name="deliveries", verbose_name=_("recording")
    )
    attempts = models.IntegerField(_("attempts"), default=0)
    # When it is to be taken up (again), and since when somebody has it in hand.
    due_at = models.DateTimeField(null=True, editable=False)
    claimed_at = models.DateTimeField(null=True, editable=False)
    applied_at = models.DateTimeField(_("applied"), null=True)
    error = models.TextField(_("error"), blank=True, default="")
    # {"recording": {"status": [20, 100]}, "version": {…}, "settled": [item ids]}
    changed = models.JSONField(_("what it changed"), default=dict, blank=True)
    seconds_after_class = models.IntegerField(_("time from class end to delivery"), null=True)
    replayed_at = models.DateTimeField(_("replayed"), null=True)
    replayed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("replayed by")
    )

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-received_at", "-id"]
        default_permissions = ("view",)
        permissions = [
            ("replay_delivery", _("Can apply a delivery again")),
            ("register_callback_address", _("Can tell the vendor where to send callbacks")),
        ]
        indexes = [
            models.Index(fields=["-received_at", "-id"], name="delivery_newest"),
            models.Index(fields=["state", "-received_at", "-id"], name="delivery_by_state"),
            models.Index(fields=["kind", "-received_at", "-id"], name="delivery_by_kind"),
            models.Index(fields=["room_id", "session_id"], name="delivery_by_room"),
            models.Index(fields=["video_id"], name="delivery_by_video"),
            models.Index(fields=["due_at"], condition=Q(state__in=["received", "failed"]), name="delivery_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.qid or '–'}"


class RefusedCallbacks(models.Model):
    """How many callbacks were refused in an hour. Only the first of them are stored as deliveries."""

    hour = models.DateTimeField(primary_key=True)
    count = models.IntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:00}: {self.count}"


class CallbackAddress(models.Model):
    """Where the vendor says it sends callbacks, when it was last asked. One row."""

    ONE = 1

    url = models.TextField(blank=True)
    looked_at = models.DateTimeField()
    error = models.TextField(blank=True)  # why it could not be asked the last time; then ``url`` is what it said before

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.url


class OverdueLook(models.Model):
    """A recording that is not ready for too long, looked up by itself ever more rarely until it is."""

    recording = models.OneToOneField(Recording, primary_key=True, on_delete=models.CASCADE, related_name="overdue_look")
    looks = models.IntegerField(default=0)
    next_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["next_at"], name="overdue_look_next")]

    def __str__(self) -> str:
        return f"{self.recording_id}: {self.looks}"
