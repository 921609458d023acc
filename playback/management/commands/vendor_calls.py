"""``manage.py vendor_calls``: the vendor's calls, their paths, and what in this project makes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from playback.call_usage import Usage, scan
from playback.conf import endpoints
from playback.vendor.endpoints import Endpoint
from playback.vendor.errors import VendorMisconfigured

# What somebody sees of the code that makes the call, by its place in the project.
_SEEN_AS = {
    "playback.operations": "operation",
    "playback.sync": "sync",
    "playback.player": "preview",
    "playback.play_links": "play links",
    "playback.admin": "admin",
    "playback.views": "page",
    "playback.tasks": "task",
    "playback.callbacks": "callback",
    "playback.management": "command",
    "members": "members",
}


class Command(BaseCommand):
    help = (
        "List the vendor's calls: the reference's number, the name, the path below /openapi/, whether the path is "
        "known, assumed or overridden by BAIJIAYUN_PATHS, and the code that makes the call ('-': none yet)."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON list")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = list(_rows(scan()))
        except VendorMisconfigured as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1))
            return
        self._table(rows)

    def _table(self, rows: list[dict[str, Any]]) -> None:
        names = max(len(row["name"]) for row in rows)
        paths = max(len(row["path"]) for row in rows)
        self.stdout.write(f"{'no.':>3}  {'name':{names}}  {'path':{paths}}  {'path is':10}  used by")
        for row in rows:
            first, *others = [f"{use['as']}: {use['place']}" for use in row["used_by"]] or ["-"]
            number = "" if row["number"] is None else row["number"]
            self.stdout.write(f"{number:>3}  {row['name']:{names}}  {row['path']:{paths}}  {row['status']:10}  {first}")
            for other in others:
                self.stdout.write(f"{'':{3 + 2 + names + 2 + paths + 2 + 10 + 2}}{other}")
        used = sum(bool(row["used_by"]) for row in rows)
        assumed = sum(row["status"] == "assumed" for row in rows)
        self.stdout.write(f"{len(rows)} calls, {used} used, {len(rows) - used} not yet; {assumed} paths are assumed")


def _rows(usage: Usage) -> Iterator[dict[str, Any]]:
    for row in endpoints().values():
        yield {
            "number": row.number,
            "name": row.name,
            "path": row.path,
            "status": _status(row),
            "repeatable": row.repeatable,
            "used_by": [{"as": _seen_as(place), "place": place} for place in usage.places(row.name)],
        }


def _status(row: Endpoint) -> str:
    if row.overridden:
        return "overridden"
    return "known" if row.known else "assumed"


def _seen_as(place: str) -> str:
    return next((name for prefix, name in _SEEN_AS.items() if place.startswith(f"{prefix}.")), "code")
