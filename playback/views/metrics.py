"""``/metrics``, for Prometheus alone.

With ``METRICS_TOKEN`` only who sends it as a bearer token is answered. Without, only this machine itself: a request
that a proxy forwarded comes from a loopback address too, so one that says it was forwarded is refused. Everybody else
sees a page that does not exist.
"""

from __future__ import annotations

from ipaddress import ip_address

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from playback import metrics

_OF_PROXIES = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Via")


@require_safe
@never_cache
def scrape(request: HttpRequest) -> HttpResponse:
    if not _may(request):
        raise Http404
    return HttpResponse(metrics.text(), content_type=CONTENT_TYPE_LATEST)


def _may(request: HttpRequest) -> bool:
    if token := metrics.token():
        return constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}")
    return _is_loopback(request.META.get("REMOTE_ADDR", "")) and not any(
        header in request.headers for header in _OF_PROXIES
    )


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
