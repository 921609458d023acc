"""``manage.py sync_expiry``: the nightly reading of how long the vendor keeps recordings, by hand."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from playback.conf import vendor_client
from playback.sync import expiry
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError


class Command(BaseCommand):
    help = "Read from the vendor how long it keeps each recording, the longest unread first (call 29)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--new", action="store_true", help="only those that were never asked about")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            client = vendor_client(Lane.SYNC)
        except VendorError as error:
            raise CommandError(str(error)) from None
        more = True
        while more:
            reading = expiry.read_stale(client, only_new=options["new"])
            self.stdout.write(f"expiry: {reading}")
            if reading.error:
                raise CommandError("not complete: what was read is kept")
            more = reading.more
