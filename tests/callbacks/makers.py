"""Callbacks as the vendor sends them: fields signed by code of the tests' own, posted as a form."""

from __future__ import annotations

import hashlib
import time
from itertools import count
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from playback.callbacks import handlers
from playback.models import Delivery
from tests.conftest import PARTNER_KEY

FORM = "application/x-www-form-urlencoded"
_numbers = count(1)


def signed(fields: dict[str, Any], key: str = PARTNER_KEY, **more: Any) -> dict[str, str]:
    """With a time, a qid of its own and the signature, where they are not given."""
    sent = {"timestamp": int(time.time()), "qid": f"qid-{next(_numbers)}"} | fields | more
    text = {name: str(value) for name, value in sent.items()}
    line = "&".join(f"{name}={text[name]}" for name in sorted(text)) + f"&partner_key={key}"
    return text | {"sign": hashlib.md5(line.encode(), usedforsecurity=False).hexdigest()}


def cb1(room_id: int, status: int, **more: Any) -> dict[str, Any]:
    fields = {"room_id": room_id, "video_id": 9001, "status": status}
    if status == 100:
        fields |= {
            "preface_url": "https://img.example.org/1.jpg",
            "total_size": 5000,
            "total_transcode_size": 4000,
            "length": 60,
            "now_definition": "low,high",
        }
    return fields | more


def post(fields: dict[str, str], client: Client | None = None, content_type: str = FORM) -> HttpResponse:
    return send(urlencode(fields).encode(), client, content_type)


def send(body: bytes, client: Client | None = None, content_type: str = FORM) -> HttpResponse:
    return (client or Client(enforce_csrf_checks=True)).post(reverse("callbacks"), data=body, content_type=content_type)


def deliver(fields: dict[str, Any]) -> Delivery:
    """Sent, stored and applied."""
    sent = signed(fields)
    assert post(sent).status_code == 200
    handlers.take_up()
    return Delivery.objects.get(qid=sent["qid"])
