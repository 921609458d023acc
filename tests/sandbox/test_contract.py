"""Signatures, timestamps, accounts, paths and the rate limit, as every call meets them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playback.sandbox.server import Sandbox
from playback.sandbox.signature import is_signed, signature
from playback.sandbox.window import SlidingWindow
from tests.conftest import PARTNER_KEY

from .sloppy import SloppyClient

INFO = "video_account/getTranscodeCallbackUrl"
EXAMPLE = json.loads((Path(__file__).parent.parent / "vectors" / "samples.json").read_text())["sign"]


def test_the_vendors_published_example():
    fields = {key: str(value) for key, value in EXAMPLE["params"].items()}
    assert signature(fields, EXAMPLE["partner_key"]) == EXAMPLE["sign"]
    assert is_signed(fields | {"sign": EXAMPLE["sign"]}, EXAMPLE["partner_key"])
    assert not is_signed(fields | {"sign": EXAMPLE["sign"].upper()}, EXAMPLE["partner_key"])
    assert not is_signed(fields, EXAMPLE["partner_key"])


def test_a_wrong_key_is_1002_and_another_account_2001(sandbox, vendor):
    assert vendor(INFO)["code"] == 0
    assert SloppyClient(sandbox.base_url, vendor.partner_id, "other")(INFO)["code"] == 1002
    assert SloppyClient(sandbox.base_url, "77", PARTNER_KEY)(INFO)["code"] == 2001


def test_a_changed_and_an_added_parameter_break_the_signature(vendor):
    fields = vendor.signed({"room_id": 5})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for change in ({"room_id": "6"}, {"extra": ""}):
        body = "&".join(f"{key}={value}" for key, value in (fields | change).items()).encode()
        assert json.loads(vendor.send("POST", "/openapi/playback/getBasicInfo", body, kind)[1])["code"] == 1002


def test_unknown_parameters_and_empty_ones_are_signed_and_ignored(vendor):
    assert vendor(INFO, colour="蓝 色", empty="")["code"] == 0


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (lambda now: f"{now:.7f}", 0),  # Python's time.time() as it is
        (lambda now: f"{now * 1000:.0f}", 1001),  # milliseconds
        (lambda now: f"{now:.0f}.", 1001),
        (lambda now: "now", 1001),
        (lambda now: "", 1001),
    ],
)
def test_a_timestamp_is_in_seconds(vendor, moment, code):
    answer = vendor(INFO, timestamp=moment(time.time()))
    assert answer["code"] == code
    assert ("timestamp" in answer["msg"]) is (code == 1001)


@pytest.mark.parametrize(("shift", "code"), [(-290, 0), (290, 0), (-302, 1001), (302, 1001)])
def test_the_timestamp_may_be_off_by_five_minutes(vendor, shift, code):
    vendor.shift = shift
    answer = vendor(INFO)
    assert answer["code"] == code
    assert code == 0 or "timestamp" in answer["msg"]


def test_an_unknown_path_is_404(vendor):
    answer = vendor("playback/nothing")
    assert (answer["code"], answer.data) == (404, None)


def test_every_answer_has_the_time(vendor):
    assert abs(vendor(INFO)["ts"] - time.time()) < 5


def test_a_connection_is_kept(vendor):
    vendor(INFO)
    first = vendor.connection.sock
    assert first is not None
    for _ in range(5):
        vendor(INFO)
    assert vendor.connection.sock is first


def test_the_log_of_calls_has_no_secrets(sandbox, vendor):
    vendor.escape = True  # the secret holds a "+"
    vendor("partner/createkey", secret_key=PARTNER_KEY)
    vendor("playback/getBasicInfo", room_id=7)
    assert sandbox.calls.names() == ["create_key", "recording_info"]
    assert [call.code for call in sandbox.calls] == [0, 3001]
    assert sandbox.calls[1].params["room_id"] == "7"
    assert not {"sign", "secret_key"} & (sandbox.calls[0].params.keys() | sandbox.calls[1].params.keys())


def test_a_key_is_given_for_the_secret_without_a_signature(vendor):
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    def ask(secret: str, more: str = "") -> dict:
        body = f"partner_id={vendor.partner_id}&secret_key={secret.replace('+', '%2B')}{more}".encode()
        return json.loads(vendor.send("POST", "/openapi/partner/createkey", body, kind)[1])

    assert ask(PARTNER_KEY)["data"] == {"partner_key": PARTNER_KEY}
    assert ask("wrong")["code"] == 1001
    fresh = ask(PARTNER_KEY, "&regenerate=1")["data"]["partner_key"]
    assert vendor(INFO)["code"] == 1002
    vendor.key = fresh
    assert vendor(INFO)["code"] == 0


def test_other_paths_can_be_served(tmp_path):
    with Sandbox(tmp_path / "a.sqlite3", "1", "k", paths={"callback_url": "account/url"}) as server:
        client = SloppyClient(server.base_url, "1", "k")
        assert client("account/url")["code"] == 0
        assert client(INFO)["code"] == 404


# ---------------------------------------------------------------- the rate limit


def test_the_201st_call_in_ten_seconds_fails(sandbox, vendor):
    codes = [vendor(INFO)["code"] for _ in range(201)]
    assert codes == [0] * 200 + [1]
    answer = vendor(INFO)
    assert "频繁" in answer["msg"]
    assert answer.data is None
    sandbox.rate_limit_status = 429
    fields = vendor.signed({})
    body = "&".join(f"{key}={value}" for key, value in fields.items()).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert vendor.send("POST", f"/openapi/{INFO}", body, kind)[0] == 429


def test_calls_that_are_not_signed_do_not_use_up_the_limit(sandbox, vendor):
    sandbox.window.limit = 2
    stranger = SloppyClient(sandbox.base_url, vendor.partner_id, "other")
    for _ in range(3):
        assert stranger(INFO)["code"] == 1002
    assert vendor(INFO)["code"] == 0


@given(
    limit=st.integers(1, 5),
    steps=st.lists(st.integers(0, 12_000), min_size=1, max_size=60),
)
def test_the_window_is_exact(limit, steps):
    """Against a count by hand: whole milliseconds, so that the window's edge is met."""
    window = SlidingWindow(limit, 10.0)
    now, admitted = 0, []
    for step in steps:
        now += step
        expected = sum(1 for moment in admitted if now - moment < 10_000) < limit
        assert window.admit(now / 1000) is expected
        if expected:
            admitted.append(now)


def test_no_limit():
    window = SlidingWindow(0)
    assert all(window.admit(0.0) for _ in range(1000))
