"""Removing chat: the vendor rebuilds for a while, and its end is told by what is seen, or not at all."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import override

from playback.models import Operation, OperationItem, Recording
from playback.operations import execute, reasons, registry
from playback.sandbox.server import Sandbox
from playback.vendor.results import BEIJING

from .makers import make_user
from .vendor import LOST_AFTER, LOST_BEFORE, confirmed, drive, mirrored, row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]

BEGAN = datetime(2026, 11, 19, 10, 0, tzinfo=BEIJING)
PERSON = 1234567
KIND = registry.get("remove_chat")


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    """A class with a message a minute, by turns of two people."""
    made = mirrored(sandbox)
    sandbox.state.add_class_time(made.room_id, 0, BEGAN, BEGAN + timedelta(hours=1))
    for minute in range(6):
        sandbox.state.add_chat(
            playback(sandbox, made), PERSON + minute % 2, "小孙", BEGAN + timedelta(minutes=minute), "…"
        )
    return made


def playback(sandbox: Sandbox, recording: Recording) -> int:
    return int((row(sandbox, recording) or {})["playback_id"])


def minutes_left(sandbox: Sandbox, recording: Recording) -> list[int]:
    began = int(BEGAN.timestamp())
    return [(message["sent_at"] - began) // 60 for message in sandbox.state.chat(playback(sandbox, recording))]


def drive_slowly(*operations: Operation, rounds: int = 20) -> None:
    """Until all is over, or more than a second has gone; the sandbox takes 0.2 s to rebuild, on a busy machine more."""
    for _ in range(rounds):
        drive(*operations, rounds=1)
        if not OperationItem.objects.filter(operation__in=operations, finished_at=None).exists():
            return
        time.sleep(0.06)


def grown_old(operation: Operation) -> OperationItem:
    """As if the call had been made more than an hour ago."""
    operation.items.update(claimed_at=timezone.now() - timedelta(seconds=KIND.gives_up + 1))
    drive(operation)
    return operation.items.get()


def notes(operation: Operation) -> list[str]:
    return [note["code"] for note in operation.notes]


def sent(sandbox: Sandbox) -> int:
    return len(sandbox.calls.of("remove_chat"))


@pytest.mark.parametrize("shows", ["status", "video_id"])
@pytest.mark.parametrize(
    ("parameters", "left"),
    [
        ({"user_number": PERSON}, [1, 3, 5]),
        ({"user_number": PERSON, "start": "10:02"}, [0, 1, 3, 5]),
        ({"start": "10:02:00", "end": "10:03:30"}, [0, 1, 4, 5]),
        ({"end": "2026-11-19 10:02:00"}, [3, 4, 5]),
        ({"start": "0:04:00", "times": "offset"}, [0, 1, 2, 3]),
        ({"start": "0:04:00", "times": "offset", "began": "2026-11-19 09:57:00"}, [0]),
        ({"lines": f"{PERSON}，10:00，10:01\n, 10:05,", "version": 0}, [1, 2, 3, 4]),
    ],
)
def test_what_is_asked_for_goes(
    sandbox: Sandbox, chief: User, recording: Recording, shows: str, parameters: dict[str, Any], left: list[int]
) -> None:
    sandbox.rebuild_shows = shows
    operation = confirmed("remove_chat", chief, [recording], parameters)
    execute.run_item(operation.items.get().pk)
    item = operation.items.get()
    assert (item.outcome, item.reason["code"], item.finished_at) == ("working", "chat_taken", None)
    assert minutes_left(sandbox, recording) == [0, 1, 2, 3, 4, 5]
    drive_slowly(operation)
    assert operation.items.get().outcome == "done"
    assert minutes_left(sandbox, recording) == left
    assert sent(sandbox) == 1
    recording.refresh_from_db()
    assert (recording.status, recording.video_id) == (100, (row(sandbox, recording) or {})["video_id"])


def test_the_plan_says_what_the_request_says(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operation = execute.plan(
        "remove_chat",
        chief,
        Recording.objects.filter(pk=recording.pk),
        {"lines": f"{PERSON}, 10:02, 10:05\n{PERSON}\n, , 10:01\n8, 12:00, 12:01"},
    )
    with override("en"):
        told = [words for words, _, _ in KIND.changes(operation.items.get().change)]
        noted = [reasons.text(note) for note in operation.notes]
    assert told == [
        f"everything by {PERSON} from 2026-11-19 10:02:00 to 10:05:00 Beijing time",
        f"everything by {PERSON}",
        "everything that anybody said until 2026-11-19 10:01:00 Beijing time",
        "everything by 8 from 2026-11-19 12:00:00 to 12:01:00 Beijing time",
    ]
    assert notes(operation) == ["chat_rebuilds", "chat_day_of_class", "chat_outside"]
    assert "cannot be brought back" in noted[0]
    assert noted[2].startswith("1 of the entries")
    assert sent(sandbox) == 0


def planned(chief: User, recording: Recording, **parameters: Any) -> Operation:
    return execute.plan("remove_chat", chief, Recording.objects.filter(pk=recording.pk), parameters)


def test_without_class_times_the_plan_says_what_it_takes(sandbox: Sandbox, chief: User) -> None:
    recording = mirrored(sandbox, session_id=202611191)
    clock = planned(chief, recording, start="10:02")
    assert notes(clock) == ["chat_rebuilds", "chat_day_guessed"]
    assert clock.items.get().change["chat"][0]["parts"] == [[None, "2026-11-19 10:02:00", None]]
    assert (
        planned(chief, recording, start="0:02:00", times="offset").items.get().reason["code"]
        == "chat_beginning_unknown"
    )
    sandbox.faults.add("class_times", "refuse", code=2002)
    assert planned(chief, recording, user_number=7).items.get().outcome == "planned"


def test_a_vendor_that_cannot_be_asked_leaves_nothing_to_confirm(
    sandbox: Sandbox, chief: User, recording: Recording
) -> None:
    sandbox.faults.add("class_times", "html")
    assert planned(chief, recording, user_number=7).items.get().reason["code"] == "could_not_read"


@pytest.mark.parametrize(
    ("facts", "parameters", "code"),
    [
        ({"status": 20}, {}, "transcoding"),
        ({"status": 30}, {}, "transcoding_failed"),
        ({"held_at": BEGAN}, {}, "on_hold"),
        ({"gone_at": BEGAN}, {}, "gone"),
        ({}, {"version": 4}, "no_such_version"),
    ],
)
def test_skipped(
    sandbox: Sandbox, chief: User, recording: Recording, facts: dict[str, Any], parameters: dict[str, Any], code: str
) -> None:
    Recording.objects.filter(pk=recording.pk).update(**facts)
    item = planned(chief, recording, user_number=7, **parameters).items.get()
    assert (item.outcome, item.reason["code"]) == ("skipped", code)


def test_offsets_of_a_cut_are_not_those_of_the_class(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    recording.versions.create(version=1, version_type=1, status=100, first_seen_at=BEGAN)
    recording.versions.create(version=2, version_type=1, status=20, first_seen_at=BEGAN)
    offsets = {"start": "0:10:00", "times": "offset"}
    assert planned(chief, recording, version=1, **offsets).items.get().reason["code"] == "chat_of_cut"
    assert planned(chief, recording, version=1, began="2026-11-19 10:00", **offsets).items.get().outcome == "planned"
    assert planned(chief, recording, version=1, start="10:10").items.get().outcome == "planned"
    assert planned(chief, recording, version=2, start="10:10").items.get().reason["code"] == "version_not_ready"


def test_only_with_the_right(sandbox: Sandbox, recording: Recording) -> None:
    with pytest.raises(PermissionDenied):
        confirmed("remove_chat", make_user("renamer", "rename_recording"), [recording], {"user_number": 7})
    assert confirmed("remove_chat", make_user("cleaner", "remove_chat"), [recording], {"user_number": 7}).confirmed_at


# ---------------------------------------------------------------- the vendor on a bad day


@pytest.mark.parametrize("shows", ["status", "video_id"])
@pytest.mark.parametrize(("fault", "options"), LOST_AFTER)
def test_a_lost_answer_is_found_by_the_rebuild(
    sandbox: Sandbox, chief: User, recording: Recording, shows: str, fault: str, options: dict[str, Any]
) -> None:
    sandbox.rebuild_shows = shows
    sandbox.transcode_seconds = 0.8  # longer than the client waits
    operation = confirmed("remove_chat", chief, [recording], {"user_number": PERSON})
    sandbox.faults.add("remove_chat", fault, times=1, **options)
    execute.run_item(operation.items.get().pk)
    assert operation.items.get().outcome == "unknown"
    sandbox.faults.clear()
    drive_slowly(operation)
    assert (operation.items.get().outcome, sent(sandbox)) == ("done", 1)
    assert minutes_left(sandbox, recording) == [1, 3, 5]


@pytest.mark.parametrize(("fault", "options"), LOST_BEFORE)
def test_a_call_that_never_arrived_is_not_sent_again_and_not_said_to_have_failed(
    sandbox: Sandbox, chief: User, recording: Recording, fault: str, options: dict[str, Any]
) -> None:
    operation = confirmed("remove_chat", chief, [recording], {"user_number": PERSON})
    sandbox.faults.add("remove_chat", fault, times=1, **options)
    drive_slowly(operation)
    assert (operation.items.get().outcome, operation.items.get().finished_at) == ("unknown", None)
    item = grown_old(operation)
    assert (item.outcome, item.reason["code"], item.finished_at is None) == ("unknown", "never_settled", False)
    assert sent(sandbox) == 1


def test_a_rebuild_that_does_not_show_ends_as_unknown(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    sandbox.rebuild_shows = "nothing"
    operation = confirmed("remove_chat", chief, [recording], {"user_number": PERSON})
    drive_slowly(operation)
    assert operation.items.get().outcome == "working"
    item = grown_old(operation)
    assert (item.outcome, item.reason["code"], item.finished_at is None) == ("unknown", "chat_untold", False)
    assert minutes_left(sandbox, recording) == [1, 3, 5]


def test_what_the_callback_will_note_ends_it(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    sandbox.rebuild_shows = "nothing"
    operation = confirmed("remove_chat", chief, [recording], {"user_number": PERSON})
    drive_slowly(operation)
    item = operation.items.get()
    OperationItem.objects.filter(pk=item.pk).update(known={**item.known, "rebuilt": True})
    drive(operation)
    assert operation.items.get().outcome == "done"


def test_a_rebuild_that_fails(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    sandbox.failing.add("rebuild")
    operation = confirmed("remove_chat", chief, [recording], {"user_number": PERSON})
    drive_slowly(operation)
    item = operation.items.get()
    assert (item.outcome, item.reason["code"]) == ("refused", "vendor_failed")
    recording.refresh_from_db()
    assert recording.status == 30


@pytest.mark.parametrize("fault", ["html", "broken_json"])
def test_a_vendor_that_answers_wrongly_while_it_works_is_asked_again(
    sandbox: Sandbox, chief: User, recording: Recording, fault: str
) -> None:
    operation = confirmed("remove_chat", chief, [recording], {"user_number": PERSON})
    execute.run_item(operation.items.get().pk)
    sandbox.faults.add("list_versions", fault, times=2)
    time.sleep(0.3)
    drive(operation, rounds=2)
    assert operation.items.get().outcome == "working"
    operation.items.update(known={**operation.items.get().known, "rebuilding": True})
    drive(operation)
    assert operation.items.get().outcome == "done"


@pytest.mark.parametrize("how", ["nulls", "missing"])
def test_versions_that_cannot_be_read_stop_it_before_the_call(
    sandbox: Sandbox, chief: User, recording: Recording, how: str
) -> None:
    operation = confirmed("remove_chat", chief, [recording], {"user_number": PERSON})
    sandbox.faults.add("list_versions", "wrong_types", how=how)
    drive(operation, rounds=3)
    assert operation.items.get().outcome in {"unknown", "refused"}
    assert sent(sandbox) == 0


def test_interrupted_before_the_call_is_told_as_no_change(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operation = confirmed("remove_chat", chief, [recording], {"user_number": PERSON})
    sandbox.faults.add("list_versions", "drop", times=1)
    drive(operation)
    item = operation.items.get()
    assert (item.outcome, item.reason["code"], sent(sandbox)) == ("refused", "no_change", 0)


def test_refused_with_the_vendors_words(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operation = confirmed("remove_chat", chief, [recording], {"user_number": PERSON})
    sandbox.faults.add("remove_chat", "refuse", times=1, message="没有聊天记录")
    drive(operation)
    item = operation.items.get()
    assert (item.outcome, reasons.vendor_words(item.reason)) == ("refused", "1: 没有聊天记录")


def test_not_ready_any_more_is_seen_before_the_call(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operation = confirmed("remove_chat", chief, [recording], {"user_number": PERSON})
    sandbox.state.update_version((row(sandbox, recording) or {})["video_id"], status=20)
    drive(operation)
    assert (operation.items.get().reason["code"], sent(sandbox)) == ("version_not_ready", 0)


def test_a_deleted_recording(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operation = confirmed("remove_chat", chief, [recording], {"user_number": PERSON})
    sandbox.state.remove_room(recording.room_id)
    drive(operation)
    assert operation.items.get().reason["code"] == "gone"
    recording.refresh_from_db()
    assert recording.gone_at is not None


def test_an_account_whose_vendor_is_away(sandbox: Sandbox, chief: User, recording: Recording, settings: Any) -> None:
    operation = confirmed("remove_chat", chief, [recording], {"user_number": PERSON})
    settings.BAIJIAYUN_BASE_URL = "http://127.0.0.1:9"
    drive(operation)
    assert (operation.items.get().outcome, operation.items.get().reason["code"]) == ("refused", "unreachable")


# ---------------------------------------------------------------- two at once


def test_a_second_removal_waits_for_the_first(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    first = confirmed("remove_chat", chief, [recording], {"user_number": PERSON})
    execute.run_item(first.items.get().pk)
    second = confirmed("remove_chat", chief, [recording], {"user_number": PERSON + 1})
    assert second.items.get().note["code"] == "chat_waits"
    execute.run_item(second.items.get().pk)
    assert (second.items.get().outcome, sent(sandbox)) == ("planned", 1)
    drive_slowly(first, second, rounds=100)
    assert [operation.items.get().outcome for operation in (first, second)] == ["done", "done"]
    assert (minutes_left(sandbox, recording), sent(sandbox)) == ([], 2)


def test_a_removal_begun_elsewhere_is_the_vendors_to_refuse(
    sandbox: Sandbox, chief: User, recording: Recording
) -> None:
    sandbox.rebuild_shows = "nothing"
    sandbox.transcode_seconds = 30
    first = confirmed("remove_chat", chief, [recording], {"user_number": PERSON})
    drive(first, rounds=1)
    Operation.objects.filter(pk=first.pk).delete()  # nobody here knows of it
    second = confirmed("remove_chat", chief, [recording], {"user_number": PERSON + 1})
    assert not second.items.get().note
    drive(second)
    item = second.items.get()
    assert (item.outcome, reasons.vendor_words(item.reason)) == ("refused", "1: 该回放正在处理中，请稍后再试")
    assert minutes_left(sandbox, recording) == [0, 1, 2, 3, 4, 5]
