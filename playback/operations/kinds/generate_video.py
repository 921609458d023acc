"""Generate the recorded video (call 19), whose address call 20 gives.

The call takes a room and starts **every** ready session of it, while an operation's items are recordings. So the item
of a room that comes first makes the call for all of the operation's items in that room, and what it answered
(``success_fids``) decides on each of them. That the room was asked is written down before it is: whoever comes later,
or takes over from a killed worker, finds it and does not ask again.

No call tells whether generating has begun. What shows is call 20: it has an address once the video is there, and before
that it refuses. A lost answer is settled by that, within ``WAITS``; until then nobody knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from playback.models import OperationItem, Recording
from playback.vendor.client import VendorClient
from playback.vendor.codes import ErrorCode, RecordingStatus
from playback.vendor.errors import (
    VendorGone,
    VendorMisconfigured,
    VendorOutcomeUnknown,
    VendorRateLimited,
    VendorRefused,
    VendorUnreachable,
)

from ..base import Answer, Attachment, Facts, OperationKind, Planned, Refusal, Skipped, Target, Working
from ..reasons import Reason, reason
from ..registry import register
from . import given

WAITS = 3600.0  # s; a lost call that has shown no video by then is said to have changed nothing
_NOT_THERE = frozenset({ErrorCode.FAILED, ErrorCode.BAD_PARAMETER})
_SENT_NOTHING = (VendorRefused, VendorUnreachable, VendorRateLimited)


@register
class GenerateVideo(OperationKind):
    """Parameters: ``again`` (also where a recorded video is there already)."""

    kind = "generate_video"
    title = _("Generate recorded videos")
    verb = _("Generate the recorded video")
    will = _("will get a recorded video")
    permission = "playback.render_recording"
    call = "generate_recorded_video"
    group = "video"
    rank = 71
    icon = "video_camera_back_add"
    takes_trashed = False
    reads = True
    in_background = True
    poll_seconds = 15.0
    refreshes = False
    fields: ClassVar[Mapping[str, Any]] = {"recorded_video": _("recorded video")}
    sentences: ClassVar[Mapping[str, Any]] = {
        "generated_already": _("Its recorded video is there already. Choose to generate it again if you want so."),
        "whole_rooms": _(
            "The vendor generates the videos of a whole room at once: also those of %(others)s other recordings."
        ),
        "not_started": _("The vendor did not start it: its answer names other sessions of the room only."),
        "asked_with_room": _("The room was asked for as a whole; the vendor is at work on it."),
    }

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        return {"again": given.switch(parameters, "again")}, None

    def read(
        self, client: VendorClient, targets: Sequence[Facts], parameters: Mapping[str, Any]
    ) -> Mapping[int, dict[str, Any]]:
        return {facts.id: {"there": is_there(client, facts.key)} for facts in targets}

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        if facts.status != RecordingStatus.READY:
            return Skipped(reason("not_ready"))
        there = bool(facts.known.get("there"))
        if there and not parameters["again"]:
            return Skipped(reason("generated_already"))
        return Planned({"recorded_video": [there, True]}, {"room_id": facts.room_id})

    def plan_notes(self, planned: Sequence[Planned]) -> list[Reason]:
        rooms = {line.before["room_id"] for line in planned}
        ready = Recording.objects.filter(status=RecordingStatus.READY, gone_at=None)
        started = sum(ready.filter(room__in=some).count() for some in _slices(sorted(rooms)))
        others = started - len(planned)
        return [reason("whole_rooms", others=others)] if others > 0 else []

    def apply(self, client: VendorClient, target: Target) -> Answer:
        known = _claim(target)
        if known is None:
            try:
                started = client.generate_recorded_video(target.recording.room_id)
            except _SENT_NOTHING:
                _write(target, asked_at=None)
                raise
            _write(target, started=started)
            known = {"started": started}
        return _judge(target, known) or Working(reason("asked_with_room"))

    def settle(self, client: VendorClient, target: Target) -> bool:
        there = is_there(client, target.key)
        if there != target.change["recorded_video"][0]:
            return True  # it came; or the former one is gone, which is what a new one begins with
        if not there and not _waited(target):
            raise VendorOutcomeUnknown(call="recorded_video_url", why="no video yet, which tells nothing")
        return False

    def finished(self, client: VendorClient, target: Target) -> bool | Refusal:
        """Asked for by this item or by another one of its room."""
        known = OperationItem.objects.values_list("known", flat=True).get(pk=target.item_id)
        if refusal := _judge(target, known):
            return refusal
        if is_there(client, target.key):
            return True
        return Refusal(reason("no_change")) if "started" not in known and _waited(target) else False

    def offered(self, recording: Recording) -> bool:
        return recording.is_ready

    def show(self, name: str, value: Any) -> str:
        return str(_("there") if value else _("not there"))


def is_there(client: VendorClient, key: Mapping[str, int]) -> bool:
    """Has call 20 an address? Nobody sees it here. Raises the client's errors but the refusal that means "not yet"."""
    try:
        client.recorded_video_url(**key)
    except (VendorGone, VendorMisconfigured):
        raise
    except VendorRefused as error:
        if error.code not in _NOT_THERE:
            raise
        return False
    return True


def _siblings(target: Target) -> Any:
    """The operation's open items of the same room, this one among them; locked."""
    return (
        OperationItem.objects.select_for_update(of=("self",))
        .filter(operation=target.operation_id, recording__room=target.recording.room_id)
        .order_by("pk")
    )


def _claim(target: Target) -> dict[str, Any] | None:
    """None: this item is to ask the room. Else what is known of the asking."""
    with transaction.atomic():
        items = list(_siblings(target).only("pk", "known"))
        asked = next((item.known for item in items if item.known.get("asked_at")), None)
        if asked is not None:
            return dict(asked)
        _keep(items, asked_at=timezone.now().isoformat())
    return None


def _write(target: Target, **facts: Any) -> None:
    with transaction.atomic():
        _keep(list(_siblings(target).only("pk", "known")), **facts)


def _keep(items: Sequence[OperationItem], **facts: Any) -> None:
    for item in items:
        item.known = {**item.known, **facts}
        item.save(update_fields=["known"])


def _waited(target: Target) -> bool:
    return target.begun_at is None or (timezone.now() - target.begun_at).total_seconds() >= WAITS


def _judge(target: Target, known: Mapping[str, Any]) -> Refusal | None:
    """A refusal for what the vendor's answer does not name; None where it does, or where no answer was read."""
    started = known.get("started")
    session = target.recording.session_id
    # The one recording of an ordinary room has no session: whatever it is called there, it is the one.
    if started is None or session in started or (started and not session):
        return None
    return Refusal(reason("not_started"))


def _slices(rooms: Sequence[int], size: int = 500) -> list[Sequence[int]]:
    return [rooms[i : i + size] for i in range(0, len(rooms), size)]
