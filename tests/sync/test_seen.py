"""The set of keys that a full run met."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from playback.sync.seen import Seen

KEYS = st.sets(st.one_of(st.integers(1, 3000), st.integers(10**13, 10**13 + 10**6)), max_size=200)


@given(KEYS, KEYS)
def test_it_is_a_set(there: set[int], others: set[int]) -> None:
    seen = Seen()
    seen.update(there)
    seen.update(list(there)[:3])
    assert len(seen) == len(there)
    assert {key for key in there | others if key in seen} == there


def test_a_million_keys_stay_small() -> None:
    seen = Seen()
    seen.update(range(1, 1_000_001))
    size = sys.getsizeof(seen._blocks) + sum(
        sys.getsizeof(key) + sys.getsizeof(block) for key, block in seen._blocks.items()
    )
    assert len(seen) == 1_000_000
    assert size < 500_000
