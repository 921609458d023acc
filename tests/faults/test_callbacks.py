"""Callbacks come late, twice, in any order or never, while lists are read: the mirror ends as the vendor.

The life of ``tests/callbacks/test_any_order``, with passes between. At the end the lists are read once, and then every
callback of that life comes again, in any order: what was told long ago takes nothing back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from playback.models import (
    Delivery,
    Operation,
    OverdueLook,
    Recording,
    Room,
    SyncLease,
    SyncRun,
    TrashEntry,
    Version,
)
from playback.sandbox.server import Sandbox
from playback.sync import passes
from tests.callbacks.makers import post
from tests.callbacks.test_any_order import COMING, EVENTS, Vendor, work

from .conftest import mirror_all
from .equality import assert_mirror_is_vendor
from .kept import picture

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.portable,
    pytest.mark.usefixtures("hasty"),
    pytest.mark.timeout(300),
]
READING = st.tuples(st.just("reads"), st.sampled_from(["rooms", "recordings", "versions"]), st.booleans())
LIFE = st.lists(st.one_of(EVENTS, EVENTS, COMING, READING), min_size=4, max_size=16)


@pytest.fixture
def quiet(vendor: Sandbox, settings: Any) -> Iterator[Sandbox]:
    settings.SYNC_GONE_SHARE = 1.0  # of a handful of rows many go: another test's subject
    yield vendor
    vendor.callbacks.resume()


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.generate],
)
@given(life=LIFE, honest=st.booleans(), lost=st.sets(st.integers(0, 30), max_size=8), data=st.data())
def test_in_the_end_the_mirror_is_the_vendor(
    quiet: Sandbox, chief: User, life: list[Any], honest: bool, lost: set[int], data: st.DataObject
) -> None:
    for model in (OverdueLook, Delivery, TrashEntry, Operation, Version, Recording, Room, SyncLease, SyncRun):
        model._default_manager.all().delete()
    vendor = Vendor(quiet, honest)
    # One that stays: of a list that is wholly empty nothing may be concluded.
    quiet.state.add_recording(vendor.room, 202403019, name="第一课")
    for session in (0, 1):
        vendor.live("end class", session, 0)
    mirror_all()
    kept = Recording.objects.order_by("pk")[0]
    kept.room.owners.add(chief)
    Recording.objects.filter(pk=kept.pk).update(held_at=timezone.now(), held_by=chief, hold_reason="a dispute")
    before = picture()
    for what, number, more in life:
        if what == "reads":
            passes.run_pass(number, full=more)
        elif what != "comes":
            vendor.live(what, number, more)
        elif waiting := vendor.pending():
            index = number % len(waiting)
            if index not in lost:
                assert post(waiting[index]).status_code == 200
            if more:
                work()
    work()
    mirror_all()
    assert_mirror_is_vendor(quiet)

    sent = vendor.pending()
    order = data.draw(st.permutations([*range(len(sent)), *range(0, len(sent), 2)]))
    together = data.draw(st.integers(1, 4))
    for number, index in enumerate(order):
        assert post(sent[index]).status_code == 200
        if number % together == 0:
            work()
    work()
    assert_mirror_is_vendor(quiet)
    assert Delivery.objects.count() == len({fields["qid"] for fields in sent})
    assert set(Delivery.objects.values_list("state", flat=True)) <= {"applied", "ignored"}
    after = picture()
    for name, rows in before.items():
        assert [row for row in rows if row not in after[name]] == [], name


def test_a_cut_of_a_deleted_recording_is_told_of_late(quiet: Sandbox) -> None:
    """The recording is known to be gone; a version that only a late callback knows of is not live under it."""
    vendor = Vendor(quiet, honest=True)
    quiet.state.add_recording(vendor.room, 202403019, name="第一课")
    vendor.live("end class", 0, 0)
    mirror_all()
    vendor.live("cut", 0, 0)
    vendor.live("delete", 0, 0)
    mirror_all()
    for fields in vendor.pending():
        assert post(fields).status_code == 200
        work()
    assert_mirror_is_vendor(quiet)
