"""The rate limit: at most so many calls in any 10 s, counted exactly."""

from __future__ import annotations

import threading
from bisect import insort
from collections import deque

WINDOW_SECONDS = 10.0
CALLS_PER_WINDOW = 200


class SlidingWindow:
    """Admits a call if fewer than ``limit`` were admitted in the ``seconds`` before it; ``limit`` 0 admits all.

    Calls that came at nearly the same moment may ask in another order than they came in; each counts from when it came.
    The window is half open: a call exactly ``seconds`` after another one is not in its window any more. Refused calls
    do not count (assumed: the reference only says that calls past the limit fail).
    """

    def __init__(self, limit: int = CALLS_PER_WINDOW, seconds: float = WINDOW_SECONDS) -> None:
        self.limit = limit
        self.seconds = seconds
        self._admitted: deque[float] = deque()
        self._lock = threading.Lock()

    def admit(self, now: float) -> bool:
        """``now``: when the call came, in seconds of a clock that does not go back."""
        with self._lock:
            while self._admitted and self._admitted[0] + self.seconds <= now:
                self._admitted.popleft()
            if self.limit and len(self._admitted) >= self.limit:
                return False
            insort(self._admitted, now)
            return True

    def clear(self) -> None:
        with self._lock:
            self._admitted.clear()
