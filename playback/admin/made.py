"""Links from a report to the versions that an operation made: their numbers stand in the note or the reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext

from playback.models import OperationItem, Version


def link_versions(items: Iterable[OperationItem]) -> None:
    """Set ``made`` on each item: (words, url) of the versions that the mirror has. One query for all."""
    named = {item.pk: numbers for item in items if item.recording_id and (numbers := _numbers(item))}
    condition = Q(pk__in=[])
    for item in items:
        if item.pk in named:
            condition |= Q(recording=item.recording_id, version__in=named[item.pk])
    found: dict[tuple[int, int], Version] = {}
    if named:
        found = {(row.recording_id, row.version): row for row in Version.objects.filter(condition)}
    for item in items:
        versions = [found.get((item.recording_id or 0, number)) for number in named.get(item.pk, [])]
        item.made = [  # type: ignore[attr-defined]
            (
                gettext("Version %(number)d") % {"number": row.version} + (f" · {row.name}" if row.name else ""),
                reverse("admin:playback_version_change", args=[row.pk]),
            )
            for row in versions
            if row is not None
        ]


def _numbers(item: OperationItem) -> list[int]:
    args: dict[str, Any] = {**(item.reason.get("args") or {}), **(item.note.get("args") or {})}
    return [int(number) for number in str(args.get("versions", "")).split(", ") if number.isdecimal()]
