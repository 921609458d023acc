"""The Celery application. Queues are the lanes of the vendor's call budget: person, operation, sync."""

from __future__ import annotations

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _logs_as_the_web_does(**_: Any) -> None:
    """With a receiver of this signal Celery sets up no logs of its own: workers and beat log as ``LOGGING`` says."""
    logging.config.dictConfig(settings.LOGGING)
