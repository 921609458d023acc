"""When was something told for the first time? What orders deliveries about one version.

A delivery's ``timestamp`` may be that of the sending at hand: a repeat of an old one would seem new. The vendor's qids
begin with the Beijing time of their making (14 digits, then ten more), as public clients' recorded callbacks show. The
reference does not promise that, so it only counts where it is a time shortly before the timestamp.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from playback.models import Delivery
from playback.vendor.results import BEIJING

_LONGEST = timedelta(days=7)  # that a vendor would go on repeating
_DIGITS = 14


def told_at(delivery: Delivery) -> datetime:
    sent = delivery.sent_at or delivery.received_at
    made = _time_in(delivery.qid or "")
    return made if made is not None and timedelta(0) <= sent - made <= _LONGEST else sent


def _time_in(qid: str) -> datetime | None:
    if len(qid) < _DIGITS + 2 or not (qid.isascii() and qid.isdigit()):
        return None
    try:
        return datetime.strptime(qid[:_DIGITS], "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
    except ValueError:
        return None
