"""Remove chat (call 22). The vendor rebuilds the version for minutes; what was removed never comes back.

The end of a rebuild is told by a callback (CB3: room, session, version, video). Without it there are two signs, and no
third: the version was not ready after the call and is ready again, or it is another film (video_id) than before. Sizes
are no sign: they also grow while further definitions are made. Where neither shows, nobody can tell that the chat is
gone, and the item ends as unknown, which is what it is.

So what the version looked like right before the call, and that a rebuild was seen, is kept with the item (``known``).
Whoever receives CB3 finds the open item by its recording and the version in ``change``, sets ``rebuilt`` beside those
two and has it looked at: :meth:`RemoveChat.finished` obeys it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from playback.models import Operation, OperationItem, Recording
from playback.vendor.calls.versions import ChatSpan
from playback.vendor.client import VendorClient
from playback.vendor.codes import RecordingStatus, VersionType
from playback.vendor.errors import VendorGone, VendorOutcomeUnknown, VendorRefused

from .. import dispatch
from ..base import (
    FILM,
    Answer,
    Attachment,
    Facts,
    OperationInvalid,
    OperationKind,
    Planned,
    Refusal,
    Skipped,
    Target,
    Working,
)
from ..chat import moments, written
from ..chat.sentences import SENTENCES
from ..reasons import Reason, reason
from ..registry import register
from .publish import NOT_READY

READY = RecordingStatus.READY
Outcome = OperationItem.Outcome
_OPEN = [Outcome.PLANNED, Outcome.RUNNING, Outcome.WORKING, Outcome.UNKNOWN]


class Look(NamedTuple):
    """A version at the vendor, as far as a rebuild may show in it."""

    status: int
    film: list[int | None]  # video_id, version_type


@register
class RemoveChat(OperationKind):
    """Parameters: ``version`` (the main one if it is left out), ``times`` (clock or offset), ``began`` (what offsets
    are counted from), and what is removed: ``user_number``, ``start`` and ``end``, or several of them as ``spans`` or
    as ``lines`` (text)."""

    kind = "remove_chat"
    title = _("Remove chat")
    verb = _("Remove chat")
    will = _("will lose this chat for ever")
    permission = "playback.remove_chat"
    call = "remove_chat"
    group = "content"
    rank = 70
    icon = "speaker_notes_off"
    only_one = True
    destructive = True
    takes_trashed = False
    needs_versions = True
    reads = True
    calls = 2
    in_background = True
    poll_seconds = 2.0
    gives_up = 3600.0
    unfinished = "chat_untold"
    sentences = SENTENCES

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        times = str(parameters.get("times") or written.CLOCK)
        if times not in (written.CLOCK, written.OFFSET):
            raise OperationInvalid({"times": _now("Times are times of day or offsets: clock or offset.")})
        cleaned: dict[str, Any] = {"times": times}
        if (version := written.plain(parameters.get("version"))) != "":
            if not version.isdecimal() or len(version) > 10 or int(version) >= 2**31:
                raise OperationInvalid({"version": _now("A version is a number.")})
            cleaned["version"] = int(version)
        if times == written.OFFSET and (began := written.plain(parameters.get("began"))):
            cleaned["began"] = written.clean_beginning(began)
        cleaned["spans"] = written.clean_spans(parameters, times)
        return cleaned, None

    # ------------------------------------------------------------ plan

    def read(
        self, client: VendorClient, targets: Sequence[Facts], parameters: Mapping[str, Any]
    ) -> Mapping[int, dict[str, Any]]:
        """When class was. An account that may not ask that plans without it."""
        found: dict[int, dict[str, Any]] = {}
        for facts in targets:
            try:
                nodes = client.class_times(**facts.key).rows
            except VendorGone:
                raise
            except VendorRefused:
                nodes = []
            times = [time for node in nodes for time in (node.start, node.end) if time is not None]
            found[facts.id] = {"class": [moments.as_text(min(times)), moments.as_text(max(times))] if times else []}
        return found

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        version = parameters.get("version", facts.main_version)
        if why := _obstacle(facts, version):
            return Skipped(why)
        spans, times = parameters["spans"], parameters["times"]
        frame = moments.frame_of(facts, parameters)
        notes = [reason("chat_rebuilds")]
        window: dict[str, Any] = dict(zip(("start", "end"), facts.known.get("class", ()), strict=False))
        if moments.needs_beginning(spans, times):
            if "began" not in parameters and _is_cut(facts, version):
                return Skipped(reason("chat_of_cut", version=version))
            if frame.began is None:
                return Skipped(reason("chat_beginning_unknown"))
            code = "chat_counted_from" if "began" in parameters else "chat_counted_from_class"
            notes.append(reason(code, time=moments.as_text(frame.began)))
        if moments.needs_day(spans, times):
            if not frame.days:
                return Skipped(reason("chat_day_unknown"))
            notes.append(
                reason("chat_day_of_class", **window)
                if window
                else reason("chat_day_guessed", day=frame.days[0].isoformat())
            )
        parts = [moments.placed(span, times, frame) for span in spans]
        if frame.window and (count := sum(moments.outside(part, frame.window) for part in parts)):
            notes.append(reason("chat_outside", count=count, **window))
        change = {"chat": [{"version": version, "parts": [moments.stored(part) for part in parts]}, None]}
        return Planned(change, {"notes": notes}, reason("chat_waits") if _is_under_way(facts) else None)

    def plan_notes(self, planned: Sequence[Planned]) -> list[Reason]:
        """Of each once: there is one recording, unless it was asked for from the command line."""
        notes: list[Reason] = []
        for line in planned:
            notes += [note for note in line.before["notes"] if note not in notes]
        return notes

    # ------------------------------------------------------------ run

    def apply(self, client: VendorClient, target: Target) -> Answer:
        version, parts = _asked_for(target)
        seen = _look(client, target)
        if seen is None:
            return Refusal(reason("no_such_version", version=version))
        if seen.status != READY:
            return Refusal(reason("version_not_ready", version="" if version is None else version))
        _keep(target, {**target.known, "film": seen.film, "rebuilding": False})
        spans = [ChatSpan(*moments.restored(part)) for part in parts]
        client.remove_chat(**target.key, spans=spans, version=version)
        return Working(reason("chat_taken"))

    def settle(self, client: VendorClient, target: Target) -> bool:
        """Whether the vendor took it. Raises ``VendorOutcomeUnknown`` while nothing shows that it did: a rebuild need
        not show at all."""
        if "film" not in target.known:
            return False  # it was interrupted before the call
        seen = _look(client, target)
        if seen is not None and (_is_rebuilding(target, seen) or seen.film != target.known["film"]):
            return True
        raise VendorOutcomeUnknown(call=self.call, why="nothing shows whether chat was removed")

    def finished(self, client: VendorClient, target: Target) -> bool | Refusal:
        seen = _look(client, target)
        if seen is None:
            return Refusal(reason("no_such_version", version=_asked_for(target)[0]))
        if seen.status == RecordingStatus.FAILED:
            return Refusal(reason("vendor_failed"))
        if _is_rebuilding(target, seen):
            return False
        known = target.known
        return bool(known.get("rebuilt") or known.get("rebuilding") or seen.film != known["film"])

    def touches(self, change: Mapping[str, Sequence[Any]]) -> frozenset[str]:
        """The vendor makes the version anew."""
        return FILM

    def offered(self, recording: Recording) -> bool:
        return bool(recording.is_ready)

    # ------------------------------------------------------------ telling

    def describe(self, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        offsets = parameters["times"] == written.OFFSET
        told = [(_now("Times"), _now("from the start of the recording") if offsets else _now("of the day, in Beijing"))]
        if "version" in parameters:
            told.insert(0, (_now("Version"), str(parameters["version"])))
        if "began" in parameters:
            told.append((_now("Start of the recording"), parameters["began"]))
        told.append((_now("As entered"), "; ".join(written.as_written(span) for span in parameters["spans"])))
        return told

    def changes(self, change: Mapping[str, Sequence[Any]]) -> list[tuple[str, str, str]]:
        """Word by word what is sent: a line for each part of the request."""
        if "chat" not in change:
            return []
        asked = change["chat"][0]
        where = (
            _now("in the main version")
            if asked["version"] is None
            else _now("in version %(version)s") % {"version": asked["version"]}
        )
        return [(moments.words(part), where, _now("removed")) for part in asked["parts"]]


# ---------------------------------------------------------------- planning


def _obstacle(facts: Facts, version: int | None) -> Reason | None:
    if facts.held_at is not None:
        return reason("on_hold")
    if version is None or version == facts.main_version:
        return reason(NOT_READY[RecordingStatus(facts.status)]) if facts.status in NOT_READY else None
    found = facts.versions.get(version)
    if found is None:
        return reason("no_such_version", version=version)
    return reason("version_not_ready", version=version) if found.status != READY else None


def _is_cut(facts: Facts, version: int | None) -> bool:
    found = facts.versions.get(version) if version is not None else None
    return found is not None and found.version_type == VersionType.EDITED


def _is_under_way(facts: Facts) -> bool:
    return OperationItem.objects.filter(
        recording=facts.id,
        operation__kind=RemoveChat.kind,
        operation__state__in=[*dispatch.GOING, Operation.State.PAUSED],
        outcome__in=_OPEN,
        finished_at=None,
    ).exists()


# ---------------------------------------------------------------- at the vendor


def _asked_for(target: Target) -> tuple[int | None, list[list[Any]]]:
    asked = target.change["chat"][0]
    return asked["version"], asked["parts"]


def _look(client: VendorClient, target: Target) -> Look | None:
    """The version now; None if it is not there. Raises the client's ``VendorError`` s."""
    version = _asked_for(target)[0]
    if version is None:
        info = client.recording_info(**target.key)
        return Look(info.status, [info.video_id, None])
    for page in client.pages(client.list_versions, **target.key):
        for row in page.rows:
            if row.version == version:
                return Look(row.status, [row.video_id, row.version_type])
        if page.unreadable or any(row.version is None for row in page.rows):
            raise VendorOutcomeUnknown(call="list_versions", why="a version could not be read")
    return None


def _is_rebuilding(target: Target, seen: Look) -> bool:
    """Not ready, though it was right before the call. That is kept: it may be ready at the next look."""
    if seen.status == READY:
        return False
    if not target.known.get("rebuilding"):
        _keep(target, {**target.known, "rebuilding": True})
    return True


def _keep(target: Target, known: Mapping[str, Any]) -> None:
    OperationItem.objects.filter(pk=target.item_id).update(known=dict(known))
