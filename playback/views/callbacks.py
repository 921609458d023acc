"""The endpoint of all three callbacks. HTTP only: what is genuine and what is stored is the inbox's.

Success is answered when the delivery is stored, and never before: the vendor repeats what was not answered so.
"""

from __future__ import annotations

import logging

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from playback.callbacks import inbox

logger = logging.getLogger("playback.callbacks")
_SUCCESS = b'{"code": 0, "msg": ""}'


@csrf_exempt  # it is the signature that says who sends
def receive(request: HttpRequest) -> HttpResponse:
    """No session, no sign-in: nothing of the request but its form is read."""
    if request.method != "POST":
        answer = _refusal(405, "send it by POST")
        answer.headers["Allow"] = "POST"
        return answer
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length > inbox.MOST_BYTES:
            raise inbox.TooLarge("too large")
        inbox.receive(request.content_type or "", request.body)
    except inbox.Refused as refused:
        return _refusal(refused.status, str(refused))
    except DatabaseError as error:
        logger.error("a callback could not be stored: %s", type(error).__name__)  # noqa: TRY400 - its text has values
        return _refusal(500, "not stored")
    return HttpResponse(_SUCCESS, content_type="application/json")


def _refusal(status: int, why: str) -> HttpResponse:
    return HttpResponse(f'{{"code": 1, "msg": "{why}"}}', content_type="application/json", status=status)
