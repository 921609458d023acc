"""Sync runs: one pass over one of the vendor's lists, and the lease that lets one pass of a kind run at a time."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from playback.vendor.codes import Lane

LANES = [(Lane.PERSON.value, _("person")), (Lane.OPERATION.value, _("operation")), (Lane.SYNC.value, _("sync"))]


class SyncRun(models.Model):
    """A row with an honest end: what the pass read, what it changed, and how it ended."""

    class Kind(models.TextChoices):
        ROOMS = "rooms", _("Rooms")
        RECORDINGS = "recordings", _("Recordings")
        VERSIONS = "versions", _("Versions")

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        NOTHING_NEW = "nothing_new", _("Nothing new")
        BUSY = "busy", _("Busy: another run of this kind was under way")
        FAILED = "failed", _("Failed")
        INCOMPLETE = "incomplete", _("Incomplete: the list was not read to its end")
        HELD = "held", _("Waiting for a person: too many rows would go")

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", _("Schedule")
        PERSON = "person", _("Person")
        COMMAND = "command", _("Command line")

    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    lane = models.CharField(_("lane"), max_length=10, choices=LANES, default=Lane.SYNC.value)
    full = models.BooleanField(_("full"), default=False)
    trigger = models.CharField(_("started by"), max_length=10, choices=Trigger.choices, default=Trigger.SCHEDULE)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, verbose_name=_("person")
    )
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.RUNNING)
    pages = models.IntegerField(_("pages"), default=0)
    total = models.BigIntegerField(_("total at the vendor"), null=True)
    seen = models.BigIntegerField(_("seen"), default=0)
    created = models.BigIntegerField(_("created"), default=0)
    updated = models.BigIntegerField(_("updated"), default=0)
    unchanged = models.BigIntegerField(_("unchanged"), default=0)
    gone = models.BigIntegerField(_("gone"), default=0)
    # Not met at the vendor; more than ``gone`` where the run may not or must not mark them.
    would_go = models.BigIntegerField(_("missing at the vendor"), default=0)
    unreadable = models.BigIntegerField(_("unreadable rows"), default=0)
    # At most a few dozen: [{"row": "17081558148393", "fields": {"create_time": "…"}}]
    unreadable_rows = models.JSONField(_("unreadable rows in detail"), default=list, blank=True)
    error = models.TextField(_("error"), blank=True)
    started_at = models.DateTimeField(_("start"))
    finished_at = models.DateTimeField(_("end"), null=True)

    class Meta:
        verbose_name = _("sync run")
        verbose_name_plural = _("sync runs")
        ordering = ["-started_at", "-id"]
        default_permissions = ("view",)
        permissions = [
            ("start_syncrun", _("Can start a sync run")),
            ("release_syncrun", _("Can let a held sync run mark rows as gone")),
        ]
        indexes = [
            models.Index(fields=["-started_at", "-id"], name="syncrun_newest"),
            models.Index(fields=["kind", "state", "-started_at"], name="syncrun_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.get_state_display()}"


class SyncLease(models.Model):
    """Who may run a pass of a kind, and until when.

    A lease in the database rather than a lock: it ends by itself when its holder was killed, on SQLite and PostgreSQL
    alike, and whoever takes over can say which run died.
    """

    kind = models.CharField(max_length=20, primary_key=True)
    run = models.ForeignKey(SyncRun, null=True, on_delete=models.SET_NULL)
    token = models.UUIDField()
    expires_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.kind
