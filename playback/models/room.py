"""Rooms (教室): where classes are held."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from playback.vendor.codes import ProductType

from .mirror import Mirror

PRODUCT_TYPES = [
    (ProductType.EDUCATION_LIVE.value, _("Education live")),
    (ProductType.SMALL_CLASS.value, _("Small class")),
    (ProductType.DOUBLE_TEACHER.value, _("Double teacher")),
    (ProductType.ENTERPRISE_LIVE.value, _("Enterprise live")),
]


class Room(Mirror):
    """One room of the vendor (``room/list``).

    A room that only a recording has told us of has an empty title and no ``synced_at``. The join codes the vendor sends
    along are not stored: they let their holder into a class.
    """

    room_id = models.BigIntegerField(_("room id"), primary_key=True)
    title = models.CharField(_("title"), max_length=255, blank=True)
    starts_at = models.DateTimeField(_("starts"), null=True)
    ends_at = models.DateTimeField(_("ends"), null=True)
    created_at = models.DateTimeField(_("created"), null=True)
    room_type = models.IntegerField(_("room type"), null=True)
    product_type = models.IntegerField(_("product type"), null=True, choices=PRODUCT_TYPES)
    is_long_term = models.BooleanField(_("long-term"), default=False)
    max_users = models.IntegerField(_("seats"), null=True)
    # Ours alone: who is told when its recordings are about to expire.
    owners = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True, verbose_name=_("owners"))

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        ordering = ["-starts_at", "-room_id"]
        default_permissions = ("view",)
        permissions = [("assign_owners", _("Can say who owns a room"))]
        indexes = [
            models.Index(fields=["-starts_at", "-room_id"], name="room_newest"),
            models.Index(fields=["title"], name="room_title"),
        ]

    def __str__(self) -> str:
        return self.title or str(self.room_id)
