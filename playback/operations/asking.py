"""Asking the vendor what a plan needs to know (kinds that ``reads``), and the preparation of a large plan.

What was read stands with the item (``known``), so that a killed worker's preparation is taken up where it ended. A
target that cannot be read is skipped with the vendor's reason; the others are planned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from playback.conf import vendor_client
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError

from .reasons import from_vendor

if TYPE_CHECKING:
    from .base import Facts, OperationKind

PERSON_WAITS = 10.0  # s, for the call budget: somebody looks at an empty page


def asked(
    kind: OperationKind, targets: Sequence[Facts], parameters: Mapping[str, Any], lane: Lane
) -> dict[int, Mapping[str, Any]]:
    """What the kind reads of each target, by ``facts.id``; ``{"unread": reason}`` where the vendor did not tell."""
    if not targets:
        return {}
    try:
        client = vendor_client(lane, max_wait=PERSON_WAITS if lane is Lane.PERSON else None)
        found = kind.read(client, targets, parameters)
    except VendorError as error:
        why = {"unread": from_vendor("could_not_read", error)}
        return {facts.id: why for facts in targets}
    missing = {"unread": {"code": "could_not_read"}}
    return {facts.id: found.get(facts.id, missing) for facts in targets}
