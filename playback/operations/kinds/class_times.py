"""When class really ran (call 18), as parts of the recording.

Class times are unix seconds; a cut wants seconds from the recording's start. **When a recording started is told by no
call**: ``create_time`` is when the vendor made the recording, which is after it ended (the reference lists the newest
first as it is made, and the samples have recordings made hours after their class). What is known:

- class lies within the recording: it started no later than the first class time, and not so early that it would end
  before the last one;
- the vendor made the recording after it ended: it started at least its length before ``create_time``;
- assumed: the vendor makes a recording within ``late`` seconds of its end, 15 minutes unless the person says otherwise.
  So it started no more than that and its length before ``create_time``.

That bounds the start from both sides. The safe rule: a part is as wide as class can lie within these bounds, so that no
second of class is cut off, and what is cut off was certainly no class. A person who has looked knows more: with
``begins_at`` (where in the recording class begins) the parts are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from ..marks import format_offset
from ..reasons import Reason, reason

LATE = 15 * 60  # s
TOLERANCE = 60  # s; less than that on either end is not worth a cut
SHORTEST_BREAK = 30  # s; class times closer than that stay one part


class Node(NamedTuple):
    """One run of class; unix seconds. ``filled_in``: the end was missing, and the vendor filled it in."""

    start: int
    end: int
    filled_in: bool = False


class Run(NamedTuple):
    """One part of the recording in which class ran; ``nodes`` are the class times in it."""

    start: int
    end: int
    nodes: tuple[Node, ...]


def place(
    nodes: Sequence[Node], length: int, made_at: int | None, *, late: int = LATE, begins_at: int | None = None
) -> list[Run] | Reason:
    """The parts of a recording of ``length`` seconds in which class may have run; or why none can be told."""
    ordered = sorted(nodes)
    if not ordered:
        return reason("no_class_times")
    if any(node.end <= node.start for node in ordered):
        return reason("class_times_wrong")
    first, last = ordered[0].start, max(node.end for node in ordered)
    if begins_at is not None:
        earliest = latest = first - begins_at
    else:
        earliest, latest = last - length, first
        if earliest - latest > TOLERANCE:
            return reason("class_outside")
        if made_at is not None and made_at >= last:  # else it is no time of making after the end
            earliest = max(earliest, made_at - length - late)
            latest = min(latest, made_at - length)
        if earliest - latest > TOLERANCE:
            return reason("class_too_early", minutes=round(late / 60))
        earliest = min(earliest, latest)
    runs = [
        Run(max(0, node.start - latest), min(length, node.end - earliest), (node,))
        for node in ordered
        if node.end > earliest and node.start - latest < length
    ]
    if len(runs) < len(ordered):
        return reason("class_outside")
    return _worth_it(_joined(runs), length, last - first)


def _joined(runs: Sequence[Run]) -> list[Run]:
    joined = [runs[0]]
    for run in runs[1:]:
        if run.start - joined[-1].end < SHORTEST_BREAK:
            joined[-1] = Run(joined[-1].start, max(joined[-1].end, run.end), joined[-1].nodes + run.nodes)
        else:
            joined.append(run)
    return joined


def _worth_it(runs: list[Run], length: int, span: int) -> list[Run] | Reason:
    if len(runs) > 1 or runs[0].start > TOLERANCE or length - runs[0].end > TOLERANCE:
        return runs
    if length - span > 2 * TOLERANCE:
        return reason("class_place_unknown", spare=format_offset(length - span))
    return reason("class_is_whole")


def ran(node: Node) -> str:
    """When class ran, in Beijing time, as a person reads it."""
    start, end = (timezone.localtime(datetime.fromtimestamp(moment, UTC)) for moment in (node.start, node.end))
    said = f"{start:%Y-%m-%d %H:%M:%S}–{end:%H:%M:%S}"
    return _("%(time)s (end filled in by the vendor)") % {"time": said} if node.filled_in else said
