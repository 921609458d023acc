"""Who was told on which day what is about to expire: at most one mail a person and day."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class ExpiryDigest(models.Model):
    """One mail. The row is written before the mail is handed over and removed if that fails, so that a person never
    gets two: one whose ``sent_at`` stays empty was interrupted in between, and nobody knows."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()  # in Beijing
    begun_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    recordings = models.IntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="one_expiry_digest_a_day")]

    def __str__(self) -> str:
        return f"{self.user} {self.day}"
