"""The table from an answer to what the caller may do next."""

from __future__ import annotations

import pickle
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playback.vendor.errors import (
    VendorError,
    VendorGone,
    VendorMisconfigured,
    VendorOutcomeUnknown,
    VendorRateLimited,
    VendorRefused,
    VendorUnreachable,
    error_of,
)

NOW = 1_500_000_000


def body(code: object, msg: object = "", ts: object = NOW) -> dict[str, Any]:
    return {"code": code, "data": None, "msg": msg, "ts": ts}


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (200, body(0), None),
        (200, body("0"), None),
        (200, body(1, "教室正在使用"), VendorRefused),
        (200, body(1, "请求过于频繁"), VendorRateLimited),
        (200, body(1, "接口调用频率超限"), VendorRateLimited),
        (200, body(1, "超过每10秒200次的限制"), VendorRateLimited),
        (200, body(1, "Too many requests"), VendorRateLimited),
        (200, body(1001, "参数错误"), VendorRefused),
        (200, body(1001, "timestamp 已过期"), VendorMisconfigured),
        (200, body(1001, "参数错误", NOW - 301), VendorMisconfigured),
        (200, body(1001, "参数错误", NOW - 299), VendorRefused),
        (200, body(1002, "签名错误"), VendorMisconfigured),
        (200, body(2001), VendorMisconfigured),
        (200, body(2002), VendorMisconfigured),
        (200, body(2003), VendorMisconfigured),
        (200, body(404, "no such path"), VendorMisconfigured),
        (404, body(404), VendorMisconfigured),
        (404, None, VendorMisconfigured),
        (200, body(3001), VendorGone),
        (200, body("3002"), VendorGone),
        (200, body(4001, "上传失败"), VendorRefused),
        (200, body(777, "?"), VendorRefused),
        (400, body(1001), VendorRefused),
        (413, None, VendorRefused),
        (403, None, VendorRefused),
        (301, None, VendorMisconfigured),
        (302, None, VendorOutcomeUnknown),
        (408, None, VendorOutcomeUnknown),
        (429, None, VendorRateLimited),
        (429, body(1, "x"), VendorRateLimited),
        (500, None, VendorOutcomeUnknown),
        (502, body(1, "x"), VendorOutcomeUnknown),
        (503, body(0), VendorOutcomeUnknown),
        (400, body(0), VendorOutcomeUnknown),
        (200, None, VendorOutcomeUnknown),
        (200, [], VendorOutcomeUnknown),
        (200, {}, VendorOutcomeUnknown),
        (200, body(None), VendorOutcomeUnknown),
        (200, body(True), VendorOutcomeUnknown),
        (200, body("ok"), VendorOutcomeUnknown),
        (200, body(0.0), VendorOutcomeUnknown),
        (204, None, VendorOutcomeUnknown),
    ],
)
def test_what_an_answer_means(status: int, answer: object, kind: type[VendorError] | None) -> None:
    error = error_of(status, answer, now=NOW)
    assert type(error) is (type(None) if kind is None else kind)


def test_a_wrong_clock_is_said_with_its_size() -> None:
    error = error_of(200, body(1001, "参数错误", NOW + 612), now=NOW)
    assert str(error) == (
        "the vendor refused the time stamp: set this machine's clock (it is 612 s behind the vendor's) "
        "(code 1001): 参数错误"
    )


codes = (
    st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers()) | st.sampled_from(["0", " 0", 0])
)


@settings(max_examples=60, deadline=None)
@given(st.integers(100, 599) | st.just(200), codes)
def test_only_success_is_success(status: int, code: object) -> None:
    error = error_of(status, {"code": code, "msg": code, "ts": code}, now=time.time())
    zero = (code == 0 and code is not False) or (isinstance(code, str) and set(code.strip()) == {"0"})
    assert (error is None) == (200 <= status < 300 and zero)


@pytest.mark.parametrize(
    "kind",
    [VendorRefused, VendorGone, VendorMisconfigured, VendorRateLimited, VendorUnreachable, VendorOutcomeUnknown],
)
def test_an_error_is_one_sentence_and_survives_a_queue(kind: type[VendorError]) -> None:
    error = kind(1001, "参数错误", call="recording_info")
    assert str(error) == f"recording_info: {kind.lead} (code 1001): 参数错误"
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(again), str(again), again.code, again.call) == (kind, str(error), 1001, "recording_info")
    assert str(kind()) == kind.lead
