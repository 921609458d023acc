"""What every method rests on: from Python's types to the text that is signed and sent, and from data to a result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec

from ..endpoints import ENDPOINTS, Endpoints
from ..errors import VendorOutcomeUnknown
from ..results import BEIJING, Page, Reader, UnreadableAnswer
from ..transport import Documented, Transport, Upload

R = TypeVar("R")
S = TypeVar("S", bound=msgspec.Struct)
MAX_PAGE = 1000  # rows; the vendor's


class Calls:
    """Makes calls by the name of their row in the endpoint table."""

    def __init__(self, transport: Transport, endpoints: Endpoints = ENDPOINTS) -> None:
        self._transport = transport
        self._endpoints = endpoints

    def _ask(
        self,
        name: str,
        params: Mapping[str, object],
        parse: Callable[[Any], R],
        upload: tuple[str, Upload] | None = None,
        documented: Documented | None = None,
    ) -> R:
        data = self._transport.call(self._endpoints[name], texts(params), upload, documented=documented)
        try:
            return parse(data)
        except UnreadableAnswer as error:
            what = str(error)
        del data  # may hold a token, and an error page shows the variables of this frame
        raise VendorOutcomeUnknown(call=name, why=f"the vendor's answer cannot be read ({what})")

    def _ask_page(self, name: str, params: Mapping[str, object], reader: Reader[S]) -> Page[S]:
        """A long list: spelled as documented it is read in one go, else value by value."""

        def parse(data: Any) -> Page[S]:
            return data if isinstance(data, Page) else reader.page(data)

        return self._ask(name, params, parse, documented=reader.documented_page)

    def _do(self, name: str, params: Mapping[str, object], upload: tuple[str, Upload] | None = None) -> None:
        """A call whose success is all it says (``data`` is null or true)."""
        self._transport.call(self._endpoints[name], texts(params), upload)

    def pages(self, method: Callable[..., Page[R]], **arguments: Any) -> Iterator[Page[R]]:
        """The pages of a list method, to the vendor's last one: ``client.pages(client.list_rooms, product_type=1)``.

        The last page is an empty one, or one that is not full while all of ``total`` was seen (where there is one):
        neither sign alone is trusted, for a list that ends early looks like one whose rows are gone. Raises
        ``VendorOutcomeUnknown`` where the vendor sends the same page again instead of the next. Starts at ``page`` if
        that is given.
        """
        number = int(arguments.pop("page", 1))
        size = int(arguments.get("page_size") or arguments.get("limit") or MAX_PAGE)
        seen = (number - 1) * size
        last: Page[R] | None = None
        while True:
            page = method(page=number, **arguments)
            if last is not None and page.size and page.rows == last.rows and page.unreadable == last.unreadable:
                raise VendorOutcomeUnknown(
                    call=getattr(method, "__name__", ""),
                    why=f"the vendor sent page {number - 1} again as page {number}",
                )
            yield page
            seen += page.size
            if page.size == 0 or (page.size < size and (seen >= page.total or not page.counted)):
                return
            number, last = number + 1, page


def texts(params: Mapping[str, object]) -> dict[str, str]:
    """The parameters as they are sent; ``None`` is not sent, an empty text is."""
    return {name: as_text(value) for name, value in params.items() if value is not None}


def as_text(value: object) -> str:
    """One value as the vendor writes it. Raises ``ValueError`` for a time without its zone."""
    if isinstance(value, str):
        return value
    if isinstance(value, int):  # also flags and enums
        return str(int(value))
    if isinstance(value, datetime):
        return beijing(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Iterable):
        return ",".join(as_text(part) for part in value)
    raise TypeError(f"no way to send a {type(value).__name__}")


def beijing(moment: datetime) -> str:
    """``YYYY-MM-DD HH:MM:SS`` in Beijing. Raises ``ValueError`` for a time without its zone."""
    if moment.tzinfo is None:
        raise ValueError("a time for the vendor must be aware")
    return moment.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def as_json(value: object) -> str:
    """Compact JSON with Chinese left as it is: this very text is signed."""
    return msgspec.json.encode(value).decode()


def room_and_session(room_id: int, session_id: int) -> dict[str, object]:
    """How a recording is named; session 0 (an ordinary room) is not sent."""
    return {"room_id": room_id, "session_id": session_id or None}
