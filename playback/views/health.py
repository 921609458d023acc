"""``/healthz``: this process is alive. ``/readyz``: the installation can do its work. For machines, without sign-in.

``/healthz`` asks nobody, so that a process is not restarted for what another one has. ``/readyz`` answers 503 where a
required part fails, and says of each part what is wrong, in English: monitoring reads it, and nothing in it is secret.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from playback import readiness


@require_safe
@never_cache
def alive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("alive\n", content_type="text/plain")


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    parts = readiness.look()
    required = set(settings.READY_REQUIRES)
    is_ready = all(part.ok for name, part in parts.items() if name in required)
    told = {
        name: {"state": "ok" if part.ok else "failed", "required": name in required, "says": part.says}
        for name, part in parts.items()
    }
    return JsonResponse({"ready": is_ready, "parts": told}, status=200 if is_ready else 503)
