"""Recordings (回放): what a viewer watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from playback.vendor.codes import PublishStatus, RecordingStatus

from .mirror import Mirror
from .room import PRODUCT_TYPES, Room

if TYPE_CHECKING:
    from .trash import TrashEntry

STATUSES = [
    (RecordingStatus.NOT_RECORDED.value, _("Not recorded")),
    (RecordingStatus.GENERATING.value, _("Generating")),
    (RecordingStatus.TRANSCODING.value, _("Transcoding")),
    (RecordingStatus.FAILED.value, _("Failed")),
    (RecordingStatus.READY.value, _("Ready")),
]
PUBLISH_STATUSES = [
    (PublishStatus.PUBLISHED.value, _("Published")),
    (PublishStatus.BLOCKED.value, _("Blocked")),
]
# Neither a time nor "for ever". The filter of the list and its index say it in the same words.
EXPIRY_UNKNOWN = Q(expires_at=None) & (Q(valid_days=None) | Q(valid_days__lt=0) | Q(valid_days__gt=0))


def vendor_key(room_id: int, session_id: int) -> str:
    """The vendor's own way to write a recording, as in call 4: ``room_id`` or ``room_id-session_id``."""
    return f"{room_id}-{session_id}" if session_id else str(room_id)


class Recording(Mirror):
    """One recording of the vendor: a room's session (calls 1 and 2).

    An ordinary room has one recording, with session 0; a long-term room has one a session. The facts are those of the
    main version, which is what the vendor's list shows; ``main_version`` says which that is, and is empty until the
    vendor told us (a recording first met through one of its cuts).
    """

    room = models.ForeignKey(  # its index: recording_by_room
        Room, db_index=False, on_delete=models.PROTECT, related_name="recordings", verbose_name=_("room")
    )
    session_id = models.BigIntegerField(_("session id"), default=0)
    playback_id = models.BigIntegerField(_("playback id"), null=True)
    main_version = models.IntegerField(_("main version"), null=True)
    video_id = models.BigIntegerField(_("video id"), null=True)
    name = models.CharField(_("name"), max_length=255, blank=True)
    status = models.IntegerField(_("status"), choices=STATUSES, default=RecordingStatus.NOT_RECORDED.value)
    publish_status = models.IntegerField(_("publish state"), null=True, choices=PUBLISH_STATUSES)
    product_type = models.IntegerField(_("product type"), null=True, choices=PRODUCT_TYPES)
    created_at = models.DateTimeField(_("created"), null=True)
    length = models.IntegerField(_("length"), null=True, help_text=_("seconds"))
    total_size = models.BigIntegerField(_("original size"), null=True, help_text=_("bytes"))
    total_transcode_size = models.BigIntegerField(_("size"), null=True, help_text=_("bytes"))
    total_ext_media_size = models.BigIntegerField(_("size of other cameras"), null=True, help_text=_("bytes"))
    cover_url = models.URLField(_("cover"), max_length=500, blank=True)
    play_times = models.BigIntegerField(_("plays"), null=True)

    # How long the vendor keeps the main version's video (call 29): days from its creation (0: for ever), or a fixed
    # time. ``expires_at`` is what follows from them; all are empty until the vendor was asked.
    valid_days = models.IntegerField(_("days to live"), null=True)
    expires_at = models.DateTimeField(_("expires"), null=True)
    expiry_read_at = models.DateTimeField(_("expiry read"), null=True)
    last_watched_at = models.DateTimeField(_("last watched"), null=True)

    # Ours alone: a legal hold, which no delete and no expiry passes.
    held_at = models.DateTimeField(_("on hold since"), null=True)
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        db_index=False,  # recording_held_by is one of the few rows alone
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("put on hold by"),
    )
    hold_reason = models.TextField(_("reason of the hold"), null=True)

    class Meta:
        verbose_name = _("recording")
        verbose_name_plural = _("recordings")
        ordering = ["-created_at", "-id"]
        default_permissions = ("view",)
        permissions = [
            ("preview_recording", _("Can preview recordings")),
            ("publish_recording", _("Can publish recordings")),
            ("block_recording", _("Can block recordings")),
            ("rename_recording", _("Can rename recordings and change their covers")),
            ("refresh_recording", _("Can refresh recordings from the vendor")),
            ("trash_recording", _("Can move recordings to the trash and restore them")),
            ("remove_recording", _("Can delete recordings at the vendor at once")),
            ("hold_recording", _("Can put recordings on hold and release them")),
            ("choose_version", _("Can choose the main version")),
            ("crop_recording", _("Can crop and split recordings")),
            ("replace_recording", _("Can replace recordings by others and merge them")),
            ("render_recording", _("Can render plain videos and copy their addresses")),
            ("set_expiry", _("Can set when recordings expire")),
            ("edit_marks", _("Can edit mark points")),
            ("remove_chat", _("Can remove chat from recordings")),
            ("make_play_links", _("Can make play links")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["room", "session_id"], name="recording_natural_key"),
        ]
        indexes = [
            # With ``gone_at`` in it, lists are counted and paged deep without a look at the table.
            models.Index(fields=["-created_at", "-id", "gone_at"], name="recording_newest"),
            models.Index(fields=["-created_at", "-id"], condition=Q(gone_at__isnull=False), name="recording_gone"),
            models.Index(fields=["status", "-created_at", "-id", "gone_at"], name="recording_by_status"),
            models.Index(fields=["publish_status", "-created_at", "-id", "gone_at"], name="recording_by_publish"),
            models.Index(fields=["product_type", "-created_at", "-id", "gone_at"], name="recording_by_product"),
            models.Index(fields=["room", "-created_at", "-id"], name="recording_by_room"),
            models.Index(fields=["video_id"], name="recording_by_video"),
            models.Index(fields=["playback_id"], name="recording_by_playback"),
            models.Index(fields=["session_id"], condition=Q(session_id__gt=0), name="recording_by_session"),
            models.Index(fields=["name"], name="recording_by_name"),
            models.Index(fields=["length"], name="recording_by_length"),
            models.Index(fields=["total_transcode_size"], name="recording_by_size"),
            # Many are played never and kept for ever: within these the order is the list's own.
            models.Index(fields=["play_times", "-created_at", "-id"], name="recording_by_plays"),
            models.Index(fields=["expires_at", "-created_at", "-id", "gone_at"], name="recording_by_expiry"),
            models.Index(fields=["-created_at", "-id"], condition=EXPIRY_UNKNOWN, name="recording_expiry_unknown"),
            models.Index(fields=["held_at"], condition=Q(held_at__isnull=False), name="recording_held"),
            models.Index(fields=["held_by"], condition=Q(held_by__isnull=False), name="recording_held_by"),
        ]

    def __str__(self) -> str:
        return self.name or self.vendor_key

    @property
    def vendor_key(self) -> str:
        return vendor_key(self.room_id, self.session_id)

    @cached_property
    def open_trash(self) -> dict[int, TrashEntry]:
        """What of it is in the trash: a version's number, or ``WHOLE``, → the entry. A list sets it."""
        return {entry.version: entry for entry in self.trash_entries.filter(ended_at=None)}

    @property
    def is_ready(self) -> bool:
        return self.status == RecordingStatus.READY

    @property
    def is_blocked(self) -> bool:
        return self.publish_status == PublishStatus.BLOCKED
