"""Gives each request its id, and tells of it in one line when it is answered.

The outermost middleware, so that whatever logs during a request has the id. An id that a proxy or caller sends as
``X-Request-ID`` is taken if it is well-formed; the answer says which it was. The line names the route, not the
address: a query may hold names and phone numbers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bound_contextvars

from playback import tracing

logger = logging.getLogger("playback.requests")
_QUIET = frozenset({"healthz", "readyz", "metrics"})  # asked every few seconds by machines


class RequestIdMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = tracing.accepted(request.headers.get("X-Request-ID")) or tracing.new_id()
        request.request_id = request_id  # type: ignore[attr-defined]
        begun = time.monotonic()
        with bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            response.headers["X-Request-ID"] = request_id
            match = request.resolver_match
            logger.log(
                logging.DEBUG if match and match.url_name in _QUIET else logging.INFO,
                "request %s %s http=%d ms=%.0f",
                request.method,
                f"/{match.route}" if match else "-",
                response.status_code,
                (time.monotonic() - begun) * 1000,
            )
        return response
