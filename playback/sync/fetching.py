"""The pages of one list in their order, asked for ahead by threads.

A call takes some 300 ms on its way, and the vendor allows twenty of them a second: whoever asks for one page after the
other uses a seventh of that. Decisions:

* **One consumer, in order.** Threads only ask; what they bring is handed out page by page to the one thread that
  writes. At most twice as many pages of a list as there are threads are under way or held: memory does not grow with
  the list, and a page that waits for its turn keeps no thread from asking for the next.
* **Only what is surely wanted.** The caller says up to which page may be asked for ahead. A page that it wants alone,
  and now, is asked for in its own thread.
* **Several lists, one after the other, share their threads** (``Threads``): the next one can begin while the last pages
  of this one are under way.
* **An error waits for its turn.** It is raised when its page is due; the pages before it were handed out, those after
  it never are, and what was not begun by then is not asked for.
* **Nothing is left behind.** :meth:`Threads.close` waits for the threads, whatever ended the reading. A call under way
  cannot be cut short (its outcome must be known), so this takes as long as the patience of one call at the most. The
  threads are daemons, for whoever does not wait even for that. Each closes its own HTTP session and, should a call
  have opened one, its own database connection.

The threads run in copies of the caller's context, so that log lines carry its id.
"""

from __future__ import annotations

import contextlib
import contextvars
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

from django.db import connection
from django.utils import timezone

from playback.vendor.exchange import connections

Ask = Callable[[int], Any]
HELD = 2  # pages a thread


@dataclass(frozen=True, slots=True)
class Answered:
    """One page's answer. It shows the list at some moment between ``began`` and ``came`` (monotonic seconds);
    ``asked_at`` is how old the vendor's words are at the most."""

    number: int
    answer: Any
    asked_at: datetime
    began: float
    came: float

    @property
    def age(self) -> float:
        """Seconds since it came."""
        return time.monotonic() - self.came


def fetch(ask: Ask, number: int) -> Answered:
    """One page, in the caller's thread. Raises what ``ask`` raises."""
    asked_at, began = timezone.now(), time.monotonic()
    answer = ask(number)
    return Answered(number, answer, asked_at, began, time.monotonic())


class _Closing:
    """``with`` ends with ``close``."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Threads(_Closing):
    """Up to ``most`` threads, each started when there is more to do than those before it can begin with. They do what
    they are given in its order, until :meth:`close` (or ``with``). One is none: then the caller does it all."""

    def __init__(self, most: int, name: str = "fetch") -> None:
        self.most = most if most > 1 else 0
        self._name = name
        self._wanted: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._to_do = 0  # not done yet
        self._threads: list[threading.Thread] = []

    def begin(self, work: Callable[[], None]) -> None:
        """``work`` must not raise."""
        with self._lock:
            self._to_do += 1
            short = len(self._threads) < min(self.most, self._to_do)
        self._wanted.put(work)
        if short:
            self._start()

    def close(self) -> None:
        """Wait for what was begun. The rest is not."""
        with contextlib.suppress(Empty):
            while True:
                self._wanted.get_nowait()
        for _ in self._threads:
            self._wanted.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _start(self) -> None:
        name = f"{self._name}-{len(self._threads) + 1}"
        thread = threading.Thread(target=contextvars.copy_context().run, args=(self._work,), name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _work(self) -> None:
        try:
            while (work := self._wanted.get()) is not None:
                work()
                with self._lock:
                    self._to_do -= 1
        finally:
            connections.close()
            connection.close()


NONE = Threads(1)


class Ahead(_Closing):
    """The pages of one list: ``take(1)``, ``take(2)``, …, each with how far the threads may go; then :meth:`close` (or
    ``with``)."""

    def __init__(self, ask: Ask, threads: Threads = NONE) -> None:
        self._ask = ask
        self._threads = threads
        self._answers: dict[int, Answered | BaseException] = {}
        self._came = threading.Condition()
        self._given_out = 0  # the last page that was left to the threads
        self._taken = 0  # the last page that was handed out
        self._last = sys.maxsize  # no page after this one is begun

    def reach(self, upto: int) -> None:
        """Let the threads ask for the pages up to ``upto``, as far as pages may be held."""
        first = max(self._given_out, self._taken) + 1
        last = min(upto, self._taken + HELD * self._threads.most)
        for number in range(first, last + 1):
            self._given_out = number
            self._threads.begin(partial(self._fetch, number))

    def take(self, upto: int) -> Answered:
        """The next page, when it came. Raises what its call raised."""
        number = self._taken + 1
        if number <= self._given_out or number < upto:
            self.reach(upto)
        self._taken = number
        if number > self._given_out:
            return fetch(self._ask, number)
        with self._came:
            while number not in self._answers:
                self._came.wait()
            answer = self._answers.pop(number)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def is_waiting(self) -> bool:
        """Has the next page come already (or what its call raised)?"""
        return self._taken + 1 in self._answers

    @property
    def has_gone_on(self) -> bool:
        """Was another page than the first left to the threads?"""
        return self._given_out > 1

    def peek(self) -> Answered | None:
        """The next page, if it has come. It is not handed out yet."""
        answer = self._answers.get(self._taken + 1)
        return answer if isinstance(answer, Answered) else None

    def close(self) -> None:
        """What was not begun is not asked for, and nothing is handed out any more."""
        self._last = 0
        self._answers.clear()

    def _fetch(self, number: int) -> None:
        if number > self._last:
            return
        answer: Answered | BaseException
        try:
            answer = fetch(self._ask, number)
        except BaseException as error:
            answer, self._last = error, min(self._last, number)
        with self._came:
            self._answers[number] = answer
            self._came.notify_all()
