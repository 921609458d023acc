"""``manage.py callback_address``: where the vendor sends callbacks, and whether that is here. Asks the vendor.

Ends with status 1 where it is not, so that a monitor can ask. ``--register`` tells the vendor our address first; that
replaces the one of the whole account.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from playback import conf
from playback.callbacks import address
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError


class Command(BaseCommand):
    help = "Show where the vendor sends callbacks, and with --register have them sent here."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--register", action="store_true", help="tell the vendor our address")

    def handle(self, *args: Any, **options: Any) -> None:
        ours = conf.callback_url()
        if not ours:
            raise CommandError("SITE_URL is not set: our own address is not known.")
        try:
            found = address.register(Lane.PERSON) if options["register"] else address.look(Lane.PERSON)
        except VendorError as error:
            raise CommandError(str(error)) from None
        if found.error:
            raise CommandError(found.error)
        self.stdout.write(f"ours:         {ours}\nthe vendor's: {found.url or 'none is set'}")
        if address.differs(found):
            raise CommandError("They differ: no callback comes in here. Register ours with --register.")
