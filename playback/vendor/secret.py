"""Text that must not be shown: keys, signatures, tokens, and addresses that carry one.

A ``str`` in every respect but ``repr``: what prints a value for a person to debug (log extras, error pages with local
variables, tracebacks, ``repr`` of a result that holds it) shows asterisks. Whoever means to use it formats it.
"""

from __future__ import annotations

import re

HIDDEN = "***"
_NAMED = re.compile(
    r"(?i)([\"']?\b(?:sign|token|limited_token|partner_key|secret_key|access_token)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;}]+"
)


class Secret(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{HIDDEN}'"


def redact(text: str, *secrets: str) -> str:
    """``text`` without the given secrets, and without the value of anything that is named like one."""
    for secret in secrets:
        if len(secret) > 3:
            text = text.replace(secret, HIDDEN)
    return _NAMED.sub(rf"\g<1>{HIDDEN}", text)
