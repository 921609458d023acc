"""Mark points at the vendor: the whole list of a version, written once, over nothing that somebody else wrote."""

from __future__ import annotations

from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.utils.translation import override

from playback.demo.embedded import free_port
from playback.models import Operation, OperationItem, Recording
from playback.operations import execute, limits, reasons, registry
from playback.operations.base import OperationInvalid, PlanChanged
from playback.operations.mark_lists import token
from playback.operations.marks import Mark
from playback.sandbox.server import Sandbox

from .makers import make_user
from .vendor import LOST_AFTER, LOST_BEFORE, confirmed, drive, mirrored, row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]

OLD = [(0, "导入"), (600, "新课"), (1800, "练习")]
NEW = [[0, "导入"], [660, "新课"], [2400, "小结"]]


def present(sandbox: Sandbox, recording: Recording, version: int = 0) -> list[tuple[int, str]]:
    return sandbox.state.mark_points((row(sandbox, recording) or {})["playback_id"], version)


def put(sandbox: Sandbox, recording: Recording, marks: list[tuple[int, str]], version: int = 0) -> None:
    sandbox.state.set_mark_points((row(sandbox, recording) or {})["playback_id"], version, marks)


def changed(content: list[Any], **more: Any) -> dict[str, Any]:
    return {"content": content, **more}


def planned(user: User, recording: Recording, content: Any, **more: Any) -> Operation:
    chosen = Recording.objects.filter(pk=recording.pk)
    return execute.plan("set_marks", user, chosen, {"content": content, **more})


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    made = mirrored(sandbox)
    put(sandbox, made, OLD)
    return made


def item_of(operation: Operation) -> OperationItem:
    item: OperationItem = operation.items.get()
    return item


def ended(operation: Operation) -> tuple[str, str]:
    item = item_of(operation)
    assert item.finished_at is not None
    return item.outcome, item.reason.get("code", "")


