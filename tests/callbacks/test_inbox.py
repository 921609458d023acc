"""The way in: what is genuine is stored once and then answered; what is not is refused, and kept within bounds."""

from __future__ import annotations

import json
import time
from urllib.parse import urlencode

import pytest
import redis
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from playback.callbacks import inbox, queue
from playback.models import Delivery, RefusedCallbacks
from tests.conftest import PARTNER_KEY

from .makers import cb1, post, send, signed

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
ROOM = 24030100000001


@pytest.fixture(autouse=True)
def _account(settings: LazySettings) -> None:
    settings.BAIJIAYUN_PARTNER_KEY = PARTNER_KEY


def answered(response: object, code: int, status: int = 200) -> bool:
    body = json.loads(response.content)
    return response.status_code == status and body["code"] == code and set(body) == {"code", "msg"}


def test_a_genuine_one_is_stored_as_received_and_answered_with_success() -> None:
    fields = signed(cb1(ROOM, 100, session_id=202403010, version=2, brand_new="a b&c=课", empty=""))
    response = post(fields)
    assert answered(response, 0)
    assert json.loads(response.content)["msg"] == ""
    row = Delivery.objects.get()
    assert row.fields == {name: value for name, value in fields.items() if name != "sign"}
    assert row.fields["brand_new"] == "a b&c=课"
    assert (row.qid, row.kind, row.verdict, row.state) == (fields["qid"], "CB1", "good", "received")
    assert (row.room_id, row.session_id, row.version, row.video_id, row.status) == (ROOM, 202403010, 2, 9001, 100)
    assert int(row.sent_at.timestamp()) == int(fields["timestamp"])


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        (cb1(ROOM, 20), "CB1"),
        (cb1(ROOM, 20, is_from_playback=1), "CB2"),
        (cb1(ROOM, 20, is_from_playback=0), "CB1"),
        ({"room_id": ROOM, "session_id": 0, "version": 1, "video_id": 1, "version_type": 1}, "CB3"),
        ({"room_id": ROOM, "what": "?"}, "unknown"),
        ({"status": 20}, "unknown"),
        ({"room_id": "room", "status": 20}, "unknown"),
    ],
)
def test_the_kind_is_told_by_the_fields(fields: dict, kind: str) -> None:
    assert answered(post(signed(fields)), 0)
    assert Delivery.objects.get().kind == kind


def test_it_costs_one_statement_and_no_session() -> None:
    with CaptureQueriesContext(connection) as queries:
        response = post(signed(cb1(ROOM, 20)))
    statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(statements) == 1, statements
    assert statements[0].startswith("INSERT")
    assert not response.cookies


def test_a_repeat_is_answered_with_success_and_stored_once() -> None:
    first = signed(cb1(ROOM, 20), qid="the-same")
    again = signed(cb1(ROOM, 20), qid="the-same", timestamp=int(time.time()) + 5)
    assert answered(post(first), 0)
    Delivery.objects.update(state="applied")
    assert answered(post(again), 0)
    row = Delivery.objects.get()
    assert (row.state, row.fields["timestamp"]) == ("applied", first["timestamp"])


@pytest.mark.parametrize("qid", [None, "", " ", "9" * 65, "x\x00y"])
def test_a_qid_that_cannot_be_a_name_does_not_matter(qid: str | None) -> None:
    fields = cb1(ROOM, 20) | ({} if qid is None else {"qid": qid})
    sent = signed(fields)
    if qid is None:
        del sent["qid"]
        sent = resigned(sent)
    assert answered(post(sent), 0)
    assert answered(post(sent), 0)
    assert Delivery.objects.count() == 1
    assert answered(post(signed(cb1(ROOM, 100))), 0)
    assert Delivery.objects.count() == 2


def resigned(sent: dict[str, str]) -> dict[str, str]:
    import hashlib

    line = "&".join(f"{name}={sent[name]}" for name in sorted(sent) if name != "sign") + f"&partner_key={PARTNER_KEY}"
    return sent | {"sign": hashlib.md5(line.encode(), usedforsecurity=False).hexdigest()}


# ---------------------------------------------------------------- refused


def spoiled(how: str) -> dict[str, str]:
    fields = signed(cb1(ROOM, 100))
    return {
        "changed": fields | {"room_id": str(ROOM + 1)},
        "added": fields | {"version": "3"},
        "removed": {name: value for name, value in fields.items() if name != "length"},
        "none": {name: value for name, value in fields.items() if name != "sign"},
        "empty": fields | {"sign": ""},
        "upper": fields | {"sign": fields["sign"].upper()},
        "foreign": fields | {"sign": "签名"},
        "other key": signed(cb1(ROOM, 100), key="another key"),
        "key named": signed(cb1(ROOM, 100)) | {"partner_key": "x"},
    }[how]


@pytest.mark.parametrize(
    "how", ["changed", "added", "removed", "none", "empty", "upper", "foreign", "other key", "key named"]
)
def test_a_bad_signature_is_refused_and_kept(how: str) -> None:
    fields = spoiled(how)
    assert answered(post(fields), 1, 403)
    row = Delivery.objects.get()
    assert (row.verdict, row.state, row.qid, row.room_id, row.due_at) == ("bad_signature", "rejected", None, None, None)
    assert "sign" not in row.fields
    assert row.fields["qid"] == fields["qid"]


def test_a_forged_one_does_not_take_the_place_of_the_real_one() -> None:
    real = signed(cb1(ROOM, 100))
    assert answered(post(real | {"length": "1"}), 1, 403)
    assert answered(post(real), 0)
    assert Delivery.objects.get(qid=real["qid"]).verdict == "good"


