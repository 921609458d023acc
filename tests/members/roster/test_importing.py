"""From a file to plans: the difference to the list, decisions, and removal only where every row is decided."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from members.lists import list_of
from members.models import RosterImport
from members.roster import importing
from members.tasks import keeping
from playback.models import Operation
from playback.operations.base import OperationInvalid
from playback.operations.reasons import text
from tests.factories import RecordingFactory, RoomFactory, person
from tests.members.makers import member, put_on
from tests.members.roster import files

pytestmark = [pytest.mark.django_db, pytest.mark.portable]


@pytest.fixture
def clerk() -> User:
    return person("course staff")


def started(user: User, owner, text: str) -> RosterImport:
    return importing.start(user, list_of(owner), "名单.csv", files.csv(text))


@pytest.fixture
def room():
    """1 and 2 are on its list; 3 and 4 are not."""
    for number in range(1, 5):
        member(number, f"学生{number}", f"00{number}", f"1380013800{number}")
    made = RoomFactory()
    put_on(made, [1, 2])
    return made


def test_the_difference_to_the_list(clerk: User, room) -> None:
    roster = started(clerk, room, "学号\n002\n003\n004\n")
    change = importing.difference(roster)
    assert (change.add, change.remove, change.keep) == ([3, 4], [1], 1)
    assert change.read_at is not None


@pytest.mark.parametrize("owner", ["room", "recording"])
def test_plans_add_and_remove_only_when_asked(clerk: User, room, owner: str) -> None:
    which = room
    if owner == "recording":
        which = RecordingFactory(room=room)
        put_on(which, [1, 2])
    roster = started(clerk, which, "学号\n002\n003\n")
    (addition,) = importing.plan(roster, clerk, removing=False)
    assert addition.kind == f"add_{owner}_members"
    assert [item.before["user_id"] for item in addition.items.all()] == [3]

    both = importing.plan(roster, clerk, removing=True)
    assert [(plan.kind, [item.before["user_id"] for item in plan.items.all()]) for plan in both] == [
        (f"add_{owner}_members", [3]),
        (f"remove_{owner}_members", [1]),
    ]
    assert {plan.state for plan in both} == {Operation.State.PLANNED}
    assert not Operation.objects.filter(pk=addition.pk, state=Operation.State.PLANNED).exists()


def test_nobody_is_removed_while_a_row_is_undecided(clerk: User, room) -> None:
    """Row 3 is the student who is on the list, with a mistyped number."""
    roster = started(clerk, room, "学号\n002\n0o1\n")
    with pytest.raises(OperationInvalid):
        importing.plan(roster, clerk, removing=True)
    importing.decide(roster, {3: 1})
    with pytest.raises(OperationInvalid):
        importing.plan(roster, clerk, removing=True)  # nothing is left to do
    importing.decide(roster, {3: None})
    assert importing.leave_out(roster) == 1
    (removal,) = importing.plan(roster, clerk, removing=True)
    assert [item.before["user_id"] for item in removal.items.all()] == [1]


def test_nobody_is_removed_from_a_list_that_was_never_read(clerk: User, room) -> None:
    unread = RoomFactory()
    put_on(unread, [1], read=False)
    roster = started(clerk, unread, "学号\n002\n")
    with pytest.raises(OperationInvalid):
        importing.plan(roster, clerk, removing=True)
    assert len(importing.plan(roster, clerk, removing=False)) == 1


def test_decisions_choose_replace_and_leave_out(clerk: User, room) -> None:
    roster = started(clerk, room, "学号,姓名\n003,学生3\n004,别人\n009,谁\n")
    assert importing.wanted(roster) == [3, 4]
    importing.decide(roster, {3: importing.LEFT_OUT, 4: 2, 99: 1})
    roster.refresh_from_db()
    assert importing.wanted(roster) == [3, 2]
    assert importing.undecided(roster) == []


@pytest.mark.parametrize(
    ("typed", "found"), [("3", 3), ("003", 3), (" ００３ ", 3), ("77", None), ("", None), ("甲", None)]
)
def test_a_typed_number_means_one_person_here_or_nobody(room, typed: str, found: int | None) -> None:
    assert importing.who(typed) == found


def test_planning_needs_the_right_to_edit_lists(room) -> None:
    nobody = person("teacher")
    roster = started(nobody, room, "学号\n003\n")
    with pytest.raises(PermissionDenied):
        importing.plan(roster, nobody, removing=False)


def test_an_import_is_its_owners_alone_and_for_a_day(clerk: User, room) -> None:
    roster = started(clerk, room, "学号\n003\n")
    other = person("administrator")
    assert importing.of(clerk, roster.uuid) == roster
    assert importing.of(other, roster.uuid) is None
    RosterImport.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert importing.of(clerk, roster.uuid) is None
    assert keeping.forget_rosters() == 1
    assert not RosterImport.objects.exists()


def test_neither_the_store_nor_the_plans_hold_a_phone(clerk: User, room) -> None:
    roster = started(clerk, room, "手机,姓名\n13800138003,学生3\n13800138004,别人\n13912345678,谁\n")
    operations = importing.plan(roster, clerk, removing=False)
    stored = [str(RosterImport.objects.values().get(pk=roster.pk))]
    for operation in operations:
        stored += [
            operation.parameters["user_ids"],
            *(f"{i.label} {i.change} {i.before} {text(i.note)}" for i in operation.items.all()),
        ]
    for phone in ("13800138003", "13800138004", "13912345678"):
        assert not any(phone in what for what in stored)
