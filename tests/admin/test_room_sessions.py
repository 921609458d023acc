"""A long-term room's recordings as the vendor lists them now, beside what is stored here."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from playback.demo.embedded import free_port
from playback.models import Recording, Room
from playback.sandbox.server import Sandbox
from tests.factories import RecordingFactory, RoomFactory, person

pytestmark = [pytest.mark.django_db, pytest.mark.portable]


@pytest.fixture
def room(sandbox: Sandbox) -> Room:
    """Three sessions at the vendor: one stored alike, one stored otherwise, one not stored; and one only stored."""
    number = sandbox.state.add_room(is_long_term=True)
    made: Room = RoomFactory(room_id=number, is_long_term=True)
    for session, name in ((202403011, "第1讲"), (202403021, "第<2>讲"), (202403031, "第3讲")):
        sandbox.state.add_recording(number, session, name=name)
    RecordingFactory(room=made, session_id=202403011, name="第1讲")
    RecordingFactory(room=made, session_id=202403021, name="旧名")
    RecordingFactory(room=made, session_id=202402011, name="早就没有了")
    return made


def url(room: Room) -> str:
    return reverse("admin:playback_room_sessions", args=[room.pk])


def test_they_are_compared(staff: Client, room: Room) -> None:
    answer = staff.get(url(room))
    words = answer.content.decode()
    rows = answer.context["first"]
    assert [(row.session_id, row.recording is None, row.differs) for row in rows] == [
        (202403031, True, False),
        (202403021, False, True),
        (202403011, False, False),
    ]
    assert [row.session_id for row in answer.context["missing"]] == [202402011]
    assert "第&lt;2&gt;讲" in words
    assert Recording.objects.filter(room=room).count() == 3, "looking changes nothing"


def test_a_room_that_is_stored_alike(staff: Client, sandbox: Sandbox) -> None:
    number = sandbox.state.add_room(is_long_term=True)
    made = RoomFactory(room_id=number, is_long_term=True)
    for day in range(12):
        sandbox.state.add_recording(number, 202403011 + day, name="课")
        RecordingFactory(room=made, session_id=202403011 + day, name="课")
    answer = staff.get(url(made))
    assert (answer.context["new"], answer.context["differing"], answer.context["missing"]) == (0, 0, [])
    assert (len(answer.context["first"]), len(answer.context["folded"])) == (10, 2)


def test_a_vendor_that_does_not_tell(staff: Client, sandbox: Sandbox, room: Room, settings: LazySettings) -> None:
    sandbox.faults.add("list_sessions", "refuse", code=1, message="今天<不行>", times=1)
    assert "1: 今天&lt;不行&gt;" in staff.get(url(room)).content.decode()
    sandbox.faults.add("list_sessions", "wrong_types", how="missing", times=1)
    answer = staff.get(url(room))
    assert answer.status_code == 200
    assert not answer.context.get("missing")
    settings.BAIJIAYUN_BASE_URL = f"http://127.0.0.1:{free_port()}"
    assert "无法连接百家云" in staff.get(url(room)).content.decode()


def test_the_page_has_it_for_long_term_rooms_alone(staff: Client, client: Client, sandbox: Sandbox, room: Room) -> None:
    def page(of: Any) -> str:
        return staff.get(reverse("admin:playback_room_change", args=[of.pk])).content.decode()

    assert "data-ask-sessions" in page(room)
    assert sandbox.calls.of("list_sessions") == []
    assert "data-ask-sessions" not in page(RoomFactory(is_long_term=False))
    assert staff.post(url(room)).status_code == 405
    client.force_login(person())
    assert client.get(url(room)).status_code == 403
