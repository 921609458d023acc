"""``manage.py operate KIND``: any operation from the command line, planned, confirmed and reported as in the admin.

Targets are named by the vendor's keys, or by the query string of the admin's list of recordings (whatever its filters
and search select there). It runs as a person (``--user``), with that person's rights, and the same rows remain. The
items are run by the workers, as always; ``--wait`` stays until they are done.
"""

from __future__ import annotations

import json
import mimetypes
import sys
import time
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser

from playback.management.selection import add_selection, person, selected
from playback.models import Operation, OperationItem, Recording
from playback.operations import execute, reasons, registry
from playback.operations.base import Attachment, OperationInvalid, OperationKind, PlanChanged

SHOWN = 200  # lines of a plan
PATIENCE = 600.0  # s, for a plan that is prepared in the background


class Command(BaseCommand):
    help = (
        "Plan an operation on recordings, show the plan and, with --yes or after a question, let it run. Kinds: see "
        "--list. Parameters are given as --set name=value (a value that is JSON is taken as such)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", nargs="?", help="the kind of operation")
        parser.add_argument("--list", action="store_true", help="list the kinds and end")
        add_selection(parser)
        parser.add_argument("--set", action="append", default=[], dest="parameters", metavar="NAME=VALUE")
        parser.add_argument("--file", help="a file to upload, for the kinds that take one")
        parser.add_argument("--plan", action="store_true", help="show the plan, throw it away and change nothing")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--wait", action="store_true", help="stay until it is done; status 1 unless all is done")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            for name, listed in sorted(registry.kinds().items()):
                self.stdout.write(f"{name:20} {listed.title}")
            return
        kind = self._kind(options["kind"])
        user = person(options["user"])
        try:
            operation = execute.plan(
                kind.kind,
                user,
                Recording.objects.none() if kind.targetless else selected(user, options),
                _parameters(options["parameters"]),
                _attachment(options["file"]),
                selection=options["query"] or "",
            )
            operation = self._prepared(operation)
            self._show(operation, kind)
            if options["plan"]:
                execute.discard(operation, user)
                return
            self._confirm(operation, kind, user, yes=options["yes"])
        except OperationInvalid as invalid:
            raise CommandError(
                "; ".join(f"{name}: {text}" if name else text for name, text in invalid.errors.items())
            ) from None
        except PermissionDenied:
            raise CommandError(f"{user} has no right to do this") from None
        if options["wait"]:
            self._wait(operation)

    # ------------------------------------------------------------ what was asked for

    def _kind(self, name: str | None) -> OperationKind:
        kind = registry.kinds().get(name or "")
        if kind is None:
            raise CommandError(f"the kinds of operation are: {', '.join(sorted(registry.kinds()))}")
        return kind

    # ------------------------------------------------------------ plan, confirm, wait

    def _prepared(self, operation: Operation) -> Operation:
        deadline = time.monotonic() + PATIENCE
        while operation.state == Operation.State.PREPARING:
            execute.prepare(operation.pk)  # here, or by a worker: whoever comes first
            operation = Operation.objects.defer("attachment").get(pk=operation.pk)
            if time.monotonic() > deadline:
                raise CommandError("the vendor could not be asked in time what the plan needs to know")
            if operation.state == Operation.State.PREPARING:
                time.sleep(1)
        return operation

    def _show(self, operation: Operation, kind: OperationKind) -> None:
        for line in execute.plan_summary(operation):
            self.stdout.write(f"{line.number:>7}  {'skipped: ' if line.skipped else ''}{line.text}")
        for note in operation.notes:
            self.stdout.write(f"   note  {reasons.text(note)}")
        for item in operation.items.order_by("position")[:SHOWN]:
            told = [f"{label}: {old} → {new}" for label, old, new in kind.changes(item.change)]
            told += [words for words in (reasons.text(item.reason), reasons.text(item.note)) if words]
            self.stdout.write(f"  {item.label}: {'; '.join(told) or kind.will}")

    def _confirm(self, operation: Operation, kind: OperationKind, user: Any, *, yes: bool) -> None:
        count = execute.counts(operation)["planned"]
        if not yes:
            if not sys.stdin.isatty():
                execute.discard(operation, user)
                raise CommandError("nobody is there to ask: give --yes to let it run, or --plan to look only")
            answer = input(f"Type {count} to go on: ").strip()
            if answer != str(count):
                execute.discard(operation, user)
                raise CommandError("nothing was changed")
        try:
            execute.confirm(operation, user, typed_count=count)
        except PlanChanged:
            execute.discard(operation, user)
            raise CommandError(
                "something changed while you looked at the plan: try again, nothing was changed"
            ) from None
        self.stdout.write(f"operation {operation.uuid}: {count} queued")

    def _wait(self, operation: Operation) -> None:
        while operation.items.filter(finished_at=None).exists():
            time.sleep(0.5)
        counts = {outcome: many for outcome, many in execute.counts(operation).items() if many}
        self.stdout.write(", ".join(f"{outcome} {many}" for outcome, many in counts.items()))
        bad = operation.items.exclude(outcome__in=[OperationItem.Outcome.DONE, OperationItem.Outcome.SKIPPED])
        for item in bad.order_by("position")[:SHOWN]:
            words = reasons.vendor_words(item.reason)
            self.stderr.write(f"  {item.label}: {item.outcome}: {reasons.text(item.reason)} {words}".rstrip())
        if bad.exists():
            raise CommandError("not all of it was done")


def _parameters(given: list[str]) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise CommandError(f"{pair!r} is not NAME=VALUE")
        try:
            parameters[name] = json.loads(value)
        except ValueError:
            parameters[name] = value
    return parameters


def _attachment(path: str | None) -> Attachment | None:
    if not path:
        return None
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from None
    return Attachment(Path(path).name, content, mimetypes.guess_type(path)[0] or "")
