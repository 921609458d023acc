"""What a kind of operation is: one object a staff action, used alike by the admin, the command line and the tasks.

A kind knows its own form (:meth:`OperationKind.clean`), what it would do to one recording as the mirror knows it
(:meth:`plan_item`), the vendor call (:meth:`apply`) and how the vendor shows that the call took effect
(:meth:`settle`). It knows nothing of tasks, retries or states: those are the engine's (``execute``, ``settle``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from django.db.models import F, QuerySet, Value

from playback.models import Recording
from playback.vendor.endpoints import ENDPOINTS

from .reasons import Reason

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from playback.vendor.client import VendorClient

    Text = str | _StrPromise


class OperationInvalid(Exception):
    """What was asked for cannot be done as asked. ``errors``: field (or ``""`` for the whole) → sentence."""

    def __init__(self, errors: Mapping[str, Text]) -> None:
        self.errors = {name: str(sentence) for name, sentence in errors.items()}
        super().__init__("; ".join(self.errors.values()))


class Difference(NamedTuple):
    """One target whose plan changed since it was shown; both sides are sentences in the reader's language."""

    label: str
    was: str
    now: str


class PlanChanged(Exception):
    """The mirror changed since the plan was made: the stored plan was made anew and must be looked at again."""

    def __init__(self, differences: Sequence[Difference]) -> None:
        self.differences = list(differences)
        super().__init__(f"{len(self.differences)} items of the plan changed")


class Facts(NamedTuple):
    """What the mirror knows of one target; a bare tuple, because 20,000 of them are planned at once."""

    id: int
    room_id: int
    session_id: int
    name: str
    room_title: str
    status: int
    publish_status: int | None
    created_at: datetime | None
    cover_url: str
    gone_at: datetime | None
    version_count: int

    @property
    def label(self) -> str:
        key = f"{self.room_id}-{self.session_id}" if self.session_id else str(self.room_id)
        return f"{self.name} ({key})"[:300] if self.name else key


class Planned(NamedTuple):
    """It will be done: ``change`` is ``{field: [from, to]}`` in stored values, ``before`` what undo would need."""

    change: dict[str, list[Any]]
    before: dict[str, Any]


class Skipped(NamedTuple):
    """It will not be done, and why."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Attachment:
    """An uploaded file as the person gave it."""

    filename: str
    content: bytes = field(repr=False)
    content_type: str


@dataclass(frozen=True, slots=True)
class Target:
    """One item, as its call sees it."""

    recording: Recording
    change: Mapping[str, list[Any]]
    before: Mapping[str, Any]
    parameters: Mapping[str, Any]
    attachment: Attachment | None = None

    @property
    def key(self) -> dict[str, int]:
        """The vendor's address of the target; session 0 is not sent."""
        return {"room_id": self.recording.room_id, "session_id": self.recording.session_id}


class OperationKind:
    """One kind of operation. Subclasses are registered in :mod:`playback.operations.registry`."""

    kind: ClassVar[str]
    title: ClassVar[Text]  # "Publish recordings"
    verb: ClassVar[Text]  # on the button: "Publish"
    will: ClassVar[Text]  # in a plan, after a number: "will be published"
    permission: ClassVar[str]
    call: ClassVar[str]  # the row of the endpoint table that decides whether it may be repeated
    destructive: ClassVar[bool] = False  # the confirming person types the number of targets
    takes_gone: ClassVar[bool] = False  # also for recordings that the vendor no longer has
    oldest_first: ClassVar[bool] = False  # targets in the order they were held, not as selected
    refreshes: ClassVar[bool] = True  # the target's mirror is read again after the call
    settled: ClassVar[str] = "settled_done"  # the reason of an item that was found done
    fields: ClassVar[Mapping[str, Text]] = {}  # labels of what ``change`` names

    @property
    def repeatable(self) -> bool:
        """May the call be sent again when nobody knows whether the first one arrived? The endpoint table says so."""
        return ENDPOINTS[self.call].repeatable

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        """The parameters as they are stored. Raises :class:`OperationInvalid` with a sentence a field."""
        return {}, None

    def annotated(self, recordings: QuerySet[Recording]) -> QuerySet[Any]:
        """The selection with ``room_title`` and ``version_count`` for :class:`Facts`; counting costs, so few do."""
        return recordings.annotate(room_title=F("room__title"), version_count=Value(0))

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        """What would happen to this target. ``number`` counts the targets that the vendor still has, from 1."""
        raise NotImplementedError

    def plan_notes(self, planned: Sequence[Planned]) -> list[Reason]:
        """What a person should be told about the plan as a whole."""
        return []

    def apply(self, client: VendorClient, target: Target) -> Reason | None:
        """Make the call. A returned reason is noted beside the outcome. Raises the client's ``VendorError`` s."""
        raise NotImplementedError

    def settle(self, client: VendorClient, target: Target) -> bool:
        """Read the vendor: did the call whose answer was lost take effect? Raises the client's ``VendorError`` s."""
        raise NotImplementedError

    def describe(self, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The parameters for a report: label and value."""
        return []

    def show(self, name: str, value: Any) -> str:
        """One stored value of ``change`` as a person reads it."""
        return "–" if value is None or value == "" else str(value)

    def changes(self, change: Mapping[str, Sequence[Any]]) -> list[tuple[str, str, str]]:
        """``change`` as label, from, to, in the reader's language."""
        return [
            (str(self.fields.get(name, name)), self.show(name, old), self.show(name, new))
            for name, (old, new) in change.items()
        ]
