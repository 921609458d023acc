"""Mark points of a recording that was cut, given to its new versions (calls 21 and 32).

Writing a list twice does no harm, so what fails is tried again at the next look; what the vendor will not take, or what
could not be written for half an hour, is told instead. A version that somebody gave other marks meanwhile is left.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from playback.vendor.client import VendorClient
from playback.vendor.errors import VendorError, VendorRefused

from .. import mark_lists
from ..base import Target
from ..marks import Mark, format_offset
from .parts import Cut

AT_A_TIME = 40.0  # s before somebody else may have the worker
KEEP_TRYING = timedelta(minutes=30)


def carry(client: VendorClient, target: Target, ready: Iterable[tuple[Cut, Sequence[Mark]]]) -> str | None:
    """Write each version's marks. Answers those that will not be written; None to go on at the next look. Raises the
    client's ``VendorError`` s for what may work then."""
    original = mark_lists.of_stored(target.known.get("marks") or [])
    hopeless = target.begun_at is not None and timezone.now() - target.begun_at > KEEP_TRYING
    until = time.monotonic() + AT_A_TIME
    left = []
    for cut, wanted in ready:
        if not wanted:
            continue
        if time.monotonic() > until:
            return None
        try:
            written = _write(client, target, cut.number, wanted, original)
        except VendorError as error:
            if not isinstance(error, VendorRefused) and not hopeless:
                raise
            written = False
        if not written:
            left.append(_("version %(version)s: %(marks)s") % {"version": cut.number, "marks": told(wanted)})
    return "; ".join(left)


def _write(
    client: VendorClient, target: Target, version: int, wanted: Sequence[Mark], original: Sequence[Mark]
) -> bool:
    """Unless it has them already, or others. Its list may be the original's unmoved one, if the vendor copies that."""
    present = mark_lists.ask(client, **target.key, version=version)
    if present == sorted(wanted):
        return True
    if present and present != sorted(original):
        return False
    client.set_mark_points(**target.key, version=version, content=mark_lists.content(wanted))
    return True


def told(marks: Iterable[Mark]) -> str:
    return ", ".join(f"{format_offset(mark.offset)} {mark.text}" for mark in marks)
