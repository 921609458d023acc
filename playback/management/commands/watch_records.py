"""``manage.py watch_records``: a range of days read by hand, for what happened before the hourly task began.

Days that were read to the end after they were over by a day are not read again, so a range that was broken off is given
again as it was.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from playback.conf import vendor_client
from playback.models import WatchDay
from playback.sync.watch_records import DayRead, TakenOver, read_day
from playback.sync.watch_store import link
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError

DAY = timedelta(days=1)


class Command(BaseCommand):
    help = "Read the account's watch records of a range of days (call 37). Goes on where it was broken off."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True, help="YYYY-MM-DD")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, help="YYYY-MM-DD, today if left out")
        parser.add_argument("--again", action="store_true", help="also days that were read to the end")

    def handle(self, *args: Any, **options: Any) -> None:
        today = timezone.localdate()
        first, last = options["first"], min(options["last"] or today, today)
        if first > last:
            raise CommandError("--from is after --to, or in the future")
        days = [first + n * DAY for n in range((last - first).days + 1)]
        settled = set() if options["again"] else _settled(first, last)
        try:
            client = vendor_client(Lane.SYNC)
            for number, day in enumerate(days, 1):
                if day not in settled:
                    self._read(client, day, f"{number} of {len(days)}")
        except VendorError as error:
            raise CommandError(f"broken off ({error}): give the same range again to go on") from None
        self.stdout.write(
            f"{len(days) - len(settled)} days read, {len(settled)} were read before, {link()} records linked"
        )

    def _read(self, client: Any, day: date, which: str) -> None:
        told = DayRead(day)
        try:
            read_day(client, day, told, self._progress(which))
        except TakenOver:
            self.stdout.write(f"{day}: another reading took over")
            return
        finally:
            if sys.stderr.isatty():
                sys.stderr.write("\r\x1b[K")
        line = f"{day} ({which}): {told.viewings:,} viewings, {told.written:,} new or changed"
        if told.resumed_at > 1:
            line += f", from page {told.resumed_at}"
        if told.unreadable:
            line += f", {told.unreadable} unreadable"
        if not told.complete:
            line += f", short: the vendor counts {told.total:,}"
        self.stdout.write(line)

    def _progress(self, which: str) -> Any:
        def show(told: DayRead) -> None:
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{told.day} ({which}): {told.viewings:,} of {told.total:,}\x1b[K")
                sys.stderr.flush()

        return show


def _settled(first: date, last: date) -> set[date]:
    """Days that are done with: complete, by a reading that began a day after their end."""
    rows = WatchDay.objects.filter(day__range=(first, last), state=WatchDay.State.COMPLETE, read_at__isnull=False)
    return {
        day
        for day, read_at in rows.values_list("day", "read_at")
        if read_at is not None and timezone.localdate(read_at) >= day + 2 * DAY
    }
