"""Undoing a new cover: the former picture is uploaded again where it was one of ours; else it is said that it stays."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from playback.models import Operation, Recording
from playback.operations import execute
from playback.operations.base import Attachment
from playback.sandbox.server import Sandbox

from .makers import picture
from .vendor import LOST_AFTER, confirmed, drive, mirrored, row

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]


def shown(sandbox: Sandbox, recording: Recording) -> bytes:
    """The picture that the vendor shows; empty for one that it painted itself."""
    image = sandbox.state.image((row(sandbox, recording) or {})["cover"].rsplit("/", 1)[-1])
    return image["content"] if image else b""


def uploaded(user: User, recording: Recording, attachment: Attachment, **parameters: Any) -> Operation:
    operation = confirmed("rename", user, [Recording.objects.get(pk=recording.pk)], parameters, attachment)
    drive(operation)
    return operation


def undone(operation: Operation, user: User) -> Operation:
    undo = execute.plan_undo(operation, user)
    execute.confirm(undo, user)
    drive(undo)
    return undo


RED, BLUE = picture(name="红.png"), picture("JPEG", (640, 360), name="蓝.jpg")


def test_our_former_cover_is_uploaded_again(sandbox: Sandbox, chief: User) -> None:
    recording = mirrored(sandbox)
    uploaded(chief, recording, RED)
    second = uploaded(chief, recording, BLUE)
    assert shown(sandbox, recording) == BLUE.content
    undo = undone(second, chief)
    assert undo.items.get().change == {"cover": ["蓝.jpg", "红.png"]}
    assert undo.items.get().outcome == "done"
    assert shown(sandbox, recording) == RED.content
    redo = undone(undo, chief)  # an undo is an operation, and can be undone
    assert redo.items.get().outcome == "done"
    assert shown(sandbox, recording) == BLUE.content
    undone(redo, chief)
    assert shown(sandbox, recording) == RED.content


@pytest.mark.parametrize(("fault", "options"), LOST_AFTER, ids=[fault for fault, _ in LOST_AFTER])
def test_also_where_the_uploads_answer_was_lost(
    sandbox: Sandbox, chief: User, fault: str, options: dict[str, Any]
) -> None:
    recording = mirrored(sandbox)
    sandbox.faults.add("update_recording", fault, **options)
    operation = confirmed("rename", chief, [recording], {}, RED)
    execute.run_item(operation.items.get().pk)
    sandbox.faults.clear()
    drive(operation)
    undone(uploaded(chief, recording, BLUE), chief)
    assert shown(sandbox, recording) == RED.content


def test_a_cover_that_did_not_come_from_here_stays(sandbox: Sandbox, chief: User) -> None:
    operation = uploaded(chief, mirrored(sandbox), RED)
    assert execute.plan_undo(operation, chief).items.get().reason == {"code": "cover_unknown"}


def test_a_rename_with_a_cover_undoes_what_it_can(sandbox: Sandbox, chief: User) -> None:
    recording = mirrored(sandbox, name="旧名")
    both = uploaded(chief, recording, RED, name="新名")
    undo = undone(both, chief)
    item = undo.items.get()
    assert (item.change, item.note) == ({"name": ["新名", "旧名"]}, {"code": "cover_unknown"})
    assert (row(sandbox, recording) or {})["name"] == "旧名"
    assert shown(sandbox, recording) == RED.content


def test_the_cover_goes_back_though_the_name_was_changed_since(sandbox: Sandbox, chief: User) -> None:
    recording = mirrored(sandbox, name="旧名")
    uploaded(chief, recording, RED)
    both = uploaded(chief, recording, BLUE, name="新名")
    drive(confirmed("rename", chief, [recording], {"name": "再改"}))
    item = undone(both, chief).items.get()
    assert (item.change, item.note) == ({"cover": ["蓝.jpg", "红.png"]}, {"code": "name_changed"})
    assert (row(sandbox, recording) or {})["name"] == "再改"
    assert shown(sandbox, recording) == RED.content


def test_a_cover_that_was_changed_since_is_left_alone(sandbox: Sandbox, chief: User) -> None:
    recording = mirrored(sandbox)
    uploaded(chief, recording, RED)
    second = uploaded(chief, recording, BLUE)
    uploaded(chief, recording, picture(size=(200, 200), name="别的.png"))
    assert execute.plan_undo(second, chief).items.get().reason == {"code": "cover_changed"}


def test_a_cover_whose_address_was_never_read_is_left_alone(sandbox: Sandbox, chief: User) -> None:
    recording = mirrored(sandbox)
    uploaded(chief, recording, RED)
    sandbox.faults.add("recording_info", "refuse", code=7, message="读不了")
    second = uploaded(chief, recording, BLUE)
    sandbox.faults.clear()
    assert second.items.get().outcome == "done"
    assert execute.plan_undo(second, chief).items.get().reason == {"code": "cover_changed"}


def test_a_picture_that_is_not_there_any_more_is_not_guessed(sandbox: Sandbox, chief: User) -> None:
    recording = mirrored(sandbox)
    first = uploaded(chief, recording, RED)
    undo = execute.plan_undo(uploaded(chief, recording, BLUE), chief)
    execute.confirm(undo, chief)
    Operation.objects.filter(pk=first.pk).update(attachment=None, attachment_name="")
    drive(undo)
    assert (undo.items.get().outcome, undo.items.get().reason["code"]) == ("refused", "cover_unknown")
    assert shown(sandbox, recording) == BLUE.content
