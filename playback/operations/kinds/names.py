"""New names: one for all, or made by a pattern with ``{name}``, ``{room}``, ``{date}`` and ``{n}``.

``{date}`` is the Beijing date of the recording, ``{n}`` its running number in the selection, oldest first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from django.utils import timezone
from django.utils.translation import gettext as _

from ..base import Facts, OperationInvalid

LIMIT = 255  # the vendor's limit is not documented; this is what our mirror holds

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_VALUES: dict[str, Callable[[Facts, int], str]] = {
    "name": lambda facts, number: facts.name,
    "room": lambda facts, number: facts.room_title,
    "date": lambda facts, number: timezone.localtime(facts.created_at).strftime("%Y-%m-%d") if facts.created_at else "",
    "n": lambda facts, number: str(number),
}


def clean_text(field: str, value: object) -> str:
    """A typed name or pattern, stripped. Raises :class:`OperationInvalid` if it cannot be sent as it is."""
    text = str(value).strip()
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        raise OperationInvalid({field: _("Names have one line and no control characters.")})
    if len(text) > LIMIT:
        raise OperationInvalid({field: _("At most %(limit)s characters.") % {"limit": LIMIT}})
    return text


def clean_pattern(value: object) -> str:
    """Raises :class:`OperationInvalid` that names what the pattern cannot have."""
    pattern = clean_text("pattern", value)
    unknown = [name for name in _PLACEHOLDER.findall(pattern) if name not in _VALUES]
    if unknown or re.search(r"[{}]", _PLACEHOLDER.sub("", pattern)):
        raise OperationInvalid(
            {
                "pattern": _("%(wrong)s is not known here: use {name}, {room}, {date} and {n}.")
                % {"wrong": ", ".join(f"{{{name}}}" for name in unknown) or "{ }"}
            }
        )
    return pattern


def render(pattern: str, facts: Facts, number: int) -> str:
    """The name of one target: white space is made single, what cannot stand in a name is left out."""
    made = " ".join(_PLACEHOLDER.sub(lambda match: _VALUES[match[1]](facts, number), pattern).split())
    if made.isprintable():  # nearly always
        return made
    return "".join(character for character in made if unicodedata.category(character) not in {"Cc", "Cs"})
