"""Spans of chat as the vendor wants them: moments of Beijing (call 22), and in words.

Times of day and offsets are turned into moments only with what is known of the class (:class:`Frame`); that it was so
is said in the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from playback.vendor.results import BEIJING

from ..base import Facts
from ..marks import parse_offset
from .written import CLOCK, OFFSET, Span, has_day


class Moments(NamedTuple):
    """One part of the request: whose chat (None: anybody's), from and until when (None: open)."""

    user_number: int | None
    start: datetime | None
    end: datetime | None


class Frame(NamedTuple):
    """What is known of when a recording's class was."""

    days: Sequence[date]  # on which a time of day may fall, the likeliest first; empty: nobody knows
    began: datetime | None  # what offsets are counted from
    window: tuple[datetime, datetime] | None  # when class was


def frame_of(facts: Facts, parameters: Mapping[str, Any]) -> Frame:
    """``facts.known`` has when ``class`` was, if the vendor says so; without it the recording's day is taken."""
    times = [datetime.fromisoformat(text).replace(tzinfo=BEIJING) for text in facts.known.get("class") or ()]
    began = parameters.get("began")
    beginning = datetime.fromisoformat(began).replace(tzinfo=BEIJING) if began else None
    if times:
        start, end = times
        days = [start.date() + timedelta(days=n) for n in range(min((end.date() - start.date()).days, 7) + 1)]
        return Frame(days, beginning or start, (start, end))
    day = _session_day(facts.session_id) or (facts.created_at and facts.created_at.astimezone(BEIJING).date())
    return Frame([day] if day else [], beginning, None)


def _session_day(session_id: int) -> date | None:
    """A session of a long-term room is named by its day and a digit."""
    try:
        return date.fromisoformat(str(session_id)[:8]) if len(str(session_id)) == 9 else None
    except ValueError:
        return None


def needs_day(spans: Iterable[Span], times: str) -> bool:
    """Does any time lack its day?"""
    return times == CLOCK and any(
        not has_day(span[name]) for span in spans for name in ("start", "end") if name in span
    )


def needs_beginning(spans: Iterable[Span], times: str) -> bool:
    return times == OFFSET and any("start" in span or "end" in span for span in spans)


def placed(span: Span, times: str, frame: Frame) -> Moments:
    """The span with both of its times as moments. ``frame`` has what :func:`needs_day` or ``needs_beginning`` ask."""
    written = [span.get("start"), span.get("end")]
    if times == OFFSET:
        both = [_after(frame.began, text) for text in written]
    elif all(text is None or has_day(text) for text in written):
        both = [None if text is None else _aware(text) for text in written]
    else:
        on_days = [
            [None if text is None else _aware(f"{day.isoformat()} {text}") for text in written] for day in frame.days
        ]
        both = next((day for day in on_days if any(_within(moment, frame.window) for moment in day)), on_days[0])
    return Moments(span.get("user_number"), *both)


def outside(part: Moments, window: tuple[datetime, datetime]) -> bool:
    """Is all of it before or after the class?"""
    return (part.end is not None and part.end < window[0]) or (part.start is not None and part.start > window[1])


def _after(began: datetime | None, text: str | None) -> datetime | None:
    if began is None or text is None:
        return None
    return began + timedelta(seconds=parse_offset(text) or 0)


def _aware(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


def _within(moment: datetime | None, window: tuple[datetime, datetime] | None) -> bool:
    return moment is not None and window is not None and window[0] <= moment <= window[1]


# ---------------------------------------------------------------- stored in a plan, and in words


def stored(part: Moments) -> list[Any]:
    return [part.user_number, as_text(part.start), as_text(part.end)]


def as_text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def restored(values: Sequence[Any]) -> Moments:
    number, start, end = values
    return Moments(number, *(None if text is None else _aware(text) for text in (start, end)))


def words(values: Sequence[Any]) -> str:
    """What one stored part says, in the reader's language."""
    number, start, end = values
    if start and end and start[:10] == end[:10]:
        end = end[11:]
    named = {"number": number, "start": start, "end": end}
    if number is None:
        if start and end:
            return _("everything that anybody said from %(start)s to %(end)s Beijing time") % named
        if start:
            return _("everything that anybody said from %(start)s Beijing time on") % named
        return _("everything that anybody said until %(end)s Beijing time") % named
    if start and end:
        return _("everything by %(number)s from %(start)s to %(end)s Beijing time") % named
    if start:
        return _("everything by %(number)s from %(start)s Beijing time on") % named
    if end:
        return _("everything by %(number)s until %(end)s Beijing time") % named
    return _("everything by %(number)s") % named
