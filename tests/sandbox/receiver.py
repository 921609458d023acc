"""A receiver of the vendor's callbacks on a socket of its own."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl


class Receiver:
    """Keeps what it is sent in ``got``; ``answer(fields)`` gives the JSON answered."""

    def __init__(self) -> None:
        self.got: list[dict[str, str]] = []
        self.answer: Callable[[dict[str, str]], Any] = lambda _fields: {"code": 0, "msg": ""}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                fields = dict(parse_qsl(body, keep_blank_values=True, strict_parsing=True))
                receiver.got.append(fields)
                content = json.dumps(receiver.answer(fields)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/callback?from=vendor"

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def statuses(self) -> list[str]:
        return [fields["status"] for fields in self.got]


def is_signed_by(fields: dict[str, str], key: str) -> bool:
    """As the vendor's reference says, over all fields but ``sign``."""
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "sign") + f"&partner_key={key}"
    return fields["sign"] == hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
