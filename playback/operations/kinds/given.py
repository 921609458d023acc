"""Numbers and switches as a form or the command line gives them: text, or what JSON makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from ..base import OperationInvalid

LARGEST = 2**63 - 1
_YES = {"1", "true", "on", "yes"}


def number(parameters: Mapping[str, Any], field: str, least: int = 0) -> int | None:
    """A whole number; None where nothing is given. Raises :class:`OperationInvalid`."""
    value = parameters.get(field)
    if value is None or value == "":
        return None
    text = str(value).strip()
    digits = text.isascii() and text.isdigit() and len(text) < 20  # Python itself refuses thousands of digits
    if isinstance(value, bool) or not digits or not least <= int(text) <= LARGEST:
        raise OperationInvalid({field: _("Give a whole number of at least %(least)s.") % {"least": least}})
    return int(text)


def switch(parameters: Mapping[str, Any], field: str) -> bool:
    return str(parameters.get(field, "")).strip().lower() in _YES
