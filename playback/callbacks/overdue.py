"""The callback that never came: a recording that is not ready for too long is looked up by itself.

"For how long" is told by when its facts were last stored: they change when the status does. Each look that finds it
still not ready doubles the wait until the next one, up to a day; a tick looks at a bounded number, new ones before
those that were looked up before. A cut whose own transcoding hangs counts for its recording: the look reads all
versions.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from playback.conf import vendor_client
from playback.models import OverdueLook, Recording, Version
from playback.sync.single import refresh_recording
from playback.vendor.codes import Lane, RecordingStatus
from playback.vendor.errors import VendorError, VendorMisconfigured, VendorRefused

logger = logging.getLogger("playback.callbacks")

UNREADY = (RecordingStatus.GENERATING.value, RecordingStatus.TRANSCODING.value)
A_TICK = 30  # looks: 60 calls of the account's 200 in 10 s, if they were all at once
LONGEST_WAIT = timedelta(days=1)
_AGAIN = timedelta(minutes=10)  # where the vendor could not be asked


def look_up() -> int:
    """Ask about what is overdue; answers how many recordings were asked about. A vendor that is away ends the tick."""
    now = timezone.now()
    OverdueLook.objects.exclude(recording__in=_unready()).delete()
    chosen = due(now)[:A_TICK]
    client = vendor_client(Lane.SYNC) if chosen else None
    for asked, recording in enumerate(chosen):
        assert client is not None  # noqa: S101 - there is something to ask
        # The next look is noted first: a worker that is killed over it does not come back to the same one at once.
        looks = _note_look(recording, now)
        try:
            refresh_recording(client, recording)
        except VendorError as error:
            logger.warning("recording=%s could not be looked up: %s", recording.pk, error)
            if isinstance(error, VendorRefused) and not isinstance(error, VendorMisconfigured):
                continue  # about this one alone
            OverdueLook.objects.filter(recording=recording).update(looks=looks - 1, next_at=timezone.now() + _AGAIN)
            return asked
    return len(chosen)


def due(now: datetime) -> QuerySet[Recording]:
    """New ones first, then those whose next look is longest due."""
    since = now - timedelta(seconds=settings.CALLBACK_OVERDUE_SECONDS)
    silent = Q(synced_at__lte=since) | Q(synced_at=None, first_seen_at__lte=since)
    stuck = Version.objects.filter(silent, recording=OuterRef("pk"), status__in=UNREADY, gone_at=None)
    first = Q(overdue_look=None) & (silent & Q(status__in=UNREADY) | Exists(stuck))
    again = Q(overdue_look__next_at__lte=now)
    found: QuerySet[Recording] = _unready().filter(first | again).select_related("room", "overdue_look")
    return found.order_by(F("overdue_look__next_at").asc(nulls_first=True), "synced_at", "pk")


def _unready() -> QuerySet[Recording]:
    """By two indexes: as one condition with OR it would be a look at every recording."""
    cuts = Version.objects.filter(status__in=UNREADY, gone_at=None).order_by().values("recording_id")
    mains = Recording.objects.filter(status__in=UNREADY, gone_at=None).order_by().values("pk")
    found: QuerySet[Recording] = Recording.objects.filter(pk__in=mains.union(cuts), gone_at=None)
    return found


def _note_look(recording: Recording, now: datetime) -> int:
    known = OverdueLook.objects.filter(recording=recording).first()
    looks = (known.looks if known else 0) + 1
    wait = timedelta(seconds=settings.CALLBACK_OVERDUE_SECONDS) * 2 ** min(looks, 12)
    OverdueLook.objects.update_or_create(
        recording=recording, defaults={"looks": looks, "next_at": now + min(wait, LONGEST_WAIT)}
    )
    return looks
