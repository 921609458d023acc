"""Sends one call and sorts what comes of it. The only user of requests.

Decisions:

* **Sent or not is seen, not guessed.** The body is handed over as a stream that notes when it is first read: by then
  the connection stands and the request's head is out. Whatever fails before is ``VendorUnreachable``, whatever fails
  after is ``VendorOutcomeUnknown``; the exception types of the HTTP libraries say neither reliably.
* **No secrets leave.** Exceptions of the libraries are dropped after their kind was noted (their frames hold the signed
  body), what is kept has a silent ``repr``, and the vendor's words are redacted.
* **Each attempt is a call of its own:** a slot of the account's budget, a new time stamp, a new signature.
* **What may be sent twice** stands in the endpoint table. After an attempt whose outcome is unknown, a later failure of
  a call that changes something stays unknown: the first may have been carried out.
* Redirects are not followed (a form with a signature goes to no other address), TLS is verified, bodies are bounded.
"""

from __future__ import annotations

import json
import logging
import os
import random
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec
import requests
import urllib3
from urllib3.filepost import encode_multipart_formdata

from .codes import Lane
from .endpoints import Endpoint
from .errors import (
    VendorError,
    VendorOutcomeUnknown,
    VendorRateLimited,
    VendorUnreachable,
    error_of,
)
from .secret import Secret, redact
from .signing import sign
from .throttle import Throttle

log = logging.getLogger("playback.vendor")

CONNECT_TIMEOUT = 5.0  # s
MAX_BODY = 32 * 1024 * 1024  # bytes; a page of 1,000 rows is 0.6 MB
_CHUNK = 256 * 1024
_MAX_IDLE = 10.0  # s; an older connection may have been closed by the vendor without our knowing
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


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


POLICIES: Final = {
    Lane.PERSON: Policy(attempts=2, total=25.0, max_wait=5.0),
    Lane.OPERATION: Policy(attempts=3, total=60.0, max_wait=30.0),
    Lane.SYNC: Policy(attempts=5, total=120.0, max_wait=60.0),
}


class _Body:
    """What is sent, once. Notes when its first byte was asked for."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0
        self.sent_at: float | None = None  # monotonic

    def __len__(self) -> int:
        return len(self._content)

    def __iter__(self) -> Iterator[bytes]:
        yield self.read()

    def read(self, size: int = -1) -> bytes:
        if self.sent_at is None:
            self.sent_at = time.monotonic()
        end = len(self._content) if size < 0 else self._position + size
        chunk = self._content[self._position : end]
        self._position += len(chunk)
        return chunk


@dataclass(slots=True)
class _Exchange:
    """What one attempt brought: an answer (``status`` and ``body``) or the reason why there is none."""

    status: int = 0
    body: bytes = field(default=b"", repr=False)
    failure: str = ""
    sent_at: float | None = None


class _Connections(threading.local):
    """One session a thread (requests' are not safe to share), a process and an origin."""

    def __init__(self) -> None:
        self.sessions: dict[tuple[int, str], requests.Session] = {}
        self.used: dict[tuple[int, str], float] = {}

    def session(self, origin: str, *, fresh: bool) -> requests.Session:
        key = (os.getpid(), origin)
        session = self.sessions.get(key)
        if session is None:
            session = self.sessions[key] = _new_session(origin)
        elif fresh or time.monotonic() - self.used.get(key, 0.0) > _MAX_IDLE:
            session.close()  # drops the pooled connections; the session stays usable
        self.used[key] = time.monotonic()
        return session


def _new_session(origin: str) -> requests.Session:
    session = requests.Session()
    # A proxy of the environment is for the outside, not for the sandbox beside us.
    session.trust_env = urlsplit(origin).hostname not in _LOOPBACK
    session.auth = lambda request: request  # or a .netrc would add a log-in of its own
    session.cookies.set_policy(_NoCookies())
    adapter = requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class _NoCookies(requests.cookies.cookielib.DefaultCookiePolicy):  # type: ignore[name-defined]
    def set_ok(self, *_: object) -> bool:
        return False


_connections = _Connections()


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
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.lane = lane
        self.timeout = timeout
        self.policy = policy or POLICIES[lane]
        self.max_wait = self.policy.max_wait if max_wait is None else max_wait
        self._partner_id = partner_id
        self._partner_key = Secret(partner_key)
        self._throttle = throttle

    def call(self, endpoint: Endpoint, params: Mapping[str, str], upload: tuple[str, Upload] | None = None) -> Any:
        """The ``data`` of a successful answer. ``params`` as the very text to send; ``upload`` is (field, file).

        Raises a :class:`VendorError` after at most ``policy.attempts`` attempts and about ``policy.total`` seconds.
        """
        started = time.monotonic()
        unknown: VendorOutcomeUnknown | None = None
        error = VendorError()
        for attempt in range(1, self.policy.attempts + 1):
            data, failure = self._attempt(endpoint, params, upload, attempt, started)
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
    ) -> tuple[Any, VendorError | None]:
        begun = time.monotonic()
        remaining = max(self.policy.total - (begun - started), 0.0)
        try:
            slot = self._throttle.acquire(self.lane, min(self.max_wait, remaining))
        except VendorUnreachable as unreachable:
            self._log(endpoint, unreachable.of(endpoint.name), attempt, begun, 0.0, 0)
            return None, unreachable
        now = time.time()
        body, headers = self._form(params, upload, int(now))
        exchange = _exchange(
            _connections.session(self.base_url, fresh=not endpoint.repeatable),
            f"{self.base_url}/openapi/{endpoint.path}",
            body,
            headers,
            self.timeout,
        )
        if exchange.sent_at is not None:
            self._throttle.sent(slot, exchange.sent_at)
        data, error = self._judge(exchange, now, params)
        if error is not None:
            error.of(endpoint.name)
        self._log(endpoint, error, attempt, begun, slot.waited, exchange.status)
        return data, error

    def _form(
        self, params: Mapping[str, str], upload: tuple[str, Upload] | None, now: int
    ) -> tuple[_Body, dict[str, str]]:
        """The signed body. What is signed is what is sent, before any escaping."""
        fields = {**params, "partner_id": self._partner_id, "timestamp": str(now)}
        fields["sign"] = sign(fields, self._partner_key)
        if upload is None:
            return _Body(urlencode(fields).encode("ascii")), {"Content-Type": "application/x-www-form-urlencoded"}
        name, file = upload
        content, content_type = encode_multipart_formdata(
            {**fields, name: (file.filename, file.content, file.content_type)}
        )
        return _Body(content), {"Content-Type": content_type}

    def _judge(self, exchange: _Exchange, now: float, params: Mapping[str, str]) -> tuple[Any, VendorError | None]:
        if exchange.failure and exchange.sent_at is None:
            return None, VendorUnreachable(
                why=f"the vendor could not be reached ({exchange.failure}); nothing was sent"
            )
        if exchange.failure:
            return None, VendorOutcomeUnknown(
                why=f"the call was sent and no answer came ({exchange.failure}); it may have been done"
            )
        answer = decode(exchange.body)
        if isinstance(answer, dict) and isinstance(answer.get("msg"), str):
            answer["msg"] = redact(answer["msg"], *self._secrets(params))
        error = error_of(exchange.status, answer, now=now)
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
        log.log(
            logging.INFO if error is None else logging.WARNING,
            "vendor call %s lane=%s outcome=%s http=%s attempt=%d waited_ms=%.0f ms=%.0f%s",
            endpoint.name,
            self.lane.value,
            "done" if error is None else type(error).__name__,
            status or "-",
            attempt,
            waited * 1000,
            milliseconds,
            "" if error is None else f" ({error})",
        )


