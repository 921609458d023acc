"""The ledger: which link was made by whom, for whom and when, and how one is found again by the link itself.

A token has well over 100 random bits, so its plain SHA-256 can neither be turned back nor guessed; it needs no salt,
and one look through an index finds it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from django.core.cache import cache
from django.db import transaction

from playback.models import PlayLink

_HASH = re.compile(r"[0-9a-f]{64}")
_FORM_KEY = re.compile(r"[0-9a-f]{32}")
_LOOKS_LIKE_A_TOKEN = re.compile(r"(?=.*[A-Za-z])[\x21-\x7e]{20,}")
_KEPT = 24 * 3600  # s that a form's key is remembered


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def enter(rows: Sequence[PlayLink]) -> None:
    """Commit the rows. Not inside somebody else's transaction: they must be there before a link is given out."""
    with transaction.atomic(durable=True):
        PlayLink.objects.bulk_create(rows)


def claim(form_key: str) -> bool:
    """True for the first who sends this form, False for whoever sends it again (a second click, a reload)."""
    return bool(_FORM_KEY.fullmatch(form_key)) and bool(cache.add(f"play-links:{form_key}", 1, _KEPT))


def hash_in(text: str) -> str | None:
    """The hash of the link or token that somebody pasted; None for a text that holds neither. A hash is itself."""
    text = text.strip()
    if _HASH.fullmatch(text):
        return text
    if token := _token_of(text):
        return hash_of(token)
    return None


def _token_of(text: str) -> str:
    if "token=" in text:
        try:
            query = urlsplit(text).query or text.partition("?")[2] or text
            values = parse_qs(query.strip())
        except ValueError:
            return ""
        return (values.get("token") or values.get("limited_token") or [""])[0]
    return text if _LOOKS_LIKE_A_TOKEN.fullmatch(text) and "=" not in text.rstrip("=") else ""
