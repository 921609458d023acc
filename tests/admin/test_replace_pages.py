"""The forms that replace and add videos: finding the source, and a sentence beside each field that is wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from playback.models import Operation, Recording, TrashEntry
from tests.factories import RecordingFactory, RoomFactory, VersionFactory

pytestmark = [pytest.mark.django_db]


@pytest.fixture(autouse=True)
def in_english(settings: LazySettings) -> None:
    settings.LANGUAGE_CODE = "en"


def with_versions(name: str, **facts: Any) -> Recording:
    recording: Recording = RecordingFactory(name=name, **facts)
    VersionFactory(recording=recording, version=0, video_id=recording.video_id, length=recording.length)
    VersionFactory(recording=recording, version=1)
    return recording


@pytest.fixture
def target() -> Recording:
    return with_versions("坏了的课", room=RoomFactory(is_long_term=True), session_id=202403010)


def send(client: Client, target: Recording, kind: str = "replace", **data: Any) -> Any:
    url = reverse("admin:playback_recording_operate", args=[target.pk, kind])
    return client.post(url, {"_planned": "1", **({"added": "version"} if kind == "add_version" else {}), **data})


def errors(answer: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = answer.context["form"].errors
    return found


def planned() -> dict[str, Any]:
    change: dict[str, Any] = Operation.objects.get().items.get().change
    return change


def test_words_find_versions_to_choose_from(staff: Client, target: Recording) -> None:
    with_versions("补录的<b>课</b>")
    with_versions("补录之二")
    gone, trashed = RecordingFactory(name="补录三", gone_at=timezone.now()), RecordingFactory(name="补录四")
    now = timezone.now()
    TrashEntry.objects.create(recording=trashed, put_at=now, due_at=now + timedelta(days=7))
    RecordingFactory(name="补录五", status=20)
    url = reverse("admin:playback_recording_panel", args=[target.pk, "sources"])
    answer = staff.get(url, {"source": "补录"})
    words = answer.content.decode()
    assert words.count('type="radio"') == 4
    assert "补录的&lt;b&gt;" in words
    assert gone.name not in words
    assert trashed.name not in words
    assert "补录五" not in words
    assert "radio" not in staff.get(url, {"source": "没有的"}).content.decode()


def test_finding_needs_the_right(teacher: Client, target: Recording) -> None:
    url = reverse("admin:playback_recording_panel", args=[target.pk, "sources"])
    assert teacher.get(url, {"source": "课"}).status_code == 403


def test_the_search_is_no_panel_of_the_page(staff: Client, target: Recording) -> None:
    page = staff.get(reverse("admin:playback_recording_change", args=[target.pk])).content.decode()
    assert 'data-panel="video"' in page
    assert 'data-panel="sources"' not in page


def test_a_chosen_version_reaches_the_plan(staff: Client, target: Recording) -> None:
    source = with_versions("补录")
    with_versions("补录之二")
    answer = send(staff, target, source="补录", picked=f"{source.vendor_key}:1", target_version="1", main="on")
    assert "/plan/" in answer.url
    old, new = planned()["video"]
    assert (old["version"], new["room_id"], new["version"]) == (1, source.room_id, 1)
    assert planned()["main"] == [0, 1]
    page = staff.get(answer.url).content.decode()
    assert "typed_count" in page
    assert "cannot bring it back" in page


@pytest.mark.parametrize("shape", ["{room}", "{room}-{session}", "{video}", "{address}"])
def test_a_pasted_source_needs_no_choice(staff: Client, target: Recording, shape: str) -> None:
    source = with_versions("补录", session_id=202403051)
    address = (
        f"https://school.at.baijiayun.com/web/playback/index?classid={source.room_id}&session_id=202403051&token=x"
    )
    text = shape.format(
        room=source.room_id, session=source.session_id, video=source.versions.get(version=1).video_id, address=address
    )
    send(staff, target, source=text)
    new = planned()["video"][1]
    assert (new["room_id"], new["session_id"], new["version"]) == (source.room_id, 202403051, 0)


def test_what_is_wrong_with_the_source_is_told_beside_it(staff: Client, target: Recording) -> None:
    with_versions("补录一")
    with_versions("补录二")
    gone = RecordingFactory(gone_at=timezone.now())
    for text, sentence in (
        ("", "Name the recording"),
        ("补录", "choose one from the list"),
        ("没有的", "No recording that can be taken"),
        (gone.vendor_key, "no longer has the source"),
    ):
        answer = send(staff, target, source=text, target_version="1")
        assert sentence in errors(answer)["source"][0]
        assert errors(answer)["source"][0] in answer.content.decode()
        assert 'value="1" selected' in answer.content.decode()  # nothing typed is lost
    assert not Operation.objects.exists()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"added": "session"}, "session_id"),
        ({"added": "session", "session_id": "20240305"}, "session_id"),
        ({"added": "version", "session_id": "202403051"}, "session_id"),
        ({"added": "session", "session_id": "202403051", "main": "on"}, "main"),
        ({"added": "neither"}, "added"),
    ],
)
def test_what_is_wrong_with_a_new_session(staff: Client, target: Recording, data: dict[str, str], field: str) -> None:
    source = with_versions("补录")
    answer = send(staff, target, "add_version", source=source.vendor_key, **data)
    assert set(errors(answer)) == {field}
    assert source.vendor_key in answer.content.decode()


def test_a_new_session(staff: Client, target: Recording) -> None:
    source = with_versions("补录")
    send(staff, target, "add_version", source=source.vendor_key, added="session", session_id="202403051")
    assert planned()["session"] == [None, 202403051]


def test_sessions_are_offered_in_long_term_rooms_only(staff: Client) -> None:
    short, source = with_versions("一次课"), with_versions("补录")
    url = reverse("admin:playback_recording_operate", args=[short.pk, "add_version"])
    assert 'name="session_id"' not in staff.post(url).content.decode()
    send(staff, short, "add_version", source=source.vendor_key, main="on")
    assert planned()["added"][1]["room_id"] == source.room_id
    assert planned()["main"] == [0, "new"]


def test_a_vod_video(staff: Client, target: Recording) -> None:
    answer = send(staff, target, "replace_by_video", video_id="abc", target_version="1")
    assert set(errors(answer)) == {"video_id"}
    assert 'value="abc"' in answer.content.decode()
    send(staff, target, "replace_by_video", video_id=" 123456 ", target_version="0")
    assert planned()["video"][1] == {"video_id": 123456}


@pytest.mark.parametrize("kind", ["replace", "replace_by_video", "add_version", "render_video", "generate_video"])
def test_who_may(staff: Client, teacher: Client, target: Recording, kind: str) -> None:
    url = reverse("admin:playback_recording_operate", args=[target.pk, kind])
    assert staff.post(url).status_code == 200
    assert teacher.post(url).status_code == 403
    assert staff.get(url).status_code == 405
