"""What happens by itself, a while after a call: transcoding, rendering, rebuilding. Kept in the state, so a restart
continues it.

A kind of job is a function registered with :func:`job`; it gets the payload and runs inside one transaction.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .server import Sandbox

log = logging.getLogger(__name__)
Job = Callable[["Sandbox", dict[str, Any]], None]
JOBS: dict[str, Job] = {}
_LOOK_SECONDS = 0.5  # how often the clock is looked at again: a test's clock may jump


def job(kind: str) -> Callable[[Job], Job]:
    def register(function: Job) -> Job:
        JOBS[kind] = function
        return function

    return register


class Jobs:
    """One thread that runs due jobs and hands due callbacks over. :meth:`run_due` does the same at once."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name="sandbox-jobs", daemon=True)
        sandbox.state.on_queue = self._wake.set

    def start(self) -> None:
        self._wake.set()  # a restart may find due jobs
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def after(self, seconds: float, kind: str, subject: str = "", **payload: Any) -> None:
        """Have a job done ``seconds`` from now."""
        self.sandbox.state.add_job(kind, self.sandbox.clock() + seconds, subject, **payload)

    def run_due(self) -> int:
        """Run the jobs that are due now; answers how many."""
        done = 0
        state = self.sandbox.state
        for row in state.due_jobs():
            with state.transaction():
                if state.take_job(row["id"]):
                    JOBS[row["kind"]](self.sandbox, row["payload"])
                    done += 1
        return done

    def _loop(self) -> None:
        while True:
            due = self.sandbox.state.next_due()
            if due is None:
                self._wake.wait()
            else:
                self._wake.wait(min(max(due - self.sandbox.clock(), 0.005), _LOOK_SECONDS))
            self._wake.clear()
            if self._stopping:
                return
            try:
                self.run_due()
            except Exception:
                log.exception("a job of the sandbox failed; it is dropped")
            self.sandbox.callbacks.send_due()
