"""What was stored of a change, in words: a column's name, and its value before and after.

For all that keeps columns and their values as JSON: the history of changes, and the flight recorder of callbacks. What
a value is, the model's column says. A column of an earlier release is shown by its name, an unknown code by its number.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, Field, Model
from django.utils.translation import gettext

from playback import display

_ADDRESSES = {"cover_url"}
_WORDS: dict[str, Callable[[Any], str]] = {
    "length": display.length,
    "total_size": display.size,
    "total_transcode_size": display.size,
    "total_ext_media_size": display.size,
}


def label(model: type[Model], name: str) -> str:
    column = _column(model, name)
    return name if column is None else str(column.verbose_name)


def before_and_after(model: type[Model], name: str, old: Any, new: Any, *, whole: bool = False) -> tuple[str, str]:
    """``whole``: addresses as they are, where a page has room for them. A list shows their ends, unless those are the
    same: what changed must be seen."""
    column = _column(model, name)
    was, now = _words(column, name, old), _words(column, name, new)
    if name in _ADDRESSES and not whole:
        ends = _end(was), _end(now)
        return (was, now) if ends[0] == ends[1] else ends
    return was, now


def _column(model: type[Model], name: str) -> Field[Any, Any] | None:
    return next((column for column in model._meta.concrete_fields if column.name == name), None)


def _words(column: Field[Any, Any] | None, name: str, value: Any) -> str:
    if value is None or value == "":
        return display.EMPTY
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(column, DateTimeField):
        return display.beijing(datetime.fromisoformat(value))
    if column is not None and column.flatchoices:
        return str(dict(column.flatchoices).get(value, value))
    return _WORDS[name](value) if name in _WORDS else str(value)


def _end(address: str) -> str:
    return address.rsplit("/", 1)[-1] or address
