"""A stand-in for the vendor: its openapi, its player and media, on a real loopback socket.

``with Sandbox(database, partner_id, partner_key) as sandbox`` serves at ``sandbox.base_url`` until the block ends. The
state is kept in ``database`` and goes on after a restart, also what was still to happen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from werkzeug.wrappers import Request, Response

from playback.vendor.endpoints import ENDPOINTS

from . import media, player
from .call import CallLog
from .callbacks import Callbacks
from .control import Control
from .dispatch import Dispatcher
from .faults import Faults
from .jobs import Jobs
from .listener import Listener, Reply
from .state import State
from .window import CALLS_PER_WINDOW, SlidingWindow

HOST = "127.0.0.1"
TRANSCODE_SECONDS = 3.0
REBUILD_SHOWS = ("status", "video_id", "nothing")


class Sandbox:
    """The vendor. Change it while it runs through ``state``, ``faults``, ``window.limit`` and ``transcode_seconds``.

    ``paths`` are the setting ``BAIJIAYUN_PATHS``: what a client was told to call, we serve. ``clock`` gives unix
    seconds. ``rate_limit`` counts calls in any 10 s; 0 is no limit. ``rate_limit_status`` is the HTTP status of a
    refusal for the rate (assumed 200: the reference does not say). ``control_secret`` enables ``/_sandbox/``.
    """

    def __init__(
        self,
        database: Path,
        partner_id: str,
        partner_key: str,
        port: int = 0,
        seed: str | None = None,
        transcode_seconds: float = TRANSCODE_SECONDS,
        *,
        rooms: int | None = None,
        recordings: int | None = None,
        secret_key: str = "",
        host: str = HOST,
        rate_limit: int = CALLS_PER_WINDOW,
        rate_limit_status: int = 200,
        clock: Callable[[], float] = time.time,
        paths: Mapping[str, str] | None = None,
        control_secret: str = "",
    ) -> None:
        self.transcode_seconds = transcode_seconds
        self.rate_limit_status = rate_limit_status
        self.clock = clock
        self.failing: set[str] = set()  # kinds of background work that end badly: transcode, convert, rebuild
        self.rebuild_shows = REBUILD_SHOWS[0]  # how a client that misses CB3 sees that chat was removed
        self.host = host
        self._listener = Listener(host, port, self._respond)  # first of all: a taken port is told before a long seed
        self.state = State(database, clock)
        try:
            self.state.set_account(partner_id, partner_key, secret_key)
            if seed is not None:
                from .seed import plant  # loaded only where it is wanted

                plant(self.state, seed, rooms=rooms, recordings=recordings)  # leaves a state that is not empty alone
            self.faults = Faults()
            self.calls = CallLog()
            self.window = SlidingWindow(rate_limit)
            self.callbacks = Callbacks(self.state, self.faults)
            self.jobs = Jobs(self)
            self._dispatcher = Dispatcher(self, ENDPOINTS.with_overrides(paths or {}))
            self._control = Control(self, control_secret)
        except BaseException:
            self._listener.server_close()
            self.state.close()
            raise

    @property
    def port(self) -> int:
        return int(self._listener.server_address[1])

    @property
    def base_url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def stopping(self) -> bool:
        return self._listener.stopping.is_set()

    def wait(self, seconds: float) -> bool:
        """Pause, but not longer than the sandbox runs; True: it is stopping."""
        return self._listener.stopping.wait(seconds)

    def start(self) -> Self:
        self.callbacks.start()
        self.jobs.start()
        self._listener.start()
        return self

    def stop(self) -> None:
        self._listener.stop()
        self.jobs.stop()
        self.callbacks.stop()
        self.state.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def forget(self) -> None:
        """Back to an empty vendor with default behaviour: what lies between two tests."""
        self.faults.clear()
        self.callbacks.pause()
        try:
            self.state.clear()
        finally:
            self.callbacks.resume()
        self.calls.clear()
        self.window.clear()
        self.window.limit = CALLS_PER_WINDOW
        self.rate_limit_status = 200
        self.failing.clear()

    def _respond(self, request: Request) -> Reply:
        if self.stopping:
            return Reply(None)
        path = request.path
        if path.startswith("/openapi/"):
            return self._dispatcher.respond(request)
        if path.startswith("/_sandbox/"):
            return Reply(self._control.respond(request))
        return self._dispatcher.spoiled_page(request, self._page)

    def _page(self, request: Request) -> Response:
        for site in (player.respond, media.respond):
            if (answer := site(self.state, request)) is not None:
                return answer
        return Response("404 Not Found\n", status=404, mimetype="text/plain")
