"""Old data about people is made anonymous: whoever no list has named for a set time loses what tells who they were.

The user id stays, so that old reports keep their sense for the vendor's console; name, number, phone, mail and remark
go, and the name and number in the lines of old operations. A later sync does not bring them back (``sync.store``).
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import CharField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone

from playback.models import OperationItem

from .models import Member
from .person import LIST_KINDS

logger = logging.getLogger(__name__)
CHUNK = 500


def anonymise() -> int:
    """Answers how many. Nobody while ``MEMBERS_ANONYMISE_AFTER_DAYS`` is 0."""
    days = settings.MEMBERS_ANONYMISE_AFTER_DAYS
    if days <= 0:
        return 0
    now = timezone.now()
    old = Member.objects.filter(gone_at__lt=now - timedelta(days=days), anonymised_at=None)
    count = 0
    while ids := list(old.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        _in_operations(ids)
        count += Member.objects.filter(pk__in=ids, gone_at__isnull=False, anonymised_at=None).update(
            user_sn="", name="", email="", phone_number="", remark="", payload_hash=None, anonymised_at=now
        )
    logger.info("made anonymous: %d people whom no list has named for %d days", count, days)
    return count


def _in_operations(ids: list[int]) -> None:
    """A line that named them is called by the user id alone, as one of somebody unknown is (``people.label``)."""
    bare = Cast(KeyTextTransform("user_id", "before"), CharField())
    of_one_list = [kind for kind in LIST_KINDS if kind != "remove_person"]  # whose lines are lists, not people
    named = OperationItem.objects.filter(operation__kind__in=of_one_list, before__user_id__in=ids)
    named.filter(finished_at__isnull=False).update(label=bare)