def test_no_key_verifies_nothing(settings: LazySettings) -> None:
    settings.BAIJIAYUN_PARTNER_KEY = ""
    assert answered(post(signed(cb1(ROOM, 20), key="")), 1, 403)


def test_keys_are_exchanged_without_a_gap(settings: LazySettings) -> None:
    settings.BAIJIAYUN_CALLBACK_KEYS = ["the new one", PARTNER_KEY]
    assert answered(post(signed(cb1(ROOM, 20), key="the new one")), 0)
    assert answered(post(signed(cb1(ROOM, 20))), 0)
    assert answered(post(signed(cb1(ROOM, 20), key="neither")), 1, 403)
    settings.BAIJIAYUN_CALLBACK_KEYS = ["the new one"]
    assert answered(post(signed(cb1(ROOM, 20))), 1, 403)


@pytest.mark.parametrize("off", [-86_500, 86_500])
def test_what_is_too_old_or_from_the_future_is_refused(settings: LazySettings, off: int) -> None:
    fields = signed(cb1(ROOM, 20), timestamp=int(time.time()) + off)
    assert answered(post(fields), 1, 403)
    assert Delivery.objects.get().verdict == "outside_window"
    settings.BAIJIAYUN_CALLBACK_WINDOW = 0
    assert answered(post(fields), 0)


@pytest.mark.parametrize("timestamp", ["", "soon", "-1", "1" * 30, "１７００００００００"])
def test_a_time_that_is_none_is_outside_of_the_window(timestamp: str) -> None:
    assert answered(post(signed(cb1(ROOM, 20), timestamp=timestamp)), 1, 403)


@pytest.mark.parametrize("off", [-240, 240, -80_000])
def test_a_clock_that_is_off_and_a_late_repeat_are_taken(off: int) -> None:
    assert answered(post(signed(cb1(ROOM, 20), timestamp=int(time.time()) + off)), 0)


def test_a_refused_one_is_cut() -> None:
    assert answered(post({"room_id": "1", "a": "x" * 3000, "b": "课" * 1000, "sign": "no"}), 1, 403)
    row = Delivery.objects.get()
    assert row.fields == {"room_id": "1", "a": "x" * 3000}
    assert "4096" in row.error


def test_a_flood_of_refused_ones_is_counted_and_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "KEPT_AN_HOUR", 3)
    for _ in range(8):
        assert answered(post(signed(cb1(ROOM, 20), key="no")), 1, 403)
    assert Delivery.objects.count() == 3
    assert RefusedCallbacks.objects.get().count == 8
    assert answered(post(signed(cb1(ROOM, 20))), 0)


# ---------------------------------------------------------------- what is no form


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b'{"room_id": 1}', 415),
        ("text/plain", b"room_id=1", 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("", b"room_id=1", 415),
        (inbox.FORM, b"&&", 400),
        (inbox.FORM, b"name=%FF%FE", 400),
        (inbox.FORM, b"name=\xff\xfe", 400),
        (inbox.FORM, b"a=1&a=2&sign=x", 400),
        (inbox.FORM, b"&".join(b"f%d=1" % n for n in range(500)), 400),
        (inbox.FORM, b"a=" + b"x" * inbox.MOST_BYTES, 413),
    ],
)
def test_what_is_no_form_of_ours_is_refused_and_not_stored(content_type: str, body: bytes, status: int) -> None:
    assert answered(send(body, content_type=content_type), 1, status)
    assert not Delivery.objects.exists()


def test_a_form_may_name_its_charset() -> None:
    assert answered(post(signed(cb1(ROOM, 20)), content_type=f"{inbox.FORM}; charset=utf-8"), 0)


@pytest.mark.parametrize("method", ["get", "put", "delete", "head"])
def test_only_a_post_is_taken(method: str) -> None:
    response = getattr(Client(), method)(reverse("callbacks"))
    assert (response.status_code, response["Allow"]) == (405, "POST")


# ---------------------------------------------------------------- what is not ours fails


@pytest.mark.django_db(transaction=True)
def test_what_is_not_stored_is_not_answered_with_success() -> None:
    fields = signed(cb1(ROOM, 20))
    with connection.execute_wrapper(_lost):
        assert answered(post(fields), 1, 500)
    assert answered(post(fields), 0)


def _lost(execute, sql, params, many, context):
    from django.db import OperationalError

    raise OperationalError("server closed the connection: secret-host")


def test_a_broker_that_is_lost_costs_nothing(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> bool:
        raise redis.ConnectionError

    monkeypatch.setattr(queue.cache, "add", refuse, raising=False)
    assert answered(post(signed(cb1(ROOM, 20))), 0)
    assert Delivery.objects.get(due_at__lte=timezone.now()).state == "received"


@pytest.mark.django_db(transaction=True)
def test_one_waking_serves_all_until_somebody_looks(settings: LazySettings) -> None:
    store = redis.Redis.from_url(settings.REDIS_URL)
    store.delete(queue.QUEUE)
    for _ in range(5):
        post(signed(cb1(ROOM, 20)))
    assert store.llen(queue.QUEUE) == 1
    queue.awake()
    post(signed(cb1(ROOM, 20)))
    assert store.llen(queue.QUEUE) == 2
    store.delete(queue.QUEUE)


def test_nothing_of_a_signature_or_key_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    fields = signed(cb1(ROOM, 20))
    post(fields | {"length": "5"})
    with connection.execute_wrapper(_lost):
        post(fields)
    assert "refused" in caplog.text
    assert "not be stored" in caplog.text
    for word in (fields["sign"], PARTNER_KEY, "secret-host", urlencode(fields)):
        assert word not in caplog.text
