"""What `manage.py check` says of the callbacks' settings, and that the schedule's rows name tasks that exist."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django_celery_beat.models import PeriodicTask

from config.celery import app
from playback import conf
from playback.checks import check_vendor_settings


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, set()),
        ({"SITE_URL": "http://office.example.org", "PRODUCTION": True}, {"playback.W040"}),
        ({"SITE_URL": "http://127.0.0.1:8000", "PRODUCTION": True}, set()),
        ({"BAIJIAYUN_CALLBACK_WINDOW": -1}, {"playback.E040"}),
        ({"BAIJIAYUN_CALLBACK_WINDOW": 0}, set()),
        ({"CALLBACK_OVERDUE_SECONDS": 0}, {"playback.E040"}),
        ({"BAIJIAYUN_CALLBACK_KEYS": ["one", ""]}, {"playback.E041"}),
        ({"BAIJIAYUN_CALLBACK_KEYS": ["one two"]}, {"playback.E041"}),
        ({"BAIJIAYUN_CALLBACK_KEYS": ["one", "two"]}, set()),
    ],
)
def test_checks(settings: LazySettings, changed: dict[str, Any], said: set[str]) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    found = {message.id for message in check_vendor_settings()}
    assert found & {"playback.W040", "playback.E040", "playback.E041"} == said


def test_our_address(settings: LazySettings) -> None:
    settings.SITE_URL = ""
    assert conf.callback_url() == ""
    settings.SITE_URL = "https://office.example.org/ "
    assert conf.callback_url() == "https://office.example.org/callbacks/baijiayun/"


@pytest.mark.django_db
def test_the_schedule_runs_tasks_that_exist_on_their_own_queue() -> None:
    rows = PeriodicTask.objects.filter(name__startswith="Callbacks: ")
    assert rows.count() == 3
    app.loader.import_default_modules()
    assert all(row.task in app.tasks and row.queue == "callbacks" for row in rows)
