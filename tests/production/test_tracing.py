"""One id from a click to the vendor call, in lines that machines can read."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import redis
from celery import shared_task
from celery.worker.request import Request
from django.conf import settings as configured
from django.test import Client
from django.urls import reverse

from config.celery import app
from playback import tracing
from playback.conf import vendor_client
from playback.sandbox.server import Sandbox
from playback.tasks.sync import sync_kind
from playback.vendor.codes import Lane
from tests.factories import person

log = logging.getLogger("playback.production_tests")


@shared_task(name="tests.production.calls_the_vendor")
def calls_the_vendor() -> None:
    vendor_client(Lane.SYNC).list_rooms(page=1, limit=1)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the configured JSON handler would write, to where a test can read it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(tracing.json_formatter())
    handler.addFilter(tracing.WithRequestId())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def read(stream: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_request_has_an_id_and_says_it(client: Client, lines: io.StringIO) -> None:
    given = client.get("/", headers={"X-Request-ID": "proxy-4711-abc"})
    assert given.headers["X-Request-ID"] == "proxy-4711-abc"
    (line,) = [line for line in read(lines) if line["logger"] == "playback.requests"]
    assert (line["request_id"], line["level"]) == ("proxy-4711-abc", "info")
    assert line["event"].startswith("request GET / http=302 ms=")
    assert tracing.current() is None, "nothing of a request stays behind for the next one in the thread"


def test_a_refused_request_is_told_with_its_id(client: Client, lines: io.StringIO) -> None:
    """Django logs it when the middleware has ended."""
    client.get("/nowhere/", headers={"X-Request-ID": "click-0123456789"})
    refused = [line for line in read(lines) if line["logger"] == "django.request"]
    assert [line["request_id"] for line in refused] == ["click-0123456789"]


@pytest.mark.parametrize("offered", ["", "short", "x" * 65, "two words 123", "evil\\u000ainjected", "<script>123"])
def test_an_odd_id_is_replaced(client: Client, offered: str) -> None:
    own = client.get("/", headers={"X-Request-ID": offered}).headers["X-Request-ID"]
    assert own != offered
    assert tracing.accepted(own) == own


def test_the_id_travels_with_the_task_to_the_line_of_the_vendor_call(sandbox: Sandbox, lines: io.StringIO) -> None:
    """Sent to the real broker and taken from there, and run as a worker runs it."""
    with app.connection_for_write() as connection, connection.SimpleQueue("tests-tracing") as queue:
        queue.clear()
        with tracing.bound_contextvars(request_id="click-0123456789"):
            sent = calls_the_vendor.apply_async(queue="tests-tracing")
        message = queue.get(timeout=5)
        message.ack()
    Request(message, app=app, task=calls_the_vendor, hostname="tests", on_ack=lambda *_: None).execute()
    assert sent.id == message.headers["id"]
    (line,) = [line for line in read(lines) if line["logger"] == "playback.vendor"]
    assert line["request_id"] == "click-0123456789"
    assert line["task"] == "tests.production.calls_the_vendor"
    assert line["event"].startswith("vendor call list_rooms lane=sync outcome=done")
    assert tracing.current() is None


@pytest.mark.django_db(transaction=True)
def test_from_a_click_in_the_admin_to_the_vendor_call(sandbox: Sandbox, store: redis.Redis, lines: io.StringIO) -> None:
    store.delete("sync")
    office = Client()
    office.force_login(person("administrator"))
    headers = {"X-Request-ID": "click-0123456789"}
    office.post(reverse("admin:playback_syncrun_start"), {"kind": "rooms"}, headers=headers)
    with app.connection_for_write() as connection, connection.SimpleQueue("sync") as queue:
        message = queue.get(timeout=5)
        message.ack()
    Request(message, app=app, task=sync_kind, hostname="tests", on_ack=lambda *_: None).execute()
    told = [line for line in read(lines) if line.get("request_id") == "click-0123456789"]
    assert [line["event"].split()[:2] for line in told if line["logger"] == "playback.requests"] == [
        ["request", "POST"]
    ]
    calls = [line for line in told if line["logger"] == "playback.vendor"]
    assert calls
    assert all(line["task"] == "playback.sync_kind" and "outcome=done" in line["event"] for line in calls)


def test_a_task_of_the_schedule_has_its_own_id(sandbox: Sandbox, lines: io.StringIO) -> None:
    calls_the_vendor.apply(task_id="11112222-task")
    (line,) = [line for line in read(lines) if line["logger"] == "playback.vendor"]
    assert line["request_id"] == "11112222-task"


def test_a_traceback_is_told_without_local_variables(lines: io.StringIO) -> None:
    password = "CANARY" + "password"
    try:
        raise ValueError("broken") from None
    except ValueError:
        log.exception("it failed")
    (line,) = read(lines)
    assert "ValueError: broken" in line["exception"]
    assert password not in lines.getvalue()


def test_the_line_for_people_has_the_id_too() -> None:
    record = log.makeRecord(log.name, logging.INFO, __file__, 1, "said", (), None)
    formatter = logging.Formatter(configured.LOGGING["formatters"]["line"]["format"])
    with tracing.bound_contextvars(request_id="click-0123456789"):
        assert tracing.WithRequestId().filter(record)
    assert "[click-0123456789]: said" in formatter.format(record)
