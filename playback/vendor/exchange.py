"""One request on the wire and its bounded answer. The only user of requests.

Decisions:

* **Sent or not is seen, not guessed.** The body is handed over as a stream that notes when it is first read: by then
  the connection stands and the request's head is out. The exception types of the HTTP libraries do not tell before
  from after reliably.
* Nothing that the network can cause is raised: what went wrong is kept in words, and the libraries' exceptions, whose
  frames hold the signed body, are dropped here.
* Redirects are neither followed nor looked at (a form with a signature goes to no other address), TLS is verified,
  cookies and ``.netrc`` are left alone, an answer is bounded in bytes and in time.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
import urllib3

CONNECT_TIMEOUT = 5.0  # s
MAX_BODY = 32 * 1024 * 1024  # bytes; a page of 1,000 rows is 0.6 MB
_CHUNK = 256 * 1024
_MAX_IDLE = 10.0  # s; an older connection may have been closed by the vendor without our knowing
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Body:
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
class Exchange:
    """What one attempt brought: an answer (``status`` and ``body``) or the reason why there is none."""

    status: int = 0
    body: bytes = field(default=b"", repr=False)
    failure: str = ""
    sent_at: float | None = None


class Connections(threading.local):
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

    def close(self) -> None:
        """Close this thread's sessions: it ends, or will not call for long."""
        while self.sessions:
            self.sessions.popitem()[1].close()
        self.used.clear()


def _new_session(origin: str) -> requests.Session:
    session = _Session()
    # A proxy of the environment is for the outside, not for the sandbox beside us.
    session.trust_env = urlsplit(origin).hostname not in _LOOPBACK
    session.auth = lambda request: request  # or a .netrc would add a log-in of its own
    session.cookies.set_policy(_NoCookies())
    adapter = requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None, so that requests does not prepare the next request (reading the whole body for it) unasked."""


class _NoCookies(DefaultCookiePolicy):
    def set_ok(self, *_: object) -> bool:
        return False


connections = Connections()


def exchange(session: requests.Session, url: str, body: Body, headers: Mapping[str, str], timeout: float) -> Exchange:
    """One request and its bounded answer. Raises nothing that the network can cause."""
    result = Exchange()
    try:
        with session.post(
            url,
            data=body,  # a readable with a length
            headers={**headers, "Accept": "application/json"},
            timeout=(min(CONNECT_TIMEOUT, timeout), timeout),
            allow_redirects=False,
            stream=True,
        ) as response:
            result.status = response.status_code
            result.body = _read(response, timeout)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, _TooMuch) as error:
        result.failure = _kind(error)
    result.sent_at = body.sent_at
    return result


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
