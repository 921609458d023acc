"""What a failed call means to whoever made it: the exceptions, and the one decision from an answer to an exception.

The kinds are sorted by what the caller may do next, not by what went wrong:

========================  =======================  ===============================================================
exception                 did the call happen?     what next
========================  =======================  ===============================================================
``VendorRefused``         no                       show the vendor's reason; sending it again changes nothing
``VendorGone``            no, the target is gone   mark it gone in the mirror
``VendorMisconfigured``   no                       an administrator has to act (key, account, path, clock)
``VendorRateLimited``     no                       again, later
``VendorUnreachable``     no, nothing was sent     again, later
``VendorOutcomeUnknown``  nobody knows             read the vendor; send again only what is repeatable
========================  =======================  ===============================================================

The text of each is one sentence in plain English for logs and commands; the admin makes its own sentence out of the
type, ``code`` and ``vendor_message``. Texts are redacted before they come here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from .codes import ErrorCode

_GONE = frozenset({ErrorCode.NO_SUCH_ROOM, ErrorCode.ROOM_DELETED})
_MISCONFIGURED = {
    ErrorCode.NO_SUCH_PATH: "the vendor knows no such path: correct it with BAIJIAYUN_PATHS",
    ErrorCode.BAD_SIGNATURE: "the vendor refused the signature: check BAIJIAYUN_PARTNER_ID and BAIJIAYUN_PARTNER_KEY",
    ErrorCode.NO_SUCH_ACCOUNT: "the vendor knows no such account: check BAIJIAYUN_PARTNER_ID",
    ErrorCode.NOT_PERMITTED: "the account lacks the permission for this call",
    ErrorCode.SERVICE_STOPPED: "the account's service is not open, or was stopped",
}
# Assumed: the reference says that calls past the limit fail, and not how. These are the usual ways to say so.
_RATE_MESSAGE = re.compile(r"频繁|频率|请求过多|超过.{0,12}限制|too many|rate limit", re.IGNORECASE)
_CLOCK_MESSAGE = re.compile(r"timestamp|时间戳|时间错误|请求.{0,4}过期", re.IGNORECASE)
CLOCK_TOLERANCE = 300  # s; the vendor's
# A web server's own refusal, before the vendor's application saw the request.
_REFUSED_BY_SERVER = frozenset({400, 401, 403, 405, 411, 413, 414, 415, 431})
_MOVED = frozenset({301, 308})


class VendorError(Exception):
    """A vendor call that did not succeed. Catch a subclass: they differ in what may be done next.

    ``code`` is the vendor's, None where it gave none; ``vendor_message`` its own words (Chinese), empty where it had
    none; ``call`` the name of the row in the endpoint table, empty before a call was chosen.
    """

    lead: ClassVar[str] = "the vendor call failed"

    def __init__(
        self, code: int | None = None, vendor_message: str = "", *, call: str = "", why: str | None = None
    ) -> None:
        super().__init__(code, vendor_message)
        self.code = code
        self.vendor_message = vendor_message
        self.call = call
        self.why = why

    def __str__(self) -> str:
        text = self.why or self.lead
        if self.code is not None:
            text += f" (code {self.code})"
        if self.vendor_message:
            text += f": {self.vendor_message}"
        return f"{self.call}: {text}" if self.call else text

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.code, self.vendor_message, self.call, self.why)

    def of(self, call: str) -> Self:
        """The same error, naming the call it is about."""
        self.call = self.call or call
        return self


class VendorRefused(VendorError):
    """The vendor answered with a code: nothing was done."""

    lead = "the vendor refused the call"


class VendorGone(VendorRefused):
    """The room is not there, or not there any more (3001, 3002)."""

    lead = "the vendor has no such room any more"


class VendorMisconfigured(VendorRefused):
    """Nothing was done and nothing will be until an administrator acts: key, account, permission, path, clock."""

    lead = "the vendor settings are not usable"


class VendorRateLimited(VendorError):
    """The account made too many calls in 10 s: nothing was done, the same call can be made later."""

    lead = "the vendor refused the call for the account's call rate"


class VendorUnreachable(VendorError):
    """Nothing was sent: no address, no connection, or no room in the account's call budget in time."""

    lead = "the vendor could not be reached; nothing was sent"


