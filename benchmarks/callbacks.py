"""Callbacks a second, through the endpoint, against a view that only stores one row by the ORM.

Both are asked in this process through the whole of our middleware, with the same signed form bodies made beforehand,
one after the other in turns. The base reads the form as Django does, makes a ``Delivery`` of it and saves it: no
signature, no constraint met, nobody woken. Every row is counted afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO
from itertools import count
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from config.urls import urlpatterns as ours
from playback.callbacks import inbox, queue
from playback.models import Delivery
from playback.vendor import signing

from .report import Share, median

# Many short turns, of which the fastest tenth counts: whatever else the machine does meanwhile only adds.
TURNS, BATCH = 80, 10
KEY = "bench-only"
AIM = 0.7
_numbers = count(1)


@csrf_exempt
def store_one(request: HttpRequest) -> HttpResponse:
    fields = request.POST.dict()
    Delivery.objects.create(qid=fields["qid"], fields=fields, received_at=timezone.now(), due_at=timezone.now())
    return HttpResponse(b'{"code": 0, "msg": ""}', content_type="application/json")


urlpatterns = [path("bench/store-one/", store_one), path("", include(ours))]


def measure(rows: int, repeats: int) -> list[Share]:
    settings.BAIJIAYUN_PARTNER_KEY = KEY
    settings.ROOT_URLCONF = __name__
    try:
        application = WSGIHandler()
        Delivery.objects.all().delete()
        for address in ("/callbacks/baijiayun/", "/bench/store-one/"):
            _send(application, address)  # warm
        taken, stored = [], []
        for _ in range(TURNS):
            taken.append(_send(application, "/callbacks/baijiayun/"))
            stored.append(_send(application, "/bench/store-one/"))
        assert Delivery.objects.count() == 2 * BATCH * (1 + TURNS)
        assert Delivery.objects.filter(kind="CB1").count() * 2 == Delivery.objects.count()
    finally:
        settings.ROOT_URLCONF = "config.urls"
        queue.awake()
    taking, storing = median(sorted(taken)[: TURNS // 10]), median(sorted(stored)[: TURNS // 10])
    return [
        Share(
            f"{connection.vendor}: callbacks taken in ({BATCH / taking:,.0f}/s)",
            storing / taking,
            "the speed of a view that only stores one row",
            AIM,
        )
    ]


def _send(application: Callable[..., Any], address: str) -> float:
    requests = [_request(address) for _ in range(BATCH)]
    statuses: list[str] = []

    def start(status: str, _headers: list[tuple[str, str]], *_: Any) -> None:
        statuses.append(status)

    started = time.perf_counter()
    for environ in requests:
        response = application(environ, start)
        b"".join(response)
        response.close()
    spent = time.perf_counter() - started
    assert statuses == ["200 OK"] * BATCH, set(statuses)
    return spent


def _request(address: str) -> dict[str, Any]:
    number = next(_numbers)
    fields = {
        "room_id": str(24030100000000 + number),
        "session_id": "202403010",
        "video_id": str(900_000 + number),
        "status": "100",
        "preface_url": f"https://img.example.org/00-upload/image/{number}.jpg",
        "total_size": "734003200",
        "total_transcode_size": "1288490189",
        "length": "5025",
        "file_md5": "0123456789abcdef0123456789abcdef",
        "now_definition": "low,high,720p",
        "origin_definition": "720p",
        "qid": f"20240301083000{number:010}",
        "timestamp": str(int(time.time())),
    }
    body = urlencode(fields | {"sign": signing.sign(fields, KEY)}).encode()
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": address,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": inbox.FORM,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        "wsgi.url_scheme": "http",
        "wsgi.errors": BytesIO(),
    }
