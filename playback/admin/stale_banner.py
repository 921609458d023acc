"""The banner of lists and pages whose data is old: as of when, and why.

Who may see sync runs gets the reason and a link to the state of the mirror; others only the age, which is theirs to
know. Nothing is shown where all is fresh.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from playback import staleness
from playback.staleness import Side, State

from . import mirror_words

PAGE = "mirror-state"


@dataclass(frozen=True)
class Banner:
    tone: str
    icon: str
    lead: str
    why: str = ""
    url: str = ""


def of_list(request: HttpRequest, model: type[Model]) -> Banner | None:
    """For a list of these rows. Kinds that are fresh cost one or two queries, and none for some seconds after."""
    kind = staleness.kind_of(model)
    return None if kind is None else of_kind(request, kind.name)


def of_kind(request: HttpRequest, name: str) -> Banner | None:
    side = staleness.standing(name).worst
    return None if side is None else _banner(request, side)


def of_kinds(request: HttpRequest, names: Sequence[str]) -> Banner | None:
    """For a list that comes from several kinds: the worst of them, by its name."""
    standings = staleness.board(names).values()
    found = [(side, standing.kind) for standing in standings if (side := standing.worst) is not None]
    if not found:
        return None
    side, kind = min(found, key=lambda each: each[0].badness)
    banner = _banner(request, side)
    return replace(banner, lead=gettext("%(kind)s: %(words)s") % {"kind": kind.label, "words": banner.lead})


def of_row(request: HttpRequest, row: Any) -> Banner | None:
    """For the page of one row: one that was read by itself lately is not old, whatever its list is."""
    kind = staleness.kind_of(type(row))
    seen: datetime | None = getattr(row, "last_seen_at", None)
    if kind is None or row_is_fresh(kind, seen):
        return None
    return of_kind(request, kind.name)


def row_is_fresh(kind: staleness.Kind, seen: datetime | None) -> bool:
    return seen is not None and timezone.now() - seen <= staleness.limit(kind, "news")


def _banner(request: HttpRequest, side: Side) -> Banner:
    sees = request.user.has_perm("playback.view_syncrun")
    why = mirror_words.told(side.why, request.user).why if sees and side.why is not None else ""
    url = reverse(PAGE) if sees else ""
    if side.state is State.FIRST:
        lead = gettext("This is being read from the vendor for the first time and is not complete yet.")
        return Banner("info", "sync", lead, "", url)
    if side.at is None:
        lead = gettext("This was never read from the vendor to its end: what is missing here may well be there.")
        return Banner("warning", "block", lead, why, url)
    told = {"time": mirror_words.minute(side.at), "ago": mirror_words.ago(side.at)}
    if side.name == "full":
        lead = gettext(
            "What is gone at the vendor, or changed there long ago, was last looked for on %(time)s (%(ago)s)."
        )
    else:
        lead = gettext("This is as of %(time)s (%(ago)s): what changed at the vendor since is not in it.")
    return Banner("warning", "history", lead % told, why, url)
