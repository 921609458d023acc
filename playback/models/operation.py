"""Operations: one staff action, and its effect on each target."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .recording import Recording
from .version import Version


class Operation(models.Model):
    """One staff action, from its plan to its report.

    The plan is stored, not carried through a form: the items exist (planned or skipped) before anybody confirms, and
    confirming refers to the operation alone.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned, not confirmed")
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Finished")
        CANCELLED = "cancelled", _("Cancelled")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=40)
    parameters = models.JSONField(_("parameters"), default=dict)
    # A picture to upload, for the kinds that take one. In the database because every worker, on any machine, needs it.
    attachment = models.BinaryField(null=True, editable=False)
    attachment_type = models.CharField(max_length=40, blank=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("person")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PLANNED)
    created_at = models.DateTimeField(_("planned at"), auto_now_add=True)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("operation")
        verbose_name_plural = _("operations")
        ordering = ["-created_at", "-id"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="operation_newest"),
            models.Index(fields=["state", "-created_at"], name="operation_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"


class OperationItem(models.Model):
    """The effect of an operation on one target."""

    class Outcome(models.TextChoices):
        PLANNED = "planned", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")
        SKIPPED = "skipped", _("Skipped")
        CANCELLED = "cancelled", _("Cancelled")
        UNKNOWN = "unknown", _("Unknown")

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="items")
    position = models.IntegerField()
    recording = models.ForeignKey(
        Recording,
        null=True,
        on_delete=models.SET_NULL,
        related_name="operation_items",
        verbose_name=_("recording"),
    )
    version = models.ForeignKey(
        Version, null=True, on_delete=models.SET_NULL, related_name="operation_items", verbose_name=_("version")
    )
    label = models.CharField(_("target"), max_length=300)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, default=Outcome.PLANNED)
    # Why it is skipped, refused or unknown: a message id of ours with its arguments, or the vendor's own words.
    reason = models.JSONField(_("reason"), default=dict, blank=True)
    # {"field": [from, to]} as planned, shown before it runs and kept for undo.
    change = models.JSONField(_("change"), default=dict, blank=True)
    before = models.JSONField(_("state before"), default=dict, blank=True)
    attempts = models.IntegerField(default=0)
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("operation item")
        verbose_name_plural = _("operation items")
        ordering = ["operation", "position"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["operation", "position"], name="operation_item_position"),
            # One operation at a time per recording, kept by the database.
            models.UniqueConstraint(
                fields=["recording"], condition=Q(outcome="running"), name="one_running_item_per_recording"
            ),
        ]
        indexes = [
            models.Index(fields=["operation", "outcome", "position"], name="item_by_outcome"),
            models.Index(fields=["recording", "-id"], name="item_by_recording"),
        ]

    def __str__(self) -> str:
        return self.label
