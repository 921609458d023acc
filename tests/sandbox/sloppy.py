"""A small client of the vendor, written from its reference the way hurried people do: values are sent unescaped.

It shares no code with the project, so that the sandbox and the project's client can't be wrong together.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import time
import uuid
from typing import Any
from urllib.parse import quote_plus


class Answer(dict):
    """The JSON of an answer; ``.data`` is its data."""

    @property
    def data(self) -> Any:
        return self["data"]


class SloppyClient:
    """One kept connection; ``client("playback/getList", page=1, …)`` gives the answer, whatever its code."""

    def __init__(self, base_url: str, partner_id: str, key: str, *, escape: bool = False) -> None:
        self.host = base_url.split("//")[1]
        self.partner_id, self.key, self.escape = partner_id, key, escape
        self.connection = http.client.HTTPConnection(self.host, timeout=10)
        self.shift = 0  # added to the timestamp

    def signed(self, params: dict[str, Any]) -> dict[str, str]:
        fields = {"partner_id": self.partner_id, "timestamp": str(int(time.time()) + self.shift)}
        fields |= {name: str(value) for name, value in params.items()}
        text = "&".join(f"{name}={fields[name]}" for name in sorted(fields)) + "&partner_key=" + self.key
        fields["sign"] = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        return fields

    def __call__(self, path: str, **params: Any) -> Answer:
        fields = self.signed(params)
        body = "&".join(f"{name}={quote_plus(value) if self.escape else value}" for name, value in fields.items())
        kind = "application/x-www-form-urlencoded"
        return Answer(json.loads(self.send("POST", "/openapi/" + path, body.encode(), {"Content-Type": kind})[1]))

    def get(self, path: str, **params: Any) -> Answer:
        query = "&".join(f"{name}={quote_plus(value)}" for name, value in self.signed(params).items())
        return Answer(json.loads(self.send("GET", f"/openapi/{path}?{query}")[1]))

    def upload(self, path: str, files: dict[str, tuple[str, bytes]], **params: Any) -> Answer:
        """A multipart body, put together by hand."""
        edge = uuid.uuid4().hex
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in self.signed(params).items()
        ]
        for name, (filename, content) in files.items():
            head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n'
            parts.append(head.encode() + content + b"\r\n")
        body = b"".join(parts) + f"--{edge}--\r\n".encode()
        kind = f"multipart/form-data; boundary={edge}"
        return Answer(json.loads(self.send("POST", "/openapi/" + path, body, {"Content-Type": kind})[1]))

    def send(
        self, method: str, target: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """One request on the kept connection: status, body, headers."""
        self.connection.request(method, target, body, headers or {})
        response = self.connection.getresponse()
        return response.status, response.read(), response.msg