def test_the_list_is_replaced(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operation = confirmed("set_marks", chief, [recording], changed(NEW))
    assert item_of(operation).change == {"marks": [[list(mark) for mark in OLD], NEW]}
    drive(operation)
    assert ended(operation) == ("done", "")
    assert present(sandbox, recording) == [(0, "导入"), (660, "新课"), (2400, "小结")]
    assert len(sandbox.calls.of("set_mark_points")) == 1


def test_an_empty_list_removes_all(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operation = confirmed("set_marks", chief, [recording], changed([]))
    drive(operation)
    assert ended(operation) == ("done", "")
    assert present(sandbox, recording) == []


def test_one_version_leaves_the_others(sandbox: Sandbox, chief: User) -> None:
    made = mirrored(sandbox, session_id=202603021)
    stored = row(sandbox, made)
    assert stored is not None
    sandbox.state.add_version(made.room_id, made.session_id, name="剪辑", length=600)
    put(sandbox, made, OLD)
    again = Recording.objects.get(pk=made.pk)
    drive(confirmed("refresh", chief, [again]))
    operation = confirmed("set_marks", chief, [again], changed([[30, "第一题"]], version="1"))
    drive(operation)
    assert ended(operation) == ("done", "")
    assert present(sandbox, made, 1) == [(30, "第一题")]
    assert present(sandbox, made, 0) == OLD
    late = planned(chief, again, [[599, "还在"], [600, "到头了"]], version=1)
    assert item_of(late).reason["code"] == "marks_beyond_end"
    assert "00:10:00 到头了" in reasons.text(item_of(late).reason)
    assert item_of(planned(chief, again, NEW, version=7)).reason["code"] == "no_such_version"


def test_the_vendors_order_and_texts_that_are_numbers(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    put(sandbox, recording, [(600, "12"), (0, "3.5")])
    assert item_of(planned(chief, recording, [[0, "3.5"], [600, "12"]])).reason["code"] == "marks_same"
    assert item_of(planned(chief, recording, [[0, 3], [600, "12"]])).change["marks"][1] == [[0, "3"], [600, "12"]]


def test_nothing_to_change_is_skipped(chief: User, recording: Recording) -> None:
    item = item_of(planned(chief, recording, [list(mark) for mark in reversed(OLD)]))
    assert (item.outcome, item.reason["code"]) == ("skipped", "marks_same")


def test_an_unknown_length_is_no_licence(chief: User, recording: Recording) -> None:
    Recording.objects.update(length=None)
    assert item_of(planned(chief, recording, NEW)).reason["code"] == "length_unknown"
    assert item_of(planned(chief, recording, [])).outcome == "planned"  # removing all needs no length


def test_what_is_beyond_the_end_already_may_stay(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    assert recording.length is not None
    beyond = (recording.length + 60, "旧的")
    put(sandbox, recording, [*OLD, beyond])
    assert item_of(planned(chief, recording, [[5, "头"], list(beyond)])).outcome == "planned"
    item = item_of(planned(chief, recording, [[recording.length, "尾"]]))
    assert item.reason["code"] == "marks_beyond_end"


# ---------------------------------------------------------------- two people


def test_two_people_at_once(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    """Both planned and confirmed over the same list: the second one is told, and overwrites nothing."""
    one = confirmed("set_marks", chief, [recording], changed(NEW))
    other = confirmed("set_marks", make_user("二号", "edit_marks"), [recording], changed([[5, "我的"]]))
    drive(one)
    drive(other)
    assert (ended(one), ended(other)) == (("done", ""), ("refused", "marks_changed_since"))
    assert present(sandbox, recording) == [tuple(mark) for mark in NEW]
    assert len(sandbox.calls.of("set_mark_points")) == 1
    with override("zh-hans"):
        assert reasons.text(item_of(other).reason)


def test_a_list_that_changed_before_confirming_is_shown_again(
    sandbox: Sandbox, chief: User, recording: Recording
) -> None:
    operation = planned(chief, recording, NEW)
    put(sandbox, recording, [*OLD, (900, "同事加的")])
    with pytest.raises(PlanChanged) as caught:
        execute.confirm(operation, chief)
    with override("en"):
        assert "同事加的" in caught.value.differences[0].now
    assert sandbox.calls.of("set_mark_points") == []


@pytest.mark.parametrize("changed_meanwhile", [True, False])
def test_the_plan_tells_that_the_list_changed_while_it_was_edited(
    sandbox: Sandbox, chief: User, recording: Recording, changed_meanwhile: bool
) -> None:
    opened = token([Mark(*mark) for mark in OLD])
    if changed_meanwhile:
        put(sandbox, recording, [*OLD, (900, "同事加的")])
    item = item_of(planned(chief, recording, NEW, opened=opened))
    assert item.note.get("code") == ("marks_changed_while_edited" if changed_meanwhile else None)


def test_the_same_list_from_somebody_else_is_not_sent_again(
    sandbox: Sandbox, chief: User, recording: Recording
) -> None:
    operation = confirmed("set_marks", chief, [recording], changed(NEW))
    put(sandbox, recording, [tuple(mark) for mark in NEW])
    drive(operation)
    assert (ended(operation), item_of(operation).note["code"]) == (("done", ""), "marks_already_so")
    assert sandbox.calls.of("set_mark_points") == []


# ---------------------------------------------------------------- faults


def test_the_vendor_refuses(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operation = confirmed("set_marks", chief, [recording], changed(NEW))
    sandbox.faults.add("set_mark_points", "refuse", code=1, message="今天不行")
    drive(operation)
    assert ended(operation) == ("refused", "refused")
    assert reasons.vendor_words(item_of(operation).reason) == "1: 今天不行"
    assert present(sandbox, recording) == OLD


@pytest.mark.parametrize(("fault", "options"), LOST_AFTER, ids=[fault for fault, _ in LOST_AFTER])
def test_the_answer_is_lost_after_the_change(
    sandbox: Sandbox, chief: User, recording: Recording, fault: str, options: dict[str, Any]
) -> None:
    operation = confirmed("set_marks", chief, [recording], changed(NEW))
    sandbox.faults.add("set_mark_points", fault, **options)
    execute.run_item(item_of(operation).pk)
    assert item_of(operation).outcome == "unknown"
    sandbox.faults.clear()
    drive(operation)
    assert ended(operation) == ("done", "settled_done")
    assert present(sandbox, recording) == [tuple(mark) for mark in NEW]
    assert len(sandbox.calls.of("set_mark_points")) == 1


@pytest.mark.parametrize(("fault", "options"), LOST_BEFORE, ids=[fault for fault, _ in LOST_BEFORE])
def test_the_answer_is_lost_and_nothing_was_done(
    sandbox: Sandbox, chief: User, recording: Recording, fault: str, options: dict[str, Any]
) -> None:
    operation = confirmed("set_marks", chief, [recording], changed(NEW))
    sandbox.faults.add("set_mark_points", fault, **options)
    execute.run_item(item_of(operation).pk)
    sandbox.faults.clear()
    drive(operation)
    assert ended(operation) == ("done", "")
    assert len(sandbox.calls.of("set_mark_points")) == 2
    assert present(sandbox, recording) == [tuple(mark) for mark in NEW]


def test_a_lost_answer_and_somebody_else(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    """The request was lost, and meanwhile somebody else saved a list: it is not sent over theirs."""
    operation = confirmed("set_marks", chief, [recording], changed(NEW))
    sandbox.faults.add("set_mark_points", "drop", when="before")
    execute.run_item(item_of(operation).pk)
    sandbox.faults.clear()
    put(sandbox, recording, [(1, "别人的")])
    drive(operation)
    assert ended(operation) == ("refused", "marks_changed_since")
    assert present(sandbox, recording) == [(1, "别人的")]


UNREAD: list[tuple[str, dict[str, Any]]] = [
    ("wrong_types", {"how": "nulls"}),
    ("wrong_types", {"how": "missing"}),
    ("broken_json", {}),
    ("html", {}),
    ("truncated", {}),
    ("drop", {"when": "before"}),
]


@pytest.mark.parametrize(("fault", "options"), UNREAD)
def test_a_list_that_cannot_be_read_is_not_written_over(
    sandbox: Sandbox, chief: User, recording: Recording, fault: str, options: dict[str, Any]
) -> None:
    operation = confirmed("set_marks", chief, [recording], changed(NEW))
    sandbox.faults.add("mark_points", fault, **options)
    execute.run_item(item_of(operation).pk)
    item = item_of(operation)
    assert (item.outcome, item.note.get("code", item.reason.get("code"))) == ("planned", "waiting_unreachable")
    assert sandbox.calls.of("set_mark_points") == []
    plan = item_of(planned(chief, recording, NEW))
    assert (plan.outcome, plan.reason["code"]) == ("skipped", "could_not_read")
    sandbox.faults.clear()
    drive(operation)
    assert ended(operation) == ("done", "")


def test_the_vendor_cannot_be_reached(
    sandbox: Sandbox, chief: User, recording: Recording, settings: LazySettings
) -> None:
    operation = confirmed("set_marks", chief, [recording], changed(NEW))
    settings.BAIJIAYUN_BASE_URL = f"http://127.0.0.1:{free_port()}"
    for _ in range(limits.ATTEMPTS):
        execute.run_item(item_of(operation).pk)
    assert ended(operation) == ("refused", "unreachable")
    assert present(sandbox, recording) == OLD


def test_the_recording_is_gone(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operation = confirmed("set_marks", chief, [recording], changed(NEW))
    sandbox.state.remove_recording(recording.room_id)
    drive(operation)
    assert ended(operation) == ("refused", "gone")
    assert Recording.objects.get(pk=recording.pk).gone_at is not None


# ---------------------------------------------------------------- rights and parameters


def test_it_takes_the_right(recording: Recording) -> None:
    with pytest.raises(PermissionDenied):
        planned(make_user("nobody", "rename_recording"), recording, NEW)


def test_the_right_is_asked_for_again(sandbox: Sandbox, recording: Recording) -> None:
    user = make_user("staff", "edit_marks")
    operation = confirmed("set_marks", user, [recording], changed(NEW))
    user.user_permissions.clear()
    drive(operation)
    assert ended(operation) == ("refused", "not_permitted")
    assert present(sandbox, recording) == OLD


def test_lines_are_taken_as_well_as_lists(chief: User, recording: Recording) -> None:
    item = item_of(planned(chief, recording, "00:10 导入\n12:30，新课"))
    assert item.change["marks"][1] == [[10, "导入"], [750, "新课"]]


def test_a_csv_from_the_command_line(sandbox: Sandbox, chief: User, recording: Recording, tmp_path: Path) -> None:
    csv = tmp_path / "marks.csv"
    csv.write_bytes("时间,内容\r\n00:00:10,导入\r\n".encode("gb18030"))
    run = partial(call_command, "operate", "set_marks", user="chief", recording=[recording.vendor_key], yes=True)
    run(file=str(csv), stdout=StringIO())
    drive(Operation.objects.get())
    assert present(sandbox, recording) == [(10, "导入")]
    for content, words in ((b"PK\x03\x04", "save it as CSV"), (b"", "no lines with mark points")):
        csv.write_bytes(content)
        with override("en"), pytest.raises(CommandError, match=words):
            run(file=str(csv), stdout=StringIO())
    with override("en"), pytest.raises(CommandError, match="an empty one removes"):
        run(stdout=StringIO())


@pytest.mark.parametrize(
    ("parameters", "field", "words"),
    [
        ({}, "content", "an empty one removes"),
        ({"content": 5}, "content", "an empty one removes"),
        ({"content": [[0, "一"], [0, "二"]]}, "content", "Line 2: Its time stands in line 1 too."),
        ({"content": [[0, "一"], ["x", "二"], [3]]}, "content", "Line 2: This is not a time"),
        ({"content": [[0, " "]]}, "content", "Line 1: The text is missing."),
        ({"content": [[0, "字" * 256]]}, "content", "longer than 255"),
        ({"content": [[0, "一\n二"]]}, "content", "one line"),
        ({"content": [[-1, "一"]]}, "content", "out of range"),
        ({"content": [[True, "一"]]}, "content", "not a time"),
        ({"content": [[360_000, "一"]]}, "content", "out of range"),
        ({"content": [[at, "一"] for at in range(501)]}, "content", "At most 500"),
        ({"content": "12:30 好\n坏的"}, "content", "Line 2: It does not begin with a time"),
        ({"content": [], "version": "x"}, "version", "number of a version"),
        ({"content": [], "version": -1}, "version", "number of a version"),
    ],
)
def test_bad_parameters_are_told(parameters: dict[str, Any], field: str, words: str) -> None:
    with override("en"), pytest.raises(OperationInvalid) as caught:
        registry.get("set_marks").clean(parameters, None)
    assert words in caught.value.errors[field]


# ---------------------------------------------------------------- undo and telling


def test_undo_puts_the_list_back(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operation = confirmed("set_marks", chief, [recording], changed(NEW))
    drive(operation)
    undo = execute.plan_undo(operation, chief)
    assert item_of(undo).outcome == "planned"
    execute.confirm(undo, chief)
    drive(undo)
    assert ended(undo) == ("done", "")
    assert present(sandbox, recording) == OLD


def test_undo_leaves_what_changed_since(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operation = confirmed("set_marks", chief, [recording], changed(NEW))
    drive(operation)
    put(sandbox, recording, [(1, "后来的")])
    item = item_of(execute.plan_undo(operation, chief))
    assert (item.outcome, item.reason["code"]) == ("skipped", "changed_since")


def test_undo_does_not_take_another_main_version_for_it(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    operation = confirmed("set_marks", chief, [recording], changed(NEW))
    drive(operation)
    sandbox.state.add_version(recording.room_id, recording.session_id, name="剪辑", length=3000)
    put(sandbox, recording, [tuple(mark) for mark in NEW], version=1)
    Recording.objects.update(main_version=1)
    assert item_of(execute.plan_undo(operation, chief)).reason["code"] == "changed_since"


def test_the_change_is_told_by_what_is_different() -> None:
    kind = registry.get("set_marks")
    old = [[at * 60, f"第{at}段"] for at in range(40)]
    new = [*old[1:38], [5, "加的"], [38 * 60, "改名的"], [39 * 60 + 30, "第39段"]]
    with override("en"):
        told = kind.changes({"marks": [old, sorted(new)]})
    assert told == [
        ("mark points", "40", "40"),
        ("1 added", "–", "00:00:05 加的"),
        ("1 removed", "00:00:00 第0段", "–"),
        ("1 moved", "00:39:00 第39段", "00:39:30 第39段"),
        ("1 renamed", "00:38:00 第38段", "00:38:00 改名的"),
    ]
    with override("en"):
        told = kind.changes({"marks": [old, []]})
    assert len(told) == 2
    assert told[1][1].endswith("… and 34 more")
