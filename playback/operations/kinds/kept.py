"""How long a recording is kept, as a change holds it (JSON), as a person reads it, and as a person gives it."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from playback.sync.expiry import UNTOLD, Kept

from ..base import OperationInvalid

MOST_DAYS = 36_500
LAST_YEAR = 2099  # a later time is a slip of the hand, and for ever is a mode of its own


def as_json(kept: Kept) -> dict[str, Any] | None:
    """``days`` (0 for ever, None with a fixed time) and ``at`` (the end that follows); None where it is not told."""
    if kept == UNTOLD:
        return None
    at = None if kept.expires_at is None else kept.expires_at.astimezone(UTC).isoformat(timespec="seconds")
    return {"days": kept.valid_days, "at": at}


def same(one: Any, other: Any) -> bool:
    """Days are compared as days: the end they lead to moves with what the vendor calls the recording's making."""
    if one is None or other is None:
        return one is other
    return bool(one["days"] == other["days"] and (one["days"] is not None or one["at"] == other["at"]))


def written(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M")


def until(moment: datetime) -> str:
    return _("until %(time)s Beijing time") % {"time": written(moment)}


def told(value: Any) -> str:
    """For a plan or a report."""
    if value is None:
        return _("unknown")
    days = value["days"]
    if days == 0:
        return _("for ever")
    end = until(datetime.fromisoformat(value["at"])) if value.get("at") else ""
    if days is None:
        return end
    counted = ngettext("%(days)d day from its making", "%(days)d days from its making", days) % {"days": days}
    return f"{counted} · {end}" if end else counted


def days_of(given: Any) -> int:
    text = str(given if given is not None else "").strip()
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_DAYS):
        raise OperationInvalid({"days": _("Give a whole number of days, from 1 to %(most)s.") % {"most": MOST_DAYS}})
    return int(text)


def moment_of(given: Any) -> datetime:
    """A time, or the end of a day; in Beijing where it names no zone."""
    text = str(given if given is not None else "").strip()
    try:
        moment = parse_datetime(text)
        if "T" not in text and ":" not in text:
            day = parse_date(text)
            moment = datetime.combine(day, time(23, 59, 59)) if day else None
    except ValueError:  # well formed, and no day of any calendar
        moment = None
    if moment is None:
        raise OperationInvalid({"date": _("Give a date and time, like 2026-09-01 18:00.")})
    if moment.year > LAST_YEAR:
        raise OperationInvalid({"date": _("This is too far away: choose for ever instead.")})
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment)
    moment = moment.replace(microsecond=0)
    if moment <= timezone.now():
        raise OperationInvalid({"date": _("This time is over: give one in the future.")})
    return moment