def _still_unknown(error: VendorError, call: str) -> VendorOutcomeUnknown:
    return VendorOutcomeUnknown(
        error.code,
        error.vendor_message,
        call=call,
        why="the call was sent more than once and the outcome of an earlier attempt is unknown; the last one failed",
    )


def _exchange(
    session: requests.Session, url: str, body: _Body, headers: Mapping[str, str], timeout: float
) -> _Exchange:
    """One request and its bounded answer. Raises nothing that the network can cause."""
    exchange = _Exchange()
    try:
        with session.post(
            url,
            data=body,  # a readable with a length
            headers={**headers, "Accept": "application/json"},
            timeout=(min(CONNECT_TIMEOUT, timeout), timeout),
            allow_redirects=False,
            stream=True,
        ) as response:
            exchange.status = response.status_code
            exchange.body = _read(response, timeout)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, _TooMuch) as error:
        exchange.failure = _kind(error)
    exchange.sent_at = body.sent_at
    return exchange


class _TooMuch(Exception):
    """The answer is too long, in bytes or in seconds."""


def _read(response: requests.Response, timeout: float) -> bytes:
    """The whole body. A server that drips it byte by byte meets the time limit too."""
    deadline = time.monotonic() + timeout
    content = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        content += chunk
        if len(content) > MAX_BODY:
            raise _TooMuch("answer too long")
        if time.monotonic() > deadline:
            raise _TooMuch("answer too slow")
    return bytes(content)


def _kind(error: BaseException) -> str:
    """What went wrong, in words that hold nothing of the request."""
    if isinstance(error, _TooMuch):
        return str(error)
    if isinstance(error, requests.exceptions.SSLError):
        return "TLS certificate or handshake refused"
    if isinstance(error, requests.exceptions.ProxyError):
        return "proxy failed"
    if isinstance(error, requests.Timeout):
        return "timed out"
    reason: object = error.args[0] if error.args else error
    reason = getattr(reason, "reason", reason)
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return "unknown host name"
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return "connection refused"
    return "connection failed" if isinstance(error, requests.ConnectionError) else type(error).__name__


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
