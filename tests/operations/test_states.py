"""Whatever is killed, delivered twice, late or lost: each item ends once, and the vendor agrees with what it says."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from playback.conf import vendor_client
from playback.models import Operation, OperationItem, Recording
from playback.operations import execute, registry, tend, transitions
from playback.operations.base import OperationInvalid
from playback.operations.reach import target_of
from playback.sandbox.server import Sandbox
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError

from .vendor import confirmed, drive, recorded, row

FAULTS = st.sampled_from(
    [
        ("drop", {"when": "before"}),
        ("drop", {"when": "after"}),
        ("html", {"after_change": True}),
        ("status", {"status": 503}),
        ("refuse", {}),
        ("rate_limit", {}),
    ]
)
ANY = st.integers(0, 30)


class Engine(RuleBasedStateMachine):
    """Workers, brokers and vendors on a bad day, over two recordings that several operations want."""

    sandbox: Sandbox
    user: User

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[Operation] = []
        self.zombies: list[OperationItem] = []
        self.ended: dict[int, Any] = {}
        self.sandbox.faults.clear()
        self.sandbox.calls.clear()
        self.sandbox.window.clear()

    @initialize()
    def begin(self) -> None:
        self.recordings = [recorded(self.sandbox, name=f"第{n}课") for n in (1, 2)]

    def items(self) -> Any:
        return OperationItem.objects.filter(operation__in=self.operations)

    def pick(self, index: int, *outcomes: str) -> int:
        """One open item in such a state, where there is one."""
        found = list(self.items().filter(finished_at=None, outcome__in=outcomes).order_by("pk"))
        found = found or list(self.items().order_by("pk"))
        return found[index % len(found)].pk if found else 0

    @rule(kind=st.sampled_from(["publish", "block", "rename", "delete"]), which=st.sampled_from([[0], [1], [0, 1]]))
    def ask(self, kind: str, which: list[int]) -> None:
        parameters = {"name": f"名字{len(self.operations)}"} if kind == "rename" else {}
        try:
            chosen = [self.recordings[index] for index in which]
            self.operations.append(confirmed(kind, self.user, chosen, parameters))
        except OperationInvalid:
            pass  # nothing to do: all of it is skipped

    @rule(index=ANY)
    def a_worker_runs_one(self, index: int) -> None:
        execute.run_item(self.pick(index, "planned"))

    @rule(index=ANY, fault=FAULTS)
    def a_worker_runs_one_on_a_bad_day(self, index: int, fault: tuple[str, dict[str, Any]]) -> None:
        for call in ("set_publish_status", "update_recording", "delete_recording"):
            self.sandbox.faults.add(call, fault[0], **fault[1])
        execute.run_item(self.pick(index, "planned"))
        self.sandbox.faults.clear()

    @rule(index=ANY, sent=st.booleans())
    def a_worker_is_killed(self, index: int, sent: bool) -> None:
        try:
            item = transitions.begin(self.pick(index, "planned"))
        except transitions.Busy:
            return
        if item is not None and sent:
            try:
                registry.get(item.operation.kind).apply(vendor_client(Lane.OPERATION), target_of(item))
            except VendorError:
                return
            self.zombies.append(item)

    @rule()
    def a_worker_was_only_slow(self) -> None:
        if self.zombies:
            transitions.finish(self.zombies.pop(), "done")

    @rule(index=ANY)
    def a_lost_answer_is_asked_for(self, index: int) -> None:
        execute.settle_item(self.pick(index, "unknown"))

    @rule(index=ANY)
    def nobody_answers_the_question(self, index: int) -> None:
        self.sandbox.faults.add("recording_info", "drop")
        execute.settle_item(self.pick(index, "unknown"))
        self.sandbox.faults.clear()

    @rule(index=ANY)
    def the_asker_is_killed(self, index: int) -> None:
        transitions.begin_settling(self.pick(index, "unknown"))

    @rule()
    def time_passes(self) -> None:
        self.items().filter(finished_at=None).update(due_at=timezone.now() - timedelta(seconds=1))
        tend.tend()

    @invariant()
    def one_at_a_time(self) -> None:
        held = self.items().filter(finished_at=None, outcome__in=["running", "unknown"])
        assert max(Counter(held.values_list("recording_id", flat=True)).values(), default=0) <= 1

    @invariant()
    def what_ended_stays_as_it_ended(self) -> None:
        for item in self.items().exclude(finished_at=None).exclude(outcome="skipped"):
            now = (item.outcome, item.reason, item.finished_at)
            assert self.ended.setdefault(item.pk, now) == now

    @invariant()
    def a_delete_is_sent_once(self) -> None:
        tried = Counter(
            self.items().filter(operation__kind="delete", attempts__gt=0).values_list("recording__room_id", flat=True)
        )
        # Calls that the vendor plainly refused (for their rate, or because it is gone) did not count as sent.
        sent = Counter(
            int(call.params["room_id"]) for call in self.sandbox.calls.of("delete_recording") if not call.code
        )
        assert all(sent[room] <= tried[room] for room in sent)

    def teardown(self) -> None:
        self.sandbox.faults.clear()
        if not hasattr(self, "recordings"):
            return
        for _ in range(4):
            self.time_passes()
            drive(*self.operations, rounds=6)
        self.what_ended_stays_as_it_ended()
        for operation in self.operations:
            operation.refresh_from_db()
            assert operation.state == Operation.State.DONE
            counted = execute.counts(operation)
            assert counted["planned"] == counted["running"] == counted["unknown"] == 0
        for recording in self.recordings:
            self.vendor_agrees(recording)

    def vendor_agrees(self, recording: Recording) -> None:
        """The done items, one after the other, lead to what the vendor shows."""
        expected: dict[str, Any] | None = {"publish_status": 1, "name": recording.name}
        done = self.items().filter(recording=recording, outcome="done").order_by("finished_at")
        for item in done.select_related("operation"):
            assert expected is not None, "something was done to what had been deleted"
            if item.operation.kind == "delete":
                expected = None
            else:
                expected |= {field: new for field, (_, new) in item.change.items()}
        now = row(self.sandbox, recording)
        assert (now and {field: now[field] for field in ("publish_status", "name")}) == expected


@pytest.mark.portable
@pytest.mark.django_db
@pytest.mark.usefixtures("impatient")
def test_each_item_ends_once_and_as_the_vendor_shows(sandbox: Sandbox, chief: User) -> None:
    Engine.sandbox, Engine.user = sandbox, chief
    sandbox.window.limit = 0
    run_state_machine_as_test(
        Engine,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
