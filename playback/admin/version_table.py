"""The versions of a recording side by side: from the mirror, or as the vendor has them now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from playback import display
from playback.models import Recording, Version
from playback.models.version import VERSION_TYPES
from playback.vendor.codes import RecordingStatus
from playback.vendor.results import RecordingInfo, RecordingRow

from . import keeping

KINDS = dict(VERSION_TYPES)


@dataclass(frozen=True, slots=True)
class Line:
    """One version. ``url`` is its own page, where the mirror has it."""

    number: int
    kind: str
    name: str
    url: str
    state: Any
    length: int | None
    size: int | None
    plays: str
    created: datetime | None
    video_id: int | None
    is_main: bool
    may_be_main: bool  # ready, neither the main one nor in the trash
    trashed: Any = ""  # a badge


def of_mirror(recording: Recording) -> list[Line]:
    """Those that are gone too, marked so, after the live ones."""
    versions = sorted(recording.versions.all(), key=lambda row: (row.gone_at is not None, row.version))
    return [
        Line(
            number=row.version,
            kind=_kind(row.version_type, row.version),
            name=row.name,
            url=_url(row),
            state=display.gone_badge(row.gone_at) if row.gone_at else display.status_badge(row),
            length=row.length,
            size=row.total_transcode_size,
            plays=display.number(row.play_times),
            created=row.created_at,
            video_id=row.video_id,
            is_main=row.version == recording.main_version,
            may_be_main=not row.gone_at
            and row.status == RecordingStatus.READY
            and row.version != recording.main_version
            and row.version not in recording.open_trash,
            trashed=_trashed(recording, row.version),
        )
        for row in versions
    ]


def of_vendor(rows: Iterable[RecordingRow], info: RecordingInfo, recording: Recording) -> list[Line]:
    """Call 10's rows. The main version is the one whose video call 1 names."""
    known = {row.version: row for row in recording.versions.all()}
    lines = []
    for row in sorted(rows, key=lambda row: -1 if row.version is None else row.version):
        if row.version is None:
            continue
        is_main = info.video_id is not None and row.video_id == info.video_id
        lines.append(
            Line(
                number=row.version,
                kind=_kind(row.version_type, row.version),
                name=row.name,
                url=_url(known[row.version]) if row.version in known else "",
                state=display.status_badge(Version(status=row.status)),
                length=row.length,
                size=row.total_transcode_size,
                plays=display.number(row.play_times),
                created=row.created_at,
                video_id=row.video_id,
                is_main=is_main,
                may_be_main=row.status == RecordingStatus.READY
                and not is_main
                and row.version not in recording.open_trash,
                trashed=_trashed(recording, row.version),
            )
        )
    return lines


def differ(now: Sequence[Line], recording: Recording) -> bool:
    """Does the mirror say otherwise, but for the play counts, which move all the time?"""
    live = {row.version: row for row in recording.versions.all() if row.gone_at is None}

    def facts(line: Line) -> tuple[Any, ...]:
        # Before a version is ready the vendor tells 0 for its length and size.
        return (line.name, line.length or 0, line.size or 0, line.video_id, line.is_main)

    mirrored = {line.number: facts(line) for line in of_mirror(recording) if line.number in live}
    return mirrored != {line.number: facts(line) for line in now} or any(
        str(line.state) != str(display.status_badge(live[line.number])) for line in now if line.number in live
    )


def _kind(version_type: int | None, number: int) -> str:
    """The vendor's word for it. Its documented samples call an original "edited", so the number comes first."""
    if number == 0:
        return gettext("Original")
    return str(KINDS.get(version_type, "")) if version_type else ""


def _trashed(recording: Recording, number: int) -> Any:
    entry = recording.open_trash.get(number)
    return keeping.trash_badge(entry) if entry is not None else ""


def _url(row: Version) -> str:
    return reverse("admin:playback_version_change", args=[row.pk])
