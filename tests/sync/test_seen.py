"""The set of keys that a full run met."""

from __future__ import annotations

import sys
from itertools import pairwise

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


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 2500)), max_size=6), st.integers(1, 3000))
def test_runs_hold_none_that_was_not_met_and_miss_no_long_one(pieces: list[tuple[int, int]], least: int) -> None:
    there = {key for block, length in pieces for key in range(block * 512, block * 512 + length)}
    seen = Seen()
    seen.update(there)
    runs = list(seen.runs(least))
    assert all(len(run) >= least and there.issuperset(run) for run in runs)
    assert all(before.stop < after.start for before, after in pairwise(runs))
    told = {key for run in runs for key in run}
    for block in range(50):
        stretch = range(block * 512, block * 512 + max(512, least + 511) // 512 * 512)
        if there.issuperset(stretch):
            assert told.issuperset(stretch)


def test_a_million_keys_stay_small() -> None:
    seen = Seen()
    seen.update(range(1, 1_000_001))
    size = sys.getsizeof(seen._blocks) + sum(
        sys.getsizeof(key) + sys.getsizeof(block) for key, block in seen._blocks.items()
    )
    assert len(seen) == 1_000_000
    assert size < 500_000
