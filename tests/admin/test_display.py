"""What stands in a list where the vendor has nothing yet."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from playback import display
from playback.operations import registry
from playback.vendor.codes import RecordingStatus
from tests.factories import RecordingFactory


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "–"), (0, "–"), (1, "0:00:01"), (620, "0:10:20"), (5025, "1:23:45"), (360_000, "100:00:00")],
)
def test_a_length(seconds: int | None, shown: str) -> None:
    assert display.length(seconds) == shown


@pytest.mark.django_db
def test_what_is_not_transcoded_yet_has_neither_length_nor_size(staff: Client) -> None:
    RecordingFactory(status=RecordingStatus.TRANSCODING.value, length=0, total_transcode_size=0, play_times=0)
    page = staff.get(reverse("admin:playback_recording_changelist")).content.decode()
    assert ">0:00:00<" not in page
    assert "0 字节" not in page


@pytest.mark.django_db
def test_no_match_is_told_apart_from_an_empty_list(staff: Client) -> None:
    url = reverse("admin:playback_recording_changelist")
    assert "这里还没有内容" in staff.get(url).content.decode()
    RecordingFactory()
    page = staff.get(url, {"q": "没有这样的课"}).content.decode()
    assert "没有找到" in page
    assert "这里还没有内容" not in page


def test_a_change_of_the_cover_names_files_and_not_addresses() -> None:
    kind = registry.get("rename")
    long = "https://img.example.org/a/b/0123456789.jpg?x-oss-process=image/resize,w_640"
    [(_label, old, new)] = kind.changes({"cover": [long, "cover.png"]})
    assert (old, new) == ("0123456789.jpg", "cover.png")
    [(_label, old, _new)] = kind.changes({"cover": ["", "cover.png"]})
    assert old == "–"
