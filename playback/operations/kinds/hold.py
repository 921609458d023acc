"""Legal hold: a mark of ours with a reason, which no delete passes. And no expiry: the vendor's is lifted with it.

The expiry of each of the recording's videos is read (call 29) when the hold is placed, and set to "for ever" (call 30)
where it is anything else; what it was stands beside the outcome. A hold is placed in any case, also where the vendor
refuses to tell or to lift an expiry: then the report says that the recording may still expire. Releasing a hold does
not set an expiry again: it might be over by now, and the recording would be gone at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from playback.models import Recording, TrashEntry
from playback.vendor.client import VendorClient
from playback.vendor.codes import ProductType
from playback.vendor.errors import VendorRefused

from ..base import Attachment, Facts, OperationInvalid, OperationKind, Planned, Shows, Skipped, Target
from ..reasons import Reason, from_vendor, reason
from ..registry import register

SHORTEST_REASON = 3
LONGEST_REASON = 500
FOR_EVER = {"days": 0}


class _Holding(OperationKind):
    permission = "playback.hold_recording"
    call = ""
    refreshes = False
    group = "keeping"
    fields = {"hold": _("legal hold"), "expiry": _("expiry")}

    def show(self, name: str, value: Any) -> str:
        if name == "expiry":
            return _show_expiry(value)
        return str(value) if value else _now("no hold")


@register
class Hold(_Holding):
    """Parameter: ``reason``."""

    kind = "hold"
    title = _("Put recordings on legal hold")
    verb = _("Put on hold")
    will = _("will be put on hold")
    calls = 3  # at most: expiry read, lifted, and read again
    rank = 70
    icon = "lock"
    sentences = {
        "already_on_hold": _("It is on hold already, since %(day)s."),
        "expiry_lifted": _("Its expiry at the vendor was lifted. It was: %(was)s."),
        "expiry_stays": _("It is on hold here, but its expiry at the vendor could not be lifted: it may still expire."),
    }

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        why = " ".join(str(parameters.get("reason") or "").replace("\x00", "").split())
        if len(why) < SHORTEST_REASON:
            sentence = _now("Say why, in %(least)s characters or more.") % {"least": SHORTEST_REASON}
            raise OperationInvalid({"reason": sentence})
        if len(why) > LONGEST_REASON:
            raise OperationInvalid({"reason": _now("At most %(limit)s characters.") % {"limit": LONGEST_REASON}})
        return {"reason": why}, None

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        if facts.held_at is not None:
            return Skipped(reason("already_on_hold", day=f"{timezone.localtime(facts.held_at):%Y-%m-%d}"))
        change: dict[str, list[Any]] = {"hold": [None, parameters["reason"]]}
        if (known := _known_expiry(facts)) is not None:
            change["expiry"] = [known, FOR_EVER]
        return Planned(change, {"expiry": known})

    def apply(self, client: VendorClient, target: Target) -> Reason | None:
        try:
            return self._lift(client, target.recording)
        except VendorRefused as error:
            return from_vendor("expiry_stays", error)

    def _lift(self, client: VendorClient, recording: Recording) -> Reason | None:
        ending = _ending(client, recording)
        if not ending:
            return None
        client.set_valid_days(_product_type(recording), sorted(ending), 0)
        if _ending(client, recording):
            return reason("expiry_stays")
        return reason("expiry_lifted", was="; ".join(f"{video} {was}".strip() for video, was in sorted(ending.items())))

    def settle(self, client: VendorClient, target: Target) -> bool:
        """Nothing to lift (any more) is done. A vendor who does not tell is asked again by doing it again."""
        try:
            return not _ending(client, target.recording)
        except VendorRefused:
            return False

    def shows(self, change: Mapping[str, Sequence[Any]]) -> Shows:
        return {(None, "expiry"): {**FOR_EVER, "at": None}} if "expiry" in change else {}

    def ended(self, target: Target) -> None:
        Recording.objects.filter(pk=target.recording.pk).update(
            held_at=timezone.now(), held_by=target.user_id, hold_reason=target.change["hold"][1]
        )

    def offered(self, recording: Recording) -> bool:
        return recording.held_at is None

    def describe(self, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        return [(_now("Reason"), parameters["reason"])]


@register
class ReleaseHold(_Holding):
    """What is in the trash gets its whole time there again: its date may have come while it was held."""

    kind = "release_hold"
    title = _("Release recordings from legal hold")
    verb = _("Release the hold")
    will = _("will be released from the hold")
    rank = 71
    icon = "lock_open"
    needs_trash = True
    sentences = {
        "not_on_hold": _("It is not on hold."),
        "trash_time_anew": _("It is in the trash: it stays there for %(days)s more days before it is deleted."),
        "expiry_not_set_again": _(
            "An expiry that was lifted for the hold is not set again: the recordings are kept for ever until somebody "
            "sets one. What it was stands in the report of the hold."
        ),
    }

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        if facts.held_at is None:
            return Skipped(reason("not_on_hold"))
        since = f"{timezone.localtime(facts.held_at):%Y-%m-%d %H:%M}"
        anew = reason("trash_time_anew", days=settings.TRASH_DAYS) if facts.trash else None
        return Planned({"hold": [since, None]}, {}, anew)

    def plan_notes(self, planned: Sequence[Planned]) -> list[Reason]:
        return [reason("expiry_not_set_again")] if planned else []

    def apply(self, client: VendorClient, target: Target) -> None:
        return None

    def settle(self, client: VendorClient, target: Target) -> bool:
        return True  # nothing was sent

    def ended(self, target: Target) -> None:
        Recording.objects.filter(pk=target.recording.pk).update(held_at=None, held_by=None, hold_reason=None)
        anew = timezone.now() + timedelta(days=settings.TRASH_DAYS)
        TrashEntry.objects.filter(recording=target.recording, ended_at=None, due_at__lt=anew).update(due_at=anew)

    def offered(self, recording: Recording) -> bool:
        return recording.held_at is not None


# ---------------------------------------------------------------- the vendor's expiry


def _ending(client: VendorClient, recording: Recording) -> dict[int, str]:
    """Its videos that will not be kept for ever, and how long the vendor keeps them. The main one's is stored when it
    is for ever. Videos that the vendor's answer leaves out cannot expire."""
    videos = _videos(recording)
    if not videos:
        return {}
    asked_at = timezone.now()
    told = client.expiry(_product_type(recording), videos)
    ending = {video: f"({days} d)" for video, days in told.days.items() if days != 0}
    ending |= {video: f"({timezone.localtime(at):%Y-%m-%d %H:%M})" for video, at in told.fixed_times.items()}
    # Of a row that cannot be read nobody knows that it is for ever.
    unreadable = {str(bad.row) for bad in told.unreadable}
    ending |= {video: "" for video in videos if str(video) in unreadable and video not in ending}
    if told.days.get(recording.video_id or 0) == 0 and recording.video_id not in ending:
        Recording.objects.filter(Q(expiry_read_at=None) | Q(expiry_read_at__lte=asked_at), pk=recording.pk).update(
            valid_days=0, expires_at=None, expiry_read_at=asked_at
        )
    return {video: was for video, was in ending.items() if video in videos}


def _videos(recording: Recording) -> list[int]:
    """Of all its versions: an expiry is a video's."""
    versions = recording.versions.filter(gone_at=None, video_id__isnull=False).values_list("video_id", flat=True)
    return sorted({video for video in (*versions, recording.video_id) if video is not None})


def _product_type(recording: Recording) -> int:
    return ProductType.ALL.value if recording.product_type is None else recording.product_type


def _known_expiry(facts: Facts) -> dict[str, Any] | None:
    """As the mirror has it; None where there is none, or none is known."""
    if facts.valid_days:
        return {"days": facts.valid_days}
    return {"until": facts.expires_at.isoformat()} if facts.expires_at else None


def _show_expiry(value: Mapping[str, Any] | None) -> str:
    if not value:
        return "–"
    if "until" in value:
        moment = parse_datetime(value["until"])
        return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else str(value["until"])
    days = value["days"]
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days} if days else _now("for ever")
