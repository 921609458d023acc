"""Whether a call was sent, what may be sent again, and what goes over the wire: on real sockets."""

from __future__ import annotations

import gzip
import hashlib
import json
import secrets
import shutil
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest
import redis

from playback.vendor import exchange
from playback.vendor.client import Upload, VendorClient
from playback.vendor.codes import Lane
from playback.vendor.errors import (
    VendorError,
    VendorGone,
    VendorMisconfigured,
    VendorOutcomeUnknown,
    VendorRateLimited,
    VendorRefused,
    VendorUnreachable,
)
from playback.vendor.throttle import Throttle
from playback.vendor.transport import Policy

from .conftest import PARTNER_ID, PARTNER_KEY, MakeClient
from .wire import Behaviour, Received, Wire, answer, drop, http, raw, reset, silence, then_close

ROOM = 17081558148393
READY = {"status": 100}


def expected_sign(form: dict[str, str]) -> str:
    """The vendor's rule once more, in the test's own words."""
    text = "&".join(f"{k}={v}" for k, v in sorted(form.items()) if k != "sign") + f"&partner_key={PARTNER_KEY}"
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324


# ---------------------------------------------------------------- what is sent


def test_what_is_sent_is_what_is_signed(client: VendorClient, wire: Wire) -> None:
    client.update_recording(ROOM, name="第一讲 a&b=c+d/%20\"'")
    (received,) = wire.received
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert received.form["name"] == "第一讲 a&b=c+d/%20\"'"
    assert received.form["partner_id"] == PARTNER_ID
    assert "session_id" not in received.form
    assert abs(int(received.form["timestamp"]) - time.time()) < 5
    assert received.form["sign"] == expected_sign(received.form)
    assert "?" not in received.path


def test_an_empty_name_is_sent_and_signed(client: VendorClient, wire: Wire) -> None:
    client.update_recording(ROOM, name="")
    assert wire.received[0].form["name"] == ""
    assert wire.received[0].form["sign"] == expected_sign(wire.received[0].form)


def test_a_file_goes_as_it_is_and_is_not_signed(client: VendorClient, wire: Wire) -> None:
    content = bytes(range(256)) * 40
    client.update_recording(ROOM, 201912010, name="封面", preface=Upload("封面.png", content, "image/png"))
    (received,) = wire.received
    assert received.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert content in received.body
    assert b"image/png" in received.body
    assert received.form["name"] == "封面"
    assert received.form["session_id"] == "201912010"
    assert received.form["sign"] == expected_sign(received.form)


def test_each_attempt_has_its_own_time_sign_and_slot(wire: Wire, make_client: MakeClient, store: redis.Redis) -> None:
    account = secrets.token_hex(6)
    client = make_client(throttle=Throttle(store, account, limit=1_000_000), policy=Policy(3, 20, 5))
    wire.does(http(b"", 500), http(b"", 500), answer(READY))
    began = time.time()
    client.recording_info(ROOM)
    assert len(wire.received) == 3
    assert store.zcard(f"vendor-budget:{{{account}}}:calls") == 3
    for received in wire.received:
        assert received.form["sign"] == expected_sign(received.form)
        assert int(began) <= int(received.form["timestamp"]) <= received.at


def test_one_thread_keeps_its_connection_and_shares_it_with_nobody(client: VendorClient, wire: Wire) -> None:
    wire.does(answer(READY))

    def twice() -> None:
        client.recording_info(ROOM)
        client.recording_info(ROOM)

    threads = [threading.Thread(target=twice) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wire.received) == 6
    assert wire.connections == 3


def test_cookies_are_neither_kept_nor_sent(client: VendorClient, wire: Wire) -> None:
    wire.does(http(b'{"code":0,"data":{"status":100}}', headers="Set-Cookie: a=b\r\n"))
    client.recording_info(ROOM)
    client.recording_info(ROOM)
    assert "cookie" not in wire.received[1].headers


# ---------------------------------------------------------------- nothing was sent

ONCE = Policy(attempts=1, total=10, max_wait=2)


