"""How old data is and why, in words: a sentence a rule of :mod:`playback.staleness`, with what to do and where."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext

from playback import display, staleness
from playback.staleness import Reason, Row, State, Trouble

from .schedules import title_of

Person = User | AnonymousUser

_LOOKS = {
    State.FRESH: ("success", "check_circle"),
    State.STALE: ("warning", "history"),
    State.FIRST: ("info", "sync"),
    State.NEVER: ("warning", "block"),
    State.NOTHING: ("neutral", "check_circle"),
}


def state_badge(state: State) -> Any:
    words = {
        State.FRESH: gettext("Fresh"),
        State.STALE: gettext("Old"),
        State.FIRST: gettext("First reading"),
        State.NEVER: gettext("Never read"),
        State.NOTHING: gettext("Nothing to read"),
    }
    return display.badge(words[state], *_LOOKS[state])


def minute(at: datetime) -> str:
    """A time that stands alone, to the minute."""
    return gettext("%(time)s Beijing time") % {"time": timezone.localtime(at).strftime("%Y-%m-%d %H:%M")}


def ago(at: datetime, now: datetime | None = None) -> str:
    now = now or timezone.now()
    if now - at < timedelta(minutes=1):
        return gettext("just now")
    return gettext("%(span)s ago") % {"span": timesince(at, now, depth=1)}


def span(of: timedelta) -> str:
    """How long; 36 hours as such and not as a day and a half."""
    hours, rest = divmod(of, timedelta(hours=1))
    if 0 < hours < 72 and not rest:
        return ngettext("%(num)d hour", "%(num)d hours", hours) % {"num": hours}
    now = timezone.now()
    return timesince(now - of, now, depth=2) if of >= timedelta(minutes=1) else display.duration(now - of, now)


def rhythm(row: Row | None) -> str:
    """How often a row of the schedule starts its task."""
    if row is None:
        return gettext("no schedule")
    if not row.enabled:
        return gettext("schedule switched off")
    if row.at:
        return gettext("every day at %(time)s (%(zone)s)") % {"time": row.at, "zone": gettext("Beijing")}
    if row.every is None:
        return row.text
    minutes, odd = divmod(row.every.total_seconds(), 60)
    hours, rest = divmod(minutes, 60)
    if odd:
        return gettext("every %(span)s") % {"span": span(row.every)}
    if rest or not hours:
        return ngettext("every minute", "every %(number)d minutes", int(minutes)) % {"number": minutes}
    return ngettext("every hour", "every %(number)d hours", int(hours)) % {"number": hours}


@dataclass(frozen=True)
class Told:
    """Why something is old: one sentence, what to do, and where (empty where this person may not go there)."""

    why: str
    do: str = ""
    url: str = ""
    link: str = ""
    error: str = ""  # the reading's own words: plain English, and the vendor's


def told(reason: Reason, user: Person) -> Told:
    why, do = _SENTENCES[reason.rule](reason)
    url = link = ""
    if reason.run is not None and user.has_perm("playback.view_syncrun"):
        url, link = reverse("admin:playback_syncrun_change", args=[reason.run]), gettext("The sync run")
    elif reason.schedule is not None and user.has_perm("django_celery_beat.view_periodictask"):
        url = reverse("admin:django_celery_beat_periodictask_change", args=[reason.schedule])
        link = gettext("The schedule")
    elif reason.rule == "unscheduled" and user.has_perm("django_celery_beat.view_periodictask"):
        url, link = reverse("admin:django_celery_beat_periodictask_changelist"), gettext("Schedules")
    return Told(why, do, url, link, reason.error)


def _when(reason: Reason) -> dict[str, Any]:
    at = reason.told.get("at")
    return {"time": minute(at), "ago": ago(at)} if at is not None else {}


def _kinds(names: Iterable[str]) -> str:
    known = staleness.kinds()
    return gettext(", ").join(str(known[name].label) if name in known else name for name in names)


def _account(reason: Reason) -> tuple[str, str]:
    return (
        gettext("No vendor account is set up, so nothing can be read."),
        gettext("Set BAIJIAYUN_PARTNER_ID, BAIJIAYUN_PARTNER_KEY and BAIJIAYUN_PRIVATE_DOMAIN, and restart."),
    )


def _redis(reason: Reason) -> tuple[str, str]:
    return (
        gettext("Redis does not answer, so no reading can be started and no vendor call be made."),
        gettext("Start Redis, or correct REDIS_URL."),
    )


def _waits(reason: Reason) -> tuple[str, str]:
    first = _kinds(reason.told["kinds"])
    return gettext("It is read once these have been read to their end: %(kinds)s.") % {"kinds": first}, ""


def _under_way(reason: Reason) -> tuple[str, str]:
    pages = reason.told["pages"]
    if not pages:
        return gettext("It is being read now, since %(time)s.") % _when(reason), ""
    words = ngettext(
        "It is being read now, since %(time)s: %(pages)s page so far.",
        "It is being read now, since %(time)s: %(pages)s pages so far.",
        pages,
    )
    return words % {**_when(reason), "pages": display.number(pages)}, ""


def _slow(reason: Reason) -> tuple[str, str]:
    return (
        gettext("A reading has been under way since %(time)s (%(ago)s) and has not ended.") % _when(reason),
        gettext("Look whether its pages still grow. A reading that hangs is given up after 15 minutes."),
    )


def _held(reason: Reason) -> tuple[str, str]:
    return (
        gettext("The reading of %(time)s waits for a person: it met far fewer rows than it should have.")
        % _when(reason),
        gettext("Compare with the vendor's own pages, and let the run go on if the rows are really gone."),
    )


def _beat(reason: Reason) -> tuple[str, str]:
    do = gettext("Start beat, and a worker of the queue person, which runs its tick.")
    if not _when(reason):
        return gettext("Scheduled tasks are not being started: no tick of beat is known."), do
    return gettext("Scheduled tasks are not being started: beat's last tick was %(ago)s.") % _when(reason), do


def _unscheduled(reason: Reason) -> tuple[str, str]:
    return gettext("No schedule reads it."), gettext("Add a schedule for it, or start a run by hand.")


def _switched_off(reason: Reason) -> tuple[str, str]:
    name = title_of(reason.told["schedule"])
    return gettext("Its schedule is switched off: “%(name)s”.") % {"name": name}, gettext("Switch it on again.")


def _workers(reason: Reason) -> tuple[str, str]:
    many = reason.told["waiting"]
    words = ngettext(
        "No worker takes readings: %(number)s task waits in the queue sync.",
        "No worker takes readings: %(number)s tasks wait in the queue sync.",
        many,
    )
    return words % {"number": display.number(many)}, gettext("Start a worker of the queue sync.")


def _busy(reason: Reason) -> tuple[str, str]:
    many = reason.told["waiting"]
    words = ngettext(
        "The workers are at something else (%(kinds)s), and %(number)s task waits in the queue sync.",
        "The workers are at something else (%(kinds)s), and %(number)s tasks wait in the queue sync.",
        many,
    )
    told = {"number": display.number(many), "kinds": _kinds(reason.told["kinds"])}
    return words % told, gettext("Wait for them, or start another worker of the queue sync.")


def _failed(reason: Reason) -> tuple[str, str]:
    return _ended(reason, gettext("The last reading failed (%(time)s)."))


def _incomplete(reason: Reason) -> tuple[str, str]:
    return _ended(reason, gettext("The last reading did not come to its end (%(time)s)."))


def _ended(reason: Reason, otherwise: str) -> tuple[str, str]:
    """By what is known of the trouble; the reading's own words stand below."""
    sentences = {
        Trouble.UNREACHABLE: (
            gettext("The vendor could not be reached (%(time)s)."),
            gettext("It is tried again by itself. If the vendor's own pages open, check the network and proxy here."),
        ),
        Trouble.BUDGET: (
            gettext("The account's calls were used up (%(time)s)."),
            gettext("It is tried again by itself. If it stays so, other software uses the account too."),
        ),
        Trouble.UNREADABLE: (
            gettext("The vendor gave no readable answer (%(time)s)."),
            gettext("It is tried again by itself; this is mostly trouble at the vendor's."),
        ),
        Trouble.ACCOUNT: (
            gettext("The vendor does not take this account's calls (%(time)s)."),
            gettext("An administrator has to check the settings of the vendor account, and this machine's clock."),
        ),
        Trouble.REFUSED: (gettext("The vendor refused a call of the last reading (%(time)s)."), ""),
    }
    why, do = sentences.get(staleness.trouble_of(reason.error), (otherwise, ""))
    return why % _when(reason), do


