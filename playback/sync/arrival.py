"""A recording that has just come into being at the vendor, stored before the next pass meets it."""

from __future__ import annotations

from django.utils import timezone

from playback.vendor.client import VendorClient
from playback.vendor.codes import ProductType

from . import upsert


def store_recording(client: VendorClient, room_id: int, session_id: int, product_type: int | None) -> bool:
    """Read it from the room's part of the list (call 2). False where it is not there (yet). Raises the client's
    errors."""
    asked_at = timezone.now()
    for page in client.pages(client.list_recordings, product_type=ProductType.ALL.value, room_id=room_id):
        rows = [row for row in page.rows if row.room_id == room_id and row.session_id == session_id]
        if rows:
            upsert.store_recordings(rows, asked_at, asked_at, product_type)
            return True
    return False
