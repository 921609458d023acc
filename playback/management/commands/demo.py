"""``manage.py demo``: the whole back-office on this machine, with a sandbox vendor, and nothing to install by hand.

Starts, on loopback addresses only: an embedded Valkey, the sandbox vendor, Celery workers and beat, and the web server,
on SQLite in ``var/demo``. A second start finds what the first one left. The users it makes have a well-known password,
which is why only this command makes them, and why it serves nobody but this machine.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from playback.demo.embedded import EmbeddedValkey, free_port
from playback.demo.supervisor import Child, StartFailed, Supervisor

# user name, group, is superuser
USERS = [("admin", "administrator", True), ("staff", "course staff", False), ("teacher", "teacher", False)]
LECTURER = "lecturer"  # no staff: has rooms of their own, and nothing but them
PASSWORD = "demo"  # noqa: S105 - well known on purpose
PARTNER_ID = "12345678"


class Command(BaseCommand):
    help = "Run the whole back-office here, with a sandbox vendor and sample users (loopback only)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", default="8000", help="port of the web pages (the sandbox: port + 1100)")
        parser.add_argument("--prepare", action="store_true", help="only set up the database and the users")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT != "demo":
            raise CommandError(f"The demo has known passwords: not with ENVIRONMENT={settings.ENVIRONMENT}.")
        if options["prepare"]:
            self.prepare()
            return
        port, vendor_port = self.ports(options["port"])
        folder = settings.VAR_DIR / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        with self.only_one(folder):
            for busy, name in ((port, "PORT"), (vendor_port, "the sandbox vendor's port, which is PORT + 1100")):
                if not is_free(busy):
                    advice = f"take another one with make demo PORT={free_pair()}"
                    raise CommandError(f"Port {busy} ({name}) is in use: {advice}.")
            self.run(folder, port, vendor_port)

    def run(self, folder: Path, port: int, vendor_port: int) -> None:
        kept = self.kept_secrets(folder)
        moved = kept.get("vendor_port") not in (None, vendor_port)
        kept["vendor_port"] = vendor_port
        save(folder / "secrets.json", kept)
        valkey = EmbeddedValkey(folder / "valkey", port=free_port(), password=kept["valkey"], keep=True)
        supervisor = Supervisor(
            folder / "logs", self.environment(folder, kept, valkey.url, port, vendor_port), self.say
        )
        supervisor.catch_signals()
        celery = [sys.executable, "-m", "celery", "-A", "config"]
        manage = [sys.executable, "manage.py"]
        self.say("Starting: database, sandbox vendor, workers, web …")
        try:
            supervisor.start(Child("valkey", valkey.command(), port=valkey.port))
            supervisor.run_once("prepare", [*manage, "demo", "--prepare"])
            sandbox = [*manage, "sandbox", "--port", str(vendor_port), "--seed", "demo"]
            sandbox += ["--database", str(folder / "sandbox.sqlite3")]
            supervisor.start(Child("sandbox", sandbox, port=vendor_port))
            # By its name: it belongs to an app above this one.
            supervisor.run_once("members", [*manage, "demo_members"])
            staff = ["worker", "--queues", "person,operation,callbacks", "--hostname", "staff@%h", "--concurrency", "2"]
            sync = ["worker", "--queues", "sync", "--hostname", "sync@%h", "--concurrency", "1"]
            quiet = ["--loglevel", "INFO", "--without-gossip", "--without-mingle"]
            supervisor.start(Child("worker-staff", [*celery, *staff, *quiet]))
            supervisor.start(Child("worker-sync", [*celery, *sync, *quiet]))
            beat = ["beat", "--pidfile", "", "--max-interval", "5", "--loglevel", "INFO"]
            supervisor.start(Child("beat", [*celery, *beat]))
            web = [
                "-m",
                "gunicorn",
                "config.wsgi",
                "--no-control-socket",
                "--bind",
                f"127.0.0.1:{port}",
                "--workers",
                "2",
                "--threads",
                "4",
            ]
            supervisor.start(Child("web", [sys.executable, *web, "--access-logfile", "-"], port=port))
            supervisor.run_once("callbacks", [*manage, "callback_address", "--register"])
            if moved:
                # Cover addresses hold the sandbox's port: read the lists whole, so that the mirror learns the new one.
                supervisor.run_once("resync", [*manage, "sync", "--full"])
            if not supervisor.ending:
                self.greet(port, vendor_port, folder)
            supervisor.watch()
            self.say("Ending …")
        except StartFailed as failed:
            if not supervisor.ending:
                raise CommandError(str(failed)) from failed
        finally:
            supervisor.stop()

    def greet(self, port: int, vendor_port: int, folder: Path) -> None:
        people = "\n".join(f"    {user:<10}{PASSWORD}   {group}" for user, group, _ in USERS)
        people += f"\n    {LECTURER:<10}{PASSWORD}   own rooms only, on the teachers' pages"
        self.say(
            f"\n  Back-office      http://127.0.0.1:{port}/\n"
            f"  Teachers' pages  http://127.0.0.1:{port}/teach/\n"
            f"  Sandbox vendor   http://127.0.0.1:{vendor_port}/\n\n"
            f"  Log-ins (user, password, group)\n{people}\n\n"
            f"  The first recordings appear within a minute. Logs: {folder / 'logs'}, mails: {folder / 'mail'}\n"
            "  Ctrl-C ends all of it; the data stays for the next start (make clean removes it).\n"
        )

    def prepare(self) -> None:
        """The database, static files and sample users. Runs in a child process whose settings are the demo's."""
        from django.contrib.auth.models import Group, User

        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)
        for name, group, superuser in USERS:
            user, made = User.objects.get_or_create(
                username=name,
                defaults={
                    "is_staff": True,
                    "is_superuser": superuser,
                    "first_name": name.title(),
                    "email": f"{name}@example.org",
                },
            )
            if made:
                user.set_password(PASSWORD)
                user.save()
                user.groups.add(Group.objects.get(name=group))
        lecturer, made = User.objects.get_or_create(username=LECTURER, defaults={"first_name": LECTURER.title()})
        if made:
            lecturer.set_password(PASSWORD)
            lecturer.save()

    @staticmethod
    def ports(text: str) -> tuple[int, int]:
        if not text.isdecimal() or not 1024 <= int(text) <= 64000:
            raise CommandError(f"PORT={text} is not a port this can use: give a number from 1024 to 64000.")
        return int(text), int(text) + 1100

    @staticmethod
    def only_one(folder: Path) -> IO[str]:
        """A lock that the kernel lets go when we end, however that happens."""
        lock = (folder / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError("A demo is already running from this folder: end it first (Ctrl-C there).") from None
        return lock

    @staticmethod
    def kept_secrets(folder: Path) -> dict[str, Any]:
        """Made once for this folder: a second start must read the sessions and the sandbox of the first."""
        path = folder / "secrets.json"
        if path.is_file():
            return dict(json.loads(path.read_text()))
        return {name: secrets.token_urlsafe(48) for name in ("django", "partner_key", "valkey")}

    @staticmethod
    def environment(folder: Path, kept: dict[str, Any], redis_url: str, port: int, vendor_port: int) -> dict[str, str]:
        return {
            "ENVIRONMENT": "demo",
            "SECRET_KEY": kept["django"],
            "VAR_DIR": str(settings.VAR_DIR),
            "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
            "REDIS_URL": redis_url,
            "BAIJIAYUN_PARTNER_ID": PARTNER_ID,
            "BAIJIAYUN_PARTNER_KEY": kept["partner_key"],
            "BAIJIAYUN_PRIVATE_DOMAIN": "",
            "BAIJIAYUN_BASE_URL": f"http://127.0.0.1:{vendor_port}",
            "BAIJIAYUN_PATHS": "{}",
            "SITE_URL": f"http://127.0.0.1:{port}",
            "EMAIL_URL": f"filemail:///{folder / 'mail'}",  # no mail leaves the demo
            "PYTHONUNBUFFERED": "1",
        }

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_pair() -> int:
    """A port to advise: it and the sandbox's are free now. 8123 if that can be."""
    pairs = (port for port in range(8123, 64000, 10) if is_free(port) and is_free(port + 1100))
    return next(pairs, 8123)


def save(path: Path, content: dict[str, Any]) -> None:
    """Write so that only this user can read it, and so that a crash leaves the old one or the new one."""
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file)
    draft.replace(path)
