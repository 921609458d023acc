"""One pass over one of the vendor's lists: a ``SyncRun`` from its first row to its honest end.

An **incremental** pass reads newest first, until a page holds only known rows without news that are older than the
start of the last complete pass. It relies on the list's order only while it can see that order. A **full** pass reads
to the last page, compares by field and not by the hash alone, and then concludes what is gone (``gone.py``). The first
pass of a kind is always a full one.

The list calls want a product type, because their rows do not say theirs. So a pass reads one list for each type of
``BAIJIAYUN_PRODUCT_TYPES`` and then asks how many rows of all types there are: if that is more, it reads the list of
all types too.

How a pass ends: ``done`` or ``nothing_new`` (what it set out to do was done), ``busy`` (another one is at it),
``incomplete`` (what was read is kept, nothing is concluded from what was not), ``failed`` (nothing was read, or it
needs an administrator), ``held`` (more would go than may go without a person).
"""

from __future__ import annotations

import gc
import logging
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection
from django.db.models import Q
from django.utils import timezone

from playback.conf import vendor_client
from playback.models import Room, SyncRun
from playback.vendor.client import VendorClient
from playback.vendor.codes import Lane, ProductType
from playback.vendor.errors import VendorError, VendorMisconfigured, VendorRefused
from playback.vendor.results import column

from . import gone, indexes, lock, upsert
from .fetching import Threads
from .freshness import COMPLETE, last_complete_start
from .reading import ListEndedEarly, Reading, ReadPage
from .seen import Seen
from .sources import SOURCES, Source, product_types
from .upsert import Look

logger = logging.getLogger(__name__)

ERROR_LENGTH = 500
UNREADABLE_KEPT = 50
# How much further back than the last run an incremental one reads: a recording is in the list some time after the
# moment it is dated by, and its status moves for a while after that.
OVERLAP = timedelta(days=1)
KEEP_RUNS = timedelta(days=60)
KEEP_QUIET_RUNS = timedelta(days=7)
_VENDOR_KEY = re.compile(r"(\d{1,18})(-\d+)*")

OnPage = Callable[[SyncRun], None]


class NotReleasable(Exception):
    """The run is not held, or a later full run has replaced it."""


class _Incomplete(Exception):
    """The pass must not conclude anything from what it did not meet."""


class _Held(Exception):
    """More rows would go than may go without a person."""


def run_pass(
    kind: str,
    *,
    full: bool,
    lane: Lane = Lane.SYNC,
    trigger: str = SyncRun.Trigger.SCHEDULE,
    user: Any = None,
    on_page: OnPage | None = None,
    allowed: int = 0,
) -> SyncRun:
    """Run one pass and answer its closed run. Vendor trouble is the run's end state and not an exception.

    ``on_page`` is called for every stored page, after its transaction; ``allowed`` is how many rows a person let go
    (``release``).
    """
    source = SOURCES[kind]
    run = SyncRun.objects.create(
        kind=kind,
        lane=lane.value,
        full=full or last_complete_start(kind) is None,
        trigger=trigger,
        user=user,
        started_at=timezone.now(),
    )
    try:
        lease = lock.acquire(kind, run)
    except lock.Busy:
        _close(run, SyncRun.State.BUSY)
        return run
    try:
        with lease.heartbeat(), _ends(run), _seldom_collected():
            _Pass(run, source, lease, vendor_client(lane), on_page or _nobody, allowed).work()
    finally:
        lease.release()
    indexes.ensure()
    return run


def can_release(run: SyncRun) -> bool:
    """Is the run held, and the last word on its kind?"""
    later = SyncRun.objects.filter(kind=run.kind, full=True, state__in=(*COMPLETE, SyncRun.State.HELD))
    return run.state == SyncRun.State.HELD and not later.filter(started_at__gt=run.started_at).exists()


