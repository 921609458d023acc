"""Operations: one staff action, and its effect on each target."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from playback.vendor.codes import Lane

from .recording import Recording
from .sync_run import LANES
from .version import Version


class Operation(models.Model):
    """One staff action, from its plan to its report.

    The plan is stored, not carried through a form: the items exist (planned or skipped) before anybody confirms, and
    confirming refers to the operation alone.
    """

    class State(models.TextChoices):
        PREPARING = "preparing", _("Reading the vendor for the plan")
        PLANNED = "planned", _("Planned, not confirmed")
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        DONE = "done", _("Finished")
        CANCELLED = "cancelled", _("Cancelled")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=40)
    parameters = models.JSONField(_("parameters"), default=dict)
    # The list's query string that selected the targets (filters and search), for the reader of the report.
    selection = models.TextField(blank=True, editable=False)
    # The operation whose changes this one takes back; and the one whose failures it tries again.
    undoes = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="undone_by", editable=False)
    retries = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="retried_by", editable=False)
    # Started by the schedule because its time had come (the trash): its right was checked when somebody decided on it.
    automatic = models.BooleanField(_("automatic"), default=False)
    # A picture to upload, for the kinds that take one. In the database because every worker, on any machine, needs it.
    attachment = models.BinaryField(null=True, editable=False)
    attachment_type = models.CharField(max_length=40, blank=True, editable=False)
    attachment_name = models.CharField(max_length=255, blank=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("person")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PLANNED)
    # The queue and lane of its items: ``person`` where somebody waits in front of the page for a single one.
    lane = models.CharField(_("lane"), max_length=10, choices=LANES, default=Lane.OPERATION.value)
    # What a person is told about the plan as a whole: reasons, as on the items.
    notes = models.JSONField(default=list, blank=True, editable=False)
    created_at = models.DateTimeField(_("asked for at"), auto_now_add=True)
    planned_at = models.DateTimeField(_("planned at"), default=timezone.now)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("confirmed by")
    )
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("cancelled by")
    )
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("operation")
        verbose_name_plural = _("operations")
        ordering = ["-created_at", "-id"]
        default_permissions = ("view",)
        permissions = [("confirm_any_operation", _("Can confirm or discard what others planned"))]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="operation_newest"),
            models.Index(fields=["state", "-created_at"], name="operation_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"


class OperationItem(models.Model):
    """The effect of an operation on one target.

    Open is what has no ``finished_at``. An unknown item stays open while the vendor is still being asked about it, and
    so does one whose call the vendor took and works on for minutes (``working``).
    """

    class Outcome(models.TextChoices):
        PLANNED = "planned", _("Waiting")
        RUNNING = "running", _("Running")
        WORKING = "working", _("The vendor is at work")
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
    # What the vendor said about the target while the plan was made, for the kinds that have to ask.
    known = models.JSONField(default=dict, blank=True, editable=False)
    # {"field": [from, to]} as planned, shown before it runs and kept for undo.
    change = models.JSONField(_("change"), default=dict, blank=True)
    before = models.JSONField(_("state before"), default=dict, blank=True)
    # Beside an outcome that stands: the mirror could not be refreshed, for one.
    note = models.JSONField(default=dict, blank=True)
    attempts = models.IntegerField(default=0)
    # Who works on it: only the holder of the claim may write the outcome.
    claim = models.UUIDField(null=True, editable=False)
    claimed_at = models.DateTimeField(null=True)
    # When somebody must look at it if nothing was heard: a task lost on its way, a worker that died, a question to the
    # vendor that is due.
    due_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    # What the vendor does not show although it is done ({"field": [believed, shown]}; null: nothing), and as of when
    # that was looked at: the start of a complete full pass.
    missing = models.JSONField(_("not shown by the vendor"), null=True, blank=True)
    checked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("operation item")
        verbose_name_plural = _("operation items")
        ordering = ["operation", "position"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["operation", "position"], name="operation_item_position"),
            # One operation at a time per recording, kept by the database; also while the last is unknown.
            models.UniqueConstraint(
                fields=["recording"],
                condition=Q(outcome__in=["running", "working", "unknown"], finished_at=None),
                name="one_running_item_per_recording",
            ),
        ]
        indexes = [
            models.Index(fields=["operation", "outcome", "position"], name="item_by_outcome"),
            models.Index(fields=["recording", "-id"], name="item_by_recording"),
            models.Index(fields=["due_at"], condition=Q(finished_at=None), name="item_open_by_due"),
            models.Index(fields=["operation"], condition=Q(missing__isnull=False), name="item_not_shown"),
        ]

    def __str__(self) -> str:
        return self.label
