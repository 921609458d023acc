"""For commands: in whose name, and on which recordings. The same words for all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.management.base import CommandError, CommandParser
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.test import RequestFactory

from playback.models import Recording

_KEY = re.compile(r"(\d{1,19})(?:-(\d{1,19}))?")


def add_selection(parser: CommandParser) -> None:
    parser.add_argument("--user", help="do it as this person (a username), with that person's rights; required")
    parser.add_argument("--recording", action="append", default=[], metavar="ROOM[-SESSION]")
    parser.add_argument(
        "--query", metavar="QUERY", help="the query string of the admin's list, e.g. 'q=数学&status__exact=100'"
    )


def person(name: str | None) -> Any:
    """Raises ``CommandError`` unless there is such a user."""
    if not name:
        raise CommandError("--user names the person in whose name it is done")
    user = get_user_model()._default_manager.filter(username=name).first()
    if user is None:
        raise CommandError(f"there is no person {name!r}")
    return user


def selected(user: Any, options: Mapping[str, Any]) -> QuerySet[Recording]:
    """What ``--recording`` or ``--query`` select. Raises ``CommandError``."""
    keys, query = options["recording"], options["query"]
    if bool(keys) == (query is not None):
        raise CommandError("give --recording (once or more often) or --query")
    if query is not None:
        return _matching(user, query)
    condition = Q(pk__in=[])
    for key in keys:
        found = _KEY.fullmatch(key)
        if found is None:
            raise CommandError(f"{key!r} is not ROOM or ROOM-SESSION")
        condition |= Q(room_id=int(found[1]), session_id=int(found[2] or 0))
    recordings = Recording.objects.filter(condition)
    if recordings.count() < len(set(keys)):
        have = {recording.vendor_key for recording in recordings}
        raise CommandError(f"not in the mirror: {', '.join(key for key in keys if key not in have)}")
    return recordings


def _matching(user: Any, query: str) -> QuerySet[Recording]:
    """What the admin's list shows for this query string."""
    request = RequestFactory().get("/", QueryDict(query.lstrip("?")).dict())
    request.user = user
    found: QuerySet[Recording] = admin.site._registry[Recording].get_changelist_instance(request).get_queryset(request)
    return found
