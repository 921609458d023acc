"""What is fresh, what is stale and why, by kind: one decision (``rules``) for pages, banners, health and metrics.

It stands above the mirror's layers, beside ``readiness`` and ``metrics``: it reads what they left in the database and
in Redis, and asks the vendor nothing.
"""

from __future__ import annotations

from . import expiry, lists, watched
from .board import board, forget, standing
from .facts import Attempt, Ending, Facts, Reading
from .kinds import HOUR, Kind, Task, kind_of, kinds, register
from .limits import limit
from .needs import Needs, Row
from .rules import Reason, Side, Standing, State
from .trouble import Trouble, trouble_of

__all__ = [
    "HOUR",
    "Attempt",
    "Ending",
    "Facts",
    "Kind",
    "Needs",
    "Reading",
    "Reason",
    "Row",
    "Side",
    "Standing",
    "State",
    "Task",
    "Trouble",
    "board",
    "expiry",
    "forget",
    "kind_of",
    "kinds",
    "limit",
    "lists",
    "register",
    "standing",
    "trouble_of",
    "watched",
]

register(*lists.KINDS, watched.KIND, expiry.KIND)  # in the order of pages
