"""Sends one call of the vendor's and sorts what comes of it.

Decisions:

* **Each attempt is a call of its own:** a slot of the account's budget, a new time stamp, a new signature over what is
  really sent.
* **What may be sent again:** what was not sent or was refused for the rate, always; what has an unknown outcome, if the
  endpoint table says repeatable. After an attempt whose outcome is unknown, a later failure of a call that changes
  something stays unknown: the first may have been carried out. Attempts are bounded in number and time.
* **No secrets leave:** the vendor's words are redacted before anything is made of them, and no frame through which an
  exception passes holds the signed form.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from urllib3.filepost import encode_multipart_formdata

from .codes import Lane
from .endpoints import Endpoint
from .errors import VendorError, VendorOutcomeUnknown, VendorRateLimited, VendorUnreachable, error_of
from .exchange import Body, Exchange, connections, exchange
from .secret import Secret, redact
from .signing import sign
from .throttle import Throttle

log = logging.getLogger("playback.vendor")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is sent along; not part of what is signed."""

    filename: str
    content: bytes = field(repr=False)
    content_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient a lane is. ``total`` bounds all attempts of one call together, ``max_wait`` the waiting for the
    account's call budget; seconds."""

    attempts: int
    total: float
    max_wait: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an observer is told of each attempt. ``outcome``: ``done``, or the name of the error. ``waited``: seconds
    for the account's call budget, also where they were in vain."""

    call: str
    lane: Lane
    outcome: str
    waited: float


Documented = Callable[[bytes], Any]  # None: not spelled as documented

POLICIES: Final = {
    Lane.PERSON: Policy(attempts=2, total=25.0, max_wait=5.0),
    Lane.OPERATION: Policy(attempts=3, total=60.0, max_wait=30.0),
    Lane.SYNC: Policy(attempts=5, total=120.0, max_wait=60.0),
}


