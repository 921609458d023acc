"""What sort of trouble ended a reading, as far as its kept words tell.

A run keeps the sentence of the exception that ended it. Those sentences are the vendor package's own, so the sort can
be read back from them; a sentence that is none of these stands for itself.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Trouble(StrEnum):
    UNREACHABLE = "unreachable"  # no connection, no name
    BUDGET = "budget"  # the account's calls were used up, here or at the vendor
    UNREADABLE = "unreadable"  # an answer, but none of the vendor's application; or none in time
    ACCOUNT = "account"  # key, id, permission, service, clock: an administrator has to act
    REFUSED = "refused"
    OTHER = "other"


_PHRASES = (
    (Trouble.BUDGET, r"call budget|call rate"),
    (Trouble.UNREACHABLE, r"the vendor could not be reached"),
    (
        Trouble.ACCOUNT,
        r"refused the signature|no such account|lacks the permission|service is not open|time stamp|is not set"
        r"|address has moved|no such path|settings are not usable",
    ),
    (
        Trouble.UNREADABLE,
        r"the vendor answered (HTTP|success|something|JSON)|no readable answer|no answer came|outcome of an earlier",
    ),
    (Trouble.REFUSED, r"(vendor|server) refused the call|no such room"),
)


def trouble_of(error: str) -> Trouble:
    return next((sort for sort, phrase in _PHRASES if re.search(phrase, error)), Trouble.OTHER)
