"""The teachers' way to show values, for templates. Lengths and badges' words are the admin's own."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django import template
from django.utils import timezone
from django.utils.translation import gettext

from playback import display
from playback.models import Recording
from playback.vendor.codes import RecordingStatus

register = template.Library()
register.filter("as_length", display.length)
register.filter("as_beijing", display.beijing)


class State(NamedTuple):
    tone: str  # good, wait, off, bad
    word: str


@register.filter
def state(recording: Recording) -> State:
    """What a teacher wants to know in one word: can it be watched?"""
    if recording.gone_at is not None:
        return State("bad", gettext("Gone at the vendor"))
    if recording.is_blocked:
        return State("off", gettext("Blocked"))
    if recording.is_ready:
        return State("good", gettext("Playable"))
    tone = "bad" if recording.status == RecordingStatus.FAILED else "wait"
    known = recording.get_status_display()
    return State(tone, str(known))


@register.filter
def picture(recording: Recording) -> str:
    """The cover's address, if it is one that a page may load."""
    return recording.cover_url if recording.cover_url.startswith(("http://", "https://")) else ""


@register.filter
def stamp(value: datetime | None) -> str:
    """A time in a list; the page says once that all are Beijing's."""
    return timezone.localtime(value).strftime("%Y-%m-%d %H:%M") if value else display.EMPTY


@register.filter
def clock(value: datetime | None) -> str:
    return timezone.localtime(value).strftime("%H:%M") if value else display.EMPTY
