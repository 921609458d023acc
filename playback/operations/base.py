"""What a kind of operation is: one object a staff action, used alike by the admin, the command line and the tasks.

A kind knows its own parameters (:meth:`OperationKind.clean`), what it would do to one recording as the mirror knows it
(:meth:`plan_item`), the vendor call (:meth:`apply`) and how the vendor shows that the call took effect
(:meth:`settle`). It knows nothing of tasks, retries or states: those are the engine's (``execute``, ``settle``).

Some kinds need more, and say so by their attributes:

- ``reads``: the plan needs what the mirror does not hold (mark points, class times): :meth:`read` asks the vendor while
  the plan is made, and :meth:`plan_item` finds the answer in ``facts.known``;
- ``batch``: the vendor takes several targets in a call: :meth:`apply_batch` serves them together;
- ``in_background``: the vendor takes the call and works for minutes: :meth:`apply` answers :class:`Working`, and the
  engine asks :meth:`finished` from time to time;
- ``undoable``: the change has an inverse. :meth:`apply` and :meth:`settle` take what to do from ``target.change``,
  so that the same kind puts it back, with the two sides of the change exchanged (:meth:`undo_item`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from playback.models import Recording
from playback.models.recording import vendor_key
from playback.vendor.endpoints import ENDPOINTS

from .reasons import Reason, reason

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from playback.vendor.client import VendorClient
    from playback.vendor.errors import VendorError

    Text = str | _StrPromise

NOTHING: Mapping[Any, Any] = MappingProxyType({})
NO_FIELDS: frozenset[str] = frozenset()
# Mirrored columns that follow the video of a version.
FILM = frozenset({"video_id", "status", "created_at", "length", "total_transcode_size", "cover_url"})
# What a mirrored row should show: the version's number (None: the recording itself) and the column (or ``gone``, or
# ``expiry``, which is two columns) → the value.
Shows = Mapping[tuple[int | None, str], Any]


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


class VersionFacts(NamedTuple):
    """What the mirror knows of one version that the vendor still has."""

    version: int
    version_type: int | None
    video_id: int | None
    name: str
    status: int
    length: int | None
    total_transcode_size: int | None = None
    play_times: int | None = None


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
    version_count: int  # 0 unless the kind ``counts_versions``
    product_type: int | None = None
    main_version: int | None = None
    video_id: int | None = None
    length: int | None = None  # s
    valid_days: int | None = None
    expires_at: datetime | None = None
    held_at: datetime | None = None
    last_watched_at: datetime | None = None
    trashed: bool = False  # the whole recording is in the trash
    # Not columns: the live versions by number, if the kind ``needs_versions``; what ``read`` answered, if it ``reads``;
    # what of it is in the trash (version number or ``WHOLE`` → its former publish state), if it ``needs_trash``.
    versions: Mapping[int, VersionFacts] = NOTHING
    known: Mapping[str, Any] = NOTHING
    trash: Mapping[int, int | None] = NOTHING

    @property
    def vendor_key(self) -> str:
        return vendor_key(self.room_id, self.session_id)

    @property
    def key(self) -> dict[str, int]:
        """The vendor's address of the target; session 0 is not sent."""
        return {"room_id": self.room_id, "session_id": self.session_id}

    @property
    def label(self) -> str:
        return f"{self.name} ({self.vendor_key})"[:300] if self.name else self.vendor_key


COLUMNS = Facts._fields[:-3]


class Planned(NamedTuple):
    """It will be done: ``change`` is ``{field: [from, to]}`` in stored values, ``before`` what undo would need beside
    it, ``note`` what the person should see beside this target before confirming."""

    change: dict[str, list[Any]]
    before: dict[str, Any]
    note: Reason | None = None


class Skipped(NamedTuple):
    """It will not be done, and why."""

    reason: Reason


class Refusal(NamedTuple):
    """An answer of :meth:`OperationKind.apply` or ``finished``: nothing was done (or it failed), and why."""

    reason: Reason


class Working(NamedTuple):
    """An answer of :meth:`OperationKind.apply`: the vendor took it and works on it; :meth:`~OperationKind.finished`
    will be asked."""

    note: Reason | None = None


Answer = Reason | Refusal | Working | None  # a bare reason is noted beside the outcome "done"


