"""Which of our rows a full run has met: a set of primary keys in about a bit each.

Our own keys are dense, so a million of them take some 150 KB here against 60 MB as a set of ``int``. Rooms have the
vendor's 14-digit numbers, which lie apart: about 100 bytes a room, and an account has thousands of them, not millions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_SHIFT = 9
_SIZE = 1 << _SHIFT
_MASK = _SIZE - 1
_ALL = (1 << _SIZE) - 1


class Seen:
    def __init__(self) -> None:
        self._blocks: dict[int, int] = {}

    def update(self, keys: Iterable[int]) -> None:
        blocks = self._blocks
        for key in keys:
            block = key >> _SHIFT
            blocks[block] = blocks.get(block, 0) | 1 << (key & _MASK)

    def __contains__(self, key: int) -> bool:
        return bool(self._blocks.get(key >> _SHIFT, 0) >> (key & _MASK) & 1)

    def __len__(self) -> int:
        return sum(block.bit_count() for block in self._blocks.values())

    def runs(self, least: int) -> Iterator[range]:
        """Where at least ``least`` keys beside each other were all met, in order and none in two pieces; as far as
        whole blocks of 512 keys tell it."""
        start = end = 0
        for block in sorted(block for block, keys in self._blocks.items() if keys == _ALL):
            if block << _SHIFT != end:
                if end - start >= least:
                    yield range(start, end)
                start = block << _SHIFT
            end = (block + 1) << _SHIFT
        if end - start >= least:
            yield range(start, end)
