"""Whatever happens at the vendor, in our tables and by our operations: after full passes the mirror is the vendor's
again, and the history, replayed from the first payload, ends at the mirror's facts.

Our tables stray to values that the vendor never has: what both sides changed alike leaves no trace but a hash.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from playback.conf import vendor_client
from playback.models import Change, Mirror, Operation, Recording, Room, SyncLease, SyncRun, Version
from playback.operations import belief, execute
from playback.sandbox.server import Sandbox
from playback.sync import entries, history
from playback.sync.single import refresh_recording
from playback.vendor.codes import Lane

from .conftest import LONG_AGO, sync

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
School = Callable[..., int]
FIRST = 202403010
MODELS: tuple[type[Mirror], ...] = (Room, Recording, Version)

which = st.integers(0, 3)
name = st.sampled_from(["甲", "乙", "丙", "第0节"])
state = st.sampled_from([1, 2])
edit = st.one_of(
    st.tuples(st.just("name"), name),
    st.tuples(st.just("publish_status"), state),
    st.tuples(st.just("length"), st.integers(600, 603)),
    st.tuples(st.just("play_times"), st.integers(0, 5)),
)
stray = st.sampled_from([("name", "走样"), ("publish_status", 9), ("length", 1), ("play_times", 77), ("status", 20)])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("vendor"), which, edit),
        st.tuples(st.just("cut"), which, edit),
        st.tuples(st.just("stray"), which, stray),
        st.tuples(st.just("stray_version"), which, stray),
        st.tuples(st.just("room"), which, name),
        st.tuples(st.just("operate"), which, st.sampled_from(["block", "publish", "rename"])),
        st.tuples(st.just("gone"), which, st.none()),
        st.tuples(st.just("back"), which, st.none()),
        st.tuples(st.just("main"), which, state),
        st.tuples(st.just("read"), which, st.none()),
        st.tuples(st.just("sync"), st.sampled_from(["recordings", "versions", "rooms"]), st.booleans()),
    ),
    min_size=1,
    max_size=10,
)


@pytest.mark.timeout(300)  # each example is a dozen passes
@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # shrinking takes longer than reading a plan of ten steps
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(plan=[("main", 3, 2), ("stray", 3, ("status", 20))])
@given(plan=steps)
def test_the_history_leads_from_the_first_payload_to_the_mirror(
    vendor: Sandbox, school: School, letting_go: None, plan: list[tuple[str, Any, Any]]
) -> None:
    vendor.state.clear()
    vendor.state.set_account("41624064", "sandbox/key+of=the-tests")
    for model in (Change, Operation, SyncLease, SyncRun, Version, Recording, Room):
        model._default_manager.all().delete()
    room_id = school(6)
    for n in range(4):
        vendor.state.add_version(room_id, FIRST + n, name="剪辑", created_at=LONG_AGO)
    _all_full()
    assert not Change.objects.exists()
    first = _facts()
    chief, _ = User.objects.get_or_create(username="chief", is_superuser=True)
    for step in plan:
        _do(vendor, chief, room_id, *step)
    _all_full()
    assert _facts() == _at_the_vendor(vendor)
    assert _there(_replayed(first)) == _there(_facts())
    written = Change.objects.count()
    _all_full()
    assert Change.objects.count() == written


@pytest.fixture
def letting_go(settings: Any) -> None:
    """Gone is gone here, however few are left."""
    settings.SYNC_GONE_SHARE = 1.0


def _do(vendor: Sandbox, chief: User, room_id: int, what: str, target: Any, how: Any) -> None:
    if what == "sync":
        sync(target, full=how)
        return
    session = FIRST + target
    there = vendor.state.recording(room_id, session)
    ours = Recording.objects.filter(session_id=session, gone_at=None)
    match what:
        case "vendor" if there:
            vendor.state.update_recording(room_id, session, **dict([how]))
        case "cut" if there and how[0] != "publish_status" and (cut := vendor.state.version(room_id, session, 1)):
            vendor.state.update_version(cut["video_id"], **dict([how]))
        case "stray":
            ours.update(**dict([how]))
        case "stray_version":
            Version.objects.filter(recording__in=ours, gone_at=None).update(**dict([how]))
        case "room":
            vendor.state.execute("UPDATE rooms SET title = ? WHERE room_id = ?", (how, room_id))
            Room.objects.update(max_users=target)
        case "operate" if there and ours:
            operation = execute.plan(how, chief, ours, {"name": "丁"} if how == "rename" else {})
            for item in operation.items.filter(outcome="planned"):
                execute.confirm(operation, chief)
                execute.run_item(item.pk)
        case "gone" if there:
            vendor.state.remove_recording(room_id, session)
        case "back" if not there:
            vendor.state.add_recording(room_id, session, name="又来", created_at=LONG_AGO)
            vendor.state.add_version(room_id, session, version=1, name="剪辑", created_at=LONG_AGO)
        case "main" if there and vendor.state.version(room_id, session, how - 1):
            vendor.state.set_main(there["playback_id"], how - 1)
        case "read" if ours:
            refresh_recording(vendor_client(Lane.PERSON), ours.get())


def _all_full() -> None:
    for kind in ("rooms", "recordings", "versions"):
        run = sync(kind, full=True)
        assert run.state in ("done", "nothing_new"), run.error
        belief.check(run)


def _facts() -> dict[tuple[str, Any], dict[str, Any]]:
    """By model and row: whether it is gone, and else its facts."""
    found: dict[tuple[str, Any], dict[str, Any]] = {}
    for model in MODELS:
        names = history.TABLES[model].facts
        for row in model.objects.all():
            facts = {name: entries.plain(getattr(row, name)) for name in names}
            found[model.__name__.lower(), row.pk] = {"gone": row.gone_at is not None, **facts}
    return found


def _at_the_vendor(vendor: Sandbox) -> dict[tuple[str, Any], dict[str, Any]]:
    """The mirror's facts, with what the sandbox holds in their place."""
    found = _facts()
    for (kind, pk), facts in found.items():
        if kind == "room":
            row = vendor.state.room(pk)
            assert row is not None
            facts |= {"title": row["title"], "max_users": row["max_users"]}
            continue
        ours = Recording.objects.get(pk=pk) if kind == "recording" else Version.objects.get(pk=pk)
        recording = ours if isinstance(ours, Recording) else ours.recording
        key = (recording.room_id, recording.session_id)
        row = vendor.state.recording(*key) if kind == "recording" else vendor.state.version(*key, ours.version)
        facts["gone"] = row is None
        if row is not None:
            names = facts.keys() & {"name", "status", "publish_status", "length", "play_times", "video_id"}
            facts |= {name: row[name] for name in names}
            if kind == "recording":
                facts["main_version"] = row["version"]
    return found


def _there(found: dict[tuple[str, Any], dict[str, Any]]) -> dict[tuple[str, Any], dict[str, Any]]:
    """Of what is gone nobody tells any more."""
    return {key: {"gone": True} if facts["gone"] else facts for key, facts in _without_plays(found).items()}


def _without_plays(found: dict[tuple[str, Any], dict[str, Any]]) -> dict[tuple[str, Any], dict[str, Any]]:
    return {key: {name: value for name, value in facts.items() if name != "play_times"} for key, facts in found.items()}


def _replayed(first: dict[tuple[str, Any], dict[str, Any]]) -> dict[tuple[str, Any], dict[str, Any]]:
    found = _without_plays(first)
    for change in Change.objects.order_by("pk"):
        facts = found[change.subject, getattr(change, f"{change.subject}_id")]
        for name, (_old, new) in change.fields.items():
            facts[name] = new
        if change.kind in (Change.Kind.GONE, Change.Kind.BACK):
            facts["gone"] = change.kind == Change.Kind.GONE
    return found
