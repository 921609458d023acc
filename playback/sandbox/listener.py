"""The socket side: HTTP/1.1 with keep-alive on threads, in front of one ``respond(request) -> Reply`` function.

werkzeug's own server closes the connection after each answer, which no vendor does and which would hide a client's
errors with kept connections; so the listening is the standard library's, and werkzeug parses the requests.
"""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from werkzeug.wrappers import Request, Response

LONGEST_BODY = 64 * 1024 * 1024
IDLE_SECONDS = 75.0  # a kept connection without a request


@dataclass(slots=True)
class Reply:
    """What goes out: an ordinary response, or how the connection is spoiled instead."""

    response: Response | None  # None: close without a word
    seconds_per_chunk: float = 0.0  # a slow body: a few bytes, a pause, and so on
    cut_short: bool = False  # close in the middle of the body


class Listener(ThreadingHTTPServer):
    """Binds at once (``OSError`` if the port is taken); :meth:`start` serves on threads until :meth:`stop`."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, host: str, port: int, respond: Callable[[Request], Reply]) -> None:
        self.respond = respond
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__((host, port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="sandbox-listener", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End: no more connections, the open ones are closed."""
        self.stopping.set()
        self.shutdown()
        self._thread.join(timeout=5)
        self.server_close()
        with self._open_lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to print; anything else is an error of ours and is printed."""
        import sys

        if self.stopping.is_set():
            return
        if not isinstance(sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    server: Listener

    def log_message(self, *_args: Any, **_kwargs: Any) -> None:
        """Nothing: request lines carry signs and tokens. The command prints calls by name instead."""

    def _serve(self) -> None:
        try:
            body = self._body()
        except ValueError:
            self.send_error(400)
            self.close_connection = True
            return
        reply = self.server.respond(Request(self._environ(body)))
        if reply.response is None:
            self.close_connection = True
            return
        self._send(reply)

    do_GET = do_POST = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunked_body()
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= LONGEST_BODY:
            raise ValueError("too long")
        return self.rfile.read(length)

    def _chunked_body(self) -> bytes:
        parts, total = [], 0
        while size := int(self.rfile.readline(1024).split(b";")[0].strip(), 16):
            total += size
            if total > LONGEST_BODY:
                raise ValueError("too long")
            parts.append(self.rfile.read(size))
            self.rfile.readline(1024)
        while self.rfile.readline(1024).strip():
            pass
        return b"".join(parts)

    def _environ(self, body: bytes) -> dict[str, Any]:
        target = urlsplit(self.path if self.path.startswith("/") else "/" + self.path.split("/", 3)[-1])
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(target.path).decode("latin-1"),
            "QUERY_STRING": target.query,
            "SERVER_NAME": str(self.server.server_address[0]),
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,
        }
        for name, value in self.headers.items():
            environ.setdefault("HTTP_" + name.upper().replace("-", "_"), value)
        return environ

    def _send(self, reply: Reply) -> None:
        response = reply.response
        assert response is not None  # noqa: S101
        body = response.get_data()
        self.send_response(response.status_code)
        for name, value in response.headers.items():
            if name.lower() not in {"content-length", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if reply.cut_short:
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif reply.seconds_per_chunk:
            self._drip(body, reply.seconds_per_chunk)
        else:
            self.wfile.write(body)

    def _drip(self, body: bytes, seconds: float) -> None:
        step = max(1, len(body) // 20)
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            self.wfile.flush()
            if self.server.stopping.wait(seconds):
                self.close_connection = True
                return


def wait_until_open(host: str, port: int, seconds: float = 5.0) -> bool:
    """Whether something accepts connections there within ``seconds``."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=0.5):
            return True
        time.sleep(0.02)
    return False
