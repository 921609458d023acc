"""Crop into named parts, to class times, or split by length (calls 35, 17, 18). See ``cutting`` for what they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from playback.vendor.client import Crop as CropPart
from playback.vendor.client import VendorClient

from ..base import Attachment, Facts, OperationInvalid, Planned, Skipped, Target
from ..marks import format_offset, parse_offset
from ..reasons import Reason, reason
from ..registry import register
from . import class_times, names
from . import parts as cuts
from .class_times import Node, Run
from .cutting import SENTENCES, Cutting
from .parts import Part


class _Cropping(Cutting):
    call = "crop_recording"

    def cut(self, client: VendorClient, target: Target, parts: Sequence[Part]) -> None:
        wanted = [CropPart(part.start, part.end, part.name) for part in parts]
        client.crop_recording(**target.key, crop_info=wanted)


@register
class Crop(_Cropping):
    """Parameter: ``parts``, a list of ``start``, ``end`` (times or seconds) and ``name``."""

    kind = "crop"
    title = _("Crop a recording into parts")
    verb = _("Crop")
    will = _("will be cropped")
    only_one = True
    rank = 40
    sentences = SENTENCES

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        return {"parts": [part._asdict() for part in cuts.clean(parameters.get("parts"))]}, None

    def parts_of(self, facts: Facts, parameters: Mapping[str, Any], length: int) -> Sequence[Part] | Reason:
        return [Part(**part) for part in parameters["parts"]]


@register
class CropToClass(_Cropping):
    """Parameters: ``late`` (minutes) and ``begins_at`` (a time), both optional: see ``class_times``."""

    kind = "crop_to_class"
    title = _("Crop recordings to class times")
    verb = _("Crop to class times")
    will = _("will be cropped to class times")
    rank = 41
    icon = "timer"
    sentences = {
        "no_class_times": _("The vendor has no class times of it."),
        "class_times_wrong": _("Its class times have no end, or end before they start."),
        "class_outside": _("Its class times do not lie within the recording."),
        "class_too_early": _(
            "Its class times do not lie within the recording, if that was made at most %(minutes)s minutes after it "
            "ended."
        ),
        "class_is_whole": _("Class takes up the whole recording."),
        "class_place_unknown": _(
            "It is %(spare)s longer than class, but on which side the vendor does not tell: nothing is certainly no "
            "class."
        ),
    }

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        cleaned: dict[str, Any] = {}
        wrong: dict[str, str] = {}
        late = parameters.get("late")
        if late not in (None, ""):
            text = "" if isinstance(late, bool) else str(late).strip()
            if text.isdecimal() and len(text) < 5 and int(text) <= 1440:
                cleaned["late"] = int(text)
            else:
                wrong["late"] = _now("Give whole minutes, from 0 to 1440.")
        begins_at = parameters.get("begins_at")
        if begins_at not in (None, ""):
            try:
                cleaned["begins_at"] = _offset("begins_at", begins_at)
            except OperationInvalid as invalid:
                wrong |= invalid.errors
        if wrong:
            raise OperationInvalid(wrong)
        return cleaned, None

    def read_one(self, client: VendorClient, facts: Facts) -> dict[str, Any]:
        return {**super().read_one(client, facts), "class": [list(node) for node in nodes_of(client, facts.key)]}

    def parts_of(self, facts: Facts, parameters: Mapping[str, Any], length: int) -> Sequence[Part] | Reason:
        runs = _runs(facts, parameters, length)
        return runs if isinstance(runs, dict) else named(runs, facts.name or facts.vendor_key)

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        """The class times stand beside the parts: by them a person sees whether the parts can be right."""
        result = super().plan_item(facts, parameters, number)
        if isinstance(result, Planned):
            runs = _runs(facts, parameters, result.before["length"])
            assert isinstance(runs, list)  # noqa: S101 - else there was no plan
            for part, run in zip(result.change["parts"][1], runs, strict=True):
                part["class"] = [list(node) for node in run.nodes]
        return result

    def describe(self, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        if "begins_at" in parameters:
            return [(_now("In the recording, class begins at"), format_offset(parameters["begins_at"]))]
        minutes = parameters.get("late", class_times.LATE // 60)
        return [(_now("Recordings are made at most so many minutes after they end"), str(minutes))]


def _runs(facts: Facts, parameters: Mapping[str, Any], length: int) -> list[Run] | Reason:
    return class_times.place(
        [Node(*node) for node in facts.known["class"]],
        length,
        facts.known["made_at"],
        late=parameters.get("late", class_times.LATE // 60) * 60,
        begins_at=parameters.get("begins_at"),
    )


@register
class Split(Cutting):
    """Parameter: ``seconds``, the length of each part; the last one gets what is left."""

    kind = "split"
    title = _("Split recordings by length")
    verb = _("Split")
    will = _("will be split")
    call = "split_recording"
    rank = 42
    icon = "splitscreen_vertical_add"
    sentences = {
        "not_longer": _("It is only %(length)s long: there is nothing to split."),
        "too_many_parts": _("It would become %(parts)s parts; at most %(most)s are made."),
    }

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        seconds = _offset("seconds", parameters.get("seconds"))
        if seconds < cuts.SHORTEST:
            raise OperationInvalid({"seconds": _now("A part is at least one second long.")})
        return {"seconds": seconds}, None

    def parts_of(self, facts: Facts, parameters: Mapping[str, Any], length: int) -> Sequence[Part] | Reason:
        step = parameters["seconds"]
        if step >= length:
            return reason("not_longer", length=format_offset(length))
        many = -(-length // step)
        if many > cuts.MOST:
            return reason("too_many_parts", parts=many, most=cuts.MOST)
        return [Part(start, min(start + step, length)) for start in range(0, length, step)]

    def cut(self, client: VendorClient, target: Target, parts: Sequence[Part]) -> None:
        client.split_recording(**target.key, length_per_segment=target.parameters["seconds"])

    def describe(self, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        return [(_now("Length of a part"), format_offset(parameters["seconds"]))]


def _offset(field: str, value: object) -> int:
    """A time, or whole seconds."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 360_000:
        return value
    offset = parse_offset(value) if isinstance(value, str) else None
    if offset is None:
        raise OperationInvalid({field: _now("Give a time such as 05:30 or 1:05:30.")})
    return offset


# ---------------------------------------------------------------- class times


def nodes_of(client: VendorClient, key: Mapping[str, int]) -> list[Node]:
    """Class times as call 18 has them. One without an end counts as ending when it starts, which is seen as wrong."""
    page = client.class_times(**key)
    nodes = [
        Node(int(row.start.timestamp()), int((row.end or row.start).timestamp()), row.end_filled_in)
        for row in page.rows
    ]
    return [*nodes, *[Node(0, 0)] * len(page.unreadable)]


def named(runs: Sequence[Run], name: str) -> list[Part]:
    """After the recording; numbered where there are several."""
    if len(runs) == 1:
        return [Part(runs[0].start, runs[0].end, name[: names.LIMIT])]
    return [Part(run.start, run.end, f"{name[: names.LIMIT - 6]} ({number})") for number, run in enumerate(runs, 1)]