@dataclass(frozen=True, slots=True)
class Attachment:
    """An uploaded file as the person gave it."""

    filename: str
    content: bytes = field(repr=False)
    content_type: str


@dataclass(frozen=True, slots=True)
class Target:
    """One item, as its call sees it."""

    target: Recording | None  # none for a kind without recordings (``targetless``)
    change: Mapping[str, list[Any]]
    before: Mapping[str, Any]
    parameters: Mapping[str, Any]
    attachment: Attachment | None = None
    known: Mapping[str, Any] = field(default_factory=dict)
    begun_at: datetime | None = None  # when the call was begun; kept while it is settled
    item_id: int = 0
    operation_id: int = 0
    user_id: int | None = None  # who asked for it
    undoing: bool = False

    @property
    def recording(self) -> Recording:
        assert self.target is not None  # noqa: S101 - a kind that is not ``targetless`` always has one
        return self.target

    @property
    def key(self) -> dict[str, int]:
        """The vendor's address of the target; session 0 is not sent."""
        return {"room_id": self.recording.room_id, "session_id": self.recording.session_id}


class OperationKind:
    """One kind of operation. Subclasses are registered in :mod:`playback.operations.registry`."""

    kind: ClassVar[str]
    title: ClassVar[Text]  # "Publish recordings"
    verb: ClassVar[Text]  # on the button: "Publish"
    takes_object: ClassVar[bool] = False  # "Publish 3 recordings" can be said; else it is "Move to the trash (3)"
    will: ClassVar[Text]  # in a plan, after a number: "will be published"
    permission: ClassVar[str]
    undo_permission: ClassVar[str] = ""  # where putting it back is another right
    call: ClassVar[str]  # the row of the endpoint table that decides whether it may be repeated; "": nothing is sent
    sentences: ClassVar[Mapping[str, Text]] = {}  # reasons of its own: code → sentence (see ``reasons``)
    fields: ClassVar[Mapping[str, Text]] = {}  # labels of what ``change`` names

    # How it is offered.
    group: ClassVar[str] = "more"  # "main": a button of its own on the recording's page; else a heading of the menu
    rank: ClassVar[int] = 100  # order of the buttons
    icon: ClassVar[str] = "bolt"
    only_one: ClassVar[bool] = False  # not for selections
    in_lists: ClassVar[bool] = True  # an action of the list of recordings, unless it is for ``only_one``
    destructive: ClassVar[bool] = False  # the confirming person types the number of targets

    # What it takes.
    targetless: ClassVar[bool] = False  # about no recordings: its items are what ``plan_lines`` makes of its parameters
    takes_gone: ClassVar[bool] = False  # also for recordings that the vendor no longer has
    takes_trashed: ClassVar[bool] = True  # also for recordings in the trash
    oldest_first: ClassVar[bool] = False  # targets in the order they were held, not as selected
    counts_versions: ClassVar[bool] = False
    needs_versions: ClassVar[bool] = False
    needs_trash: ClassVar[bool] = False
    reads: ClassVar[bool] = False
    read_batch: ClassVar[int] = 1  # how many targets :meth:`read` takes at a time

    # How it runs.
    calls: ClassVar[int] = 1  # vendor calls a target (a batch, if it takes several), without the reading afterwards
    batch: ClassVar[int] = 1
    in_background: ClassVar[bool] = False
    poll_seconds: ClassVar[float] = 10.0  # how soon :meth:`finished` is asked; then ever more rarely
    refreshes: ClassVar[bool] = True  # the target's mirror is read again after the call (2 calls)
    undoable: ClassVar[bool] = False
    settled: ClassVar[str] = "settled_done"  # the reason of an item that was found done
    gives_up: ClassVar[float] = 0.0  # s after its begin an open item ends as unknown; 0: ``limits.GIVE_UP``
    unfinished: ClassVar[str] = "vendor_works_long"  # the reason of one that never was :meth:`finished`

    @property
    def repeatable(self) -> bool:
        """May the call be sent again when nobody knows whether the first one arrived? The endpoint table says so."""
        return not self.call or ENDPOINTS[self.call].repeatable

    @property
    def calls_a_target(self) -> float:
        return self.calls / self.batch + (2 if self.refreshes else 0)

    def clean(
        self, parameters: Mapping[str, Any], attachment: Attachment | None
    ) -> tuple[dict[str, Any], Attachment | None]:
        """The parameters as they are stored (JSON). Raises :class:`OperationInvalid` with a sentence a field."""
        return {}, None

    def read(
        self, client: VendorClient, targets: Sequence[Facts], parameters: Mapping[str, Any]
    ) -> Mapping[int, dict[str, Any]]:
        """What the plan needs of the vendor, as JSON, by ``facts.id``. Raises the client's ``VendorError`` s: then
        the targets are skipped with that reason."""
        raise NotImplementedError

    def plan_item(self, facts: Facts, parameters: Mapping[str, Any], number: int) -> Planned | Skipped:
        """What would happen to this target. ``number`` counts the targets that the vendor still has, from 1."""
        raise NotImplementedError

    def plan_notes(self, planned: Sequence[Planned]) -> list[Reason]:
        """What a person should be told about the plan as a whole."""
        return []

    def plan_alone(self, parameters: Mapping[str, Any]) -> tuple[str, Planned]:
        """For a ``targetless`` kind with one item: its label and plan."""
        raise NotImplementedError

    def plan_lines(self, parameters: Mapping[str, Any]) -> Sequence[tuple[str, Planned | Skipped]]:
        """For a ``targetless`` kind: the items' labels, each another one, and plans. For one item ``plan_alone``
        suffices."""
        return [self.plan_alone(parameters)]

    def apply(self, client: VendorClient, target: Target) -> Answer:
        """Make the call. Raises the client's ``VendorError`` s."""
        raise NotImplementedError

    def apply_batch(self, client: VendorClient, targets: Sequence[Target]) -> Sequence[Answer | VendorError]:
        """Make the call for several targets; one answer each, in their order. An error it raises holds for all; where
        it takes several calls, the error of one stands in the place of its targets' answers."""
        raise NotImplementedError

    def settle(self, client: VendorClient, target: Target) -> bool:
        """Read the vendor: did the call whose answer was lost take effect? Raises the client's ``VendorError`` s."""
        raise NotImplementedError

    def finished(self, client: VendorClient, target: Target) -> bool | Reason | Refusal:
        """Is the vendor's work in the background done? A reason is a yes, and noted beside the outcome "done". Raises
        the client's ``VendorError`` s."""
        raise NotImplementedError

    def ended(self, target: Target) -> None:
        """Once an item is done: what our own tables have to know. In the transaction that stores the outcome."""

    def offered(self, recording: Recording) -> bool:
        """Is it worth a button on this live recording's page? What could only be skipped is not."""
        return True

    # ------------------------------------------------------------ what the mirror should show of it

    def shows(self, change: Mapping[str, Sequence[Any]]) -> Shows:
        """What the mirror shows once an item with this change is done, for as long as nobody changes it again. Only
        what the vendor's lists tell, and only what is foretold exactly."""
        return NOTHING

    def touches(self, change: Mapping[str, Sequence[Any]]) -> frozenset[str]:
        """Mirrored columns, of the recording and of its versions, that change by it as nobody can foretell."""
        return NO_FIELDS

    # ------------------------------------------------------------ undo

    def current(self, facts: Facts, name: str) -> Any:
        """The present value of a field of ``change``, as stored there."""
        return getattr(facts, name)

    def undo_item(
        self, facts: Facts, change: Mapping[str, Sequence[Any]], before: Mapping[str, Any]
    ) -> Planned | Skipped:
        """How a change that was made is put back. What was changed again since is left alone."""
        if any(self.current(facts, name) != new for name, (_, new) in change.items()):
            return Skipped(reason("changed_since"))
        if any(old is None for old, _ in change.values()):
            return Skipped(reason("state_before_unknown"))
        return Planned({name: [new, old] for name, (old, new) in change.items()}, dict(before))

    def undo_line(
        self, parameters: Mapping[str, Any], change: Mapping[str, Sequence[Any]], before: Mapping[str, Any]
    ) -> Planned | Skipped:
        """How one item of a ``targetless`` kind is put back."""
        return Planned({name: [new, old] for name, (old, new) in change.items()}, dict(before))

    # ------------------------------------------------------------ telling

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
