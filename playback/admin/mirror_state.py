"""The state of the mirror: for each kind as of when it is, how often it is read, and if it is old, why and what to do.

Nothing is asked of the vendor. Besides what every page of the admin costs it makes at most 17 queries, whatever the
size of the mirror.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.utils.translation import gettext, ngettext

from playback import display, staleness
from playback.staleness import Ending, Needs, Side, Standing, callbacks

from . import drift, mirror_words

_ENDINGS = {
    Ending.GOOD: ("success", "check_circle"),
    Ending.UNDER_WAY: ("info", "sync"),
    Ending.HELD: ("warning", "front_hand"),
    Ending.INCOMPLETE: ("warning", "warning"),
    Ending.DIED: ("danger", "error"),
    Ending.FAILED: ("danger", "error"),
}


def page(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("playback.view_syncrun"):
        raise PermissionDenied
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET"])
    needs = Needs()
    context = {
        **admin.site.each_context(request),
        "title": gettext("State of the mirror"),
        "is_fullwidth": "1",
        "kinds": [_card(request, standing, needs) for standing in staleness.board(anew=True).values()],
        "needs": _needs(needs),
        "callbacks": _callbacks(request) if request.user.has_perm("playback.view_delivery") else None,
        "may_start": request.user.has_perm("playback.start_syncrun"),
        **drift.context(request),
    }
    request.current_app = admin.site.name
    return TemplateResponse(request, "playback/mirror_state.html", context)


def brief() -> list[dict[str, Any]]:
    """For the front page: each kind that has a list, its age and its state."""
    names = [name for name, kind in staleness.kinds().items() if kind.model is not None]
    return [
        {
            "label": standing.kind.label,
            "at": side.at if (side := next(iter(standing.sides), None)) else None,
            "ago": mirror_words.ago(side.at) if side and side.at else "",
            "full_ago": mirror_words.ago(worst.at)
            if (worst := standing.worst) and worst.name == "full" and worst.at and len(standing.sides) > 1
            else "",
            "state": mirror_words.state_badge(standing.state),
        }
        for standing in staleness.board(names).values()
    ]


def _card(request: HttpRequest, standing: Standing, needs: Needs) -> dict[str, Any]:
    kind, facts = standing.kind, standing.facts
    return {
        "name": kind.name,
        "label": kind.label,
        "about": kind.about,
        "state": mirror_words.state_badge(standing.state),
        "sides": [_side(standing, side, needs) for side in standing.sides],
        "reasons": _once([mirror_words.told(side.why, request.user) for side in standing.sides if side.why]),
        "by_runs": kind.by_runs,
        "alone": _alone(kind.name, facts.alone),
        "alone_error": facts.alone_error if facts.alone else "",
        "first": standing.state is staleness.State.FIRST,
    }


def _once(reasons: list[mirror_words.Told]) -> list[mirror_words.Told]:
    """Both sides of a kind may be old for the same reason."""
    return list(dict.fromkeys(reasons))


def _alone(name: str, many: int) -> str:
    if not many:
        return ""
    if name == staleness.watched.NAME:
        return ngettext(
            "Of %(number)s day fewer viewings were met than the vendor counts:",
            "Of %(number)s days fewer viewings were met than the vendor counts:",
            many,
        ) % {"number": display.number(many)}
    words = ngettext("%(number)s list could not be read:", "%(number)s lists could not be read:", many)
    return words % {"number": display.number(many)}


def _side(standing: Standing, side: Side, needs: Needs) -> dict[str, Any]:
    task = (standing.kind.full or standing.kind.news) if side.name == "full" else standing.kind.news
    last = side.attempt
    return {
        "title": _title(standing, side),
        "at": side.at,
        "ago": mirror_words.ago(side.at) if side.at else "",
        "fresh": side.state is staleness.State.FRESH,
        "rhythm": mirror_words.rhythm(needs.schedule(task)),
        "limit": mirror_words.span(side.limit),
        "last": None if last is None else _ending(last.ending),
        "last_at": last.began_at if last else None,
        "run": last.run if last else None,
    }


def _title(standing: Standing, side: Side) -> str:
    if side.name == "news":
        return gettext("What is new")
    return gettext("All of it, with what is gone") if standing.kind.by_runs else gettext("All of it")


def _ending(ending: Ending) -> Any:
    words = {
        Ending.GOOD: gettext("complete"),
        Ending.UNDER_WAY: gettext("under way"),
        Ending.HELD: gettext("waits for a person"),
        Ending.INCOMPLETE: gettext("incomplete"),
        Ending.DIED: gettext("broken off"),
        Ending.FAILED: gettext("failed"),
    }
    return display.badge(words[ending], *_ENDINGS[ending])


def _needs(needs: Needs) -> list[dict[str, Any]]:
    """What every reading needs, each with whether it is there."""
    tick = mirror_words.ago(needs.tick) if needs.tick else gettext("never heard of")
    waiting = ngettext("%(number)s task waits", "%(number)s tasks wait", needs.waiting)
    rows = [
        (gettext("Vendor account"), gettext("set up") if needs.account else gettext("missing"), needs.account),
        ("Redis", gettext("answers") if needs.redis else gettext("does not answer"), needs.redis),
        (gettext("Beat's last tick"), tick, needs.ticks),
    ]
    told = [{"label": label, "words": words, "badge": display.badge(*_well(well))} for label, words, well in rows]
    queue = waiting % {"number": display.number(needs.waiting)} if needs.redis else display.EMPTY
    return [*told, {"label": gettext("Queue sync"), "words": queue, "badge": ""}]


def _well(well: bool) -> tuple[str, str, str]:
    return (gettext("OK"), "success", "check_circle") if well else (gettext("Trouble"), "danger", "error")


def _callbacks(request: HttpRequest) -> dict[str, Any]:
    health = callbacks.look()
    since = mirror_words.minute(health.waiting_since) if health.waiting_since else ""
    overdue = mirror_words.span(timedelta(seconds=settings.CALLBACK_OVERDUE_SECONDS))
    return {
        "health": health,
        "badge": display.badge(*_well(health.well)),
        "last_ago": mirror_words.ago(health.last_good) if health.last_good else "",
        "waiting_since": since,
        "overdue_after": overdue,
        "may_register": request.user.has_perm("playback.register_callback_address"),
    }
