"""People by their ids: what a parameter or a pasted text names, and how a person is called in plans and reports.

Labels hold the name and the two numbers, never phone or mail: they stay in reports and logs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .models import Member

SEPARATORS = re.compile(r"[\s,;，；、]+")
_NUMBER = re.compile(r"[0-9]{1,19}")
_LARGEST = 2**63 - 1
_CHUNK = 500  # parameters of a statement


class Name(NamedTuple):
    name: str
    user_sn: str


def number(value: Any) -> int | None:
    """A positive id that the database can hold, from a number or its text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip()
    found = int(text) if _NUMBER.fullmatch(text) else 0
    return found if 0 < found <= _LARGEST else None


def user_ids(value: Any) -> list[int]:
    """Each once, in their order, from a text or a list. Raises ``ValueError`` with the first word that is no id."""
    words: Iterable[Any]
    if isinstance(value, str):
        words = filter(None, SEPARATORS.split(plain(value)))
    elif isinstance(value, list | tuple | set | frozenset):
        words = value
    else:
        words = [value]
    ids: dict[int, None] = {}
    for word in words:
        user_id = number(word)
        if user_id is None:
            raise ValueError(str(word)[:40])
        ids[user_id] = None
    return list(ids)


def names(ids: Iterable[int]) -> dict[int, Name]:
    """Those whom some list named, now or before."""
    wanted, found = list(ids), dict[int, Name]()
    for start in range(0, len(wanted), _CHUNK):
        rows = Member.objects.filter(pk__in=wanted[start : start + _CHUNK], synced_at__isnull=False)
        found |= {pk: Name(name, user_sn) for pk, name, user_sn in rows.values_list("pk", "name", "user_sn")}
    return found


def label(user_id: int, known: Mapping[int, Name]) -> str:
    """``王小明 (20230001, 10023)``; unique by its user id."""
    person = known.get(user_id)
    if person is None:
        return str(user_id)
    numbers = ", ".join(part for part in (person.user_sn, str(user_id)) if part)
    return f"{person.name} ({numbers})" if person.name else numbers


def plain(text: str) -> str:
    """Full-width digits, letters and commas as their plain ones."""
    return unicodedata.normalize("NFKC", text)