def _died(reason: Reason) -> tuple[str, str]:
    return (
        gettext("The worker of the last reading died (it began %(time)s).") % _when(reason),
        gettext("The next reading takes over by itself."),
    )


def _rare(reason: Reason) -> tuple[str, str]:
    told = {"rhythm": rhythm(reason.told["row"]), "limit": span(reason.told["limit"])}
    return (
        gettext("It is read %(rhythm)s, more rarely than the time after which it counts as old: %(limit)s.") % told,
        gettext("Have it read more often, or set STALE_AFTER_BY_KIND."),
    )


def _due(reason: Reason) -> tuple[str, str]:
    told = {"rhythm": rhythm(reason.told["row"])}
    if reason.told["first"]:
        why = gettext("Its first reading was not begun yet; the schedule begins it: %(rhythm)s.")
    else:
        why = gettext("Its last turn was missed; the schedule reads it again: %(rhythm)s.")
    return (
        why % told,
        gettext("Wait for that, or start a run by hand. If it stays old, the workers' log says why."),
    )


_SENTENCES: dict[str, Callable[[Reason], tuple[str, str]]] = {
    "account": _account,
    "redis": _redis,
    "waits": _waits,
    "under_way": _under_way,
    "slow": _slow,
    "held": _held,
    "beat": _beat,
    "unscheduled": _unscheduled,
    "switched_off": _switched_off,
    "workers": _workers,
    "busy": _busy,
    "failed": _failed,
    "incomplete": _incomplete,
    "died": _died,
    "rare": _rare,
    "due": _due,
}
