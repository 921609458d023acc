"""What people write about chat: lists of lines, times of day and offsets; what is refused, and where that is said."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from playback.operations import registry
from playback.operations.base import OperationInvalid
from playback.operations.chat import moments, written
from playback.vendor.calls.versions import ChatSpan
from playback.vendor.results import BEIJING

FULL_WIDTH = str.maketrans("0123456789:,-", "０１２３４５６７８９：，－")
CLASS = (datetime(2026, 11, 19, 10, 0, 12, tzinfo=BEIJING), datetime(2026, 11, 19, 11, 30, tzinfo=BEIJING))
FRAME = moments.Frame([date(2026, 11, 19)], CLASS[0], CLASS)

numbers = st.none() | st.integers(1, written.LARGEST_NUMBER)
clocks = st.times().map(lambda t: t.replace(microsecond=0).isoformat())
offsets = st.integers(0, 99 * 3600).map(lambda s: f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}")
days = st.dates(date(2020, 1, 1), date(2030, 12, 31)).map(date.isoformat)


@st.composite
def spans(draw: st.DrawFn, times: str) -> dict[str, Any]:
    """A span in normal form."""
    one = offsets if times == written.OFFSET else clocks
    ends = sorted(draw(st.lists(one, min_size=2, max_size=2)))
    if times == written.CLOCK and draw(st.booleans()):
        day = draw(days)
        ends = [f"{day} {end}" for end in ends]
    span = {"user_number": draw(numbers), "start": ends[0], "end": ends[1]}
    for name in draw(st.sets(st.sampled_from(["start", "end"]))):
        span[name] = None
    kept = {name: value for name, value in span.items() if value is not None}
    return kept or {"user_number": 7}


lists = st.sampled_from([written.CLOCK, written.OFFSET]).flatmap(
    lambda times: st.tuples(st.just(times), st.lists(spans(times), max_size=8))
)


@given(lists, st.sampled_from([",", "，", "\t", ", ", " ； ", "、", ";"]), st.booleans(), st.booleans())
def test_lines_come_back_as_they_were_meant(
    given_list: tuple[str, list[dict[str, Any]]], comma: str, wide: bool, blank_lines: bool
) -> None:
    times, meant = given_list
    lines = [comma.join(str(span.get(name, "")) for name in ("user_number", "start", "end")) for span in meant]
    text = ("\r\n\n" if blank_lines else "\n").join(line.translate(FULL_WIDTH) if wide else line for line in lines)
    assert written.parse_lines(text, times) == (meant, [])


@given(st.text(), st.sampled_from([written.CLOCK, written.OFFSET]))
def test_no_text_is_half_understood(text: str, times: str) -> None:
    """Every line that says anything becomes a span or a sentence; and a span can be sent."""
    found, wrong = written.parse_lines(text, times)
    assert len(found) + len(wrong) == sum(bool(line.strip()) for line in text.splitlines())
    for span in found:
        assert written.clean_span(span, times) == span
        sent = ChatSpan(*moments.placed(span, times, FRAME)).as_params()
        assert len(sent) == len(span)


@pytest.mark.parametrize(
    "line",
    [
        "学号, 开始, 结束",
        "1234567 10:02",
        "-5",
        "0",
        "18446744073709551616",
        "1, 25:00",
        "1, 10:60:00",
        "1, 2026-02-30 10:00",
        "1, 10:02, 10:05, 10:08",
        "1, 10:05, 10:02",
        ",,",
    ],
)
def test_wrong_lines_are_named(line: str) -> None:
    with override("en"):
        found, wrong = written.parse_lines(f"7\n{line}\n8", written.CLOCK)
    assert [span["user_number"] for span in found] == [7, 8]
    assert [sentence[:8] for sentence in wrong] == ["Line 2: "]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({}, "user_number"),
        ({"user_number": " "}, "user_number"),
        ({"user_number": "abc"}, "user_number"),
        ({"start": "later"}, "start"),
        ({"start": "10:05", "end": "10:02"}, "end"),
        ({"start": "2026-03-02 23:50", "end": "00:10"}, "end"),
        ({"start": "10:05", "times": "offset", "end": "10:02:00:00"}, "end"),
        ({"user_number": 1, "times": "lunar"}, "times"),
        ({"user_number": 1, "version": "main"}, "version"),
        ({"user_number": 1, "version": -1}, "version"),
        ({"start": "1:00", "times": "offset", "began": "10:00"}, "began"),
        ({"start": "1:00", "times": "offset", "began": "noon"}, "began"),
        ({"lines": ""}, "lines"),
        ({"lines": "x"}, "lines"),
        ({"lines": "\n".join(map(str, range(1, 202)))}, "lines"),
        ({"spans": []}, "spans"),
        ({"spans": "1234567"}, "spans"),
        ({"spans": [7]}, "spans"),
        ({"spans": [{"user_number": 1}, {}]}, "spans"),
    ],
)
def test_a_bad_parameter_is_a_sentence_at_its_field(parameters: dict[str, Any], field: str) -> None:
    with pytest.raises(OperationInvalid) as wrong:
        registry.get("remove_chat").clean(parameters, None)
    assert wrong.value.errors.keys() == {field}
    assert wrong.value.errors[field]


def test_parameters_are_stored_in_normal_form() -> None:
    cleaned, _ = registry.get("remove_chat").clean(
        {"lines": "１２３，９：０２：００\n123, 9:02\n, 2026/3/2 9:02, 9:05", "version": "2", "began": "ignored"}, None
    )
    assert cleaned == {
        "times": "clock",
        "version": 2,
        "spans": [
            {"user_number": 123, "start": "09:02:00"},
            {"start": "2026-03-02 09:02:00", "end": "2026-03-02 09:05:00"},
        ],
    }


NIGHT = (datetime(2026, 11, 19, 23, 0, tzinfo=BEIJING), datetime(2026, 11, 20, 1, 0, tzinfo=BEIJING))


@pytest.mark.parametrize(
    ("span", "day"),
    [({"start": "23:30:00"}, 19), ({"start": "00:10:00"}, 20), ({"end": "00:10:00"}, 20), ({"start": "09:00:00"}, 19)],
)
def test_a_time_of_day_is_of_the_day_on_which_class_was(span: dict[str, Any], day: int) -> None:
    frame = moments.Frame([date(2026, 11, 19), date(2026, 11, 20)], NIGHT[0], NIGHT)
    placed = moments.placed(span, written.CLOCK, frame)
    found = placed.start or placed.end
    assert found is not None
    assert found.day == day


@given(st.integers(0, 99 * 3600))
def test_an_offset_is_counted_from_the_start(seconds: int) -> None:
    span = written.clean_span({"start": f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"}, written.OFFSET)
    assert moments.placed(span, written.OFFSET, FRAME).start == CLASS[0] + timedelta(seconds=seconds)


@given(spans(written.CLOCK))
def test_what_is_stored_is_what_is_sent(span: dict[str, Any]) -> None:
    placed = moments.placed(span, written.CLOCK, FRAME)
    assert moments.restored(moments.stored(placed)) == placed
    told = moments.words(moments.stored(placed))
    for value in ChatSpan(*placed).as_params().values():
        assert value in told or value[11:] in told
