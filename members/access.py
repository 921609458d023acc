"""Can they watch? What is known here of one person and one recording, line by line, and what is not known.

A trace reads the mirror alone; each line says ok, fails or unknown. What the vendor's reference is silent about is said
to be assumed: that whoever is on either list may watch, that a list with nobody on it keeps nobody out, and that a list
with somebody on it keeps out whoever is on neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from playback import display
from playback.models import WHOLE, PlayLink, Recording, TrashEntry
from playback.vendor.codes import PublishStatus, RecordingStatus

from .lists import ListOf, list_of
from .models import Member, MemberList
from .sync import store

OK, FAILS, UNKNOWN = "ok", "fails", "unknown"

SENTENCES: Mapping[str, Any] = {
    "known": _("%(name)s is known here: user id %(user_id)s."),
    "on_no_list": _("%(name)s is on no list any more; the vendor may still know them."),
    "not_known": _("No list has named the user id %(user_id)s: the vendor may not know it."),
    "room_there": _("The room is there."),
    "room_gone": _("The vendor no longer has the room, since %(time)s."),
    "recording_there": _("The recording is there."),
    "recording_gone": _("The vendor no longer has the recording, since %(time)s."),
    "not_in_trash": _("It is not in the trash."),
    "in_trash": _("It is in the trash, to be deleted %(time)s."),
    "ready": _("It is ready."),
    "not_ready": _("It is not ready: %(status)s."),
    "published": _("It is published."),
    "blocked": _("It is blocked: nobody can watch it."),
    "publish_unknown": _("Whether it is published, the vendor has not said."),
    "keeps": _("It does not expire."),
    "expires": _("It expires %(time)s."),
    "expired": _("It expired %(time)s."),
    "expiry_unknown": _("When it expires was not read yet."),
    "main": _("What is played is version %(number)s."),
    "main_unknown": _("Which version is played is not known here."),
    "on_room": _("On the room's list, as it was read %(time)s."),
    "on_recording": _("On the recording's own list, as it was read %(time)s."),
    "on_list_unread": _("Put on the list from here; the list itself was not read since."),
    "never_read": _("The list was never read here: ask the vendor."),
    "list_empty": _("Nobody was on the list when it was read %(time)s. Assumed: an empty list keeps nobody out."),
    "not_needed": _("Not on it, as it was read %(time)s. Assumed: the other list is enough."),
    "not_on": _("Not on it, as it was read %(time)s, while others are. Assumed: that keeps them out."),
    "link_good": _("%(who)s gave a link that is good until %(time)s."),
    "link_for_ever": _("%(who)s gave a link that is good for ever."),
    "link_one_time": _("%(who)s gave a link for one opening until %(time)s: it may be used up."),
    "link_over": _("The last link, given by %(who)s, was over %(time)s."),
    "link_none": _("No link for this person was made here; they may have another way in."),
}


class Line(NamedTuple):
    """One step of the trace. ``mend`` names what would mend it: a kind of operation, ``link``, or nothing."""

    subject: str
    state: str
    code: str
    args: Mapping[str, Any] = {}
    mend: str = ""

    @property
    def text(self) -> str:
        args = {name: display.beijing(it) if isinstance(it, datetime) else it for name, it in self.args.items()}
        return str(SENTENCES[self.code]) % args


SUBJECTS = {
    "person": _("Member"),
    "room": _("Room"),
    "recording": _("Recording"),
    "trash": _("Trash"),
    "status": _("Status"),
    "publish": _("Publish state"),
    "expiry": _("Expiry"),
    "version": _("Version"),
    "room_list": _("The room's list"),
    "recording_list": _("The recording's list"),
    "link": _("Link"),
}


@dataclass(frozen=True, slots=True)
class Trace:
    lines: Sequence[Line]

    @property
    def verdict(self) -> str:
        states = {line.state for line in self.lines}
        return FAILS if FAILS in states else UNKNOWN if UNKNOWN in states else OK


class Knowledge(NamedTuple):
    """What is known of a list: who is on it, and when it was read to its end (never: None)."""

    ids: set[int]
    read_at: datetime | None

    @classmethod
    def of(cls, which: ListOf) -> Knowledge:
        kept = MemberList.objects.filter(**{which.of: which.owner}).first()
        return cls(store.ids_here(which), kept.read_at if kept else None)


def lists_of(recording: Recording) -> list[ListOf]:
    return [list_of(recording.room), list_of(recording)]


def trace(user_id: int, recording: Recording) -> Trace:
    room_list, own_list = (Knowledge.of(which) for which in lists_of(recording))
    return Trace(
        [
            _person(user_id),
            *of_recording(recording),
            *of_lists(user_id, room_list, own_list),
            _link(user_id, recording),
        ]
    )


# ---------------------------------------------------------------- the recording: the same for everybody


def of_recording(recording: Recording) -> list[Line]:
    return [_room(recording), _there(recording), _trash(recording), _status(recording), _publish(recording),
            _expiry(recording), _version(recording)]  # fmt: skip


def _room(recording: Recording) -> Line:
    gone_at = recording.room.gone_at
    return Line("room", FAILS, "room_gone", {"time": gone_at}) if gone_at else Line("room", OK, "room_there")


def _there(recording: Recording) -> Line:
    if recording.gone_at:
        return Line("recording", FAILS, "recording_gone", {"time": recording.gone_at})
    return Line("recording", OK, "recording_there")


def _trash(recording: Recording) -> Line:
    entry = TrashEntry.objects.filter(recording=recording, version=WHOLE, ended_at=None).first()
    if entry is not None:
        return Line("trash", FAILS, "in_trash", {"time": entry.due_at}, "restore")
    return Line("trash", OK, "not_in_trash")


def _status(recording: Recording) -> Line:
    if recording.status == RecordingStatus.READY:
        return Line("status", OK, "ready")
    return Line("status", FAILS, "not_ready", {"status": recording.get_status_display()}, "refresh")


def _publish(recording: Recording) -> Line:
    if recording.publish_status is None:
        return Line("publish", UNKNOWN, "publish_unknown", mend="refresh")
    if recording.publish_status == PublishStatus.BLOCKED:
        return Line("publish", FAILS, "blocked", mend="publish")
    return Line("publish", OK, "published")


def _expiry(recording: Recording) -> Line:
    ends = recording.expires_at
    if ends is not None:
        if ends <= timezone.now():
            return Line("expiry", FAILS, "expired", {"time": ends}, "set_expiry")
        return Line("expiry", OK, "expires", {"time": ends})
    if recording.expiry_read_at is None:
        return Line("expiry", UNKNOWN, "expiry_unknown")
    return Line("expiry", OK, "keeps")


def _version(recording: Recording) -> Line:
    if recording.main_version is None:
        return Line("version", UNKNOWN, "main_unknown", mend="refresh")
    return Line("version", OK, "main", {"number": recording.main_version})


# ---------------------------------------------------------------- the person


def _person(user_id: int) -> Line:
    member = Member.objects.filter(pk=user_id, synced_at__isnull=False).first()
    if member is None:
        return Line("person", UNKNOWN, "not_known", {"user_id": user_id})
    code = "on_no_list" if member.gone_at else "known"
    return Line("person", OK, code, {"name": str(member), "user_id": user_id})


def of_lists(user_id: int, room: Knowledge, own: Knowledge) -> list[Line]:
    on_either = user_id in room.ids or user_id in own.ids
    return [
        _on_list("room_list", "on_room", "add_room_members", user_id, room, on_either),
        _on_list("recording_list", "on_recording", "add_recording_members", user_id, own, on_either),
    ]


def _on_list(subject: str, on_it: str, mend: str, user_id: int, known: Knowledge, on_either: bool) -> Line:
    time = {"time": known.read_at}
    if user_id in known.ids:
        return Line(subject, OK, on_it if known.read_at else "on_list_unread", time)
    if known.read_at is None:
        return Line(subject, UNKNOWN, "never_read", {}, "ask")
    if on_either:
        return Line(subject, UNKNOWN, "not_needed", time, mend)
    if not known.ids:
        return Line(subject, UNKNOWN, "list_empty", time, mend)
    return Line(subject, FAILS, "not_on", time, mend)


def links_for(user_id: int) -> Q:
    """Links that were made for this person: by the numbers that they have, or by their name where no number is."""
    member = Member.objects.filter(pk=user_id).first()
    numbers = {user_id}
    condition = Q()
    if member is not None:
        if member.user_sn.isascii() and member.user_sn.isdigit() and len(member.user_sn) < 19:
            numbers.add(int(member.user_sn))
        if member.name:
            condition = Q(for_number=None, for_name=member.name)
    return Q(for_number__in=numbers) | condition if condition else Q(for_number__in=numbers)


def _link(user_id: int, recording: Recording) -> Line:
    links = PlayLink.objects.filter(links_for(user_id), recording=recording).select_related("made_by")
    good: Any = links.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
    best = next(iter(sorted(good[:200], key=lambda link: (link.kind == PlayLink.Kind.ONE_TIME, -link.pk))), None)
    last = best or links.order_by("-made_at", "-pk").first()
    if last is None:
        return Line("link", UNKNOWN, "link_none", mend="link")
    args = {"who": last.made_by.get_username() if last.made_by else display.EMPTY, "time": last.expires_at}
    if best is None:
        return Line("link", FAILS, "link_over", args, "link")
    if best.kind == PlayLink.Kind.ONE_TIME:
        return Line("link", UNKNOWN, "link_one_time", args, "link")
    return Line("link", OK, "link_good" if best.expires_at else "link_for_ever", args)


# ---------------------------------------------------------------- many


@dataclass(frozen=True, slots=True)
class Many:
    """Of many people and one recording. ``shared`` are the recording's own lines that fail: then nobody can watch."""

    shared: Sequence[Line]
    cannot: Sequence[tuple[int, str]]  # user id, and the lists that keep them out
    unknown: Sequence[tuple[int, str]]
    total: int


def of_many(user_ids: Iterable[int], recording: Recording) -> Many:
    """A few queries, whatever their number. Links are left out: who has another way in cannot be told for many."""
    room_list, own_list = (Knowledge.of(which) for which in lists_of(recording))
    cannot: list[tuple[int, str]] = []
    unknown: list[tuple[int, str]] = []
    total = 0
    texts: dict[tuple[tuple[str, str], ...], str] = {}
    for user_id in user_ids:
        total += 1
        lines = tuple(of_lists(user_id, room_list, own_list))
        if any(line.state == OK for line in lines):
            continue
        state = FAILS if any(line.state == FAILS for line in lines) else UNKNOWN
        told = tuple(line for line in lines if line.state == state)
        key = tuple((line.subject, line.code) for line in told)  # the rest is the same for all
        if key not in texts:
            texts[key] = " ".join(f"{SUBJECTS[line.subject]}: {line.text}" for line in told)
        (cannot if state == FAILS else unknown).append((user_id, texts[key]))
    return Many([line for line in of_recording(recording) if line.state == FAILS], cannot, unknown, total)
