"""For whom and for how long: every way to type a viewer, and the sentence for what is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from playback.models import PlayLink
from playback.play_links.terms import LARGEST_NUMBER, MOST_VIEWERS, Terms, TermsInvalid, for_a_time, viewer, viewers
from playback.player import Viewer

NOON = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("王芳", Viewer("王芳")),
        ("王芳 2023001", Viewer("王芳", 2023001)),
        ("王芳，2023001", Viewer("王芳", 2023001)),
        ("王芳,2023001", Viewer("王芳", 2023001)),
        ("王芳\t２０２３００１", Viewer("王芳", 2023001)),
        ("2023001", Viewer("", 2023001)),
        ("，2023001", Viewer("", 2023001)),
        ("Anna  Maria\u3000Li", Viewer("Anna Maria Li")),
        ("Li, 7", Viewer("Li", 7)),
        (f"李 {LARGEST_NUMBER}", Viewer("李", LARGEST_NUMBER)),
    ],
)
def test_a_line_is_a_viewer(line: str, expected: Viewer) -> None:
    assert viewers(f"\n {line}\r\n\n") == [expected]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("王芳\n李雷,12a", "Line 2: A viewer's number consists of digits only."),
        ("李雷,٣", "Line 1: A viewer's number consists of digits only."),
        (f"李,{LARGEST_NUMBER + 1}", f"Line 1: A viewer's number is between 1 and {LARGEST_NUMBER}."),
        (f"李,1{'0' * 400}", f"Line 1: A viewer's number is between 1 and {LARGEST_NUMBER}."),
        ("李,0", f"Line 1: A viewer's number is between 1 and {LARGEST_NUMBER}."),
        ("a,b,3", "Line 1: A line is a name and a number, with one comma between them."),
        ("长" * 65, "Line 1: A name has at most 64 characters."),
        ("\n".join(["王"] * (MOST_VIEWERS + 1)), "At most 50 links are made at once: one a line."),
    ],
)
def test_what_is_no_viewer_is_a_sentence_with_its_line(text: str, sentence: str) -> None:
    with translation.override("en"), pytest.raises(TermsInvalid) as refused:
        viewers(text)
    assert str(refused.value) == sentence


def test_fifty_are_taken_and_none_is_nobody_in_particular() -> None:
    assert len(viewers("\n".join(["王"] * MOST_VIEWERS))) == MOST_VIEWERS
    assert viewers(" \n\n") == [Viewer()]


@given(st.text(max_size=80))
def test_any_text_is_viewers_or_a_sentence(text: str) -> None:
    try:
        found = viewers(text)
    except TermsInvalid:
        return
    for one in found:
        assert one.name == one.name.strip()
        assert one.name.isprintable()
        assert one.number is None or 0 < one.number <= LARGEST_NUMBER


def test_a_number_alone_may_be_asked_for() -> None:
    assert viewer("  王  芳 ", " １２ ") == Viewer("王 芳", 12)


def test_how_long() -> None:
    assert for_a_time(timedelta(hours=2)).until(NOON) == NOON + timedelta(hours=2)
    assert Terms(PlayLink.Kind.TIMED).until(NOON) is None
    assert Terms(PlayLink.Kind.TIMED).for_ever
    assert Terms(PlayLink.Kind.ONE_TIME).until(NOON) == NOON + timedelta(hours=24)
    assert not Terms(PlayLink.Kind.ONE_TIME).for_ever


@pytest.mark.parametrize("span", [timedelta(0), timedelta(days=-1), timedelta(days=3651)])
def test_no_time_and_too_long_a_time_are_refused(span: timedelta) -> None:
    with pytest.raises(TermsInvalid):
        for_a_time(span)
