"""Keys, signs and tokens reach no exception text, no error page and no log record.

Canaries stand for them; every kind of error is provoked, and whatever could show one is searched: the exception's
texts and attributes, the local variables of every frame of its traceback (as an error page prints them), the whole
chain of causes, and every log record of every library at the most talkative level.
"""

from __future__ import annotations

import logging
import pprint
import traceback
from collections.abc import Callable

import pytest

from playback.vendor.client import VendorClient
from playback.vendor.errors import VendorError
from playback.vendor.secret import Secret, redact
from playback.vendor.transport import Policy

from .conftest import PARTNER_KEY, MakeClient
from .wire import Behaviour, Received, Wire, answer, drop, http, reset, silence

TOKEN = "CANARYtoken9d1"
SECRET_KEY = Secret("CANARYsecret77")
ONCE = Policy(attempts=1, total=5, max_wait=2)


def echo(connection: object, received: Received) -> bool:
    """A vendor that repeats in its message what it was sent."""
    words = ", ".join(f"{name}={value}" for name, value in received.form.items())
    behave = answer(None, 1001, f"bad: {words} partner_key={PARTNER_KEY} token={TOKEN}")
    return behave(connection, received)  # type: ignore[arg-type]


FAULTS: dict[str, Behaviour] = {
    "echo": echo,
    "html": http(f"<html>token={TOKEN}</html>".encode()),
    "json without code": http(f'{{"token": "{TOKEN}"}}'.encode()),
    "token in a wrong place": answer({"token": {"is": TOKEN}}),
    "no such room": answer(None, 3001, f"token={TOKEN}"),
    "drop": drop,
    "reset": reset,
    "time-out": silence(0.6),
    "500": http(TOKEN.encode(), 500),
    "rate": http(b"", 429),
    "redirect": http(b"", 302, f"Location: http://127.0.0.1/?token={TOKEN}\r\n"),
}
CALLS: dict[str, Callable[[VendorClient], object]] = {
    "token": lambda client: client.player_token(17081558148393),
    "key": lambda client: client.create_key(SECRET_KEY),
}


def shown(error: BaseException) -> str:
    parts: list[str] = []
    seen: BaseException | None = error
    while seen is not None:
        parts += [str(seen), repr(seen), repr(seen.args), pprint.pformat(vars(seen))]
        for frame, _ in traceback.walk_tb(seen.__traceback__):
            if "/tests/" in frame.f_code.co_filename:
                continue  # the canaries of this very test
            for name, value in frame.f_locals.items():
                parts.append(f"{name} = {pprint.pformat(value)}")
        seen = seen.__cause__ or seen.__context__
    return "\n".join(parts)


def assert_clean(text: str, wire: Wire) -> None:
    for received in wire.received:
        assert received.form["sign"] not in text
    assert "CANARY" not in text


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", FAULTS)
def test_no_error_and_no_log_shows_a_secret(
    make_client: MakeClient, wire: Wire, caplog: pytest.LogCaptureFixture, call: str, fault: str
) -> None:
    caplog.set_level(logging.DEBUG)
    wire.does(FAULTS[fault])
    with pytest.raises(VendorError) as caught:
        CALLS[call](make_client(policy=ONCE, timeout=0.4))
    assert wire.received
    assert_clean(shown(caught.value), wire)
    assert any(record.name == "playback.vendor" for record in caplog.records)
    for record in caplog.records:
        assert_clean(f"{record.getMessage()} {record.args!r} {vars(record)!r}", wire)


def test_unreachable_shows_no_secret(make_client: MakeClient, wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wire.close()
    with pytest.raises(VendorError) as caught:
        make_client(policy=ONCE).create_key(SECRET_KEY)
    assert_clean(shown(caught.value), wire)
    assert_clean(caplog.text, wire)


def test_success_logs_one_line_without_secrets(
    client: VendorClient, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wire.does(answer({"video_id": 1, "token": TOKEN}))
    token = client.player_token(17081558148393)
    assert token.token == TOKEN
    assert "CANARY" not in repr(token)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "playback.vendor"]
    assert line.startswith("vendor call player_token lane=person outcome=done http=200 attempt=1 ")
    assert_clean(caplog.text, wire)


def test_rows_with_addresses_that_carry_tokens_do_not_keep_them(client: VendorClient, wire: Wire) -> None:
    row = {
        "room_id": 1,
        "status": 100,
        "play_url": f"https://x/?token={TOKEN}",
        "crop_url": f"https://x/?token={TOKEN}",
    }
    wire.does(answer({"total": 1, "list": [row, {**row, "room_id": "?"}]}))
    page = client.list_recordings(0)
    assert page.size == 2
    assert "CANARY" not in repr(page)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("token=abcdef", "token=***"),
        ("sign = 0123", "sign = ***"),
        ('{"partner_key": "abc"}', '{"partner_key": "***"}'),
        ("?a=1&sign=abc&token=x%2Fy&b=2", "?a=1&sign=***&token=***&b=2"),
        ("签名错误", "签名错误"),
        ("design: fine", "design: fine"),
        ("has MYSECRET inside", "has *** inside"),
    ],
)
def test_redaction(text: str, clean: str) -> None:
    assert redact(text, "MYSECRET") == clean


def test_a_secret_is_a_text_but_for_its_repr() -> None:
    secret = Secret("abc")
    assert (secret, f"{secret}", len(secret)) == ("abc", "abc", 3)
    assert repr({"a": secret}) == "{'a': '***'}"
