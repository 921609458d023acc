"""Any set of bad ids among good ones: exactly the bad ones are refused, with the vendor's words, in few calls."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.operations.narrowing import about_ids, narrowed
from playback.vendor.errors import (
    VendorError,
    VendorGone,
    VendorMisconfigured,
    VendorOutcomeUnknown,
    VendorRateLimited,
    VendorRefused,
)


class Vendor:
    """All ids of a call are taken, or none; a call names the first bad one."""

    def __init__(self, bad: set[int], code: int = 1) -> None:
        self.bad, self.code = bad, code
        self.taken: list[int] = []
        self.calls = 0

    def send(self, ids: Sequence[int]) -> None:
        self.calls += 1
        if wrong := [user_id for user_id in ids if user_id in self.bad]:
            raise VendorRefused(self.code, f"用户{wrong[0]}不存在" if self.code == 1 else "无效的回放或者用户")
        self.taken.extend(ids)


def fine() -> None:
    """The list can be read."""


@given(st.lists(st.integers(1, 10**9), unique=True, min_size=1, max_size=100), st.data(), st.sampled_from([1, 1001]))
def test_exactly_the_bad_ones_are_refused(ids: list[int], data: st.DataObject, code: int) -> None:
    bad = data.draw(st.sets(st.sampled_from(ids)))
    vendor = Vendor(bad, code)
    fates = narrowed(vendor.send, ids, fine)
    assert {user_id for user_id, fate in fates.items() if fate is not None} == bad
    assert set(fates) == set(ids)
    assert sorted(vendor.taken) == sorted(set(ids) - bad)  # each once
    for user_id in bad:
        fate = fates[user_id]
        assert fate is not None
        assert fate.vendor_message == (f"用户{user_id}不存在" if code == 1 else "无效的回放或者用户")
    levels = math.ceil(math.log2(len(ids))) + 1
    assert vendor.calls <= 1 + 2 * len(bad) * levels


@pytest.mark.parametrize(
    "error",
    [
        VendorRefused(1, "操作失败"),
        VendorGone(3001, "房间不存在"),
        VendorMisconfigured(1002, "签名错误"),
        VendorOutcomeUnknown(),
        VendorRateLimited(1, "过于频繁"),
    ],
)
def test_what_is_not_about_ids_is_not_narrowed(error: VendorError) -> None:
    calls: list[Sequence[int]] = []

    def send(ids: Sequence[int]) -> None:
        calls.append(ids)
        raise error

    assert narrowed(send, [1, 2, 3], fine) == dict.fromkeys([1, 2, 3], error)
    assert calls == [[1, 2, 3]]
    assert not about_ids(error)


def test_a_list_that_is_wrong_itself_is_not_narrowed() -> None:
    vendor = Vendor({1, 2, 3, 4}, 1001)
    wrong = VendorRefused(1001, "无效的回放")

    def look() -> None:
        raise wrong

    assert narrowed(vendor.send, [1, 2, 3, 4], look) == dict.fromkeys([1, 2, 3, 4], wrong)
    assert vendor.calls == 1


@pytest.mark.parametrize("error", [VendorOutcomeUnknown(), VendorMisconfigured(2002, "无权限"), VendorRateLimited()])
def test_a_look_that_proves_nothing_does_not_stop_the_narrowing(error: VendorError) -> None:
    vendor = Vendor({2})

    def look() -> None:
        raise error

    fates = narrowed(vendor.send, [1, 2, 3], look)
    assert [user_id for user_id, fate in fates.items() if fate] == [2]


def test_a_half_whose_answer_is_lost_is_the_only_one_that_is_unknown() -> None:
    vendor = Vendor({1})
    lost = VendorOutcomeUnknown()

    def send(ids: Sequence[int]) -> None:
        if list(ids) == [3, 4]:
            raise lost
        vendor.send(ids)

    fates = narrowed(send, [1, 2, 3, 4], fine)
    assert (fates[2], fates[3], fates[4]) == (None, lost, lost)
    assert isinstance(fates[1], VendorRefused)
