"""Where the vendor sends callbacks, and whether that is here: one address serves the whole account.

What the vendor answered last is kept, so that a page can warn without asking. Asking is for the schedule (once a day),
a person and a command; nothing asks when a process starts.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.utils import timezone

from playback import conf
from playback.conf import vendor_client
from playback.models import CallbackAddress, Delivery, RefusedCallbacks
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError

logger = logging.getLogger("playback.callbacks")

KEEP = timedelta(days=180)  # deliveries that are over, and counts of refused ones


def look(lane: Lane) -> CallbackAddress:
    """Ask the vendor, and keep its answer. A vendor that cannot be asked leaves what it said before, and says why."""
    now = timezone.now()
    try:
        values = {"url": vendor_client(lane).callback_url(), "error": ""}
    except VendorError as error:
        values = {"error": str(error)[:500]}
    found, _ = CallbackAddress.objects.update_or_create(pk=CallbackAddress.ONE, defaults={**values, "looked_at": now})
    if differs(found):
        logger.warning("the vendor sends callbacks to another address than ours: register it in the admin")
    return found


def register(lane: Lane) -> CallbackAddress:
    """Have callbacks sent here, and read back what the vendor made of it. Raises the client's errors."""
    vendor_client(lane).set_callback_url(conf.callback_url())
    return look(lane)


def known() -> CallbackAddress | None:
    return CallbackAddress.objects.filter(pk=CallbackAddress.ONE).first()


def differs(address: CallbackAddress | None) -> bool:
    """Do callbacks go elsewhere, or nowhere, as far as is known? Without an address of our own nobody can tell."""
    ours = conf.callback_url()
    return bool(ours and address is not None and (address.url or not address.error) and address.url.strip() != ours)


def forget_old() -> int:
    """Remove what is long over. Answers how many deliveries went."""
    before = timezone.now() - KEEP
    RefusedCallbacks.objects.filter(hour__lt=before).delete()
    over = [Delivery.State.APPLIED, Delivery.State.IGNORED, Delivery.State.REJECTED]
    return Delivery.objects.filter(state__in=over, received_at__lt=before).delete()[0]
