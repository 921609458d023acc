"""``manage.py sync``: the scheduled passes by hand, with a progress bar where somebody looks on."""

from __future__ import annotations

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from playback.models import SyncRun
from playback.operations import belief
from playback.sync import passes
from playback.vendor.codes import Lane

WIDTH = 30
FINE = (SyncRun.State.DONE, SyncRun.State.NOTHING_NEW)


class Command(BaseCommand):
    help = "Mirror the vendor's lists: rooms, then recordings, then versions (incremental unless --full is given)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--full", action="store_true", help="read to the last page and find what is gone")
        parser.add_argument(
            "--kind",
            action="append",
            choices=[kind.value for kind in SyncRun.Kind],
            help="only this list; may be given more than once",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        kinds = dict.fromkeys(options["kind"] or [kind.value for kind in SyncRun.Kind])
        unfinished = []
        for kind in kinds:
            run = passes.run_pass(
                SyncRun.Kind(kind),
                full=options["full"],
                lane=Lane.SYNC,
                trigger=SyncRun.Trigger.COMMAND,
                on_page=self._bar(kind),
            )
            self._clear()
            belief.check(run)
            self.stdout.write(f"{kind}: {SyncRun.State(run.state).value}, {passes.summary(run)}")
            if run.state not in FINE:
                unfinished.append(f"{kind} ({run.state})")
        if unfinished:
            raise CommandError(f"not complete: {', '.join(unfinished)}")

    def _bar(self, kind: str) -> passes.OnPage:
        started = time.monotonic()

        def show(run: SyncRun) -> None:
            if not sys.stderr.isatty():
                return
            total = max(run.total or 0, run.seen, 1)
            filled = WIDTH * run.seen // total
            rate = run.seen / max(time.monotonic() - started, 0.001)
            sys.stderr.write(f"\r{kind} [{'#' * filled:<{WIDTH}}] {run.seen:,} of {total:,}, {rate:,.0f}/s\x1b[K")
            sys.stderr.flush()

        return show

    def _clear(self) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
