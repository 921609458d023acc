"""All that is known here of one person: the parts of their page and of the file that holds everything.

A part is a title, headings and rows. Whoever keeps something about people (what they watched) adds a part with
:func:`register`, and page and file have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from playback import display
from playback.models import OperationItem, PlayLink, WatchRecord
from playback.operations import reasons
from playback.templatetags.playback_display import operation_title

from .access import links_for
from .models import Member

LIST_KINDS = (
    "add_room_members", "remove_room_members", "add_recording_members", "remove_recording_members", "remove_person",
)  # fmt: skip
Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Part:
    """``rows`` are newest first and not read further than they are asked for. ``permission`` is needed to see them."""

    name: str
    title: Any
    header: Sequence[Any]
    rows: Callable[[Member], Iterator[Row]]
    permission: str = "members.view_member"
    on_page: bool = True  # else in the file alone: the page shows it in its own way


_parts: list[Part] = []


def register(part: Part) -> None:
    _parts.append(part)


def parts(user: Any) -> list[Part]:
    """Those that this person may see."""
    return [part for part in _parts if user.has_perm(part.permission)]


def _rooms(member: Member) -> Iterator[Row]:
    rows = member.room_memberships.select_related("room").order_by("gone_at", "-pk")
    for row in rows.iterator(chunk_size=500):
        yield [row.room.title, str(row.room_id), row.first_seen_at, row.gone_at]


def _recordings(member: Member) -> Iterator[Row]:
    rows = member.recording_memberships.select_related("recording", "recording__room").order_by("gone_at", "-pk")
    for row in rows.iterator(chunk_size=500):
        yield [row.recording.name, row.recording.vendor_key, row.first_seen_at, row.gone_at]


def _links(member: Member) -> Iterator[Row]:
    links = PlayLink.objects.filter(links_for(member.pk)).select_related("made_by").order_by("-made_at", "-pk")
    for link in links.iterator(chunk_size=500):
        maker = link.made_by.get_username() if link.made_by else display.EMPTY
        yield [link.label, link.get_kind_display(), maker, link.made_at, link.expires_at]


def _watched(member: Member) -> Iterator[Row]:
    """Viewings under the person's number: the vendor's id or, where a link was made with it, the school's own."""
    numbers = {str(member.pk)} | ({member.user_sn.lstrip("0")} if member.user_sn.isdecimal() else set())
    records = WatchRecord.objects.filter(user_number__in=numbers - {""}).select_related("recording")
    for record in records.order_by("-day", "-began_at", "-id").iterator(chunk_size=500):
        name = str(record.recording) if record.recording else str(record.video_id or display.EMPTY)
        yield [name, record.began_at, display.length(record.play_length), record.get_client_type_display()]


def operations_of(member: Member) -> Any:
    """Items that name this person: those of the lists' kinds, which keep whom they are about."""
    named = OperationItem.objects.filter(operation__kind__in=LIST_KINDS, before__user_id=member.pk)
    return named.select_related("operation", "operation__user").defer("operation__attachment").order_by("-pk")


def _operations(member: Member) -> Iterator[Row]:
    for item in operations_of(member).iterator(chunk_size=500):
        operation = item.operation
        who = operation.user.get_username() if operation.user else display.EMPTY
        told = reasons.text(item.reason) or reasons.text(item.note)
        yield [operation_title(operation), who, operation.created_at, item.get_outcome_display(), told]


register(Part("rooms", _("Rooms"), [_("Room"), _("Room id"), _("First seen"), _("Gone since")], _rooms, on_page=False))
register(
    Part(
        "recordings",
        _("Recordings"),
        [_("Recording"), _("Vendor's id"), _("First seen"), _("Gone since")],
        _recordings,
        on_page=False,
    )
)
register(
    Part(
        "links",
        _("Play links for this person"),
        [_("Recording"), _("Kind"), _("Made by"), _("Made at"), _("Good until")],
        _links,
        permission="playback.view_playlink",
    )
)
register(
    Part(
        "watched",
        _("Watched by this person"),
        [_("Recording"), _("Began"), _("Watched for"), _("Device")],
        _watched,
        permission="playback.view_watchrecord",
    )
)
register(
    Part(
        "operations",
        _("Operations on this person"),
        [_("Operation"), _("Asked by"), _("Asked for"), _("Outcome"), _("What happened")],
        _operations,
        permission="playback.view_operation",
    )
)
