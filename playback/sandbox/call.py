"""One call as a route sees it, the registry of routes, and the log of calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from werkzeug.datastructures import FileStorage

from playback.vendor.endpoints import ENDPOINTS, Endpoint

from .parameters import Parameters
from .state import State

if TYPE_CHECKING:
    from .server import Sandbox


@dataclass(slots=True)
class Call:
    """What a route gets. ``origin`` is how the client reached us, for addresses in answers."""

    endpoint: Endpoint
    parameters: Parameters
    files: dict[str, FileStorage]
    sandbox: Sandbox
    origin: str

    @property
    def state(self) -> State:
        return self.sandbox.state


Route = Callable[[Call], Any]
_Function = TypeVar("_Function", bound=Route)
ROUTES: dict[str, Route] = {}


def route(name: str) -> Callable[[_Function], _Function]:
    """Register the function that answers one row of the endpoint table; it gives ``data`` or raises ``Refusal``."""
    if name not in ENDPOINTS or name in ROUTES:
        raise ValueError(f"no row {name!r} in the endpoint table, or it has a route")

    def register(function: _Function) -> _Function:
        ROUTES[name] = function
        return function

    return register


@dataclass(slots=True)
class ReceivedCall:
    """One call as it arrived. ``name`` is the endpoint's ("" for an unknown path); ``code`` what it was answered (None:
    no readable answer was given). Signs and keys are left out of ``params``."""

    name: str
    path: str
    method: str
    params: dict[str, str]
    at: float
    code: int | None = None


class CallLog(list[ReceivedCall]):
    """The calls received, oldest first; the last 20,000 at least are kept."""

    def append(self, call: ReceivedCall) -> None:
        if len(self) >= 40_000:
            del self[:20_000]
        super().append(call)

    def names(self) -> list[str]:
        return [call.name for call in self]

    def of(self, *names: str) -> list[ReceivedCall]:
        """Those of the named endpoints."""
        return [call for call in self if call.name in names]


def without_secrets(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {key: value for key, value in fields if key not in {"sign", "partner_key", "secret_key"}}
