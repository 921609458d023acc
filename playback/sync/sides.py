"""Three sides of a row by field: what the vendor says now (V), what the mirror's columns hold (M), and what the vendor
said when the row was last stored (L), of which we keep the hash H alone.

The hash is enough to know L by field, without storing it a second time, because L can only be one of few things:

- ``H == hash(M)``: nobody touched our columns since, so L is M. Where V differs from M, the vendor changed it.
- ``H == hash(V)``: the vendor says what it said before, so L is V. Where M differs from V, our copy had strayed:
  somebody or something wrote to our table.
- neither: both happened. Where they differ, L holds either side: there are two to the power of the differing fields
  such rows, and the one whose hash is H says which field strayed and which the vendor changed. If none fits, a field
  strayed *and* changed, and nobody can tell which: ``BOTH``. What strayed and changed to the same value leaves nothing
  that differs, and nothing is told of it.
- no H: a callback was believed ahead of the list, or nothing but a placeholder was there. See ``history``.

All of it is about the facts that the hash covers. The sticky facts (``mapping``) belong to the list, not to the row.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from playback.models import Change

from . import mapping

Kind = Change.Kind
MOST = 8  # differing fields whose combinations are tried: 256 hashes, half a millisecond


def of_fields(mirror: Sequence[object], vendor: Sequence[object], pinned: str) -> dict[int, str]:
    """Positions at which the two differ → why they do. ``pinned`` is H."""
    differing = [i for i, (ours, theirs) in enumerate(zip(mirror, vendor, strict=True)) if ours != theirs]
    if not differing:
        return {}
    if mapping.payload_hash(mirror) == pinned:
        return dict.fromkeys(differing, Kind.VENDOR)
    if mapping.payload_hash(vendor) == pinned:
        return dict.fromkeys(differing, Kind.STRAYED)
    if len(differing) <= MOST:
        for size in range(1, len(differing)):
            for strayed in combinations(differing, size):
                last = [vendor[i] if i in strayed else value for i, value in enumerate(mirror)]
                if mapping.payload_hash(last) == pinned:
                    return {i: Kind.STRAYED if i in strayed else Kind.VENDOR for i in differing}
    return dict.fromkeys(differing, Kind.BOTH)