def release(run: SyncRun, user: Any, *, lane: Lane = Lane.SYNC, on_page: OnPage | None = None) -> SyncRun:
    """Let a held run's rows go: a new full pass, which finds out again what is absent and may mark it.

    The person agreed to the number that they saw. If many more would go by now (a tenth), the new run is held too.
    Raises ``NotReleasable``.
    """
    if not can_release(run):
        raise NotReleasable
    allowed = run.would_go + max(gone.FLOOR, run.would_go // 10)
    trigger = SyncRun.Trigger.PERSON
    return run_pass(run.kind, full=True, lane=lane, trigger=trigger, user=user, on_page=on_page, allowed=allowed)


def forget_old_runs() -> int:
    """Remove runs that ended long ago, but for each kind's last complete full one: it says how fresh rows are."""
    kept = [
        SyncRun.objects.filter(kind=kind, full=True, state__in=COMPLETE).values_list("pk", flat=True).first()
        for kind in SOURCES
    ]
    now = timezone.now()
    quiet = Q(full=False, state__in=[SyncRun.State.NOTHING_NEW, SyncRun.State.BUSY])
    old = SyncRun.objects.filter(
        Q(started_at__lt=now - KEEP_RUNS) | quiet & Q(started_at__lt=now - KEEP_QUIET_RUNS),
        finished_at__isnull=False,
    )
    return old.exclude(pk__in=[pk for pk in kept if pk is not None]).delete()[0]


@dataclass
class _Pass:
    run: SyncRun
    source: Source
    lease: lock.Lease
    client: VendorClient
    on_page: OnPage
    allowed: int
    seen: Seen = field(default_factory=Seen)
    readings: list[Reading] = field(default_factory=list)
    spared: list[int] = field(default_factory=list)  # what an unreadable row may be
    named: int = 0  # unreadable rows that the stored run names
    nameless: int = 0  # unreadable rows that do not even say which row they are
    new_below_first_page: bool = False
    only_new: bool = False  # the page stored last
    typed: int = 0  # rows in the lists of types, before those in all were counted
    rooms: set[int] = field(default_factory=set)  # there for certain

    def work(self) -> None:
        complete = last_complete_start(self.run.kind)
        stop_before = None if self.run.full or complete is None else complete - OVERLAP
        with Threads(settings.SYNC_FETCHERS) as threads:
            self._read_lists(threads, stop_before)
        if self.run.full:
            self._conclude()
        self.run.state = self._done()

    def _done(self) -> str:
        news = self.run.created or self.run.updated or self.run.gone
        return SyncRun.State.DONE if news else SyncRun.State.NOTHING_NEW

    # ------------------------------------------------------------ reading

    def _ask(self, product_type: int, page: int, page_size: int) -> Any:
        try:
            return self.source.ask(self.client, product_type, page, page_size)
        except VendorMisconfigured as error:
            if error.code is not None and product_type:
                error.why = f"{error.why or error.lead} [product type {product_type} of BAIJIAYUN_PRODUCT_TYPES]"
            raise

    def _read_lists(self, threads: Threads, stop_before: datetime | None) -> None:
        """One after the other, but for the first page of each: an incremental pass, which seldom needs another one,
        asks for those at once, a full one for the next when the end of this one is in sight."""
        types = product_types()
        readings = [self._reading(each, threads, stop_before) for each in types]
        everything = Reading(self._count_all, 1, threads)
        in_turn = readings if ProductType.ALL in types else [*readings, everything]
        if stop_before is None:
            for reading, following in pairwise(in_turn):
                reading.following = following
        else:
            for reading in readings:
                reading.open()
        for reading in readings:
            self._read(reading, stop_before)
        if ProductType.ALL not in types and self._has_untyped(everything):
            self.readings.clear()  # the list of all types is the whole, and what the run is measured by
            self._read(self._reading(ProductType.ALL.value, threads, stop_before), stop_before)

    def _reading(self, product_type: int, threads: Threads, stop_before: datetime | None) -> Reading:
        size = settings.SYNC_PAGE_SIZE
        return Reading(
            lambda page: self.source.prepare(self._ask(product_type, page, size), product_type, new=self.only_new),
            size,
            threads=threads,
            eager=stop_before is None,
            keys=self.source.keys,
        )

    def _read(self, reading: Reading, stop_before: datetime | None) -> None:
        self.readings.append(reading)
        known_from_here = False
        first = True
        with closing(_grouped(reading)) as groups:
            for pages in groups:
                quiet = self._store(pages, first=first)
                first = False
                for _ in pages:
                    self.on_page(self.run)
                page = pages[-1]
                if page.again:
                    known_from_here = known_from_here and quiet
                elif stop_before is not None and quiet and reading.newest_first and page.rows:
                    known_from_here = max(column(page.rows, "created_at")) < stop_before
                else:
                    known_from_here = False
                if known_from_here and not reading.unsettled:
                    break
        if not reading.whole:
            raise _Incomplete("the list kept changing while it was read: a row may have been missed")

    def _count_all(self, _page: int = 1) -> Any:
        self.typed = self._counted()  # from answers that came before this is asked
        return self._ask(ProductType.ALL.value, 1, 1)

    def _counted(self) -> int:
        return sum(reading.total for reading in self.readings)

    def _has_untyped(self, everything: Reading) -> bool:
        """Rows without a product type are in no list but that of all types. A vendor who has no such list refuses.

        ``room/list`` gives no total, so that its one row looks like a list of one: then the list is read.
        """
        try:
            with closing(everything.pages()) as pages, suppress(ListEndedEarly):
                next(pages)
            if everything.total <= self.typed and everything.total != 1:
                return False
            total = int(self._count_all().total)  # it was asked before the last pages came: rows may have been added
        except VendorMisconfigured:
            raise
        except VendorRefused:
            return False
        return total == 1 or total > self.typed

    def _store(self, pages: Sequence[ReadPage], *, first: bool) -> bool:
        """Pages and the run's counts in one transaction. Answers whether they brought nothing new.

        The commit does not wait for the disk: should the database's machine fail, the last moments are lost with what
        the run says of them, and are read again.
        """
        run = self.run
        for page in pages:
            self._spare(page)
        if run.full and not run.pages and self.source.model is not Room:
            indexes.put_aside(self._counted())
        for attempt in range(1, ATTEMPTS + 1):
            before = {name: getattr(run, name) for name in COUNTS}
            try:
                return self._store_together(pages, first=first)
            except OperationalError as error:
                # Somebody who reads one recording alone locks it before its versions. The database let the other go on.
                if attempt == ATTEMPTS or getattr(error.__cause__, "sqlstate", "") != DEADLOCK:
                    raise
                logger.info("sync of %s: stored again after a deadlock", run.kind)
                for name, value in before.items():
                    setattr(run, name, value)
                self.rooms.clear()
                self.named = 0
        raise AssertionError

    def _store_together(self, pages: Sequence[ReadPage], *, first: bool) -> bool:
        run = self.run
        look = Look(run.full, run, rooms=self.rooms)
        quiet = True
        with self.lease.fence(durable=False):
            batches = [(page.answer.batch, page.asked_at) for page in pages]
            stored = upsert.store_pages(batches, run.started_at, look, new=self.only_new)
            for page, found in zip(pages, stored, strict=True):
                self._count(page, found)
                quiet = quiet and found.quiet
                self.new_below_first_page = self.new_below_first_page or (found.created > 0 and not first)
                first = False
            self._note_progress()
        return quiet

    def _count(self, page: ReadPage, stored: upsert.Stored) -> None:
        """Of a page that was read again only what it adds is counted."""
        run = self.run
        run.created += stored.created
        run.updated += stored.updated
        if page.again:
            run.seen += stored.created
        else:
            run.pages += 1
            run.total = self._counted()
            run.seen += stored.created + stored.updated + stored.unchanged
            run.unchanged += stored.unchanged
        self.only_new = stored.created > 0 and stored.updated == stored.unchanged == 0
        self.seen.update(stored.known)

    def _note_progress(self) -> None:
        """Written by hand: the ORM takes a millisecond to find the words, and a run says this a thousand times."""
        with connection.cursor() as cursor:
            cursor.execute(_PROGRESS, [*(getattr(self.run, name) for name in COUNTS), self.run.pk])
        if len(self.run.unreadable_rows) > self.named:
            self.named = len(self.run.unreadable_rows)
            self.run.save(update_fields=["unreadable_rows"])

    def _spare(self, page: ReadPage) -> None:
        """Count and name the unreadable rows. Whatever they may be counts as seen: they are there."""
        run, keyless = self.run, page.answer.keyless
        if not page.again:
            run.unreadable += len(page.unreadable) + keyless
        self.nameless += keyless
        for bad in page.unreadable:
            if len(run.unreadable_rows) < UNREADABLE_KEPT and not page.again:
                run.unreadable_rows.append({"row": bad.row, "fields": bad.fields})
            match = _VENDOR_KEY.fullmatch(bad.row)
            if match is None or "room_id" in bad.fields:
                self.nameless += 1
            elif run.full:
                self.spared.extend(self.source.spared(int(match[1])))

    # ------------------------------------------------------------ what is gone

    def _conclude(self) -> None:
        model, since = self.source.model, self.run.started_at
        stood_still = self._stood_still()
        self.seen.update(self.spared)
        going = sum(len(chunk) for chunk in gone.absent(model, self.seen, since))
        self.run.would_go = going
        if not going:
            return
        if self.nameless:
            raise _Incomplete(f"{self.nameless} rows could not be read at all, so it is unknown which rows are missing")
        chunks: Iterator[list[int]] | list[list[int]]
        if stood_still:
            chunks = gone.absent(model, self.seen, since)
        elif going > gone.LOOKUPS:
            raise _Incomplete(
                f"the list changed while it was read and {going} {self.source.name} were not met: "
                "too many to look each up, nothing was marked as gone"
            )
        else:
            chunks = self._looked_up([pk for chunk in gone.absent(model, self.seen, since) for pk in chunk])
            self.run.would_go = going = sum(map(len, chunks))
        empty = sum(reading.rows for reading in self.readings) == 0
        if gone.too_many(model, going, list_is_empty=empty, allowed=self.allowed):
            raise _Held(f"{going} {self.source.name} would be marked as gone: a person has to look first")
        for chunk in chunks:
            with self.lease.fence():
                self.run.gone += gone.mark(model, chunk, since, self.run)
                self._note_progress()

    def _stood_still(self) -> bool:
        """As many different rows as the vendor says there are, in lists that did not move."""
        different = len(self.seen) + self.run.created + self.run.unreadable
        return (
            all(reading.steady for reading in self.readings)
            and not self.new_below_first_page
            and different == self._counted()
        )

    def _looked_up(self, keys: list[int]) -> list[list[int]]:
        absent: list[list[int]] = []
        for start in range(0, len(keys), 10):
            part = keys[start : start + 10]
            absent.append(sorted(self.source.absent(self.client, part)))
            with self.lease.fence():
                pass  # it may take a while: still ours?
        return [part for part in absent if part]


def _grouped(reading: Reading) -> Generator[list[ReadPage], None, None]:
    """The pages that have come, up to ``AT_ONCE`` of them together: a transaction costs as much as half a page. What
    came before an error is handed out before that is raised; what is read ``again`` comes after what it is about."""
    pages: list[ReadPage] = []
    with closing(reading.pages()) as read:
        try:
            for page in read:
                pages.append(page)
                if not reading.more or len(pages) == AT_ONCE:
                    yield pages
                    pages = []
            if pages:
                yield pages
        except Exception:
            if pages:
                yield pages
            raise


AT_ONCE = 8  # pages
COLLECT_AFTER = 50_000  # objects
ATTEMPTS = 3
DEADLOCK = "40P01"
COUNTS = ("pages", "total", "seen", "created", "updated", "unchanged", "gone", "unreadable")
_PROGRESS = f"UPDATE {SyncRun._meta.db_table} SET {', '.join(f'{name} = %s' for name in COUNTS)} WHERE id = %s"  # noqa: S608


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """A pass makes thousands of objects for each page and no cycles: the garbage collector looks through them, and now
    and then through all that the process holds, in vain. That took a tenth of a pass's processor time."""
    usual = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


@contextmanager
def _ends(run: SyncRun) -> Iterator[None]:
    """Give the run its end state, whatever happened. Only what nobody foresaw is raised on."""
    state = SyncRun.State
    try:
        yield
    except lock.LeaseLost:
        _close(run, state.FAILED, "Another run took over: this one had not renewed its lease.")
    except VendorMisconfigured as error:
        _close(run, state.FAILED, str(error))
    except VendorError as error:
        _close(run, state.INCOMPLETE if run.pages else state.FAILED, str(error))
    except (ListEndedEarly, _Incomplete) as error:
        _close(run, state.INCOMPLETE, str(error))
    except _Held as error:
        _close(run, state.HELD, str(error))
    except BaseException as error:
        _close(run, state.FAILED, f"Stopped by {type(error).__name__}; the log says more.")
        raise
    else:
        _close(run, run.state)


def _close(run: SyncRun, state: str, error: str = "") -> None:
    """The end of a run, unless somebody closed it already because it seemed dead."""
    run.state, run.error, run.finished_at = state, error[:ERROR_LENGTH], timezone.now()
    ended = {name: getattr(run, name) for name in ("would_go", "state", "error", "finished_at")}
    SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING).update(**ended)
    run.refresh_from_db()  # counts of a page that was rolled back are not the run's
    level = logging.WARNING if run.error else logging.INFO
    logger.log(level, "sync of %s: %s, %s", run.kind, run.state, summary(run))


def summary(run: SyncRun) -> str:
    """One line for logs and the command."""
    counts = ", ".join(
        f"{name} {value}"
        for name, value in (
            ("pages", run.pages),
            ("seen", run.seen),
            ("created", run.created),
            ("updated", run.updated),
            ("gone", run.gone),
            ("unreadable", run.unreadable),
        )
        if value or name == "seen"
    )
    return f"{counts} ({run.error})" if run.error else counts


def _nobody(run: SyncRun) -> None:
    """Nobody watches."""
