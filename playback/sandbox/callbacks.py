"""Callbacks: signed POSTs to the account's URL, repeated until they are answered by ``{"code": 0}``.

A delivery keeps its qid over all its sendings; timestamp and sign are new each time. Assumed: the pauses between the
sendings and their number; the reference says "again, several times".
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

from .faults import Faults
from .signature import signature
from .state import Row, State

PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # s before the second, third … sending; then it is given up
TIMEOUT_SECONDS = 5.0
_LONGEST_ANSWER = 64 * 1024


class Callbacks:
    """Queues deliveries in the state and sends what is due on a few threads."""

    def __init__(self, state: State, faults: Faults) -> None:
        self.state = state
        self.faults = faults
        self.pauses = PAUSES
        self._pool: ThreadPoolExecutor | None = None
        self._under_way: set[tuple[Any, Any]] = set()  # recordings about which something is being sent
        self._held: list[tuple[str, str]] = []  # (kind, qid) of deliveries that wait for the next one: fault reorder
        self._idle = threading.Condition()
        self._paused = False
        # No proxy: the receiver is on this machine or a test's.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def start(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="sandbox-callback")

    def stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def pause(self) -> None:
        """Wait until nothing is being sent, and send nothing until :meth:`resume`."""
        with self._idle:
            self._paused = True
            self._idle.wait_for(lambda: not self._under_way, timeout=TIMEOUT_SECONDS * 2)
            self._held.clear()

    def resume(self) -> None:
        with self._idle:
            self._paused = False

    def queue(self, kind: str, fields: dict[str, Any]) -> None:
        """Have one callback (CB1, CB2 or CB3) sent, if the account has a URL; faults of its kind are met here."""
        if not self.state.setting("callback_url"):
            return
        struck = self.faults.take((kind, "callback"))
        if "never" in struck:
            return
        due = self.state.clock() + (struck["late"].options["seconds"] if "late" in struck else 0.0)
        if "reorder" in struck:
            qid = self.state.add_delivery(kind, fields, due + 86_400)
            self._held.append((kind, qid))
            return
        copies = struck["repeat"].options["count"] if "repeat" in struck else 1
        qid = self.state.add_delivery(kind, fields, due)
        if copies > 1:
            self.state.set_setting(f"repeat:{qid}", copies - 1)
        for _kind, held in self._held:
            self.state.execute("UPDATE deliveries SET due_at = ? WHERE qid = ?", (due + 0.2, held))
        self._held.clear()

    def send_due(self) -> None:
        """Hand what is due to the threads.

        Of one recording one at a time: they arrive in order unless one has to be repeated or a fault says otherwise.
        """
        with self._idle:
            if self._pool is None or self._paused:
                return
            for row in self.state.due_deliveries():
                if _subject(row) not in self._under_way:
                    self._under_way.add(_subject(row))
                    # Not due again while it is under way; if the process ends meanwhile, it is sent after a restart.
                    lease = self.state.clock() + 2 * TIMEOUT_SECONDS
                    self.state.execute("UPDATE deliveries SET due_at = ? WHERE qid = ?", (lease, row["qid"]))
                    self._pool.submit(self._send, row)

    def _send(self, row: Row) -> None:
        try:
            answer, accepted = self._post(row["fields"])
            due = self._next_due(row, accepted)
            self.state.save_delivery(row["qid"], due_at=due, answered=accepted, answer=answer)
        finally:
            with self._idle:
                self._under_way.discard(_subject(row))
                self._idle.notify_all()
            self.state.on_queue()

    def _next_due(self, row: Row, accepted: bool) -> float | None:
        if accepted:
            left = self.state.setting(f"repeat:{row['qid']}", 0)
            if left:
                self.state.set_setting(f"repeat:{row['qid']}", left - 1)
                return self.state.clock()
            return None
        pause = self.pauses[row["attempts"]] if row["attempts"] < len(self.pauses) else None
        return None if pause is None else self.state.clock() + pause

    def _post(self, fields: dict[str, Any]) -> tuple[str, bool]:
        """What was answered, and whether that is success."""
        url = self.state.setting("callback_url") or ""
        sent = {key: str(value) for key, value in fields.items()} | {"timestamp": str(int(self.state.clock()))}
        sent["sign"] = signature(sent, self.state.account()["partner_key"])
        request = urllib.request.Request(url, data=urlencode(sent).encode(), method="POST")  # noqa: S310
        request.add_header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                body = response.read(_LONGEST_ANSWER).decode("utf-8", "replace")
        except (OSError, ValueError, urllib.error.URLError) as error:
            return f"{type(error).__name__}", False
        try:
            answer = json.loads(body)
        except ValueError:
            return body, False
        return body, isinstance(answer, dict) and answer.get("code") == 0


def _subject(row: Row) -> tuple[Any, Any]:
    return row["fields"].get("room_id"), row["fields"].get("session_id", 0)  # CB1 leaves a session 0 out


def wait_for(condition: Any, seconds: float = 5.0) -> bool:
    """Look again and again until it holds; for tests and the command."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.01)
    return bool(condition())