def nobody_listens() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize("call", ["recording_info", "delete_recording"])
def test_nobody_listens(make_client: MakeClient, call: str) -> None:
    with pytest.raises(VendorUnreachable, match=f"{call}: .*connection refused.*nothing was sent"):
        getattr(make_client(base_url=nobody_listens(), policy=ONCE), call)(ROOM)


def test_the_name_does_not_resolve(make_client: MakeClient) -> None:
    with pytest.raises(VendorUnreachable, match="nothing was sent"):
        make_client(base_url="http://vendor.invalid", policy=ONCE).delete_recording(ROOM)


def test_the_connection_does_not_come_up(make_client: MakeClient) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        waiting = []
        for _ in range(4):  # fill its queue: further connections are not answered
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(deaf.getsockname())
            waiting.append(one)
        client = make_client(base_url=f"http://127.0.0.1:{deaf.getsockname()[1]}", policy=ONCE, timeout=0.3)
        with pytest.raises(VendorUnreachable, match="timed out"):
            client.delete_recording(ROOM)
        for one in waiting:
            one.close()


def test_the_other_side_does_not_speak_tls(make_client: MakeClient, wire: Wire) -> None:
    client = make_client(base_url=wire.base_url.replace("http:", "https:"), policy=ONCE)
    with pytest.raises(VendorUnreachable, match="TLS"):
        client.delete_recording(ROOM)
    assert wire.received == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
