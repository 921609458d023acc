"""Reaching the vendor for one item: its client, its target, and reading the target again afterwards."""

from __future__ import annotations

from playback.conf import vendor_client
from playback.models import OperationItem
from playback.sync.single import refresh_recording
from playback.vendor.client import VendorClient
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError

from . import limits, transitions
from .base import Attachment, Target
from .reasons import from_vendor


def client_for(item: OperationItem) -> VendorClient:
    return vendor_client(Lane(item.operation.lane), max_wait=limits.lease() / 4)


def target_of(item: OperationItem) -> Target:
    """The item as its call sees it; the attachment is read only now."""
    operation = item.operation
    attachment = None
    if operation.attachment_name:
        content = bytes(operation.attachment or b"")
        attachment = Attachment(operation.attachment_name, content, operation.attachment_type)
    return Target(
        item.recording,
        item.change,
        item.before,
        operation.parameters,
        attachment,
        item.known,
        item.claimed_at,
        item.pk,
        operation.pk,
        operation.user_id,
        undoing=operation.undoes_id is not None,
    )


def refresh(client: VendorClient, item: OperationItem) -> None:
    """Read the target again, so that the mirror shows what was done. Its failure leaves the outcome as it is."""
    if item.recording is None:
        return
    try:
        refresh_recording(client, item.recording)
    except VendorError as error:
        transitions.note(item, from_vendor("not_refreshed", error))
