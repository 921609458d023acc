"""One id from a person's click to the vendor call it causes, in every log line between.

The id lives in a context variable: a request sets it (``views/request_id.py``), a task that is sent takes it along in
its message's headers, and the worker sets it while the task runs. A task that nobody's click caused (the schedule's)
has its own task id. What a line is made of is decided here too: ``LOG_FORMAT`` is ``line`` for people, ``json`` for
machines. Nobody has to pass an id along, and the vendor package knows nothing of it.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Mapping, MutableMapping
from contextvars import Token
from typing import Any

import structlog
from celery.signals import before_task_publish, task_postrun, task_prerun
from structlog.contextvars import (
    bind_contextvars,
    bound_contextvars,
    get_contextvars,
    merge_contextvars,
    reset_contextvars,
)

__all__ = ["HEADER", "accepted", "bound_contextvars", "current", "json_formatter", "new_id"]

HEADER = "backoffice_request_id"  # of a task's message
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_outer: dict[str, Mapping[str, Token[Any]]] = {}  # task id → how to go back to what was before it


def new_id() -> str:
    return uuid.uuid4().hex


def accepted(offered: str | None) -> str | None:
    """The id that somebody offers, if it may stand in logs and messages as it is."""
    return offered if offered and _WELL_FORMED.fullmatch(offered) else None


def current() -> str | None:
    return get_contextvars().get("request_id")


# ---------------------------------------------------------------- tasks


@before_task_publish.connect(dispatch_uid="playback.tracing")
def _send_along(headers: MutableMapping[str, Any] | None = None, **_: Any) -> None:
    request_id = current()
    if headers is not None and request_id:
        headers[HEADER] = request_id


@task_prerun.connect(dispatch_uid="playback.tracing")
def _begin(task_id: str, task: Any, **_: Any) -> None:
    request_id = accepted(getattr(task.request, HEADER, None)) or task_id
    _outer[task_id] = bind_contextvars(request_id=request_id, task=task.name)


@task_postrun.connect(dispatch_uid="playback.tracing")
def _end(task_id: str, **_: Any) -> None:
    tokens = _outer.pop(task_id, None)
    if tokens is not None:
        reset_contextvars(**tokens)


# ---------------------------------------------------------------- lines


class WithRequestId(logging.Filter):
    """Gives every record the id of what was under way when it was made; ``-`` for none.

    Django tells of a refused request when the middleware has ended, but hands the request along.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current() or getattr(getattr(record, "request", None), "request_id", None) or "-"
        return True


def _id_of_record(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    request_id = getattr(event.get("_record"), "request_id", "-")
    if request_id != "-":
        event["request_id"] = request_id
    return event


def json_formatter() -> structlog.stdlib.ProcessorFormatter:
    """A JSON object a line. Tracebacks are text: never the local variables, which may hold secrets."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            merge_contextvars,
            _id_of_record,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
