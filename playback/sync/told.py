"""What a callback tells, into the mirror: at once, and only forwards.

A callback is a hint that can come late, twice, out of order, or before the recording is in any list. So it is believed
on its own only where it moves a version forwards (20 after 10, 100 after 20); whatever would take something back is
left for the vendor to say (``single.refresh_recording``), and so is everything about a recording that is gone: a late
callback must not bring a deleted one back.

What is written here loses its payload hash, so that the next list writes the row in any case. Where it changes a
recording that was ready, it is history at once; where it helps one on its way, it is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from playback.models import Recording, Room, Version
from playback.vendor.codes import RecordingStatus
from playback.vendor.results import Told

from . import history, mapping
from .tables import RECORDINGS, VERSIONS

# From these a version goes on to any of the later ones; from failed and ready only to ready.
_ON_THE_WAY = [status.value for status in RecordingStatus if status < RecordingStatus.FAILED]
# Of a recording and of a version: what a delivery's record shows as changed.
WATCHED = ("status", "video_id", "length", "total_transcode_size", "cover_url", "gone_at")
Changes = dict[str, Any]  # "recording" and "version": fact → [from, to]; "created": what was placed


@dataclass
class Noted:
    """What telling the mirror came to."""

    recording: Recording
    version: int
    changed: Changes = field(default_factory=dict)
    outdated: bool = False  # a later callback about this version was noted before
    conclusive: bool = False  # nothing is left to ask the vendor


def note_transcoding(told: Told, told_at: datetime, seen_at: datetime) -> Noted:
    """CB1: the version's status, and its facts where it is ready."""
    with transaction.atomic():
        recording, version, created = place(told, seen_at)
        noted = Noted(recording, version.version)
        if created:
            noted.changed["created"] = created
        if version.told_at is not None and version.told_at > told_at:
            noted.outdated = True
            return noted
        version.told_at = told_at
        before = snapshot(recording, version)
        formers = [
            (table, row, history.former_of(table, row)) for table, row in ((RECORDINGS, recording), (VERSIONS, version))
        ]
        if recording.gone_at is None and version.gone_at is None and _forwards(version.status, told.status):
            _advance(version, told)
            if _is_main(recording, version):
                _advance(recording, told)
                if told.status == RecordingStatus.READY and told.total_size is not None:
                    recording.total_size = mapping.big(told.total_size)
                recording.payload_hash = None
                recording.save()
            noted.conclusive = not created and told.status == RecordingStatus.TRANSCODING
        version.save()
        for table, row, former in formers:
            history.note_told(table, former, history.facts_of(table, row), seen_at)
        noted.changed |= differences(before, snapshot(recording, version))
    return noted


def note_rendered(told: Told, told_at: datetime, seen_at: datetime) -> Noted:
    """CB2: the plain video of the version, once it is there. The video of an older rendering does not replace it."""
    with transaction.atomic():
        recording, version, created = place(told, seen_at, whose_video=False)
        noted = Noted(recording, version.version, conclusive=not created)
        if created:
            noted.changed["created"] = created
        if told.status == RecordingStatus.READY and told.video_id is not None:
            if version.rendered_at is not None and version.rendered_at > told_at:
                noted.outdated = True
            elif version.rendered_video_id != told.video_id:
                noted.changed["version"] = {"rendered_video_id": [version.rendered_video_id, told.video_id]}
                version.rendered_video_id, version.rendered_at = mapping.big(told.video_id), told_at
                version.save()
    return noted


def note_rebuilt(told: Told, told_at: datetime, seen_at: datetime) -> Noted:
    """CB3: the version was made anew. What it is now, the vendor says."""
    with transaction.atomic():
        recording, version, created = place(told, seen_at)
        noted = Noted(recording, version.version)
        if created:
            noted.changed["created"] = created
        if version.version_type is None and told.version_type is not None:
            version.version_type = told.version_type
            version.save()
    return noted


def place(told: Told, seen_at: datetime, *, whose_video: bool = True) -> tuple[Recording, Version, list[str]]:
    """The recording and the version that a callback is about, locked; made where they are unknown, with what it tells.

    Like what a list places: without ``synced_at`` and hash, so that their own lists write them. ``whose_video``: the
    callback's video is the version's own, which tells which version it is where the callback does not say.
    """
    room_id, session_id = told.room_id, told.session_id
    created = []
    Room.objects.bulk_create([Room(room_id=room_id, first_seen_at=seen_at)], ignore_conflicts=True)
    facts: dict[str, Any] = {"first_seen_at": seen_at}
    key = {"room_id": room_id, "session_id": session_id}
    recording = Recording.objects.select_for_update().filter(**key).first()
    if recording is None:
        Recording.objects.bulk_create([Recording(**key, **facts)], ignore_conflicts=True)
        recording = Recording.objects.select_for_update().get(**key)
        created.append("recording")
    number = told.version
    if number is None and whose_video and told.video_id is not None:
        number = recording.versions.filter(video_id=told.video_id).values_list("version", flat=True).first()
    number = number or 0
    version = Version.objects.select_for_update().filter(recording=recording, version=number).first()
    if version is None:
        Version.objects.bulk_create([Version(recording=recording, version=number, **facts)], ignore_conflicts=True)
        version = Version.objects.select_for_update().get(recording=recording, version=number)
        created.append("version")
    return recording, version, created


def snapshot(recording: Recording, version: Version | None) -> dict[str, dict[str, Any]]:
    """The watched facts as they are, in JSON's words."""
    rows: dict[str, Any] = {"recording": recording}
    if version is not None:
        rows["version"] = version
    return {
        name: {fact: _plain(getattr(row, fact)) for fact in WATCHED if hasattr(row, fact)} for name, row in rows.items()
    }


def differences(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> Changes:
    found: Changes = {}
    for name, facts in after.items():
        known = before.get(name, {})
        moved = {fact: [known.get(fact), value] for fact, value in facts.items() if known.get(fact) != value}
        if moved:
            found[name] = moved
    return found


def _forwards(now: int, told: int | None) -> bool:
    """A number that we do not know is never forwards."""
    if told == RecordingStatus.READY:
        return True
    return now in _ON_THE_WAY and told in (*_ON_THE_WAY, RecordingStatus.FAILED) and told >= now


def _advance(row: Recording | Version, told: Told) -> None:
    row.status = mapping.status(told.status)
    if told.video_id is not None:
        row.video_id = mapping.big(told.video_id)
    if told.status == RecordingStatus.READY:
        if told.length is not None:
            row.length = mapping.small(told.length)
        if told.total_transcode_size is not None:
            row.total_transcode_size = mapping.big(told.total_transcode_size)
        row.cover_url = mapping.address(told.cover_url) or row.cover_url
        if isinstance(row, Version):
            row.definitions = mapping.text(told.definitions, 100) or row.definitions
    row.payload_hash = None


def _is_main(recording: Recording, version: Version) -> bool:
    """An older cut never replaces the facts of the main one; which one is main may not be known yet."""
    if recording.main_version is not None:
        return recording.main_version == version.version
    return version.version == 0 or recording.video_id in (None, version.video_id)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