class Transport:
    """Makes calls for one account in one lane."""

    def __init__(
        self,
        base_url: str,
        partner_id: str,
        partner_key: str,
        throttle: Throttle,
        lane: Lane,
        *,
        timeout: float = 15.0,
        max_wait: float | None = None,
        policy: Policy | None = None,
        observer: Callable[[Attempt], None] | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.lane = lane
        self.timeout = timeout
        self.policy = policy or POLICIES[lane]
        self.max_wait = self.policy.max_wait if max_wait is None else max_wait
        self._partner_id = partner_id
        self._partner_key = Secret(partner_key)
        self._throttle = throttle
        self._observer = observer

    def call(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str],
        upload: tuple[str, Upload] | None = None,
        *,
        documented: Documented | None = None,
    ) -> Any:
        """The ``data`` of a successful answer. ``params`` as the very text to send; ``upload`` is (field, file).

        ``documented`` is given the whole answer first: what it makes of it (anything but None) is the result. It may
        take answers of success alone.

        Raises a :class:`VendorError` after at most ``policy.attempts`` attempts and about ``policy.total`` seconds.
        """
        started = time.monotonic()
        unknown: VendorOutcomeUnknown | None = None
        error = VendorError()
        for attempt in range(1, self.policy.attempts + 1):
            data, failure = self._attempt(endpoint, params, upload, attempt, started, documented)
            if failure is None:
                return data
            error = failure
            if isinstance(error, VendorOutcomeUnknown):
                unknown = error
            pause = self._pause(endpoint, error, attempt, started)
            if pause is None:
                break
            time.sleep(pause)
        if unknown is not None and unknown is not error and not endpoint.reads:
            error = _still_unknown(error, endpoint.name)
        raise error

    # ------------------------------------------------------------ one attempt

    def _attempt(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str],
        upload: tuple[str, Upload] | None,
        attempt: int,
        started: float,
        documented: Documented | None,
    ) -> tuple[Any, VendorError | None]:
        begun = time.monotonic()
        remaining = max(self.policy.total - (begun - started), 0.0)
        try:
            slot = self._throttle.acquire(self.lane, min(self.max_wait, remaining))
        except VendorUnreachable as unreachable:
            self._log(endpoint, unreachable.of(endpoint.name), attempt, begun, time.monotonic() - begun, 0)
            return None, unreachable
        now = time.time()
        body, headers = self._form(params, upload, int(now))
        result = exchange(
            connections.session(self.base_url, fresh=not endpoint.repeatable),
            f"{self.base_url}/openapi/{endpoint.path}",
            body,
            headers,
            self.timeout,
        )
        if result.sent_at is not None:
            self._throttle.sent(slot, result.sent_at)
        data = documented(result.body) if documented is not None and result.status == 200 else None
        error = None
        if data is None:
            data, error = self._judge(result, now, params)
        if error is not None:
            error.of(endpoint.name)
        self._log(endpoint, error, attempt, begun, slot.waited, result.status)
        return data, error

    def _form(
        self, params: Mapping[str, str], upload: tuple[str, Upload] | None, now: int
    ) -> tuple[Body, dict[str, str]]:
        """The signed body. What is signed is what is sent, before any escaping."""
        fields = {**params, "partner_id": self._partner_id, "timestamp": str(now)}
        fields["sign"] = sign(fields, self._partner_key)
        if upload is None:
            return Body(urlencode(fields).encode("ascii")), {"Content-Type": "application/x-www-form-urlencoded"}
        name, file = upload
        content, content_type = encode_multipart_formdata(
            {**fields, name: (file.filename, file.content, file.content_type)}
        )
        return Body(content), {"Content-Type": content_type}

    def _judge(self, result: Exchange, now: float, params: Mapping[str, str]) -> tuple[Any, VendorError | None]:
        if result.failure and result.sent_at is None:
            return None, VendorUnreachable(why=f"the vendor could not be reached ({result.failure}); nothing was sent")
        if result.failure:
            return None, VendorOutcomeUnknown(
                why=f"the call was sent and no answer came ({result.failure}); it may have been done"
            )
        answer = decode(result.body)
        if isinstance(answer, dict) and isinstance(answer.get("msg"), str):
            answer["msg"] = redact(answer["msg"], *self._secrets(params))
        error = error_of(result.status, answer, now=now)
        return (answer.get("data"), None) if error is None else (None, error)

    def _pause(self, endpoint: Endpoint, error: VendorError, attempt: int, started: float) -> float | None:
        """How long to wait before the next attempt, s; None: no other attempt."""
        if attempt >= self.policy.attempts:
            return None
        if isinstance(error, VendorRateLimited):
            pause = min(2.0 ** (attempt - 1), 8.0)
            self._throttle.back_off(pause)
        elif isinstance(error, VendorUnreachable) or (isinstance(error, VendorOutcomeUnknown) and endpoint.repeatable):
            pause = min(0.25 * 2.0 ** (attempt - 1), 4.0)
        else:
            return None
        pause *= random.uniform(0.5, 1.0)  # noqa: S311 - jitter, so that many callers do not come back as one
        return pause if time.monotonic() - started + pause < self.policy.total else None

    def _secrets(self, params: Mapping[str, str]) -> tuple[str, ...]:
        return (self._partner_key, *(value for value in params.values() if isinstance(value, Secret)))

    def _log(
        self, endpoint: Endpoint, error: VendorError | None, attempt: int, begun: float, waited: float, status: int
    ) -> None:
        milliseconds = (time.monotonic() - begun - waited) * 1000
        outcome = "done" if error is None else type(error).__name__
        log.log(
            logging.INFO if error is None else logging.WARNING,
            "vendor call %s lane=%s outcome=%s http=%s attempt=%d waited_ms=%.0f ms=%.0f%s",
            endpoint.name,
            self.lane.value,
            outcome,
            status or "-",
            attempt,
            waited * 1000,
            milliseconds,
            "" if error is None else f" ({error})",
        )
        if self._observer is not None:
            try:
                self._observer(Attempt(endpoint.name, self.lane, outcome, waited))
            except Exception as failed:
                log.debug("an attempt was not counted: %s", type(failed).__name__)


def _still_unknown(error: VendorError, call: str) -> VendorOutcomeUnknown:
    return VendorOutcomeUnknown(
        error.code,
        error.vendor_message,
        call=call,
        why="the call was sent more than once and the outcome of an earlier attempt is unknown; the last one failed",
    )


def decode(body: bytes) -> Any:
    """The JSON of a body, or None. Forgives a byte order mark and a character that was cut in two."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        loose = json.loads(body.decode("utf-8-sig", "replace"))
        return msgspec.json.decode(json.dumps(loose, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError, msgspec.DecodeError):
        return None
