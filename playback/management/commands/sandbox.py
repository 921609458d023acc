"""``manage.py sandbox``: the stand-in vendor as a server of its own. Needs no database of ours and no migrations."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from playback.sandbox.server import HOST, TRANSCODE_SECONDS, Sandbox
from playback.sandbox.window import CALLS_PER_WINDOW


class Command(BaseCommand):
    help = (
        "Serve a stand-in for the vendor. It takes BAIJIAYUN_PARTNER_ID and BAIJIAYUN_PARTNER_KEY as the account's, and"
        " BAIJIAYUN_PATHS as its paths: point BAIJIAYUN_BASE_URL at the address it prints. Its control API wants the"
        " secret of SANDBOX_CONTROL_SECRET, or else of the file it writes beside its database, as X-Sandbox-Secret."
    )
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=9100)
        parser.add_argument("--database", type=Path, default=None, help="its state (default: VAR_DIR/sandbox.sqlite3)")
        parser.add_argument("--seed", default=None, help="fill an empty state: demo is a school's two years")
        parser.add_argument("--rooms", type=int, default=None, help="how many rooms the seed makes")
        parser.add_argument("--recordings", type=int, default=None, help="how many recordings the seed makes")
        parser.add_argument("--transcode-seconds", type=float, default=TRANSCODE_SECONDS)
        parser.add_argument("--rate-limit", type=int, default=CALLS_PER_WINDOW, help="calls in any 10 s; 0 is no limit")
        parser.add_argument(
            "--rate-limit-status", type=int, default=200, help="HTTP status of a refusal for the rate, e.g. 429"
        )
        parser.add_argument("--allow-production", action="store_true", help="start under ENVIRONMENT=production too")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT == "production" and not options["allow_production"]:
            raise CommandError(
                "The sandbox is a stand-in for tests and demos and does not start with ENVIRONMENT=production;"
                " --allow-production starts it all the same."
            )
        if not settings.BAIJIAYUN_PARTNER_ID or not settings.BAIJIAYUN_PARTNER_KEY:
            raise CommandError("Set BAIJIAYUN_PARTNER_ID and BAIJIAYUN_PARTNER_KEY: they are the sandbox account's.")
        database = options["database"] or Path(settings.VAR_DIR) / "sandbox.sqlite3"
        database.parent.mkdir(parents=True, exist_ok=True)
        with self._sandbox(database, options) as server:
            ended = threading.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: ended.set())
            counts = server.state.counts()
            self.stdout.write(
                f"Sandbox vendor at {server.base_url} with {counts['rooms']} rooms and"
                f" {counts['recordings']} recordings. Ctrl-C ends it."
            )
            self.stdout.flush()
            ended.wait()
        self.stdout.write("Sandbox vendor ended.")

    def _sandbox(self, database: Path, options: dict[str, Any]) -> Sandbox:
        try:
            return Sandbox(
                database,
                settings.BAIJIAYUN_PARTNER_ID,
                settings.BAIJIAYUN_PARTNER_KEY,
                options["port"],
                options["seed"],
                options["transcode_seconds"],
                rooms=options["rooms"],
                recordings=options["recordings"],
                rate_limit=options["rate_limit"],
                rate_limit_status=options["rate_limit_status"],
                paths=settings.BAIJIAYUN_PATHS,
                control_secret=_control_secret(database),
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CommandError(f"Port {options['port']} on {HOST} is taken: choose another with --port.") from None
            raise
        except KeyboardInterrupt:
            raise CommandError("Interrupted while the seed was planted; nothing of it was kept.") from None
        except (ValueError, OverflowError) as error:
            raise CommandError(str(error)) from None


def _control_secret(database: Path) -> str:
    """SANDBOX_CONTROL_SECRET, or the one beside the database: made at the first start, for its owner's eyes."""
    if given := os.environ.get("SANDBOX_CONTROL_SECRET", ""):
        return given
    kept = database.with_name(database.name + ".secret")
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, secrets.token_urlsafe(24).encode())
        os.close(descriptor)
    return kept.read_text().strip()
