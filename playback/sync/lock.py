"""The lease: one pass of a kind at a time, whoever starts it, wherever it runs.

A row in the database with a token and an expiry. Its holder renews it with all that it stores (in the same transaction,
so that a run that lost its lease cannot write) and, while a page is slow, from a thread. A holder that was killed
renews no more: after ``TTL`` the next run takes over and closes the dead run as failed. The thread gives up when no
page was stored for ``SILENCE``: a run that hangs must not hold its kind for ever.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from playback.models import SyncLease, SyncRun

TTL = timedelta(seconds=60)
HEARTBEAT = 15.0  # s
SILENCE = timedelta(minutes=15)

logger = logging.getLogger(__name__)

# A page finds its rows by keys, in tables of which the statistics may say that they are empty: the database would read
# all of them for each row, also for the checks of foreign keys, whose plans it keeps. The prices that this puts on
# reading the page's arrays must not make it compile anything.
_FOR_PAGES = "SET LOCAL synchronous_commit = off; SET LOCAL enable_seqscan = off; SET LOCAL jit = off"

# Pages are in the order of their keys, but several are stored together: two passes would wait for each other's rows.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7120306)"


class Busy(Exception):
    """Another run of the kind is under way."""


class LeaseLost(Exception):
    """Another run took over, because this one seemed dead. It must not write any more."""


@dataclass
class Lease:
    kind: str
    token: uuid.UUID
    moved_at: datetime = field(default_factory=timezone.now)

    @contextmanager
    def fence(self, *, durable: bool = True) -> Iterator[None]:
        """A transaction in which the lease is ours until it is committed. Raises ``LeaseLost``.

        Not ``durable``: PostgreSQL answers the commit before it is on the disk. Such transactions are lost whole and
        in their order if the database's machine fails within the next second, never if only its client is killed.
        """
        with transaction.atomic():
            if durable or connection.vendor != "postgresql":
                self.renew()
            else:
                self._renew_for_pages()
            yield
        self.moved_at = timezone.now()

    def renew(self) -> None:
        """Raises ``LeaseLost``."""
        mine = SyncLease.objects.filter(kind=self.kind, token=self.token)
        if not mine.update(expires_at=timezone.now() + TTL):
            raise LeaseLost

    def _renew_for_pages(self) -> None:
        """All in one message to PostgreSQL: this is done for every page or few. The answer is the first one's."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {SyncLease._meta.db_table} SET expires_at = %s WHERE kind = %s AND token = %s; "  # noqa: S608 - names of our own
                f"{_ONE_AT_A_TIME}; {_FOR_PAGES}",
                [timezone.now() + TTL, self.kind, self.token],
            )
            if not cursor.rowcount:
                raise LeaseLost

    def release(self) -> None:
        SyncLease.objects.filter(kind=self.kind, token=self.token).delete()

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Renews the lease from a thread for as long as the block runs, with a connection of its own."""
        ended = threading.Event()
        thread = threading.Thread(target=self._beat, args=(ended,), name=f"lease-{self.kind}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _beat(self, ended: threading.Event) -> None:
        try:
            while not ended.wait(HEARTBEAT):
                if timezone.now() - self.moved_at > SILENCE:
                    return
                try:
                    self.renew()
                except LeaseLost:
                    return  # the next page finds out
                except DatabaseError as error:
                    logger.warning("the lease of %s was not renewed: %s", self.kind, type(error).__name__)
        finally:
            connection.close()


def for_pages() -> None:
    """Set the running transaction up for storing pages of a list."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_FOR_PAGES)


def acquire(kind: str, run: SyncRun) -> Lease:
    """Take the kind's lease for ``run``, if nobody holds it or its holder is dead. Raises ``Busy``.

    The dead holder's run is closed as failed: it cannot say so itself.
    """
    now = timezone.now()
    lease = Lease(kind, uuid.uuid4())
    wanted = {"token": lease.token, "run": run, "expires_at": now + TTL}
    with transaction.atomic():
        row, created = SyncLease.objects.select_for_update().get_or_create(kind=kind, defaults=wanted)
        if not created:
            if row.expires_at > now:
                raise Busy
            _close_dead(row.run_id, now)
            SyncLease.objects.filter(kind=kind).update(**wanted)
    return lease


def _close_dead(run_id: int | None, now: datetime) -> None:
    if run_id is None:
        return
    closed = SyncRun.objects.filter(pk=run_id, state=SyncRun.State.RUNNING).update(
        state=SyncRun.State.FAILED, finished_at=now, error="The worker died: the run stopped renewing its lease."
    )
    if closed:
        logger.warning("sync run %s was dead and is closed", run_id)