class VendorOutcomeUnknown(VendorError):
    """The call was sent, and no readable answer came: it may have been carried out or not."""

    lead = "the call was sent and no readable answer came"


def _rebuild(kind: type[VendorError], code: int | None, message: str, call: str, why: str | None) -> VendorError:
    return kind(code, message, call=call, why=why)


def error_of(status: int, body: object, *, now: float | None = None) -> VendorError | None:
    """What an HTTP status and a decoded body mean; None is success.

    ``body`` is the decoded JSON, or None where it was no JSON at all. ``now`` (unix seconds) is when the call was
    made: with the vendor's ``ts`` it tells a wrong clock from another bad parameter.
    """
    if status == 429:
        return VendorRateLimited(None, _message(body))
    if status >= 500:
        return VendorOutcomeUnknown(None, "", why=f"the vendor answered HTTP {status}; the call may have been done")
    code = _code(body)
    if code is None:
        return _without_code(status, body)
    if code == ErrorCode.SUCCESS:
        if 200 <= status < 300:
            return None
        return VendorOutcomeUnknown(None, "", why=f"the vendor answered success with HTTP {status}")
    return _with_code(code, body, now)


def _with_code(code: int, body: object, now: float | None) -> VendorError:
    message = _message(body)
    if code in _GONE:
        return VendorGone(code, message)
    if why := _MISCONFIGURED.get(code):  # type: ignore[call-overload]  # an IntEnum's keys are found by int
        return VendorMisconfigured(code, message, why=why)
    if code == ErrorCode.FAILED and _RATE_MESSAGE.search(message):
        return VendorRateLimited(code, message)
    if code == ErrorCode.BAD_PARAMETER:
        skew = _skew(body, now)
        if _CLOCK_MESSAGE.search(message) or (skew is not None and abs(skew) > CLOCK_TOLERANCE):
            return VendorMisconfigured(code, message, why=_clock_sentence(skew))
    return VendorRefused(code, message)


def _without_code(status: int, body: object) -> VendorError:
    if status == ErrorCode.NO_SUCH_PATH:
        return VendorMisconfigured(status, "", why=_MISCONFIGURED[ErrorCode.NO_SUCH_PATH])
    if status in _MOVED:
        return VendorMisconfigured(
            None, "", why=f"the vendor's address has moved (HTTP {status}): check BAIJIAYUN_BASE_URL, http or https"
        )
    if status in _REFUSED_BY_SERVER:
        return VendorRefused(None, "", why=f"the vendor's web server refused the call (HTTP {status})")
    what = "something that is not JSON" if body is None else "JSON without a code"
    return VendorOutcomeUnknown(
        None, "", why=f"the vendor answered {what} (HTTP {status}); the call may have been done"
    )


def _clock_sentence(skew: float | None) -> str:
    sentence = "the vendor refused the time stamp: set this machine's clock"
    if skew is not None and abs(skew) > CLOCK_TOLERANCE:
        sentence += f" (it is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the vendor's)"
    return sentence


def _skew(body: object, now: float | None) -> float | None:
    """Our clock minus the vendor's, s."""
    if now is None or not isinstance(body, Mapping):
        return None
    ts = body.get("ts")
    if isinstance(ts, str) and ts.isascii() and ts.isdigit():
        ts = int(ts)
    return now - ts if isinstance(ts, int) and ts > 0 else None


def _code(body: object) -> int | None:
    code = body.get("code") if isinstance(body, Mapping) else None
    if isinstance(code, bool):
        return None
    if isinstance(code, str) and code.strip().isascii() and code.strip().isdigit():
        return int(code)
    return code if isinstance(code, int) else None


def _message(body: object) -> str:
    message = body.get("msg") if isinstance(body, Mapping) else None
    return message.strip()[:300] if isinstance(message, str) else ""
