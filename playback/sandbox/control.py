"""The control API below ``/_sandbox/``: what a demo user or another process needs to steer the stand-in.

It may do anything to the state, so it answers only a loopback client that sends the secret in the header
``X-Sandbox-Secret``: a page in somebody's browser can't send that header (it would need a CORS permission, which is
never given) nor reach it under a name of its own (the Host must be a loopback one). Without a secret it is off: 404.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from .server import Sandbox

HEADER = "X-Sandbox-Secret"
_HOSTS = {"127.0.0.1", "localhost", "::1"}


class Control:
    """``GET state``, ``GET calls``, ``GET/POST/DELETE faults``, ``POST add_recording``, ``POST settings``."""

    def __init__(self, sandbox: Sandbox, secret: str) -> None:
        self.sandbox = sandbox
        self._secret = secret

    def respond(self, request: Request) -> Response:
        if not self._secret or not _is_loopback(request):
            return _json({"error": "not found"}, 404)
        sent = request.headers.get(HEADER, "").encode("utf-8", "replace")
        if not hmac.compare_digest(sent, self._secret.encode()):
            return _json({"error": f"send the secret in the header {HEADER}"}, 403)
        action = getattr(self, f"_{request.method.lower()}_{request.path.removeprefix('/_sandbox/')}", None)
        if action is None:
            return _json({"error": "not found"}, 404)
        try:
            body = json.loads(request.get_data() or b"{}")
            if not isinstance(body, dict):
                raise TypeError("the body must be a JSON object")
            return _json(action(body))
        except (ValueError, TypeError, KeyError) as error:
            return _json({"error": str(error)}, 400)

    def _get_state(self, _body: dict[str, Any]) -> Any:
        return {"counts": self.sandbox.state.counts(), "callback_url": self.sandbox.state.setting("callback_url", "")}

    def _get_calls(self, _body: dict[str, Any]) -> Any:
        return [asdict(call) for call in list(self.sandbox.calls)[-1000:]]

    def _delete_calls(self, _body: dict[str, Any]) -> Any:
        self.sandbox.calls.clear()
        return {}

    def _get_faults(self, _body: dict[str, Any]) -> Any:
        return [asdict(fault) for fault in self.sandbox.faults.on()]

    def _post_faults(self, body: dict[str, Any]) -> Any:
        """``{"call": "list_recordings", "kind": "latency", "times": 3, "share": 0.2, "seconds": 2}``"""
        target, kind = str(body.pop("call")), str(body.pop("kind"))
        return asdict(self.sandbox.faults.add(target, kind, body.pop("times", None), **body))

    def _delete_faults(self, body: dict[str, Any]) -> Any:
        self.sandbox.faults.clear(body.get("id"))
        return {}

    def _post_settings(self, body: dict[str, Any]) -> Any:
        """``transcode_seconds``, ``rate_limit``, ``rebuild_shows``, ``partner_valid_day``, ``permissions`` (call name →
        bool)."""
        known = {"transcode_seconds", "rate_limit", "rebuild_shows", "partner_valid_day", "permissions"}
        if unknown := set(body) - known:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        if "transcode_seconds" in body:
            self.sandbox.transcode_seconds = float(body.pop("transcode_seconds"))
        if "rebuild_shows" in body:
            from .server import REBUILD_SHOWS

            if (shows := body.pop("rebuild_shows")) not in REBUILD_SHOWS:
                raise ValueError(f"rebuild_shows is one of {', '.join(REBUILD_SHOWS)}")
            self.sandbox.rebuild_shows = shows
        if "rate_limit" in body:
            self.sandbox.window.limit = int(body.pop("rate_limit"))
        for key, value in body.items():
            self.sandbox.state.set_setting(key, value)
        return {}

    def _post_add_recording(self, body: dict[str, Any]) -> Any:
        """A class ends now: its recording appears, is transcoded and becomes ready a little later.

        ``room_id`` (a new room by default), ``session_id``, ``name``, ``length`` in s.
        """
        from .transcoding import end_class

        return end_class(self.sandbox, **body)


def _is_loopback(request: Request) -> bool:
    host = request.host.rsplit(":", 1)[0].strip("[]") if not request.host.endswith("]") else request.host.strip("[]")
    return ipaddress.ip_address(request.remote_addr or "0.0.0.0").is_loopback and host in _HOSTS  # noqa: S104


def _json(answer: Any, status: int = 200) -> Response:
    return Response(json.dumps(answer, ensure_ascii=False), status=status, mimetype="application/json")
