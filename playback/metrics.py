"""What Prometheus is told, read when it asks.

Web and workers are many processes, so nothing is counted in one of them: each number comes from the database or from
Redis, the same whichever process is asked. Each source is read by itself; one that fails is told as
``backoffice_scrape_ok 0`` and costs the others nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator

from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import Count
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from redis.exceptions import RedisError

from playback import conf, heartbeat, staleness
from playback.models import Delivery, Operation, OperationItem
from playback.queues import QUEUES, UNACKNOWLEDGED

logger = logging.getLogger("playback.metrics")
_CONFIRMED = (Operation.State.QUEUED, Operation.State.RUNNING, Operation.State.PAUSED)
_OPEN = (
    OperationItem.Outcome.PLANNED,
    OperationItem.Outcome.RUNNING,
    OperationItem.Outcome.WORKING,
    OperationItem.Outcome.UNKNOWN,
)


def vendor_calls() -> Iterator[Metric]:
    counts = conf.call_counts()
    calls = CounterMetricFamily("backoffice_vendor_calls", "Attempts of vendor calls.", labels=["call", "outcome"])
    for labels, count in sorted(counts.calls().items()):
        calls.add_metric(labels, count)
    yield calls
    waits = HistogramMetricFamily(
        "backoffice_vendor_wait_seconds", "How long attempts waited for the account's call budget.", labels=["lane"]
    )
    for lane, waited in sorted(counts.waits().items()):
        waits.add_metric([lane], waited.cumulative(), waited.seconds)
    yield waits


def budget() -> Iterator[Metric]:
    throttle = conf.throttle()
    yield _gauge("backoffice_vendor_budget_used", "Calls of the running window.", throttle.used())
    yield _gauge("backoffice_vendor_budget_limit", "Calls allowed in a window.", throttle.limit)
    waiting = {lane.value: count for lane, count in throttle.waiting().items()}
    yield _gauges("backoffice_vendor_waiting", "Callers in line for the call budget now.", "lane", waiting)


def queues() -> Iterator[Metric]:
    store = conf.store()
    lengths = {name: int(store.llen(name)) for name in QUEUES}
    yield _gauges("backoffice_queue_length", "Tasks that wait in a queue.", "queue", lengths)
    taken = int(store.hlen(UNACKNOWLEDGED))
    yield _gauge("backoffice_tasks_unacknowledged", "Tasks that workers took and have not ended.", taken)


def beat() -> Iterator[Metric]:
    age = heartbeat.age()
    if age is not None:
        yield _gauge("backoffice_beat_age_seconds", "Since beat's last tick was run by a worker.", age)


def sync() -> Iterator[Metric]:
    now = timezone.now()
    board = staleness.board(anew=True)
    for side, name, says in (
        ("news", "backoffice_sync_age_seconds", "How old the newest data of a kind is; absent: it was never read."),
        ("full", "backoffice_sync_full_age_seconds", "Since everything of a kind was read; absent: it never was."),
    ):
        sides = {kind: part for kind, standing in board.items() for part in standing.sides if part.name == side}
        ages = {kind: (now - part.at).total_seconds() for kind, part in sides.items() if part.at is not None}
        yield _gauges(name, says, "kind", ages)
    stale = {kind: float(standing.worst is not None) for kind, standing in board.items()}
    yield _gauges("backoffice_stale", "1: older than its set time, or never read; its lists warn.", "kind", stale)


def deliveries() -> Iterator[Metric]:
    counted = dict(Delivery.objects.order_by().values_list("state").annotate(Count("pk")))
    states = {state.value: counted.get(state.value, 0) for state in Delivery.State}
    yield _gauges("backoffice_deliveries", "Callbacks that are stored.", "state", states)


def items() -> Iterator[Metric]:
    open_ = OperationItem.objects.filter(finished_at=None, operation__state__in=_CONFIRMED)
    counted = dict(open_.order_by().values_list("outcome").annotate(Count("pk")))
    outcomes = {outcome.value: counted.get(outcome.value, 0) for outcome in _OPEN}
    yield _gauges("backoffice_operation_items_open", "Items of confirmed operations.", "outcome", outcomes)


SOURCES: dict[str, Callable[[], Iterator[Metric]]] = {
    source.__name__: source for source in (vendor_calls, budget, queues, beat, sync, deliveries, items)
}


class Everything:
    """A collector, as the client library asks for one."""

    def collect(self) -> Iterable[Metric]:
        scraped = GaugeMetricFamily("backoffice_scrape_ok", "1: the source could be read.", labels=["source"])
        for name, source in SOURCES.items():
            try:
                read = list(source())
            except (RedisError, DatabaseError, ValueError) as error:
                logger.warning("metrics: %s could not be read: %s", name, type(error).__name__)
                scraped.add_metric([name], 0)
                continue
            yield from read
            scraped.add_metric([name], 1)
        yield scraped


def text() -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Everything())
    return generate_latest(registry)


def token() -> str:
    return str(settings.METRICS_TOKEN).strip()


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, value=value)


def _gauges(name: str, says: str, label: str, values: dict[str, float] | dict[str, int]) -> GaugeMetricFamily:
    metric = GaugeMetricFamily(name, says, labels=[label])
    for key, value in values.items():
        metric.add_metric([key], value)
    return metric
