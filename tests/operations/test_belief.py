"""What operations did, held against what the vendor shows; and whose doing a change is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone, translation
from time_machine import travel

from playback.conf import vendor_client
from playback.models import Change, Operation, OperationItem, Recording, SyncRun
from playback.operations import belief, execute, registry
from playback.sandbox.server import Sandbox
from playback.sync import passes
from playback.vendor.codes import Lane

from .vendor import confirmed, drive

pytestmark = [pytest.mark.django_db, pytest.mark.portable, pytest.mark.usefixtures("impatient")]
Kind = Change.Kind


@pytest.fixture
def recording(sandbox: Sandbox, settings: Any) -> Recording:
    """A recording with a cut, mirrored by its lists."""
    settings.BAIJIAYUN_PRODUCT_TYPES = [1]
    room_id = sandbox.state.add_room(title="高一3班")
    sandbox.state.add_recording(room_id, name="第1课")
    sandbox.state.add_version(room_id, name="剪辑", length=600)
    sandbox.state.add_recording(sandbox.state.add_room(title="高一4班"), name="另一课")
    for kind in SyncRun.Kind:
        sync(kind)
    return Recording.objects.get(room_id=room_id)


def sync(kind: str = "recordings", *, full: bool = False) -> SyncRun:
    return passes.run_pass(SyncRun.Kind(kind), full=full)


def nightly(kind: str = "recordings", *, later: timedelta = timedelta(hours=1)) -> int:
    """The full pass of an hour later, and what it finds of our operations."""
    with travel(timezone.now() + later, tick=True):
        run = sync(kind, full=True)
        assert run.state in (SyncRun.State.DONE, SyncRun.State.NOTHING_NEW)
        return belief.check(run)


def forgetful(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """A vendor that answers the call well and does nothing."""
    monkeypatch.setattr(vendor_client(Lane.OPERATION).__class__, call, lambda self, **given: None)


def do(kind: str, user: User, recording: Recording, **parameters: Any) -> OperationItem:
    operation = confirmed(kind, user, [recording], parameters)
    drive(operation)
    item = operation.items.get()
    assert item.outcome == OperationItem.Outcome.DONE
    return item


def entries() -> list[tuple[str, dict[str, Any], int | None]]:
    rows = Change.objects.filter(echo=False).order_by("pk")
    return [(row.kind, row.fields, row.operation_id) for row in rows]


# ---------------------------------------------------------------- whose doing


def test_an_operations_effect_is_history_with_its_operation(chief: User, recording: Recording) -> None:
    item = do("block", chief, recording)
    assert entries() == [(Kind.VENDOR, {"publish_status": [1, 2]}, item.operation_id)]
    assert Change.objects.get(echo=False).own
    assert nightly() == 0
    nightly("versions")
    assert len(entries()) == 1
    assert not Change.objects.filter(own=False).exists()  # the versions' rows neither


def test_a_pass_that_meets_the_effect_first_knows_whose_it_is(
    sandbox: Sandbox, chief: User, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playback.operations.run.refresh", lambda client, item: None)
    item = do("rename", chief, recording, name="改名")
    sandbox.state.update_recording(recording.room_id, length=99)  # and this is nobody's
    sync()
    assert sorted(entries(), key=str) == sorted(
        [(Kind.VENDOR, {"name": ["第1课", "改名"]}, item.operation_id), (Kind.VENDOR, {"length": [3600, 99]}, None)],
        key=str,
    )


def test_the_same_value_long_after_the_operation_is_the_vendors(
    sandbox: Sandbox, chief: User, recording: Recording
) -> None:
    do("block", chief, recording)
    sandbox.state.update_recording(recording.room_id, publish_status=1)
    sync()
    sandbox.state.update_recording(recording.room_id, publish_status=2)
    sync()
    assert [operation is not None for _, _, operation in entries()] == [True, False, False]


def test_what_follows_from_another_main_version_is_ours(chief: User, recording: Recording) -> None:
    item = do("set_main", chief, recording, version=1)
    assert {operation for _, _, operation in entries()} == {item.operation_id}
    fields = {name for _, fields, _ in entries() for name in fields}
    assert {"main_version", "name", "length", "video_id"} <= fields


@pytest.mark.parametrize(("kind", "subject"), [("delete", "recording"), ("delete_version", "version")])
def test_what_we_deleted_is_gone_by_us(chief: User, recording: Recording, kind: str, subject: str) -> None:
    item = do(kind, chief, recording, **({"version": 1} if kind == "delete_version" else {}))
    gone = Change.objects.get(echo=False)
    assert (gone.kind, gone.subject, gone.own, gone.operation_id) == (Kind.GONE, subject, True, item.operation_id)
    assert nightly() == nightly("versions") == 0


# ---------------------------------------------------------------- what the vendor does not show


def test_what_the_vendor_forgot_is_reported_until_it_shows_it(
    sandbox: Sandbox, chief: User, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        forgetful(sandbox, patched, "set_publish_status")
        item = do("block", chief, recording)
    assert nightly(later=timedelta(minutes=5)) == 0  # its lists may lag behind
    item.refresh_from_db()
    assert (item.missing, item.checked_at) == (None, None)
    assert nightly() == 1
    item.refresh_from_db()
    assert item.missing == {"publish_status": [2, 1]}
    assert item.checked_at is not None
    with translation.override("en"):
        told = belief.told(item, registry.get("block"))
    assert told.startswith("It is done, but the vendor does not show it.")
    assert "expected Blocked, shown is Published" in told
    assert list(belief.not_shown()) == [item]
    assert nightly(later=timedelta(hours=2)) == 1
    sandbox.state.update_recording(recording.room_id, publish_status=2)  # it shows it after all
    assert nightly(later=timedelta(hours=3)) == 0
    item.refresh_from_db()
    assert item.missing is None
    assert entries() == [(Kind.VENDOR, {"publish_status": [1, 2]}, item.operation_id)]
    assert not belief.not_shown().exists()


def test_what_was_there_and_was_changed_again_is_history(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    do("block", chief, recording)
    sandbox.state.update_recording(recording.room_id, publish_status=1)
    assert nightly() == 0
    assert [fields["publish_status"] for _, fields, _ in entries()] == [[1, 2], [2, 1]]


def test_a_later_operation_ends_what_was_believed_before(
    sandbox: Sandbox, chief: User, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        forgetful(sandbox, patched, "set_publish_status")
        item = do("block", chief, recording)
    assert nightly() == 1
    with travel(timezone.now() + timedelta(hours=2), tick=True):
        later = do("block", chief, recording)
    assert nightly(later=timedelta(hours=4)) == 0
    item.refresh_from_db()
    later.refresh_from_db()
    assert item.missing is later.missing is None
    assert later.checked_at is not None


def test_an_undo_that_the_vendor_forgot(
    sandbox: Sandbox, chief: User, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = do("rename", chief, recording, name="改名")
    undo = execute.confirm(execute.plan_undo(Operation.objects.get(pk=item.operation_id), chief), chief)
    with monkeypatch.context() as patched:
        forgetful(sandbox, patched, "update_recording")
        drive(undo)
    assert nightly() == 1
    assert undo.items.get().missing == {"name": ["第1课", "改名"]}


def test_a_delete_that_the_vendor_forgot(
    sandbox: Sandbox, chief: User, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        forgetful(sandbox, patched, "delete_recording")
        item = do("delete_version", chief, recording, version=1)
    assert nightly() == 0  # the recordings' list says nothing about versions
    assert nightly("versions") == 1
    item.refresh_from_db()
    assert item.missing == {"gone": [True, False]}
    sandbox.state.remove_recording(recording.room_id)
    nightly(later=timedelta(hours=2))
    assert nightly("versions", later=timedelta(hours=2)) == 0
    item.refresh_from_db()
    assert item.missing is None


def test_a_recording_that_is_gone_is_not_asked_for_its_state(
    sandbox: Sandbox, chief: User, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        forgetful(sandbox, patched, "set_publish_status")
        item = do("block", chief, recording)
    assert nightly() == 1
    sandbox.state.remove_recording(recording.room_id)
    assert nightly(later=timedelta(hours=2)) == 0
    item.refresh_from_db()
    assert item.missing is None


def test_how_long_it_is_kept_is_judged_where_it_was_read_later(chief: User, recording: Recording) -> None:
    item = do("set_expiry", chief, recording, mode="days", days="400")
    assert nightly() == 0
    item.refresh_from_db()
    assert item.checked_at is None  # not read since: nobody knows
    Recording.objects.update(valid_days=30, expiry_read_at=timezone.now() + timedelta(minutes=1))
    assert nightly() == 1
    item.refresh_from_db()
    assert list(item.missing) == ["expiry"]
    with translation.override("en"):
        assert "expected 400 days from its making" in belief.told(item, registry.get("set_expiry"))


def test_only_a_complete_full_pass_judges(sandbox: Sandbox, chief: User, recording: Recording) -> None:
    run = sync(full=True)
    for state, full in ((SyncRun.State.INCOMPLETE, True), (SyncRun.State.HELD, True), (SyncRun.State.DONE, False)):
        run.state, run.full = state, full
        assert belief.check(run) == 0


def test_the_cost_does_not_grow_with_the_recordings(
    sandbox: Sandbox, chief: User, recording: Recording, django_assert_max_num_queries: Any
) -> None:
    room = recording.room
    more = [Recording(room=room, session_id=n, name="x", first_seen_at=timezone.now()) for n in range(1, 40)]
    long_ago = timezone.now() - timedelta(hours=1)
    operation = Operation.objects.create(kind="block", user=chief, state=Operation.State.DONE)
    OperationItem.objects.bulk_create(
        OperationItem(
            operation=operation,
            position=n,
            recording=each,
            label="x",
            outcome="done",
            change={"publish_status": [1, 2]},
            claimed_at=long_ago,
            finished_at=long_ago,
        )
        for n, each in enumerate(Recording.objects.bulk_create(more))
    )
    run = SyncRun(kind="recordings", full=True, state="done", started_at=timezone.now())
    with django_assert_max_num_queries(9):
        assert belief.check(run) == 39


@pytest.mark.parametrize("name", sorted(registry.kinds()))
def test_what_a_kind_foretells_is_a_column_of_the_mirror(name: str) -> None:
    kind = registry.get(name)
    columns = {field.name for field in Recording._meta.get_fields()} | {"gone", "expiry"}
    samples: list[dict[str, Any]] = [
        {"publish_status": [1, 2], "trash": [None, 30]},
        {"name": ["a", "b"], "cover": ["", "x.png"]},
        {"main_version": [0, 1]},
        {"version 3": ["there", "deleted"]},
        {"expiry": [None, {"days": 0, "at": None}], "hold": [None, "x"]},
        {"video": [{}, {}], "main": [0, 1]},
        {"versions": [1, 0]},
    ]
    for change in samples:
        try:
            shows = kind.shows(change)
        except (KeyError, ValueError):
            continue  # not a change of this kind
        assert {column for _, column in shows} <= columns
        assert kind.touches(change) <= columns
