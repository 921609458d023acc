"""From the vendor's row of a member to the columns of the mirror.

The role is a sticky fact: an answer that lacks it does not empty it. Nothing here raises because a value is odd; a row
whose user id no column holds is left out by :func:`keyed`.
"""

from __future__ import annotations

from playback.sync.mapping import Row, payload_hash, small, text
from playback.sync.tables import Table
from playback.vendor.results import MemberRow

from ..models import Member

KEY = ("user_id",)
FACTS = ("user_sn", "name", "email", "phone_number", "remark", "created_at")
MEMBERS = Table(Member, KEY, FACTS, "role", plays=False)
_LARGEST = 2**63


def keyed(row: MemberRow) -> bool:
    return 0 < row.user_id < _LARGEST


def member_row(row: MemberRow) -> Row:
    facts = (
        text(row.user_sn.strip(), 64),
        text(row.name.strip(), 120),
        text(row.email.strip(), 200),
        text(row.phone_number.strip(), 40),
        text(row.remark, 255),
        row.created_at,
    )
    return (row.user_id, payload_hash(facts), *facts, small(row.role))
