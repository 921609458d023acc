"""What is in deploy/ and docs/ fits the code: each queue has a worker, each variable is one that settings read."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from django_celery_beat.models import PeriodicTask

from playback.queues import QUEUES

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service.get("image") == "backoffice"}
READ = set(re.findall(r"\benv\.\w+\(\s*\"([A-Z_]+)\"", (ROOT / "config/settings.py").read_text()))
OF_OTHERS = {"POSTGRES_PASSWORD", "POSTGRES_USER", "POSTGRES_DB"}  # the image's own


def consumed(arguments: list[str]) -> list[str]:
    return arguments[arguments.index("--queues") + 1].split(",") if "--queues" in arguments else []


def unit(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser


def in_tables(path: Path) -> set[str]:
    """Names in backticks in the first column of tables."""
    rows = re.findall(r"^\| (`[A-Z_]{4,}`(?:, `[A-Z_]{4,}`)*) \|", path.read_text(), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"[A-Z_]{4,}", row)}


def test_each_queue_has_one_kind_of_worker_among_the_containers() -> None:
    taken = [queue for service in OURS.values() for queue in consumed(service["command"])]
    assert sorted(taken) == sorted(QUEUES)


def test_each_queue_has_one_kind_of_worker_among_the_units() -> None:
    taken = [queue for path in UNITS for queue in consumed(shlex.split(unit(path)["Service"]["ExecStart"]))]
    assert sorted(taken) == sorted(QUEUES)


def test_every_queue_that_the_code_names_is_known() -> None:
    """A queue that is written out somewhere and consumed nowhere would be a task that never runs."""
    named: set[str] = set()
    for package in ("playback", "members", "config"):
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text()
            named |= set(re.findall(r"queue=\"(\w+)\"", text)) | set(re.findall(r"\"queue\": \"(\w+)\"", text))
            named |= set(re.findall(r"CELERY_TASK_DEFAULT_QUEUE = \"(\w+)\"", text))
    assert {"person", "sync"} <= named
    assert named <= set(QUEUES)


@pytest.mark.django_db
def test_every_row_of_the_schedule_goes_to_a_queue_that_is_consumed() -> None:
    assert set(PeriodicTask.objects.values_list("queue", flat=True)) <= set(QUEUES)


def test_one_beat_and_one_web_in_both() -> None:
    commands = [service["command"] for service in OURS.values()]
    commands_of_units = [shlex.split(unit(path)["Service"]["ExecStart"]) for path in UNITS]
    for started in (commands, commands_of_units):
        assert sum("beat" in arguments for arguments in started) == 1
        assert sum("config.wsgi" in arguments for arguments in started) == 1


def test_the_containers_hang_together() -> None:
    services = COMPOSE["services"]
    for service in services.values():
        for name, needed in service.get("depends_on", {}).items():
            assert name in services
            assert needed["condition"] != "service_healthy" or "healthcheck" in services[name]
    redis = services["redis"]["command"]
    assert redis[redis.index("--maxmemory-policy") + 1] == "noeviction"
    assert redis[redis.index("--appendonly") + 1] == "yes"
    assert set(services["web"]["environment"]) | {"SECRET_KEY"} <= READ


def test_the_image_holds_what_runs() -> None:
    copied = set(re.findall(r"^COPY (\S+) ", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE))
    assert {"manage.py", "config", "playback", "members", "templates", "static", "locale"} <= copied
    assert all((ROOT / name).exists() for name in copied)


def test_the_units_belong_to_the_target_and_set_what_settings_read() -> None:
    target = (ROOT / "deploy/systemd/backoffice.target").read_text()
    for path in UNITS:
        assert path.name in target
        parsed = unit(path)
        assert parsed["Unit"]["PartOf"] == parsed["Install"]["WantedBy"] == "backoffice.target"
        assert {pair.partition("=")[0] for pair in parsed["Service"]["Environment"].split()} <= READ


def test_documented_variables_are_read_and_read_ones_are_documented() -> None:
    documented = in_tables(ROOT / "README.md") | in_tables(ROOT / "docs/production.md")
    assert documented - READ == set()
    assert READ - documented == set()
    example = set(re.findall(r"^(?:# ?)?([A-Z_]{4,})=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert example - READ - OF_OTHERS == set()


def test_documented_metrics_are_told() -> None:
    documented = set(re.findall(r"`(backoffice_\w+)`", (ROOT / "docs/production.md").read_text()))
    told = set(re.findall(r"\"(backoffice_\w+)\"", (ROOT / "playback/metrics.py").read_text()))
    assert {name.removesuffix("_total") for name in documented} == told


def test_no_file_of_deploy_has_a_secret() -> None:
    for path in (ROOT / "deploy").rglob("*"):
        if path.is_file():
            for name in ("SECRET_KEY", "BAIJIAYUN_PARTNER_KEY", "METRICS_TOKEN"):
                assert re.findall(rf"{name}=(?!for-collectstatic-alone)\S", path.read_text()) == [], path