def test_a_certificate_nobody_vouches_for_is_refused(make_client: MakeClient, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=127.0.0.1"
    command += f" -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}"
    subprocess.run(command.split(), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    received: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        try:
            with context.wrap_socket(connection, server_side=True) as secure:
                received.append(secure.recv(1000))
        except OSError:
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        client = make_client(base_url=f"https://127.0.0.1:{listener.getsockname()[1]}", policy=ONCE)
        with pytest.raises(VendorUnreachable, match="TLS"):
            client.delete_recording(ROOM)
        thread.join()
    assert received in ([], [b""])


def test_unreachable_is_tried_again_even_where_a_call_is_not_repeatable(make_client: MakeClient) -> None:
    address = nobody_listens()
    client = make_client(base_url=address, policy=Policy(attempts=4, total=10, max_wait=2))
    port = int(address.rpartition(":")[2])
    done = threading.Event()

    def listen_later() -> None:
        time.sleep(0.2)
        with socket.create_server(("127.0.0.1", port)) as listener:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as stream:
                Wire._receive(stream, 1)
                connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{"code":0,"data":null}')
                done.set()

    thread = threading.Thread(target=listen_later)
    thread.start()
    client.delete_recording(ROOM)
    thread.join()
    assert done.is_set()


def test_no_room_in_the_budget_in_time(make_client: MakeClient, wire: Wire, store: redis.Redis) -> None:
    throttle = Throttle(store, secrets.token_hex(6), limit=2, window=60.0)
    client = make_client(Lane.SYNC, throttle=throttle, max_wait=0.2)
    with pytest.raises(VendorUnreachable, match=r"recording_info: no room .* within 0.2 s \(lane sync\)"):
        client.recording_info(ROOM)
    assert wire.received == []


def test_the_budgets_store_is_lost(make_client: MakeClient, wire: Wire) -> None:
    lost = redis.Redis.from_url(nobody_listens().replace("http", "redis"), socket_connect_timeout=0.5)
    client = make_client(throttle=Throttle(lost, "x"), policy=ONCE)
    with pytest.raises(VendorUnreachable, match="call budget cannot be read"):
        client.recording_info(ROOM)
    assert wire.received == []


# ---------------------------------------------------------------- sent, and then

OK_HEAD = b"HTTP/1.1 200 OK\r\n"
UNKNOWN: dict[str, Behaviour] = {
    "dropped": drop,
    "reset": reset,
    "time-out": silence(1.0),
    "500": http(b"", 500),
    "502 page": http(b"<html>Bad gateway</html>", 502),
    "500 json": answer(None, 1, "x", 500),
    "html": http(b"<!doctype html><title>Log in</title>"),
    "cut json": http(b'{"code": 0, "data": {"sta'),
    "empty": http(b""),
    "no code": http(b'{"data": {}}'),
    "cut body": raw(OK_HEAD + b'Content-Length: 99\r\n\r\n{"code":0,"data":null}'),
    "cut head": raw(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "not http": raw(b"SSH-2.0-OpenSSH\r\n"),
    "bad chunk": raw(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}"),
    "bad gzip": http(b"no gzip at all", headers="Content-Encoding: gzip\r\n"),
    "dripping": raw(OK_HEAD + b"Content-Length: 400\r\n\r\n" + b" " * 400, pause=0.02, piece=4),
    "found elsewhere": http(b"", 302, "Location: http://127.0.0.1:1/\r\n"),
}


@pytest.mark.parametrize("fault", UNKNOWN)
def test_an_unknown_outcome_is_not_sent_again_unless_repeatable(
    make_client: MakeClient, wire: Wire, fault: str
) -> None:
    client = make_client(timeout=0.4)
    wire.does(UNKNOWN[fault])
    with pytest.raises(VendorOutcomeUnknown) as caught:
        client.delete_recording(ROOM)
    assert len(wire.received) == 1
    assert caught.value.call == "delete_recording"

    wire.received.clear()
    wire.does(UNKNOWN[fault], answer({"status": 2}))
    assert client.set_publish_status(ROOM, status=2) == 2
    assert len(wire.received) == 2


def test_a_connection_the_vendor_closed_meanwhile_is_no_fault(make_client: MakeClient, wire: Wire) -> None:
    client = make_client(policy=ONCE)
    wire.does(then_close(answer(READY)))
    for _ in range(3):
        client.recording_info(ROOM)
        time.sleep(0.05)
    assert len(wire.received) == 3


def test_what_is_not_repeatable_never_meets_a_stale_connection(make_client: MakeClient, wire: Wire) -> None:
    """A kept connection may be closed at the very moment it is used again; nobody could tell what became of it."""
    client = make_client(policy=ONCE)
    wire.does(answer(READY))
    client.recording_info(ROOM)
    client.delete_recording(ROOM)
    assert [received.connection for received in wire.received] == [1, 2]


def test_an_answer_without_end_is_cut(make_client: MakeClient, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MAX_BODY", 1 << 20)
    wire.does(http(gzip.compress(b" " * (8 << 20), 1), headers="Content-Encoding: gzip\r\n"))
    with pytest.raises(VendorOutcomeUnknown, match="too long"):
        make_client(policy=ONCE).recording_info(ROOM)


def test_a_packed_answer_is_read(client: VendorClient, wire: Wire) -> None:
    packed = gzip.compress(json.dumps({"code": 0, "data": {"status": 20}}).encode())
    wire.does(http(packed, headers="Content-Encoding: gzip\r\n"))
    assert client.recording_info(ROOM).status == 20


@pytest.mark.parametrize(
    ("status", "kind"), [(301, VendorMisconfigured), (308, VendorMisconfigured), (307, VendorOutcomeUnknown)]
)
@pytest.mark.parametrize("location", ["/elsewhere", "http://[::1", "\xff://"])
def test_a_redirect_is_not_followed(
    make_client: MakeClient, wire: Wire, status: int, kind: type[VendorError], location: str
) -> None:
    wire.does(http(b"", status, f"Location: {location}\r\n"))
    with pytest.raises(kind):
        make_client(policy=ONCE).update_recording(ROOM, name="x")
    assert [received.path for received in wire.received] == ["/openapi/playback/update"]


# ---------------------------------------------------------------- several attempts together


def test_a_refusal_is_not_sent_again(client: VendorClient, wire: Wire) -> None:
    wire.does(answer(None, 3001, "教室不存在"))
    with pytest.raises(VendorGone) as caught:
        client.recording_info(ROOM)
    assert caught.value.vendor_message == "教室不存在"
    assert len(wire.received) == 1


@pytest.mark.parametrize("limited", [http(b"", 429), answer(None, 1, "请求过于频繁，请稍后再试")])
def test_past_the_rate_limit_any_call_waits_and_goes_again(
    client: VendorClient, wire: Wire, limited: Behaviour
) -> None:
    wire.does(limited, answer())
    began = time.monotonic()
    client.delete_recording(ROOM)
    assert len(wire.received) == 2
    assert time.monotonic() - began > 0.4


def test_a_rate_limit_that_stays_is_said(make_client: MakeClient, wire: Wire) -> None:
    wire.does(http(b"", 429))
    with pytest.raises(VendorRateLimited):
        make_client(policy=Policy(attempts=2, total=10, max_wait=5)).recording_info(ROOM)
    assert len(wire.received) == 2


def test_a_write_whose_first_attempt_is_unknown_stays_unknown(client: VendorClient, wire: Wire) -> None:
    wire.does(drop, answer(None, 1001, "参数错误"))
    with pytest.raises(VendorOutcomeUnknown) as caught:
        client.set_publish_status(ROOM, status=1)
    assert (caught.value.code, caught.value.vendor_message) == (1001, "参数错误")


def test_a_read_is_as_good_as_its_last_answer(client: VendorClient, wire: Wire) -> None:
    wire.does(drop, answer(None, 1001, "参数错误"))
    with pytest.raises(VendorRefused):
        client.recording_info(ROOM)


def test_attempts_are_bounded_in_time(make_client: MakeClient, wire: Wire) -> None:
    wire.does(http(b"", 500))
    began = time.monotonic()
    with pytest.raises(VendorOutcomeUnknown):
        make_client(policy=Policy(attempts=100, total=1.0, max_wait=5)).recording_info(ROOM)
    assert time.monotonic() - began < 3
    assert 2 <= len(wire.received) < 10


def test_success_with_unreadable_data_is_unknown(client: VendorClient, wire: Wire) -> None:
    wire.does(answer({"nothing": "known"}))
    with pytest.raises(VendorOutcomeUnknown, match="crop_recording: the vendor's answer cannot be read"):
        client.crop_recording(ROOM, crop_info=[])
    assert len(wire.received) == 1


# ---------------------------------------------------------------- pages


def page_of(received: Received, total: int) -> dict[str, object]:
    start = (int(received.form["page"]) - 1) * int(received.form["page_size"])
    size = min(int(received.form["page_size"]), max(total - start, 0))
    return {"total": total, "list": [{"room_id": start + n + 1, "status": 100} for n in range(size)]}


@pytest.mark.parametrize(("total", "calls"), [(0, 1), (1, 1), (4, 1), (5, 2), (12, 3)])
def test_pages_are_read_to_the_last(client: VendorClient, wire: Wire, total: int, calls: int) -> None:
    wire.does(lambda connection, received: answer(page_of(received, total))(connection, received))
    pages = list(client.pages(client.list_recordings, product_type=0, page_size=5))
    assert [row.room_id for page in pages for row in page.rows] == list(range(1, total + 1))
    assert len(wire.received) in (calls, calls + 1)  # a full last page is followed by an empty one


def test_a_short_page_in_the_middle_is_not_the_end(client: VendorClient, wire: Wire) -> None:
    rows = [[1, 2, 3], [4, 5], [6]]
    wire.does(*(answer({"total": 6, "list": [{"room_id": n, "status": 0} for n in part]}) for part in rows))
    pages = client.pages(client.list_recordings, product_type=0, page_size=3)
    assert [row.room_id for page in pages for row in page.rows] == [1, 2, 3, 4, 5, 6]


def test_a_vendor_that_ignores_the_page_number_is_found_out(client: VendorClient, wire: Wire) -> None:
    wire.does(answer({"total": 900, "list": [{"room_id": 1, "status": 0}]}))
    with pytest.raises(VendorOutcomeUnknown, match="page 1 again as page 2"):
        list(client.pages(client.list_recordings, product_type=0, page_size=1))
