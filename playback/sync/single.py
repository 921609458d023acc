"""One recording, read again from the vendor by itself (calls 1 and 10): after an operation, or because staff asked.

Call 1 has the sizes that no list carries; it lacks the play count, the playback id and the product type, which stay as
they are. The stored hash is made as the list's row would make it, so that the next list pass sees a known row.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from playback.models import Recording, Version
from playback.vendor.client import VendorClient
from playback.vendor.errors import VendorGone
from playback.vendor.results import RecordingInfo, RecordingRow

from . import gone, history, lookup, mapping, upsert
from .entries import Former
from .tables import RECORDINGS, VERSIONS


def refresh_recording(client: VendorClient, recording: Recording) -> Recording:
    """Ask the vendor about one recording, store what it says, and answer the stored row.

    A recording that the vendor does not have (see ``lookup.py``) is marked as gone, with its versions. Raises
    the client's other errors; what the first call told is stored by then.
    """
    room_id, session_id = recording.room_id, recording.session_id
    asked_at = timezone.now()
    info = lookup.recording_info(client, room_id, session_id)
    if info is None:
        _mark_gone(recording.pk, asked_at)
        return _stored(recording)
    try:
        _store_info(recording.pk, info, asked_at)
        rows: list[RecordingRow] = []
        versions_asked_at = timezone.now()
        named = True
        for page in client.pages(client.list_versions, room_id=room_id, session_id=session_id):
            rows.extend(page.rows)
            named = named and not page.unreadable
    except VendorGone:
        _mark_gone(recording.pk, asked_at)
    else:
        _store_versions(recording.pk, info, rows, versions_asked_at, complete=named)
    return _stored(recording)


def _stored(recording: Recording) -> Recording:
    found: Recording = Recording.objects.select_related("room").get(pk=recording.pk)
    return found


def _store_info(pk: int, info: RecordingInfo, asked_at: datetime) -> None:
    with transaction.atomic():
        stored: Recording = Recording.objects.select_for_update().get(pk=pk)
        if _newer(stored.synced_at, asked_at) or _newer(stored.gone_at, asked_at):
            return
        former = history.former_of(RECORDINGS, stored)
        stored.video_id = mapping.big(info.video_id)
        stored.name = mapping.text(info.name)
        stored.status = mapping.status(info.status)
        stored.publish_status = mapping.small(info.publish_status)
        stored.length = mapping.small(info.length)
        stored.total_size = mapping.big(info.total_size)
        stored.total_transcode_size = mapping.big(info.total_transcode_size)
        stored.total_ext_media_size = mapping.big(info.total_ext_media_size)
        stored.cover_url = mapping.address(info.cover_url)
        stored.created_at = info.created_at or stored.created_at
        _seal(stored, asked_at, former)


def _store_versions(
    pk: int, info: RecordingInfo, rows: Iterable[RecordingRow], asked_at: datetime, *, complete: bool
) -> None:
    """The versions of call 10; those it does not name are gone, if every row of it could be read."""
    with transaction.atomic():
        stored: Recording = Recording.objects.select_for_update().get(pk=pk)
        own = [row for row in rows if row.room_id == stored.room_id and row.session_id == stored.session_id]
        upsert.store_versions(own, asked_at, asked_at, upsert.Look(thorough=True))
        there = {row.version for row in own}
        if complete and own and None not in there:
            missing = Version.objects.filter(recording=stored, gone_at=None).exclude(version__in=there)
            missing = missing.filter(Q(synced_at=None) | Q(synced_at__lte=asked_at))
            keys = list(missing.order_by("pk").select_for_update().values_list("pk", flat=True))
            Version.objects.filter(pk__in=keys).update(gone_at=asked_at)
            history.note_gone(VERSIONS, keys, asked_at)
        # The recording's video is its main version's: that tells which one is main.
        mains = [row.version for row in own if row.video_id is not None and row.video_id == info.video_id]
        unchanged = stored.gone_at is not None or _newer(stored.synced_at, asked_at)
        if len(mains) == 1 and mains[0] is not None and mains[0] != stored.main_version and not unchanged:
            former = history.former_of(RECORDINGS, stored)
            stored.main_version = mains[0]
            # Another video: how long the vendor keeps it has to be asked anew.
            stored.valid_days = stored.expires_at = stored.expiry_read_at = None
            _seal(stored, asked_at, former)


def _mark_gone(pk: int, asked_at: datetime) -> None:
    with transaction.atomic():
        current = Q(synced_at=None) | Q(synced_at__lte=asked_at)
        if Recording.objects.filter(current, pk=pk, gone_at=None).update(gone_at=asked_at):
            history.note_gone(RECORDINGS, [pk], asked_at)
        # Also of one that was gone before: a late callback may have placed another version of it since.
        if Recording.objects.filter(pk=pk, gone_at__isnull=False).exists():
            gone.take_along([pk], asked_at)


def _seal(recording: Recording, asked_at: datetime, former: Former) -> None:
    facts = history.facts_of(RECORDINGS, recording)
    history.note_alone(RECORDINGS, former, facts, asked_at)
    recording.payload_hash = UUID(mapping.payload_hash(facts))
    recording.synced_at = asked_at
    recording.gone_at = None
    recording.save()


def _newer(stored_at: datetime | None, asked_at: datetime) -> bool:
    return stored_at is not None and stored_at > asked_at
