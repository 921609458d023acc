"""Who watched: one line a viewer, of one day of Beijing, and never a phone number."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from members.teaching import watching
from members.teaching.watching import without_phones
from playback.models import Recording
from playback.sandbox.server import Sandbox
from tests.operations.vendor import row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]
# 08:30 in Beijing
MORNING = datetime(2024, 3, 1, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english(settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"


def seen(sandbox: Sandbox, recording: Recording, begins: datetime, **facts: Any) -> None:
    known = row(sandbox, recording)
    assert known
    sandbox.state.add_watch_record(known["playback_id"], known["video_id"], begins, **facts)


def part(client: Client, recording: Recording, day: str = "2024-03-01") -> str:
    answer = client.get(reverse("teaching:watched", args=[recording.pk]), {"day": day} if day else {})
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_viewings_are_summed_by_person(sandbox: Sandbox, teach: Client, taught: Recording) -> None:
    seen(sandbox, taught, MORNING, user_name="赵一", user_number=2023001, play_length=600)
    seen(sandbox, taught, MORNING.replace(hour=4), user_name="赵一", user_number=2023001, play_length=1200)
    seen(sandbox, taught, MORNING.replace(hour=2), user_name="钱二<b>", user_number=2023002, play_length=61)
    page = part(teach, taught)
    assert "<b>2</b> people · 3 viewings" in page
    assert page.index("赵一") < page.index("钱二"), "who watched longest first"
    assert re.search(r"2023001.*0:30:00.*08:30–08:40 \(0:10:00\).*12:30–12:50 \(0:20:00\)", page, re.S)
    assert "0:01:01" in page
    assert (
        "钱二&lt;b&gt;"
        in teach.get(reverse("teaching:watched", args=[taught.pk]), {"day": "2024-03-01"}).content.decode()
    )
    assert "60.174" not in page, "no address of a viewer"


def test_a_day_is_beijings(sandbox: Sandbox, teach: Client, taught: Recording) -> None:
    seen(sandbox, taught, datetime(2024, 3, 1, 15, 59, 30, tzinfo=UTC), user_name="晚")  # 23:59:30 in Beijing
    seen(sandbox, taught, datetime(2024, 3, 1, 16, 0, tzinfo=UTC), user_name="早")  # midnight
    assert "晚" in part(teach, taught)
    assert "早" not in part(teach, taught)
    assert "早" in part(teach, taught, "2024-03-02")
    assert "Nobody watched on 2024-03-03" in part(teach, taught, "2024-03-03")


@pytest.mark.parametrize("day", ["", "x", "2024-02-31", "2024-13-01", "0001-01-01", "9999-12-31", "2024-03-01; drop"])
def test_what_is_no_day_shows_one(sandbox: Sandbox, teach: Client, taught: Recording, day: str) -> None:
    assert re.search(r'type="date" name="day" value="20\d\d-\d\d-\d\d"', part(teach, taught, day))


def test_the_first_day_is_that_of_the_class_or_one_of_the_next_with_a_viewing(
    sandbox: Sandbox, teach: Client, taught: Recording
) -> None:
    Recording.objects.update(created_at=MORNING)
    sandbox.calls.clear()
    assert "Nobody watched on 2024-03-01" in part(teach, taught, "")
    assert len(list(sandbox.calls)) == watching.LOOKS
    seen(sandbox, taught, MORNING.replace(day=3), user_name="赵一")
    page = part(teach, taught, "")
    assert "赵一" in page
    assert 'value="2024-03-03"' in page
    Recording.objects.update(created_at=None)
    assert "Nobody watched on 20" in part(teach, taught, "")


def test_the_first_day_is_the_last_on_which_somebody_watched(
    sandbox: Sandbox, teach: Client, taught: Recording
) -> None:
    seen(sandbox, taught, MORNING, user_name="赵一")
    Recording.objects.update(last_watched_at=MORNING)
    assert "赵一" in part(teach, taught, "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("13812345678", "138****5678"),
        ("王芳13812345678", "王芳138****5678"),
        ("+86 138-1234-5678", "138****5678"),
        ("8613812345678", "138****5678"),
        ("138 1234 5678 王", "138****5678 王"),
        ("2023001", "2023001"),
        ("17081558148393", "17081558148393"),
        ("", ""),
    ],
)
def test_what_looks_like_a_phone_number_is_masked(text: str, shown: str) -> None:
    assert without_phones(text) == shown


def test_no_phone_number_as_name_or_number(sandbox: Sandbox, teach: Client, taught: Recording) -> None:
    seen(sandbox, taught, MORNING, user_name="13812345678", user_number=13987654321, ext_data="phone=13700001111")
    page = part(teach, taught)
    assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", page)
    assert "138****5678" in page
    assert "139****4321" in page


def test_nameless_viewers_are_one_line_that_says_so(sandbox: Sandbox, teach: Client, taught: Recording) -> None:
    for hour in (1, 2):
        seen(sandbox, taught, MORNING.replace(hour=hour), user_name="", user_number=0)
    page = part(teach, taught)
    assert page.count("No name") == 1
    assert "<b>1</b> person · 2 viewings" in page


def test_a_day_of_very_many_viewings_says_that_there_are_more(
    sandbox: Sandbox, teach: Client, taught: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "MOST", 1000)
    known = row(sandbox, taught)
    assert known
    with sandbox.state.transaction():
        for number in range(1001):
            sandbox.state.add_watch_record(
                known["playback_id"], known["video_id"], MORNING, user_name=f"生{number}", user_number=number + 1
            )
    page = part(teach, taught)
    assert "more viewings of this day" in page
    assert "1,000</b> people" in page or "1000</b> people" in page
