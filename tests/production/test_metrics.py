"""/metrics: whom it answers, and that its numbers are those of the database and the store."""

from __future__ import annotations

from datetime import timedelta

import pytest
import redis
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from playback import conf, heartbeat
from playback.models import Delivery, SyncRun
from playback.sandbox.server import Sandbox
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError
from tests.production.test_tracing import calls_the_vendor

pytestmark = [pytest.mark.django_db, pytest.mark.portable]
Numbers = dict[tuple[str, str], float]


def scrape(client: Client) -> Numbers:
    """(name, the labels' values) → value."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("remote", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 404),
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}, 404),
        ("203.0.113.9", {}, 404),
        ("203.0.113.9", {"X-Forwarded-For": "127.0.0.1"}, 404),
        ("", {}, 404),
    ],
)
def test_without_a_token_only_this_machine(client: Client, remote: str, headers: dict[str, str], status: int) -> None:
    assert client.get("/metrics", headers=headers, REMOTE_ADDR=remote).status_code == status


@pytest.mark.parametrize(
    ("authorization", "status"),
    [("Bearer the-token", 200), ("Bearer other", 404), ("the-token", 404), ("", 404), ("Bearer ", 404)],
)
def test_with_a_token_only_who_sends_it(
    client: Client, settings: LazySettings, authorization: str, status: int
) -> None:
    settings.METRICS_TOKEN = "the-token"
    answer = client.get("/metrics", headers={"Authorization": authorization}, REMOTE_ADDR="203.0.113.9")
    assert answer.status_code == status
    assert client.get("/metrics").status_code == 404, "this machine needs it too then"


def test_calls_are_counted_by_name_and_outcome(client: Client, sandbox: Sandbox, settings: LazySettings) -> None:
    settings.BAIJIAYUN_PARTNER_ID = "41624064"
    before = scrape(client)
    vendor = conf.vendor_client(Lane.SYNC)
    vendor.list_rooms(limit=1)
    vendor.list_rooms(limit=1)
    with pytest.raises(VendorError):
        conf.vendor_client(Lane.PERSON).room_info(17081558148393)
    after = scrape(client)

    def more(name: str, labels: str) -> float:
        return after[name, labels] - before.get((name, labels), 0)

    assert more("backoffice_vendor_calls_total", "list_rooms,done") == 2
    (refused,) = [key for key in after if key[1].startswith("room_info,") and key[1] != "room_info,done"]
    assert more(*refused) == 1
    assert more("backoffice_vendor_wait_seconds_count", "sync") == 2
    assert more("backoffice_vendor_wait_seconds_bucket", "sync,+Inf") == 2
    assert more("backoffice_vendor_wait_seconds_count", "person") == 1
    assert after["backoffice_vendor_budget_used", ""] >= 3
    assert after["backoffice_vendor_budget_limit", ""] == settings.BAIJIAYUN_CALLS_PER_WINDOW
    assert after["backoffice_vendor_waiting", "person"] == 0


def test_a_call_is_made_although_it_cannot_be_counted(sandbox: Sandbox, store: redis.Redis, client: Client) -> None:
    """The counts' keys hold something else: every count fails."""
    keys = [conf.call_counts()._calls, conf.call_counts()._waits]
    store.delete(*keys)
    store.set(keys[0], "not a hash")
    try:
        conf.vendor_client(Lane.SYNC).list_rooms(limit=1)
        found = scrape(client)
        assert found["backoffice_scrape_ok", "vendor_calls"] == 0
        assert found["backoffice_scrape_ok", "queues"] == 1
    finally:
        store.delete(*keys)


def test_queues_deliveries_sync_and_beat(client: Client, store: redis.Redis) -> None:
    before = scrape(client)
    assert ("backoffice_beat_age_seconds", "") not in before
    calls_the_vendor.apply_async(queue="callbacks")
    Delivery.objects.create(qid="1", state=Delivery.State.FAILED, received_at=timezone.now())
    started = timezone.now() - timedelta(minutes=10)
    SyncRun.objects.create(kind=SyncRun.Kind.ROOMS, state=SyncRun.State.DONE, started_at=started)
    heartbeat.tick()
    after = scrape(client)
    store.delete("callbacks")
    assert after["backoffice_queue_length", "callbacks"] == before["backoffice_queue_length", "callbacks"] + 1
    assert {labels for name, labels in after if name == "backoffice_queue_length"} == {
        "person",
        "operation",
        "sync",
        "callbacks",
    }
    assert after["backoffice_deliveries", "failed"] == 1
    assert after["backoffice_deliveries", "applied"] == 0
    assert after["backoffice_sync_age_seconds", "rooms"] == pytest.approx(600, abs=30)
    assert ("backoffice_sync_age_seconds", "versions") not in after, "none was ever complete: no invented number"
    assert 0 <= after["backoffice_beat_age_seconds", ""] < 30
    assert after["backoffice_operation_items_open", "planned"] == 0


def test_a_lost_redis_leaves_the_database_s_numbers(client: Client, no_redis: None) -> None:
    found = scrape(client)
    assert found["backoffice_scrape_ok", "queues"] == 0
    assert found["backoffice_scrape_ok", "deliveries"] == 1
    assert found["backoffice_deliveries", "received"] == 0
