"""The versions of a recording, to choose one whose mark points are shown or edited."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext

from playback import display
from playback.models import Recording


class Choice(NamedTuple):
    """``version`` is None for the main one of a recording whose versions are not known yet."""

    version: int | None
    label: str
    length: int | None


def choices_of(recording: Recording) -> list[Choice]:
    """Those that the vendor has, by number."""
    found = []
    for version in recording.versions.filter(gone_at=None).order_by("version"):
        words = [gettext("version %(number)d") % {"number": version.version}]
        if version.version == recording.main_version:
            words.append(gettext("main version"))
        if version.name and version.name != recording.name:
            words.append(version.name)
        words.append(display.length(version.length))
        found.append(Choice(version.version, " · ".join(words), version.length))
    return found


def choice_of(recording: Recording, choices: list[Choice], version: int | None) -> Choice:
    """The one with this number, though the vendor may not have it any more."""
    for choice in choices:
        if choice.version == version:
            return choice
    if version is None:
        return Choice(None, f"{gettext('main version')} · {display.length(recording.length)}", recording.length)
    return Choice(version, gettext("version %(number)d") % {"number": version}, None)
