"""``manage.py play_links``: play links for a selection, written to an XLSX file that only its owner can read."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext

from playback.admin import spreadsheet
from playback.admin.link_making import table
from playback.management.selection import add_selection, person, selected
from playback.models import PlayLink
from playback.play_links import making, terms


class Command(BaseCommand):
    help = "Make play links for recordings, note them in the ledger, and write them to a file (the only place of them)."

    def add_arguments(self, parser: CommandParser) -> None:
        add_selection(parser)
        span = parser.add_mutually_exclusive_group()
        span.add_argument("--hours", type=int, default=24, help="how long the links are good (24)")
        span.add_argument("--for-ever", action="store_true")
        parser.add_argument("--for", dest="name", default="", help="who will watch: a name")
        parser.add_argument("--number", default="", help="who will watch: a number (digits)")
        parser.add_argument("--out", help="the XLSX file to write; it must not exist")
        parser.add_argument("--plan", action="store_true", help="say what would be made, and make nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        user = person(options["user"])
        recordings = list(selected(user, options).select_related("room")[: making.MOST_RECORDINGS + 1])
        if len(recordings) > making.MOST_RECORDINGS:
            raise CommandError(f"at most {making.MOST_RECORDINGS} recordings at once")
        try:
            making.check_permission(user)
            viewer = terms.viewer(options["name"], options["number"])
            kept = terms.Terms(PlayLink.Kind.TIMED)
            good = kept if options["for_ever"] else terms.for_a_time(timedelta(hours=options["hours"]))
        except PermissionDenied:
            raise CommandError(f"{user} has no right to do this") from None
        except terms.TermsInvalid as invalid:
            raise CommandError(str(invalid)) from None
        if options["plan"]:
            for recording, why in making.plan(recordings):
                self.stdout.write(f"{recording.vendor_key} {recording}: {why.value if why else 'a link'}")
            return
        if not options["out"]:
            raise CommandError("--out names the file to write")
        path = Path(options["out"])
        try:
            # Made before the links are, and for its owner's eyes alone: whoever holds a link can watch.
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{path} cannot be made: {error.strerror}") from None
        with os.fdopen(handle, "wb") as file:
            results = making.make_for_many(user, recordings, viewer, good)
            file.write(spreadsheet.workbook(gettext("Play links"), *table(results)))
        made = sum(result.made for result in results)
        self.stdout.write(f"{made} links made, {len(results) - made} not; all of them are in {path}")
