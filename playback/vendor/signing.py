"""The vendor's signature: over what is really sent, and over what a callback really brought.

Decision: only text is signed. Whoever calls turns a value into the very text that goes over the wire first, so that a
number or a flag cannot be signed in one spelling and sent in another. Values go in unescaped; a parameter that is not
sent is not signed, and one that is sent empty is (``k=``). Pure functions, no clock, no settings.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

_NEVER_SIGNED = frozenset({"sign", "partner_key"})


def string_to_sign(params: Mapping[str, str], partner_key: str) -> str:
    """``k=v`` in ASCII order of the keys, then the key. Contains the key: never log it."""
    pairs = [f"{name}={params[name]}" for name in sorted(params) if name not in _NEVER_SIGNED]
    pairs.append(f"partner_key={partner_key}")
    return "&".join(pairs)


def sign(params: Mapping[str, str], partner_key: str) -> str:
    """The lower-case MD5 hex that the vendor expects as ``sign``. ``sign`` among the parameters is left out.

    MD5 is the vendor's choice; nothing of ours relies on it being hard to collide.
    """
    return hashlib.md5(string_to_sign(params, partner_key).encode(), usedforsecurity=False).hexdigest()


def verify(params: Mapping[str, str], partner_key: str) -> bool:
    """Whether a callback's fields carry the signature of this account. In constant time.

    False too where the signature is missing, and where the key is empty: an unset key must not verify anything. And
    where a field is named as the key is in the text to sign: it would be the one field that no signature covers.
    """
    given = params.get("sign", "")
    if not given or not partner_key or "partner_key" in params:
        return False
    return hmac.compare_digest(given.encode(), sign(params, partner_key).encode())
