"""The way in for callbacks: is it genuine, then store it, then (the view) answer. Nothing is applied here.

The order is the promise: whatever was answered with success is stored, and whatever is not stored is sent again by the
vendor. A delivery is stored once by its qid, whichever of its sendings comes first; a repeat changes nothing.

Refused ones are kept to look at, cut to a bound and only so many an hour: a flood of forged callbacks is counted, and
neither fills the table nor hides the real ones.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from playback import conf
from playback.models import Delivery, RefusedCallbacks
from playback.vendor import results, signing

from . import queue

logger = logging.getLogger("playback.callbacks")

MOST_BYTES = 64 * 1024
MOST_FIELDS = 200
KEPT_BYTES = 4096  # of a refused one
KEPT_AN_HOUR = 100  # refused ones
FORM = "application/x-www-form-urlencoded"
_QID_LENGTH = 64


class Refused(Exception):
    """Not taken. ``status`` is the HTTP answer's, the text what the vendor is told."""

    status = 400


class NotAForm(Refused):
    status = 415


class TooLarge(Refused):
    status = 413


class NotGenuine(Refused):
    status = 403


def receive(content_type: str, body: bytes) -> None:
    """Take one callback in. Raises :class:`Refused`, and the database's errors: then it is not stored."""
    fields = read_form(content_type, body)
    now = timezone.now()
    sent_at = _time(fields.get("timestamp", ""))
    verdict = judge(fields, sent_at, now)
    if verdict != Delivery.Verdict.GOOD:
        refuse(fields, verdict, now)
        raise NotGenuine(verdict.value)
    store(fields, sent_at, now)
    transaction.on_commit(queue.wake)


def read_form(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of a form body. Raises :class:`Refused`."""
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise NotAForm("send a form")
    if len(body) > MOST_BYTES:
        raise TooLarge("too large")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise Refused("this form cannot be read") from None
    fields = dict(pairs)
    if not fields:
        raise Refused("this form is empty")
    if len(fields) != len(pairs):
        raise Refused("a field comes twice")
    return fields


def judge(fields: Mapping[str, str], sent_at: datetime | None, now: datetime) -> Delivery.Verdict:
    # Every key is tried, so that the time does not tell which one it was.
    verified = [signing.verify(fields, key) for key in conf.callback_keys()]
    if True not in verified:
        return Delivery.Verdict.BAD_SIGNATURE
    window = settings.BAIJIAYUN_CALLBACK_WINDOW
    if window and (sent_at is None or abs(now - sent_at) > timedelta(seconds=window)):
        return Delivery.Verdict.OUTSIDE_WINDOW
    return Delivery.Verdict.GOOD


def store(fields: Mapping[str, str], sent_at: datetime | None, now: datetime) -> None:
    """One row a qid, by one statement; a repeat meets the constraint."""
    told, wrong = results.told(fields)
    delivery = Delivery(
        qid=qid_of(fields),
        kind=kind_of(fields, told),
        fields=_storable(fields),
        received_at=now,
        sent_at=sent_at,
        due_at=now,
        error=problems(wrong),
    )
    if told is not None:
        delivery.room_id, delivery.session_id, delivery.version = told.room_id, told.session_id, told.version
        delivery.video_id, delivery.status = told.video_id, told.status
    _insert(delivery)


def _insert(delivery: Delivery) -> None:
    """One statement by itself: ``bulk_create`` would wrap it into a transaction, which is two more trips a callback."""
    columns = _columns()
    values = [column.get_db_prep_save(getattr(delivery, column.attname), connection) for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(_statement(), values)


@cache
def _columns() -> list[Any]:
    return [field for field in Delivery._meta.concrete_fields if not field.primary_key]


@cache
def _statement() -> str:
    names = [str(column.column) for column in _columns()]
    return (
        f"INSERT INTO {Delivery._meta.db_table} ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))}) "  # noqa: S608 - names of our own columns
        "ON CONFLICT (qid) DO NOTHING"
    )


def problems(wrong: Mapping[str, str]) -> str:
    """The fields that could not be read, in words."""
    return "; ".join(f"{name} {what}" for name, what in wrong.items())[:500]


def kind_of(fields: Mapping[str, str], told: results.Told | None) -> str:
    if told is None:
        return Delivery.Kind.UNKNOWN.value
    if "status" in fields:
        return (Delivery.Kind.RENDERED if told.from_playback else Delivery.Kind.TRANSCODED).value
    return (Delivery.Kind.REBUILT if "version_type" in fields else Delivery.Kind.UNKNOWN).value


def qid_of(fields: Mapping[str, str]) -> str:
    """The vendor's name of the delivery. Without one, or with one that no column holds, it is named by its words."""
    qid = _clean(fields.get("qid", "")).strip()
    if 0 < len(qid) <= _QID_LENGTH:
        return qid
    words = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "sign")
    return "-" + hashlib.blake2b(words.encode(), digest_size=20).hexdigest()


def refuse(fields: Mapping[str, str], verdict: Delivery.Verdict, now: datetime) -> None:
    """Count it; keep the first of the hour."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    counted = RefusedCallbacks.objects.filter(hour=hour)
    if not counted.update(count=F("count") + 1):
        RefusedCallbacks.objects.bulk_create([RefusedCallbacks(hour=hour)], ignore_conflicts=True)
        counted.update(count=F("count") + 1)
    if counted.values_list("count", flat=True)[0] > KEPT_AN_HOUR:
        return
    kept = bounded(_storable(fields), KEPT_BYTES)
    Delivery.objects.create(
        verdict=verdict,
        state=Delivery.State.REJECTED,
        fields=kept,
        received_at=now,
        error="" if len(kept) == len(fields) - ("sign" in fields) else f"cut after {KEPT_BYTES} bytes",
    )
    logger.warning("a callback was refused: %s", verdict.value)


def bounded(fields: Mapping[str, str], most: int) -> dict[str, str]:
    """As many of the fields as go into ``most`` bytes."""
    kept: dict[str, str] = {}
    for name, value in fields.items():
        most -= len(name.encode()) + len(value.encode())
        if most < 0:
            break
        kept[name] = value
    return kept


def _storable(fields: Mapping[str, str]) -> dict[str, str]:
    return {_clean(name): _clean(value) for name, value in fields.items() if name != "sign"}


def _clean(text: str) -> str:
    """PostgreSQL stores no NUL."""
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


def _time(text: str) -> datetime | None:
    """Unix seconds of ten digits, as the vendor writes them."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        return None
    return datetime.fromtimestamp(int(text), UTC)
