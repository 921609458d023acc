"""Spans of chat as people write them: a person's number and two times, one by one or as pasted lines.

A time is a time of day (or a moment with its day), or an offset from the recording's start; which of them all times
of a request are is said once, because ``0:10:00`` may be either. Pasted text comes with full-width digits, colons and
commas.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Any

from django.utils.translation import gettext as _

from ..base import OperationInvalid
from ..marks import format_offset, parse_offset

CLOCK = "clock"
OFFSET = "offset"
MOST_SPANS = 200  # ours: a plan that nobody can read is none
LARGEST_NUMBER = 2**64 - 1

_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_MOMENT = re.compile(r"(20\d{2})[-/.](\d{1,2})[-/.](\d{1,2})[ T]+(.+)", re.ASCII)
_SEPARATOR = re.compile(r"[,;、\t]")

Span = dict[str, Any]  # stored: user_number (int), start, end (text in normal form); only what was given


class Wrong(ValueError):
    """Something written cannot be meant. ``field`` is user_number, start, end or, for the whole, empty."""

    def __init__(self, field: str, sentence: str) -> None:
        self.field = field
        self.sentence = sentence
        super().__init__(sentence)


def clean_spans(parameters: Mapping[str, Any], times: str) -> list[Span]:
    """What is to be removed, of a kind's parameters. Raises :class:`OperationInvalid`."""
    single = {name: parameters[name] for name in ("user_number", "start", "end") if parameters.get(name) is not None}
    spans: list[Span] = []
    wrong: list[str] = []
    if "lines" in parameters:
        field = "lines"
        spans, wrong = parse_lines(str(parameters["lines"] or ""), times)
    elif "spans" in parameters:
        field = "spans"
        if not isinstance(parameters["spans"], list) or not all(isinstance(s, Mapping) for s in parameters["spans"]):
            raise OperationInvalid({"spans": _("Spans are a list of user_number, start and end.")})
        for number, written in enumerate(parameters["spans"], 1):
            try:
                spans.append(clean_span(written, times))
            except Wrong as error:
                wrong.append(f"{number}: {error.sentence}")
    else:
        field = "user_number"
        try:
            spans.append(clean_span(single, times))
        except Wrong as error:
            raise OperationInvalid({error.field or field: error.sentence}) from None
    if wrong:
        raise OperationInvalid({field: " ".join(wrong[:10]) + (" …" if len(wrong) > 10 else "")})
    if not spans:
        raise OperationInvalid({field: _("Say whose chat is removed, or of which time.")})
    if len(spans := unique(spans)) > MOST_SPANS:
        raise OperationInvalid({field: _("At most %(limit)s at a time.") % {"limit": MOST_SPANS}})
    return spans


def clean_beginning(text: str) -> str:
    """Raises :class:`OperationInvalid`."""
    try:
        began = clean_time("began", text, CLOCK)
        if not has_day(began):
            raise Wrong("began", _("Give the day too, as in 2026-03-02 10:00:00."))
    except Wrong as error:
        raise OperationInvalid({"began": error.sentence}) from None
    return began


def plain(written: object) -> str:
    """Full-width digits, colons and commas as plain ones."""
    return unicodedata.normalize("NFKC", "" if written is None else str(written)).strip()


def clean_span(written: Mapping[str, Any], times: str) -> Span:
    """One span in normal form. Raises :class:`Wrong`."""
    span: Span = {}
    if number := plain(written.get("user_number")):
        span["user_number"] = clean_number(number)
    for field in ("start", "end"):
        if text := plain(written.get(field)):
            span[field] = clean_time(field, text, times)
    if not span:
        raise Wrong("", _("Say whose chat is removed, or of which time."))
    _same_day(span)
    if "start" in span and "end" in span and span["start"] > span["end"]:
        raise Wrong("end", _("The end is before the start. For a class past midnight give the days too."))
    return span


def clean_number(text: str) -> int:
    if not re.fullmatch(r"\d{1,20}", text, re.ASCII) or not 0 < int(text) <= LARGEST_NUMBER:
        raise Wrong("user_number", _("%(text)s is not a person's number: digits only.") % {"text": _short(text)})
    return int(text)


def clean_time(field: str, text: str, times: str) -> str:
    """``HH:MM:SS`` (a time of day or an offset, as ``times`` says) or ``YYYY-MM-DD HH:MM:SS``."""
    if times == OFFSET:
        offset = parse_offset(text)
        if offset is None:
            raise Wrong(field, _("%(text)s is not a time like 0:12:30.") % {"text": _short(text)})
        return format_offset(offset)
    clock = _clock(text)
    if clock is not None:
        return clock.isoformat()
    found = _moment(text)
    if found is None:
        raise Wrong(field, _("%(text)s is not a time like 10:02:30 or 2026-03-02 10:02:30.") % {"text": _short(text)})
    return found


def _clock(text: str) -> time | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return time(hours, minutes, seconds) if hours < 24 and minutes < 60 and seconds < 60 else None


def _moment(text: str) -> str | None:
    found = _MOMENT.fullmatch(text)
    clock = _clock(found[4]) if found else None
    if found is None or clock is None:
        return None
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
    return f"{day.isoformat()} {clock.isoformat()}"


def has_day(text: str) -> bool:
    return len(text) > len("23:59:59")


def _same_day(span: Span) -> None:
    """Where one of two times has its day, the other one is of that day."""
    start, end = span.get("start"), span.get("end")
    if start and end and has_day(start) != has_day(end):
        if has_day(start):
            span["end"] = f"{start[:10]} {end}"
        else:
            span["start"] = f"{end[:10]} {start}"


def parse_lines(text: str, times: str) -> tuple[list[Span], list[str]]:
    """Pasted lines ``number, from, to``, of which any may be left out; and a sentence for each line that is wrong."""
    spans: list[Span] = []
    wrong: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        parts = [plain(part).strip("\"' ") for part in _SEPARATOR.split(unicodedata.normalize("NFKC", line))]
        if not any(parts):
            if line.strip():
                wrong.append(_line(number, _("Say whose chat is removed, or of which time.")))
            continue
        while len(parts) > 3 and not parts[-1]:
            parts.pop()
        if len(parts) > 3:
            wrong.append(_line(number, _("It has more than three parts.")))
            continue
        try:
            spans.append(clean_span(dict(zip(("user_number", "start", "end"), parts, strict=False)), times))
        except Wrong as error:
            wrong.append(_line(number, error.sentence))
    return spans, wrong


def _line(number: int, sentence: str) -> str:
    return _("Line %(number)s: %(sentence)s") % {"number": number, "sentence": sentence}


def unique(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for span in spans:
        if span not in found:
            found.append(span)
    return found


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


def as_written(span: Span) -> str:
    """A span as it was entered: ``1234567, 10:02:00, 10:05:00``."""
    return ", ".join(str(span.get(name, "–")) for name in ("user_number", "start", "end"))
