"""What every mirrored row carries beside the vendor's facts.

The rule that keeps the mirror honest: ``synced_at`` is written when the vendor's words about this row were last
*stored* (a new or changed row, or a look-up of this row alone); a list pass that finds a row unchanged writes nothing.
A row is therefore known to be as fresh as the later of its own ``synced_at`` and the start of the last complete full
pass of its kind, for as long as ``gone_at`` is empty: that pass would have marked it otherwise.
"""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _


class MirrorQuerySet(models.QuerySet[Any]):
    def live(self) -> Self:
        """Rows that the vendor still has, as far as we know."""
        return self.filter(gone_at=None)


class MirrorManager(models.Manager[Any]):
    # Written out, not made by ``from_queryset``: the type checker loses a made class in some orders of reading.
    def get_queryset(self) -> MirrorQuerySet:
        return MirrorQuerySet(self.model, using=self._db)

    def live(self) -> MirrorQuerySet:
        return self.get_queryset().live()


class Mirror(models.Model):
    first_seen_at = models.DateTimeField(_("first seen"), editable=False)
    synced_at = models.DateTimeField(_("synced"), null=True, editable=False)
    gone_at = models.DateTimeField(_("gone since"), null=True, editable=False)
    # A UUID and not bytes: Django's bulk insert leaves its fast path as soon as a model has a BinaryField.
    payload_hash = models.UUIDField(null=True, editable=False)

    objects = MirrorManager()

    class Meta:
        abstract = True
