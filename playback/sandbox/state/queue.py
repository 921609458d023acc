"""What is still to happen: jobs due at a time, and callbacks to deliver. Both outlive a restart."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from typing import Any

from .base import BEIJING, Base, Row


class Queue(Base):
    def add_job(self, kind: str, due_at: float, subject: str = "", **payload: Any) -> None:
        """``subject`` names what the job works on, for :meth:`has_job` (one at a time per recording)."""
        self.insert("jobs", kind=kind, due_at=due_at, subject=subject, payload=json.dumps(payload))
        self.on_queue()

    def has_job(self, kind: str, subject: str) -> bool:
        return self.value("SELECT 1 FROM jobs WHERE kind = ? AND subject = ?", (kind, subject)) is not None

    def due_jobs(self) -> list[Row]:
        found = self.rows("SELECT * FROM jobs WHERE due_at <= ? ORDER BY due_at, id LIMIT 100", (self.clock(),))
        return [row | {"payload": json.loads(row["payload"])} for row in found]

    def take_job(self, job_id: int) -> bool:
        """Remove a job; False: somebody took it (or the state was cleared) in between."""
        return bool(self.execute("DELETE FROM jobs WHERE id = ?", (job_id,)))

    def next_due(self) -> float | None:
        due: float | None = self.value(
            "SELECT min(due) AS due FROM (SELECT min(due_at) AS due FROM jobs"
            " UNION ALL SELECT min(due_at) FROM deliveries WHERE due_at IS NOT NULL)"
        )
        return due

    def add_delivery(self, kind: str, fields: dict[str, Any], due_at: float) -> str:
        """Queue one callback; answers its qid. Fields are kept without timestamp and sign, which each sending makes."""
        qid = self._new_qid()
        self.insert(
            "deliveries",
            qid=qid,
            kind=kind,
            fields=json.dumps(fields | {"qid": qid}),
            created_at=self.clock(),
            due_at=due_at,
        )
        self.on_queue()
        return qid

    def _new_qid(self) -> str:
        """24 digits, as public clients' recorded callbacks have them: the time in Beijing and ten at random."""
        moment = datetime.fromtimestamp(self.clock(), BEIJING)
        return f"{moment:%Y%m%d%H%M%S}{secrets.randbelow(10**10):010d}"

    def due_deliveries(self) -> list[Row]:
        found = self.rows(
            "SELECT * FROM deliveries WHERE due_at <= ? ORDER BY due_at, created_at, rowid LIMIT 100", (self.clock(),)
        )
        return [row | {"fields": json.loads(row["fields"])} for row in found]

    def deliveries(self) -> list[Row]:
        """All of them, the oldest first: for tests and the control API."""
        found = self.rows("SELECT * FROM deliveries ORDER BY created_at, rowid")
        return [row | {"fields": json.loads(row["fields"])} for row in found]

    def save_delivery(self, qid: str, *, due_at: float | None, answered: bool, answer: str) -> None:
        """Note one sending: ``due_at`` of the next one, or None when it is over."""
        self.execute(
            "UPDATE deliveries SET attempts = attempts + 1, due_at = ?, answered_at = ?, last_answer = ? WHERE qid = ?",
            (due_at, self.clock() if answered else None, answer[:500], qid),
        )
        self.on_queue()
