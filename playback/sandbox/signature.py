"""The vendor's signature, written for this side alone.

It shares nothing with the client's: one error in both would otherwise pass unseen.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

NEVER_SIGNED = frozenset({"sign", "partner_key"})


def signature(fields: Mapping[str, str], partner_key: str) -> str:
    """Lower-case MD5 hex over ``k=v&…&partner_key=…``: keys in ASCII order, values as they are, empty ones too."""
    digest = hashlib.md5(usedforsecurity=False)
    for key in sorted(set(fields) - NEVER_SIGNED):
        digest.update(f"{key}={fields[key]}&".encode("utf-8", "surrogateescape"))
    digest.update(f"partner_key={partner_key}".encode())
    return digest.hexdigest()


def is_signed(fields: Mapping[str, str], partner_key: str) -> bool:
    sent = fields.get("sign", "").encode("utf-8", "surrogateescape")
    return hmac.compare_digest(sent, signature(fields, partner_key).encode())
