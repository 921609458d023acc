"""The daily mail: what expires soon, to the owners of the rooms; what has no owner to the administrators.

One mail a person and day, whatever happens: the row that says so (``ExpiryDigest``) is written before the mail is
handed over, and taken back if that fails, so that the next try tells it. A room whose owners have no address, or have
left, is treated as one without owners: somebody is told.

In the project's language (Chinese): mails have no reader's choice to go by.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import ngettext

from playback import display
from playback.models import ExpiryDigest, Recording, Room
from playback.models.recording import vendor_key

logger = logging.getLogger("playback.expiry_digest")

ADMINISTRATORS = "administrator"  # the group, by the name that the migration gave it
MOST = 200  # recordings written out in one mail; the others are counted
KEEP = timedelta(days=60)


@dataclass
class Sent:
    """What came of one day's mails, in persons; ``untold``: recordings that nobody could be told of."""

    sent: int = 0
    already: int = 0
    failed: int = 0
    untold: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One recording of a mail."""

    room_id: int
    room: str
    name: str
    expires: str
    url: str
    held: bool
    read_at: datetime | None


def send() -> Sent:
    """Mail everybody who was not mailed today. Safe to call again, also at the same time."""
    now = timezone.now()
    result = Sent()
    if not settings.EMAIL_URL:
        logger.warning("nobody is told what expires: EMAIL_URL is not set")
        return result
    ExpiryDigest.objects.filter(day__lt=timezone.localdate(now) - KEEP).delete()
    with translation.override(settings.LANGUAGE_CODE):
        lines = _expiring(now)
        by_person, result.untold = _readers(lines)
        for person, theirs in sorted(by_person.items(), key=lambda pair: pair[0].pk):
            _tell(person, theirs, now, result)
    if result.untold:
        logger.warning("%s recordings expire soon, and nobody has an address to be told", result.untold)
    logger.info("mails about what expires: %s", result)
    return result


def _tell(person: User, lines: Sequence[Line], now: datetime, result: Sent) -> None:
    day = timezone.localdate(now)
    try:
        with transaction.atomic():
            digest = ExpiryDigest.objects.create(user=person, day=day, begun_at=now, recordings=len(lines))
    except IntegrityError:
        result.already += 1
        return
    try:
        mail(person, lines).send()
    except (SMTPException, OSError, ValueError) as error:  # ValueError: an address that is none
        digest.delete()
        result.failed += 1
        # The server's words would repeat the address.
        logger.warning("the mail to user %s failed (%s)", person.pk, type(error).__name__)
        return
    ExpiryDigest.objects.filter(pk=digest.pk).update(sent_at=timezone.now())
    result.sent += 1


def mail(person: User, lines: Sequence[Line]) -> EmailMultiAlternatives:
    """As text and as simple HTML, grouped by room."""
    days = settings.EXPIRY_DIGEST_DAYS
    count = len(lines)
    subject = ngettext(
        "%(count)d recording expires within %(days)d days", "%(count)d recordings expire within %(days)d days", count
    ) % {"count": count, "days": days}
    shown = lines[:MOST]
    by_room: dict[int, list[Line]] = defaultdict(list)  # the room whose first recording goes soonest comes first
    for line in shown:
        by_room[line.room_id].append(line)
    context = {
        "subject": subject,
        "name": display.full_name(person) or person.get_username(),
        "rooms": [
            {"title": theirs[0].room, "url": _room_url(room_id), "lines": theirs} for room_id, theirs in by_room.items()
        ],
        "more": count - len(shown),
        "list_url": _list_url(),
        "read_at": timezone.localtime(min((line.read_at for line in lines if line.read_at), default=timezone.now())),
    }
    message = EmailMultiAlternatives(
        subject, render_to_string("playback/mail/expiry_digest.txt", context), to=[person.email]
    )
    message.attach_alternative(render_to_string("playback/mail/expiry_digest.html", context), "text/html")
    return message


def _expiring(now: datetime) -> list[Line]:
    """What the vendor still has and will let go of within the days of the setting, the soonest first."""
    rows = (
        Recording.objects.filter(
            gone_at=None, expires_at__gt=now, expires_at__lte=now + timedelta(days=settings.EXPIRY_DIGEST_DAYS)
        )
        .order_by("expires_at", "pk")
        .values_list("pk", "room_id", "room__title", "session_id", "name", "expires_at", "held_at", "expiry_read_at")
    )
    return [
        Line(
            room_id,
            _one_line(title) or str(room_id),
            _one_line(name) or vendor_key(room_id, session_id),
            timezone.localtime(expires_at).strftime("%Y-%m-%d %H:%M"),
            _url("admin:playback_recording_change", pk),
            held_at is not None,
            read_at,
        )
        for pk, room_id, title, session_id, name, expires_at, held_at, read_at in rows.iterator(chunk_size=2000)
    ]


def _readers(lines: Iterable[Line]) -> tuple[Mapping[User, list[Line]], int]:
    """Who is told of what, and how many nobody can be told of."""
    reachable = User.objects.filter(is_active=True).exclude(email="")
    people = {person.pk: person for person in reachable.filter(pk__in=_owning().values("user_id"))}
    owners: dict[int, list[User]] = defaultdict(list)
    for room_id, user_id in _owning().values_list("room_id", "user_id"):
        if user_id in people:
            owners[room_id].append(people[user_id])
    administrators = list(reachable.filter(groups__name=ADMINISTRATORS).distinct())
    by_person: dict[User, list[Line]] = defaultdict(list)
    untold = 0
    for line in lines:
        told = owners.get(line.room_id) or administrators
        untold += not told
        for person in told:
            by_person[person].append(line)
    return by_person, untold


def _owning() -> Any:
    return Room.owners.through._default_manager.order_by()


def _one_line(text: str) -> str:
    """A name with line ends could pass for another line of the mail."""
    return " ".join(text.split())


def _url(name: str, *args: Any) -> str:
    site = str(settings.SITE_URL).strip().rstrip("/")
    return f"{site}{reverse(name, args=args)}" if site else ""


def _room_url(room_id: int) -> str:
    return _url("admin:playback_room_change", room_id)


def _list_url() -> str:
    """The list of what has a date: within the filter's month, where that covers the mail's days."""
    url = _url("admin:playback_recording_changelist")
    query = {"expires": "month" if settings.EXPIRY_DIGEST_DAYS <= 30 else "dated"}
    return f"{url}?{urlencode(query)}" if url else ""
