"""A server of a few lines on a real socket, for what a well-behaved vendor cannot do: drop, reset, drip, lie.

Each received request takes the next behaviour of the script, the last one for ever. A behaviour writes to the
connection and says whether it stays open.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.parser import BytesParser
from urllib.parse import parse_qsl


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    connection: int

    @property
    def form(self) -> dict[str, str]:
        content_type = self.headers.get("content-type", "")
        if content_type.startswith("multipart/"):
            message = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + self.body)
            return {
                str(part.get_param("name", header="content-disposition")): bytes(part.get_payload(decode=True)).decode()
                for part in message.get_payload()
                if part.get_filename() is None
            }
        return dict(parse_qsl(self.body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(self.body)))


Behaviour = Callable[[socket.socket, Received], bool]


def http(body: bytes, status: int = 200, headers: str = "", *, keep: bool = True) -> Behaviour:
    def behave(connection: socket.socket, _: Received) -> bool:
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nContent-Type: application/json\r\n{headers}\r\n"
        connection.sendall(head.encode() + body)
        return keep

    return behave


def answer(data: object = None, code: int | str = 0, msg: object = "", status: int = 200, **more: object) -> Behaviour:
    return http(json.dumps({"code": code, "data": data, "msg": msg, "ts": int(time.time()), **more}).encode(), status)


def drop(_: socket.socket, __: Received) -> bool:
    """Close in order, without a word."""
    return False


def reset(connection: socket.socket, _: Received) -> bool:
    """Tear the connection down."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def then_close(first: Behaviour) -> Behaviour:
    """Answer as if the connection stayed open, and close it: a stale keep-alive connection."""

    def behave(connection: socket.socket, received: Received) -> bool:
        first(connection, received)
        return False

    return behave


def silence(seconds: float) -> Behaviour:
    def behave(_: socket.socket, __: Received) -> bool:
        time.sleep(seconds)
        return False

    return behave


def raw(content: bytes, *, pause: float = 0.0, piece: int = 1 << 20) -> Behaviour:
    def behave(connection: socket.socket, _: Received) -> bool:
        for start in range(0, len(content), piece):
            connection.sendall(content[start : start + piece])
            time.sleep(pause)
        return False

    return behave


class Wire:
    def __init__(self) -> None:
        self.script: list[Behaviour] = [answer()]
        self.received: list[Received] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self.port = int(self._listener.getsockname()[1])
        self.base_url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def does(self, *script: Behaviour) -> None:
        self.script = list(script)

    def close(self) -> None:
        # shutdown wakes the thread in accept(); close alone would leave it listening.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, connection.makefile("rb") as stream:
            try:
                while received := self._receive(stream, number):
                    self.received.append(received)
                    behaviour = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                    if not behaviour(connection, received):
                        return
            except OSError:
                return
            finally:
                self._open.discard(connection)

    @staticmethod
    def _receive(stream, number: int) -> Received | None:  # type: ignore[no-untyped-def]
        if stream.peek(1)[:1] == b"\x16":  # a TLS hello: not spoken here, and it has no line's end to wait for
            return None
        line = stream.readline().decode("latin-1").split(" ")
        if len(line) != 3:
            return None
        headers: dict[str, str] = {}
        while header := stream.readline().decode("latin-1").strip():
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", "0")))
        return Received(line[1], headers, body, time.time(), number)
