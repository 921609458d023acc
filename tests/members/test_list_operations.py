"""Adding to and removing from lists, against the sandbox: plan, chunks, refusals, lost answers, undo."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.utils import timezone

from members.lists import ListOf, RecordingList, RoomList
from members.models import Member, MemberList
from members.operations import kinds
from members.sync import store
from members.sync.reading import read_list
from playback.conf import vendor_client
from playback.models import Operation, OperationItem, Recording, Room
from playback.operations import execute, reasons
from playback.operations.base import OperationInvalid
from playback.sandbox.server import Sandbox
from playback.vendor.codes import Lane
from tests.factories import person
from tests.operations.vendor import LOST_AFTER, LOST_BEFORE

from .test_sync_lists import put

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]
People = Callable[..., list[int]]
Outcome = OperationItem.Outcome


@pytest.fixture(params=["room", "recording"])
def which(request: pytest.FixtureRequest, room: Room, recording: Recording) -> ListOf:
    return RoomList(room) if request.param == "room" else RecordingList(recording)


def named(which: ListOf, ids: Any) -> dict[str, Any]:
    return {f"{which.of}_id": which.pk, "user_ids": ids}


def kind_of(which: ListOf, verb: str) -> str:
    return f"{verb}_{which.of}_members"


def planned(which: ListOf, verb: str, user: User, ids: Any) -> Operation:
    return execute.plan(kind_of(which, verb), user, Recording.objects.none(), named(which, ids))


def drive(operation: Operation, rounds: int = 12) -> dict[str, int]:
    """As the workers do it: batches of waiting items, unknown ones one by one. Answers the counts."""
    for _ in range(rounds):
        still = list(operation.items.filter(finished_at=None).order_by("position").values_list("pk", "outcome"))
        if not still:
            break
        waiting = [pk for pk, outcome in still if outcome == Outcome.PLANNED]
        for start in range(0, len(waiting), kinds.CHUNK):
            execute.run_batch(waiting[start : start + kinds.CHUNK])
        for pk, outcome in still:
            if outcome == Outcome.UNKNOWN:
                execute.settle_item(pk)
    return {outcome: many for outcome, many in execute.counts(operation).items() if many}


def run(which: ListOf, verb: str, user: User, ids: Any) -> Operation:
    operation = execute.confirm(planned(which, verb, user, ids), user)
    drive(operation)
    return operation


def at_the_vendor(vendor: Sandbox, which: ListOf) -> set[int]:
    if which.of == "room":
        _total, rows = vendor.state.list_room_members(which.pk)
    else:
        _total, rows = vendor.state.list_recording_members(
            vendor.state.recording(which.owner.room_id, 0)["playback_id"]
        )
    return {row["user_id"] for row in rows}


def read(which: ListOf) -> None:
    assert read_list(vendor_client(Lane.SYNC), which).complete


def outcomes(operation: Operation) -> dict[int | None, str]:
    return {item.before.get("user_id"): item.outcome for item in operation.items.all()}


def test_adding_and_undoing(vendor: Sandbox, which: ListOf, people: People, chief: User) -> None:
    ids = people(7)
    put(vendor, which, ids[:2])
    read(which)
    operation = planned(which, "add", chief, ids)
    assert [(line.number, line.skipped) for line in execute.plan_summary(operation)] == [(5, False), (2, True)]
    vendor.calls.clear()
    execute.confirm(operation, chief)
    assert drive(operation) == {"done": 5, "skipped": 2}
    assert at_the_vendor(vendor, which) == store.ids_here(which) == set(ids)
    assert len(vendor.calls.of(kind_of(which, "add"))) == 1
    assert Member.objects.get(pk=ids[6]).name == "学生6"  # the list was read again
    kept = MemberList.objects.get()
    assert (kept.total, kept.wanted_at) == (7, None)

    undo = execute.confirm(execute.plan_undo(operation, chief), chief)
    assert drive(undo) == {"done": 5}
    assert at_the_vendor(vendor, which) == store.ids_here(which) == set(ids[:2])
    assert len(vendor.calls.of(kind_of(which, "remove"))) == 1


def test_removing_and_undoing(vendor: Sandbox, which: ListOf, people: People, chief: User) -> None:
    ids = people(5)
    put(vendor, which, ids)
    read(which)
    operation = run(which, "remove", chief, f"{ids[0]}，{ids[1]}\n{ids[0]}")
    assert outcomes(operation) == {ids[0]: "done", ids[1]: "done"}
    assert at_the_vendor(vendor, which) == store.ids_here(which) == set(ids[2:])
    undo = execute.confirm(execute.plan_undo(operation, chief), chief)
    assert drive(undo) == {"done": 2}
    assert at_the_vendor(vendor, which) == set(ids)


def test_what_was_changed_since_is_not_put_back(vendor: Sandbox, which: ListOf, people: People, chief: User) -> None:
    ids = people(2)
    operation = run(which, "add", chief, ids)
    run(which, "remove", chief, ids[:1])
    undo = execute.plan_undo(operation, chief)
    assert sorted(undo.items.values_list("outcome", "reason__code")) == [
        ("planned", None),
        ("skipped", "changed_since"),
    ]


def test_long_lists_go_in_chunks(
    vendor: Sandbox, which: ListOf, people: People, chief: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "CHUNK", 4)
    ids = people(10)
    run(which, "add", chief, ids)
    calls = vendor.calls.of(kind_of(which, "add"))
    assert [len(call.params["user_ids"].split(",")) for call in calls] == [4, 4, 2]
    assert at_the_vendor(vendor, which) == store.ids_here(which) == set(ids)


def test_only_the_bad_ids_are_refused(vendor: Sandbox, which: ListOf, people: People, chief: User) -> None:
    good, bad = people(6), [990_001, 990_002]
    operation = planned(which, "add", chief, [good[0], bad[0], *good[1:], bad[1]])
    notes = {item.before["user_id"]: item.note.get("code") for item in operation.items.all()}
    assert notes == dict.fromkeys([*good, *bad], "unknown_person")  # no list named any of them yet
    execute.confirm(operation, chief)
    assert drive(operation) == {"done": 6, "refused": 2}
    refused = operation.items.filter(outcome="refused")
    assert {item.before["user_id"] for item in refused} == set(bad)
    for item in refused:
        words = reasons.vendor_words(item.reason)
        assert words == (f"1: 用户{item.before['user_id']}不存在" if which.of == "room" else "1001: 无效的回放或者用户")
    assert at_the_vendor(vendor, which) == store.ids_here(which) == set(good)


def test_removing_who_is_not_there_any_more(vendor: Sandbox, room: Room, people: People, chief: User) -> None:
    """The mirror is behind: the vendor refuses the one who left, and the others go."""
    which = RoomList(room)
    ids = people(5)
    put(vendor, which, ids)
    read(which)
    vendor.state.remove_room_members(room.pk, ids[1:2])
    operation = run(which, "remove", chief, ids)
    assert outcomes(operation) == {user_id: "refused" if user_id == ids[1] else "done" for user_id in ids}
    assert at_the_vendor(vendor, which) == store.ids_here(which) == set()


@pytest.mark.parametrize("verb", ["add", "remove"])
@pytest.mark.parametrize(("fault", "options"), LOST_AFTER)
def test_an_answer_that_is_lost_after_the_change(
    vendor: Sandbox, which: ListOf, people: People, chief: User, verb: str, fault: str, options: dict[str, Any]
) -> None:
    ids = people(4)
    if verb == "remove":
        put(vendor, which, ids)
        read(which)
    operation = execute.confirm(planned(which, verb, chief, ids[:3]), chief)
    vendor.faults.add(kind_of(which, verb), fault, times=1, **options)
    vendor.calls.clear()
    assert drive(operation) == {"done": 3}
    assert len(vendor.calls.of(kind_of(which, verb))) == 1
    assert len(vendor.calls.of(f"list_{which.of}_members")) <= 3  # read once for all three, not once for each
    assert store.ids_here(which) == (set(ids[:3]) if verb == "add" else {ids[3]})


@pytest.mark.parametrize(("fault", "options"), LOST_BEFORE)
def test_an_addition_that_was_lost_before_the_change_is_sent_again(
    vendor: Sandbox, which: ListOf, people: People, chief: User, fault: str, options: dict[str, Any]
) -> None:
    ids = people(3)
    vendor.faults.add(kind_of(which, "add"), fault, times=1, **options)
    operation = run(which, "add", chief, ids)
    assert set(outcomes(operation).values()) == {"done"}
    assert at_the_vendor(vendor, which) == store.ids_here(which) == set(ids)


@pytest.mark.parametrize(("fault", "options"), LOST_BEFORE)
def test_a_removal_that_was_lost_before_the_change_is_not_sent_twice(
    vendor: Sandbox, which: ListOf, people: People, chief: User, fault: str, options: dict[str, Any]
) -> None:
    ids = people(3)
    put(vendor, which, ids)
    read(which)
    vendor.faults.add(kind_of(which, "remove"), fault, times=1, **options)
    vendor.calls.clear()
    operation = run(which, "remove", chief, ids)
    assert set(operation.items.values_list("outcome", "reason__code")) == {("refused", "no_change")}
    assert len(vendor.calls.of(kind_of(which, "remove"))) == 1
    assert at_the_vendor(vendor, which) == store.ids_here(which) == set(ids)


def test_a_refusal_whose_answer_is_lost(vendor: Sandbox, room: Room, people: People, chief: User) -> None:
    """Nobody knows that it was refused: the list shows no change, and each is sent again."""
    which, good = RoomList(room), people(3)
    operation = execute.confirm(planned(which, "add", chief, [990_001, *good]), chief)
    vendor.faults.add("add_room_members", "drop", times=1, when="after")
    assert drive(operation) == {"done": 3, "refused": 1}
    assert outcomes(operation)[990_001] == "refused"
    assert at_the_vendor(vendor, which) == set(good)


@pytest.mark.parametrize("verb", ["add", "remove"])
@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"code": 1, "message": "操作失败"}, "refused"),
        ({"code": 2002, "message": "没有权限"}, "misconfigured"),
        ({"code": 3002, "message": "房间已删除"}, "gone"),
    ],
)
def test_a_refusal_of_the_whole_is_not_narrowed(
    vendor: Sandbox, which: ListOf, people: People, chief: User, verb: str, options: dict[str, Any], code: str
) -> None:
    ids = people(4)
    if verb == "remove":
        put(vendor, which, ids)
        read(which)
    vendor.faults.add(kind_of(which, verb), "refuse", **options)
    operation = run(which, verb, chief, ids)
    assert set(operation.items.values_list("outcome", "reason__code")) == {("refused", code)}
    assert len(vendor.calls.of(kind_of(which, verb))) == 1
    assert reasons.vendor_words(operation.items.first().reason) == f"{options['code']}: {options['message']}"
    assert at_the_vendor(vendor, which) == (set(ids) if verb == "remove" else set())


def test_a_recording_that_is_not_there_is_not_narrowed(
    vendor: Sandbox, recording: Recording, people: People, chief: User
) -> None:
    vendor.state.remove_recording(recording.room_id)
    operation = run(RecordingList(recording), "add", chief, people(8))
    assert set(operation.items.values_list("outcome", flat=True)) == {"refused"}
    assert len(vendor.calls.of("add_recording_members")) == 1


def test_the_vendor_is_away(vendor: Sandbox, which: ListOf, people: People, chief: User, settings: Any) -> None:
    ids = people(2)
    operation = execute.confirm(planned(which, "add", chief, ids), chief)
    settings.BAIJIAYUN_BASE_URL = "http://127.0.0.1:9"
    drive(operation)
    assert set(operation.items.values_list("outcome", "reason__code")) == {("refused", "unreachable")}
    settings.BAIJIAYUN_BASE_URL = vendor.base_url
    again = execute.confirm(execute.plan_retry(operation, chief), chief)
    assert drive(again) == {"done": 2}
    assert at_the_vendor(vendor, which) == set(ids)


@pytest.mark.parametrize(
    ("fault", "options"), [("wrong_types", {"how": "strings"}), ("html", {}), ("refuse", {"code": 1, "message": "坏"})]
)
def test_a_list_that_cannot_be_read_again_leaves_what_was_done(
    vendor: Sandbox, which: ListOf, people: People, chief: User, fault: str, options: dict[str, Any]
) -> None:
    ids = people(2)
    vendor.faults.add(f"list_{which.of}_members", fault, **options)
    operation = run(which, "add", chief, ids)
    assert set(outcomes(operation).values()) == {"done"}
    assert store.ids_here(which) == set(ids)
    if fault != "wrong_types":
        assert MemberList.objects.get().wanted_at is not None  # the schedule reads it


def test_a_list_that_was_never_read_does_not_decide_who_is_on_it(
    vendor: Sandbox, which: ListOf, people: People, chief: User
) -> None:
    ids = people(2)
    put(vendor, which, ids)
    operation = planned(which, "remove", chief, ids)
    assert set(operation.items.values_list("outcome", flat=True)) == {"planned"}
    execute.confirm(operation, chief)
    assert drive(operation) == {"done": 2}
    again = planned(which, "remove", chief, ids)
    assert set(again.items.values_list("outcome", "reason__code")) == {("skipped", "not_on_list")}


def test_a_long_list_is_read_by_the_schedule(
    vendor: Sandbox, which: ListOf, people: People, chief: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "PAGES_AT_ONCE", 1)
    ids = people(9)
    put(vendor, which, ids[:7])
    run(which, "add", chief, ids[7:])
    assert MemberList.objects.get().wanted_at is not None
    assert store.ids_here(which) >= set(ids[7:])


@pytest.mark.parametrize("verb", ["add", "remove"])
def test_only_who_may_edits_lists(vendor: Sandbox, which: ListOf, people: People, verb: str) -> None:
    ids = people(1)
    for user in (person("teacher"), person(), None):
        with pytest.raises(PermissionDenied):
            planned(which, verb, user, ids)  # type: ignore[arg-type]
    staff = person("course staff")
    operation = execute.confirm(planned(which, "add", staff, ids), staff)
    staff.groups.clear()
    drive(operation)
    assert set(operation.items.values_list("outcome", "reason__code")) == {("refused", "not_permitted")}
    assert not vendor.calls.of("add_room_members")
    alone = person(username="alone")
    alone.user_permissions.add(Permission.objects.get(codename="edit_lists"))
    assert planned(which, "add", alone, ids).pk


@pytest.mark.parametrize(
    ("ids", "field"),
    [("", "user_ids"), ("12 abc", "user_ids"), ([0], "user_ids"), ([-4], "user_ids"), ([2**63], "user_ids"),
     ([True], "user_ids"), (None, "user_ids"), ([1.5], "user_ids"), ({"a": 1}, "user_ids")],
)  # fmt: skip
def test_bad_ids(vendor: Sandbox, which: ListOf, chief: User, ids: Any, field: str) -> None:
    with pytest.raises(OperationInvalid) as invalid:
        planned(which, "add", chief, ids)
    assert set(invalid.value.errors) == {field}


@pytest.mark.parametrize("pk", [None, "", "x", 0, -1, 77, 2**64, [1]])
@pytest.mark.parametrize("of", ["room", "recording"])
def test_bad_lists(chief: User, of: str, pk: Any) -> None:
    with pytest.raises(OperationInvalid) as invalid:
        execute.plan(f"add_{of}_members", chief, Recording.objects.none(), {f"{of}_id": pk, "user_ids": "1"})
    assert set(invalid.value.errors) == {f"{of}_id"}


def test_a_list_of_what_is_gone(vendor: Sandbox, which: ListOf, people: People, chief: User) -> None:
    type(which.owner).objects.filter(pk=which.pk).update(gone_at=timezone.now())
    with pytest.raises(OperationInvalid):
        planned(which, "add", chief, people(1))


def test_labels_and_reports_hold_no_contact_data(
    vendor: Sandbox, which: ListOf, people: People, chief: User, caplog: pytest.LogCaptureFixture
) -> None:
    ids = people(2)
    put(vendor, which, ids)
    read(which)
    caplog.set_level("DEBUG")
    operation = run(which, "remove", chief, [*ids, 990_009])
    stored = f"{operation.parameters} {list(operation.items.values())} {caplog.text}"
    for hidden in ("13800130000", "student0@example.org"):
        assert hidden not in stored
    assert operation.items.first().label == f"学生0 ({ids[0] + 800_000}, {ids[0]})"


def operate(*arguments: str) -> str:
    out = StringIO()
    call_command("operate", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_from_the_command_line(vendor: Sandbox, room: Room, recording: Recording, people: People, chief: User) -> None:
    one, two = people(2)
    told = operate(
        "add_room_members", "--user", "chief", "--set", f"room_id={room.pk}", "--set", f"user_ids={one}，{two}", "--yes"
    )
    assert "2 queued" in told
    drive(Operation.objects.get())
    assert at_the_vendor(vendor, RoomList(room)) == {one, two}
    operate(
        "add_recording_members", "--user", "chief", "--set", f"room_id={room.pk}", "--set", f"user_ids=[{one}]", "--yes"
    )
    drive(Operation.objects.get(kind="add_recording_members"))
    assert at_the_vendor(vendor, RecordingList(recording)) == {one}
    plan = operate("remove_room_members", "--user", "chief", "--set", f"room_id={room.pk}", "--set", f"user_ids={two}",
                   "--plan")  # fmt: skip
    assert "学生1" in plan
    with pytest.raises(CommandError, match="room"):
        operate("add_room_members", "--user", "chief", "--set", "room_id=5", "--set", "user_ids=1", "--yes")
