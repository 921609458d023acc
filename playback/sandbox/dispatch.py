"""From a request to an answer: which call it is, whether it is signed, whether it may pass, and what spoils it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from playback.vendor.codes import ErrorCode
from playback.vendor.endpoints import Endpoint, Endpoints

from . import routes as _routes  # noqa: F401 - for their registrations
from .call import ROUTES, Call, ReceivedCall, without_secrets
from .faults import Fault, spoil
from .listener import Reply
from .parameters import Parameters
from .refusal import Refusal, bad_parameter, failed
from .shifting import shift
from .signature import is_signed

if TYPE_CHECKING:
    from .server import Sandbox

log = logging.getLogger(__name__)
TIMESTAMP_SECONDS = 300  # how far a request's timestamp may be off
Struck = dict[str, Fault]
_HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class Dispatcher:
    def __init__(self, sandbox: Sandbox, endpoints: Endpoints) -> None:
        self.sandbox = sandbox
        self.endpoints = endpoints
        self._by_path = {endpoint.path.strip("/"): endpoint for endpoint in endpoints.values()}
        if missing := sorted(set(endpoints) - set(ROUTES)):
            log.debug("calls without a route: %s", ", ".join(missing))

    def respond(self, request: Request) -> Reply:
        """The answer to one request below ``/openapi/``."""
        arrived = time.monotonic()  # what comes after it may wait for other calls
        path = request.path.removeprefix("/openapi/").strip("/")
        endpoint = self._by_path.get(path)
        received = ReceivedCall(endpoint.name if endpoint else "", path, request.method, {}, self.sandbox.clock())
        self.sandbox.calls.append(received)
        struck: Struck = {}
        try:
            if endpoint is None:
                raise Refusal(ErrorCode.NO_SUCH_PATH, "接口不存在")
            if request.method != "POST" and not (endpoint.get and request.method == "GET"):
                # Assumed: the reference does not say how a GET is refused where it is not accepted.
                raise failed("该接口只支持POST请求")
            fields, files = read_fields(request)
            received.params = without_secrets(fields.items())
            self._authenticate(endpoint, fields)
            if not self.sandbox.window.admit(arrived):
                return self._too_frequent(received)
            struck = self.sandbox.faults.take((endpoint.name, endpoint.path, path, "*"))
            early = self._before(struck, received)
            if early is not None:
                return early
            call = Call(endpoint, Parameters(fields), files, self.sandbox, request.host_url.rstrip("/"))
            data, code, message = self._run(call), 0, ""
        except Refusal as refusal:
            data, code, message = None, refusal.code, refusal.message
        return self._after(struck, received, data, code, message)

    def _authenticate(self, endpoint: Endpoint, fields: dict[str, str]) -> None:
        """2001, 1001 for the timestamp, 1002: in this order. ``partner/createkey`` proves itself by its secret_key."""
        account = self.sandbox.state.account()
        parameters = Parameters(fields)
        parameters.require(("partner_id",))
        if parameters["partner_id"] != account["partner_id"]:
            raise Refusal(ErrorCode.NO_SUCH_ACCOUNT, "合作方账号不存在")
        if endpoint.name == "create_key" and not fields.get("sign"):
            return
        if abs(parameters.timestamp() - self.sandbox.clock()) > TIMESTAMP_SECONDS:
            raise bad_parameter("timestamp", "与服务器时间相差超过5分钟")
        if not is_signed(fields, account["partner_key"]):
            raise Refusal(ErrorCode.BAD_SIGNATURE, "签名错误")

    def _too_frequent(self, received: ReceivedCall) -> Reply:
        """Assumed: code 1 and a message; the reference only says that such calls fail."""
        received.code = ErrorCode.FAILED
        return Reply(self._answer(None, ErrorCode.FAILED, "请求过于频繁，请稍后再试", self.sandbox.rate_limit_status))

    def _run(self, call: Call) -> Any:
        call.parameters.require(call.endpoint.required)
        permissions = self.sandbox.state.setting("permissions", {})
        if not permissions.get(call.endpoint.name, True):
            raise Refusal(ErrorCode.NOT_PERMITTED, "账号没有该接口的权限")
        function = ROUTES.get(call.endpoint.name)
        if function is None:
            raise Refusal(ErrorCode.NO_SUCH_PATH, "接口不存在")
        if call.endpoint.reads:
            with self.sandbox.state.lock:
                return function(call)
        with self.sandbox.state.transaction():
            return function(call)

    # ------------------------------------------------------------ faults

    def _before(self, struck: Struck, received: ReceivedCall) -> Reply | None:
        """Faults that keep the call from being done."""
        if fault := struck.get("latency"):
            self.sandbox.wait(fault.options["seconds"])
        if "rate_limit" in struck:
            return self._too_frequent(received)
        if fault := struck.get("refuse"):
            received.code = fault.options["code"]
            return Reply(self._answer(None, fault.options["code"], fault.options["message"]))
        if (fault := struck.get("drop")) and fault.options["when"] == "before":
            return Reply(None)
        return self._unreadable(struck, after=False)

    def _unreadable(self, struck: Struck, *, after: bool) -> Reply | None:
        if (fault := struck.get("status")) and fault.options["after_change"] is after:
            return Reply(Response(_HTML, status=fault.options["status"], mimetype="text/html"))
        if (fault := struck.get("html")) and fault.options["after_change"] is after:
            return Reply(Response(_HTML, status=fault.options["status"], mimetype="text/html"))
        if (fault := struck.get("broken_json")) and fault.options["after_change"] is after:
            return Reply(Response('{"code": 0, "data": {"total": 1, "list": [{"room_', mimetype="application/json"))
        return None

    def _after(self, struck: Struck, received: ReceivedCall, data: Any, code: int, message: str) -> Reply:
        """The answer, or what a fault makes of it after the call was done."""
        if code == 0 and (fault := struck.get("shifting_page")):
            shift(self.sandbox.state, fault.options["how"])
        if fault := struck.get("timeout_after_change"):
            self.sandbox.wait(fault.options["seconds"])
            return Reply(None)
        if (fault := struck.get("drop")) and fault.options["when"] == "after":
            return Reply(None)
        if (unreadable := self._unreadable(struck, after=True)) is not None:
            return unreadable
        if code == 0 and (fault := struck.get("wrong_types")):
            data = spoil(msgspec.to_builtins(data), fault.options["how"])
        received.code = code
        slow = struck.get("slow_body")
        return Reply(
            self._answer(data, code, message),
            seconds_per_chunk=slow.options["seconds"] / 20 if slow else 0.0,
            cut_short="truncated" in struck,
        )

    def spoiled_page(self, request: Request, page: Callable[[Request], Response]) -> Reply:
        """A page of the player or the media hosts, with the faults named by its path."""
        struck = self.sandbox.faults.take((request.path,))
        if fault := struck.get("latency"):
            self.sandbox.wait(fault.options["seconds"])
        if "drop" in struck:
            return Reply(None)
        return self._unreadable(struck, after=False) or Reply(page(request))

    def _answer(self, data: Any, code: int, message: str, status: int = 200) -> Response:
        answer = {"code": int(code), "data": data, "msg": message, "ts": int(self.sandbox.clock())}
        return Response(msgspec.json.encode(answer), status=status, content_type="application/json; charset=utf-8")


def read_fields(request: Request) -> tuple[dict[str, str], dict[str, FileStorage]]:
    """The fields (of the body before those of the query) and the files.

    Bodies are decoded as PHP does it: raw UTF-8 passes as it is, ``+`` is a space, of two equal names the last one
    counts. Public clients send values unescaped; they arrive as long as they hold none of ``& + %``.
    """
    fields = dict(_pairs(request.query_string))
    if request.mimetype == "multipart/form-data":
        try:
            fields |= dict(request.form.items())
            return fields, dict(request.files.items())
        except HTTPException:
            raise Refusal(ErrorCode.UPLOAD_FAILED, "文件上传失败") from None
    if request.method == "POST":
        fields |= dict(_pairs(request.get_data()))
    return fields, {}


def _pairs(text: bytes) -> list[tuple[str, str]]:
    return parse_qsl(
        text.decode("utf-8", "surrogateescape"), keep_blank_values=True, errors="surrogateescape", max_num_fields=2000
    )
