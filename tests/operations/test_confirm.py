"""Confirming: once, by the right person, and only what was shown."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone, translation

from playback.models import Operation, OperationItem, Recording
from playback.operations import execute, tend
from playback.operations.base import OperationInvalid, PlanChanged
from playback.vendor.codes import Lane, PublishStatus

from .makers import make_recordings, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.portable]


def test_confirm_queues_the_plan_once() -> None:
    user = make_user("staff", "block_recording")
    make_recordings(2)
    operation = execute.confirm(execute.plan("block", user, Recording.objects.all(), {}), user)
    operation.refresh_from_db()
    assert (operation.state, operation.confirmed_by, operation.lane) == ("queued", user, Lane.OPERATION)
    assert operation.items.filter(due_at=None).count() == 0
    with pytest.raises(OperationInvalid):
        execute.confirm(operation, user)


def test_a_single_item_goes_the_way_of_a_waiting_person() -> None:
    user = make_user("staff", "block_recording")
    make_recordings(1)
    make_recordings(1, publish_status=PublishStatus.BLOCKED.value)
    assert execute.plan("block", user, Recording.objects.all(), {}).lane == Lane.PERSON


def test_what_changed_since_the_plan_is_shown_before_anything_runs() -> None:
    user = make_user("staff", "block_recording")
    first, second = make_recordings(2)
    operation = execute.plan("block", user, Recording.objects.order_by("pk"), {})
    Recording.objects.filter(pk=first.pk).update(publish_status=PublishStatus.BLOCKED.value)
    with translation.override("en"), pytest.raises(PlanChanged) as changed:
        execute.confirm(operation, user)
    (difference,) = changed.value.differences
    assert difference.label == f"第0课 ({first.room_id})"
    assert difference.was == "publish state: Published → Blocked"
    assert difference.now == "It is already blocked."
    operation.refresh_from_db()
    assert operation.state == "planned"
    assert [item.outcome for item in operation.items.all()] == ["skipped", "planned"]
    # Looked at again and confirmed: what is shown now runs.
    assert execute.confirm(operation, user).items.filter(outcome="planned").get().recording_id == second.pk


def test_a_plan_made_anew_in_another_tab_is_not_confirmed_unseen() -> None:
    user = make_user("staff", "block_recording")
    first, _ = make_recordings(2)
    operation = execute.plan("block", user, Recording.objects.all(), {})
    seen = Operation.objects.get(pk=operation.pk).planned_at.isoformat()
    Recording.objects.filter(pk=first.pk).update(publish_status=PublishStatus.BLOCKED.value)
    with pytest.raises(PlanChanged):
        execute.confirm(operation, user, seen_plan=seen)
    with pytest.raises(PlanChanged):
        execute.confirm(operation, user, seen_plan=seen)
    now = Operation.objects.get(pk=operation.pk).planned_at.isoformat()
    assert execute.confirm(operation, user, seen_plan=now).state == "queued"


def test_nothing_to_do_is_not_confirmed() -> None:
    user = make_user("staff", "publish_recording")
    make_recordings(2)
    operation = execute.plan("publish", user, Recording.objects.all(), {})
    with pytest.raises(OperationInvalid):
        execute.confirm(operation, user)


@pytest.mark.parametrize("typed", [None, 0, 3, 2])
def test_deleting_asks_for_the_number(typed: int | None) -> None:
    user = make_user("staff", "remove_recording")
    make_recordings(2)
    make_recordings(1, gone_at=timezone.now())
    operation = execute.plan("delete", user, Recording.objects.all(), {})
    if typed == 2:
        assert execute.confirm(operation, user, typed_count=typed).state == "queued"
    else:
        with pytest.raises(OperationInvalid) as wrong:
            execute.confirm(operation, user, typed_count=typed)
        assert wrong.value.errors.keys() == {"typed_count"}
        assert Operation.objects.get().state == "planned"


def test_only_the_planner_or_an_administrator_decides() -> None:
    planner, other = make_user("planner", "block_recording"), make_user("other", "block_recording")
    chief = make_user("chief", "block_recording", "confirm_any_operation")
    make_recordings(1)
    operation = execute.plan("block", planner, Recording.objects.all(), {})
    for decide in (execute.confirm, execute.discard):
        with pytest.raises(PermissionDenied):
            decide(operation, other)
    assert execute.confirm(operation, chief).confirmed_by == chief


def test_the_permission_is_checked_again_at_confirm() -> None:
    user = make_user("staff", "block_recording")
    make_recordings(1)
    operation = execute.plan("block", user, Recording.objects.all(), {})
    with pytest.raises(PermissionDenied):
        execute.confirm(operation, make_user("staff2", "confirm_any_operation"))


def test_a_discarded_plan_is_gone_and_a_confirmed_one_stays() -> None:
    user = make_user("staff", "block_recording")
    make_recordings(1)
    execute.discard(execute.plan("block", user, Recording.objects.all(), {}), user)
    assert not OperationItem.objects.exists()
    operation = execute.confirm(execute.plan("block", user, Recording.objects.all(), {}), user)
    with pytest.raises(OperationInvalid):
        execute.discard(operation, user)


def test_old_unconfirmed_plans_are_thrown_away() -> None:
    user = make_user("staff", "block_recording")
    make_recordings(1)
    old, young, confirmed = (execute.plan("block", user, Recording.objects.all(), {}) for _ in range(3))
    execute.confirm(confirmed, user)
    for operation in (old, confirmed):
        Operation.objects.filter(pk=operation.pk).update(planned_at=timezone.now() - timedelta(days=1, seconds=1))
    tend.tend()
    assert set(Operation.objects.values_list("pk", flat=True)) == {young.pk, confirmed.pk}


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_confirm_once() -> None:
    user = make_user("staff", "block_recording")
    make_recordings(30)
    operation = execute.plan("block", user, Recording.objects.all(), {})
    together = threading.Barrier(4)
    told: list[str] = []

    def confirm() -> None:
        together.wait(10)
        try:
            execute.confirm(operation, user)
            told.append("confirmed")
        except OperationInvalid:
            told.append("too late")
        finally:
            connection.close()

    threads = [threading.Thread(target=confirm) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(told) == ["confirmed", "too late", "too late", "too late"]
