"""Set how long the vendor keeps recordings (calls 30 and 36, read by 29): for days, until a time, or for ever.

What is kept is the main version's video. Both calls take many: videos that get the same number of days (and are of
one product type) go in one call 30, those that get a time in one call 36. Neither says what went wrong with a single
video: call 36 only leaves it out of ``success_list``, call 30 says nothing at all. So the batch is read again after
the call, which also brings the mirror up to date.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from playback.models import Recording
from playback.sync import expiry
from playback.sync.expiry import Asked, Kept
from playback.vendor.client import VendorClient
from playback.vendor.codes import ProductType, PublishStatus
from playback.vendor.errors import VendorError

from ..base import Answer, Attachment, Facts, OperationInvalid, OperationKind, Planned, Refusal, Shows, Skipped, Target
from ..reasons import Reason, from_vendor, reason
from ..registry import register
from . import kept

SOON = timedelta(days=7)


@register
class SetExpiry(OperationKind):
    """Parameters: ``mode`` (days, date, forever), with ``days`` or ``date`` (Beijing time where it names no zone)."""

    kind = "set_expiry"
    title = _("Set when recordings expire")
    verb = _("Set expiry")
    will = _("will be kept otherwise")
    permission = "playback.set_expiry"
    call = "set_valid_days"
    group = "keeping"
    rank = 60
    icon = "event_busy"
    reads = True
    read_batch = 5 * expiry.BATCH
    batch = expiry.BATCH
    calls = 2  # and the reading afterwards
    refreshes = False  # the batch is read again together
    undoable = True
    fields = {"expiry": _("kept")}
    sentences = {
        "no_video": _("It has no video yet."),
        "never_expires": _("It was made before 23 November 2022: the vendor keeps no expiry for it."),
        "kept_so_already": _("It is already kept so."),
        "time_is_over": _("The chosen time is over."),
        "expires_at_once": _("Its time is over already: it would expire at once."),
        "expires_at_once_published": _("It is published, and its time is over already: viewers would lose it at once."),
        "expires_soon": _("It would expire on %(date)s already."),
        "expires_soon_published": _("It is published, and viewers would lose it on %(date)s."),
        "expiry_untold": _("The vendor does not say how long it is kept now, so this could not be undone."),
        "some_expire_at_once": _("Number of recordings that would expire at once: %(count)s."),
        "some_expire_soon": _("Number of recordings that would expire in less than 7 days: %(count)s."),
        "some_published_expire": _("Number of published recordings that viewers would lose by that: %(count)s."),
        "not_in_success_list": _("The vendor did not take the new time for this one, and did not say why."),
        "expiry_not_taken": _("The vendor took the call, but does not show the new expiry for this one."),
        "expiry_shown_otherwise": _("The vendor took it, but shows another expiry now."),
        "main_video_changed": _("Its main version was changed since the plan was made. Nothing was changed."),
    }

    # ------------------------------------------------------------ what is asked for

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        match parameters.get("mode"):
            case "days":
                return {"mode": "days", "days": kept.days_of(parameters.get("days"))}, None
            case "date":
                return {"mode": "date", "date": kept.moment_of(parameters.get("date")).isoformat()}, None
            case "forever":
                return {"mode": "forever"}, None
        raise OperationInvalid({"mode": _now("Choose days, a date, or for ever.")})

    def describe(self, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        if parameters["mode"] == "date":
            return [(_now("Keep"), kept.until(datetime.fromisoformat(parameters["date"])))]
        return [(_now("Keep"), self.show("expiry", {"days": parameters.get("days", 0)}))]

    def show(self, name: str, value: Any) -> str:
        return kept.told(value)

    def offered(self, recording: Recording) -> bool:
        return expiry.can_expire(recording.video_id, recording.created_at)

    # ------------------------------------------------------------ plan

    def read(
        self, client: VendorClient, targets: Sequence[Facts], parameters: Mapping[str, Any]
    ) -> Mapping[int, dict[str, Any]]:
        found = expiry.read(client, [_asked(facts) for facts in targets if _can_expire(facts)])
        known: dict[int, dict[str, Any]] = {}
        for facts in targets:
            if not _can_expire(facts):
                known[facts.id] = {"expiry": None}
            elif facts.id in found:
                known[facts.id] = {"expiry": kept.as_json(found[facts.id])}
        return known

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        if facts.created_at is None:
            return Skipped(reason("no_video"))
        if parameters["mode"] == "date":
            wanted = Kept(None, datetime.fromisoformat(parameters["date"]))
        else:
            wanted = expiry.after_days(facts.created_at, parameters.get("days", 0))
        return self._to(facts, facts.known.get("expiry"), kept.as_json(wanted))

    def _to(self, facts: Facts, old: Any, new: Any) -> Planned | Skipped:
        if facts.video_id is None:
            return Skipped(reason("no_video"))
        if not _can_expire(facts):
            return Skipped(reason("never_expires"))
        if facts.held_at is not None and new["days"] != 0:
            return Skipped(reason("on_hold"))
        if kept.same(old, new):
            return Skipped(reason("kept_so_already"))
        if new["days"] is None and datetime.fromisoformat(new["at"]) <= timezone.now():
            return Skipped(reason("time_is_over"))
        before = {"video_id": facts.video_id, "product_type": facts.product_type}
        return Planned({"expiry": [old, new]}, before, _note(facts, old, new))

    def plan_notes(self, planned: Sequence[Planned]) -> list[Reason]:
        codes = [line.note["code"] for line in planned if line.note]
        counted = {
            "some_expire_at_once": sum(code.startswith("expires_at_once") for code in codes),
            "some_expire_soon": sum(code.startswith("expires_soon") for code in codes),
            "some_published_expire": sum(code.endswith("_published") for code in codes),
        }
        return [reason(code, count=count) for code, count in counted.items() if count]

    def undo_item(
        self, facts: Facts, change: Mapping[str, Sequence[Any]], before: Mapping[str, Any]
    ) -> Planned | Skipped:
        old, new = change["expiry"]
        if old is None:
            return Skipped(reason("state_before_unknown"))
        if facts.video_id != before.get("video_id") or not kept.same(facts.known.get("expiry"), new):
            return Skipped(reason("changed_since"))
        return self._to(facts, new, old)

    def shows(self, change: Mapping[str, Sequence[Any]]) -> Shows:
        return {(None, "expiry"): change["expiry"][1]}

    # ------------------------------------------------------------ run

    def apply_batch(self, client: VendorClient, targets: Sequence[Target]) -> Sequence[Answer | VendorError]:
        answers: dict[int, Answer | VendorError] = {}
        by_days: dict[tuple[int, int], list[Target]] = defaultdict(list)
        dated: list[Target] = []
        for target in targets:
            new = target.change["expiry"][1]
            if target.recording.held_at is not None and new["days"] != 0:
                answers[target.item_id] = Refusal(reason("on_hold"))
            elif target.recording.video_id != target.before["video_id"]:
                answers[target.item_id] = Refusal(reason("main_video_changed"))
            elif new["days"] is None:
                dated.append(target)
            else:
                by_days[new["days"], _product_type(target)].append(target)
        for (days, product_type), alike in by_days.items():
            try:
                client.set_valid_days(product_type, [target.before["video_id"] for target in alike], days)
            except VendorError as error:
                answers |= {target.item_id: error for target in alike}
        if dated:
            answers |= self._set_times(client, dated)
        called = [target for target in targets if target.item_id not in answers]
        answers |= self._look(client, called)
        return [answers[target.item_id] for target in targets]

    def _set_times(self, client: VendorClient, dated: Sequence[Target]) -> dict[int, Answer | VendorError]:
        """Call 36; answers for those alone that did not take their time."""
        times = {
            target.before["video_id"]: datetime.fromisoformat(target.change["expiry"][1]["at"]) for target in dated
        }
        try:
            taken = set(client.set_expire_times(times))
        except VendorError as error:
            return {target.item_id: error for target in dated}
        refused = [target for target in dated if target.before["video_id"] not in taken]
        return {target.item_id: Refusal(reason("not_in_success_list")) for target in refused}

    def _look(self, client: VendorClient, called: Sequence[Target]) -> dict[int, Answer]:
        """What the vendor shows after the calls; stored. Call 36 named its videos, so its word counts more than what
        is shown; call 30 named none."""
        if not called:
            return {}
        try:
            found = expiry.read(client, [_asked_again(target) for target in called])
        except VendorError as error:
            return {target.item_id: from_vendor("not_refreshed", error) for target in called}
        answers: dict[int, Answer] = {}
        for target in called:
            new = target.change["expiry"][1]
            shown = found.get(target.recording.pk)
            if shown is None:
                answers[target.item_id] = reason("not_refreshed")
            elif kept.same(kept.as_json(shown), new):
                answers[target.item_id] = None
            elif new["days"] is None:
                answers[target.item_id] = reason("expiry_shown_otherwise")
            else:
                answers[target.item_id] = Refusal(reason("expiry_not_taken"))
        return answers

    def settle(self, client: VendorClient, target: Target) -> bool:
        found = expiry.read(client, [_asked_again(target)])
        shown = found.get(target.recording.pk)
        return shown is not None and kept.same(kept.as_json(shown), target.change["expiry"][1])


def _note(facts: Facts, old: Any, new: Any) -> Reason | None:
    """What the person should see beside this recording before confirming."""
    at = datetime.fromisoformat(new["at"]) if new["at"] else None
    published = facts.publish_status == PublishStatus.PUBLISHED
    now = timezone.now()
    if at is not None and at <= now:
        return reason("expires_at_once_published" if published else "expires_at_once")
    if at is not None and at < now + SOON:
        return reason("expires_soon_published" if published else "expires_soon", date=kept.written(at))
    return reason("expiry_untold") if old is None else None


def _can_expire(facts: Facts) -> bool:
    return expiry.can_expire(facts.video_id, facts.created_at)


def _asked(facts: Facts) -> Asked:
    assert facts.video_id is not None  # noqa: S101 - ``_can_expire``
    assert facts.created_at is not None  # noqa: S101
    return Asked(facts.id, facts.video_id, facts.product_type, facts.created_at)


def _asked_again(target: Target) -> Asked:
    """The video that the call was about, whichever is the main one by now."""
    made_at = target.recording.created_at or timezone.now()
    return Asked(target.recording.pk, target.before["video_id"], target.before["product_type"], made_at)


def _product_type(target: Target) -> int:
    product_type = target.before["product_type"]
    return ProductType.ALL.value if product_type is None else int(product_type)
