"""How a watch record's facts are written, in the list, on the panel and in files."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from playback import display
from playback.models import CLIENT_TYPES, WatchRecord

NAMES = dict(CLIENT_TYPES)
_ICONS = {1: "smartphone", 2: "tablet", 3: "smartphone", 4: "smartphone", 5: "computer", 6: "computer", 7: "computer"}


def device(client_type: int | None) -> str:
    """Its name, or the vendor's number where the reference has none."""
    return display.EMPTY if client_type is None else str(NAMES.get(client_type, client_type))


def device_badge(client_type: int | None) -> Any:
    if client_type is None:
        return display.EMPTY
    return display.badge(device(client_type), "neutral", _ICONS.get(client_type, "devices"))


def percent(share: float | None) -> str:
    return display.EMPTY if share is None else f"{share:.0%}"


def number_of(record: WatchRecord) -> str:
    """0 is the vendor's word for a viewer without a number."""
    return "" if record.user_number == "0" else record.user_number


def may_see_addresses(request: HttpRequest) -> bool:
    """An IP address tells of a person as a phone number does."""
    return request.user.has_perm("members.view_contact")
