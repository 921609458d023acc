"""Making links: what the mirror already rules out, what the vendor answers, and one outcome a link.

One recording is asked about as a preview is: its state (call 1), then a token a viewer (call 3, or 33 for one opening).
A selection is asked for in batches (call 4); a recording that the vendor leaves out of its answer is refused, and the
reference has no words for that, so the mirror is asked why.

The calls only read, so the client repeats them by itself. What fails for the account or the connection fails for the
rest too, which is then not asked for; and nobody is kept waiting longer than ``ASKING`` and the last call.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from playback.conf import vendor_client
from playback.models import WHOLE, PlayLink, Recording, TrashEntry
from playback.player import Obstacle, Viewer, embed_url, obstacle_in, obstacle_of
from playback.vendor.client import VendorClient
from playback.vendor.codes import Lane
from playback.vendor.errors import VendorError, VendorOutcomeUnknown
from playback.vendor.secret import Secret

from . import ledger
from .terms import Terms

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

PERMISSION = "playback.make_play_links"
MOST_RECORDINGS = 2000  # of one selection: 20 calls, some seconds
BATCH = 100  # recordings a call; the reference names no limit, and one lost answer costs no more than these
ASKING = 45.0  # s after which nothing more is asked for: a person waits for the page
_WAIT = 10.0  # s, for the account's call budget

log = logging.getLogger("playback.play_links")


class Why(StrEnum):
    """Why there is no link. The first ones are the player's obstacles."""

    GONE = Obstacle.GONE.value
    BLOCKED = Obstacle.BLOCKED.value
    NOT_RECORDED = Obstacle.NOT_RECORDED.value
    GENERATING = Obstacle.GENERATING.value
    TRANSCODING = Obstacle.TRANSCODING.value
    FAILED = Obstacle.FAILED.value
    EXPIRED = Obstacle.EXPIRED.value
    REFUSED = Obstacle.REFUSED.value
    MISCONFIGURED = Obstacle.MISCONFIGURED.value
    BUSY = Obstacle.BUSY.value
    UNREACHABLE = Obstacle.UNREACHABLE.value
    IN_TRASH = "in_trash"
    NO_TOKEN = "no_token"  # noqa: S105 - a word
    LOST = "lost"
    NOT_ASKED = "not_asked"


SENTENCES = {
    Why.GONE: _("The vendor no longer has this recording."),
    Why.BLOCKED: _("It is blocked: publish it first."),
    Why.NOT_RECORDED: _("Nothing was recorded yet."),
    Why.GENERATING: _("It is still being generated."),
    Why.TRANSCODING: _("It is still transcoding."),
    Why.FAILED: _("Its transcoding failed."),
    Why.EXPIRED: _("It has expired."),
    Why.REFUSED: _("The vendor refused."),
    Why.MISCONFIGURED: _("The vendor does not accept this account's settings or rights."),
    Why.BUSY: _("The vendor is busy with this account's calls. Try again in a few seconds."),
    Why.UNREACHABLE: _("The vendor could not be reached. Try again in a moment."),
    Why.IN_TRASH: _("It is in the trash."),
    Why.NO_TOKEN: _("The vendor gave no token for it, without a reason. Refresh it to see its present state."),
    Why.LOST: _("The vendor's answer was lost, so there is no link. Try again."),
    Why.NOT_ASKED: _("The vendor took too long before its turn came. Try again."),
}
# What fails so, fails so for every recording: the others are not asked for.
_FOR_ALL = frozenset({Why.MISCONFIGURED, Why.BUSY, Why.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one link: made (it has a row in the ledger), or not and why, with the vendor's words."""

    recording: Recording
    viewer: Viewer
    row: PlayLink | None = None
    url: Secret = field(default=Secret(""), repr=False)
    why: Why | None = None
    words: str = ""

    @property
    def made(self) -> bool:
        return self.row is not None

    @property
    def sentence(self) -> str:
        return str(SENTENCES[self.why]) if self.why else ""


def check_permission(user: User | AnonymousUser, recording: Recording | None = None) -> None:
    """Raises ``PermissionDenied`` unless the user is active and may make links: of everything, or of this recording
    (which an authentication backend may say)."""
    if user.is_active and (
        user.has_perm(PERMISSION) or (recording is not None and user.has_perm(PERMISSION, recording))
    ):
        return
    raise PermissionDenied


def plan(recordings: Iterable[Recording]) -> list[tuple[Recording, Why | None]]:
    """What would become of each: None where the vendor will be asked, else why not. By the mirror, in one query."""
    some = list({recording.pk: recording for recording in recordings}.values())
    open_entries = TrashEntry.objects.filter(version=WHOLE, ended_at=None)
    trashed = set(open_entries.filter(recording__in=[row.pk for row in some]).values_list("recording_id", flat=True))
    return [(recording, _ruled_out(recording, trashed)) for recording in some]


def _ruled_out(recording: Recording, trashed: set[int]) -> Why | None:
    if recording.gone_at is not None:
        return Why.GONE
    if recording.pk in trashed:
        return Why.IN_TRASH
    obstacle = obstacle_of(recording.status, recording.publish_status)
    return Why(obstacle.value) if obstacle else None


def make_for_one(
    user: User | AnonymousUser, recording: Recording, viewers: Sequence[Viewer], terms: Terms
) -> list[Result]:
    """A link a viewer. The vendor is asked for the state: the mirror may be behind. Raises ``PermissionDenied``."""
    check_permission(user, recording)
    ((_recording, why),) = plan([recording])
    if why in {Why.GONE, Why.IN_TRASH}:
        return [Result(recording, viewer, why=why) for viewer in viewers]
    asking = _Asking(user, terms)
    results: list[Result] = []
    try:
        # A single link has a person waiting for it; fifty are an operation's work.
        client = vendor_client(Lane.PERSON if len(viewers) == 1 else Lane.OPERATION, max_wait=_WAIT)
        info = client.recording_info(recording.room_id, recording.session_id)
        if obstacle := obstacle_of(info.status, info.publish_status):
            return [Result(recording, viewer, why=Why(obstacle.value)) for viewer in viewers]
        for viewer in viewers:
            if asking.is_over():
                break
            results.append(asking.made(recording, viewer, *asking.token(client, recording)))
    except VendorError as error:
        # It fails for one viewer as for the other.
        results += [_refused(recording, viewer, error) for viewer in viewers[len(results) :]]
    results += [Result(recording, viewer, why=Why.NOT_ASKED) for viewer in viewers[len(results) :]]
    return _entered(user, results)


def make_for_many(
    user: User | AnonymousUser, recordings: Iterable[Recording], viewer: Viewer, terms: Terms
) -> list[Result]:
    """A link a recording, in the order of ``recordings``; what the mirror rules out is not asked for. Raises
    ``PermissionDenied``, and ``ValueError`` for too many recordings or links for one opening."""
    check_permission(user)
    if terms.kind != PlayLink.Kind.TIMED:
        raise ValueError("the vendor's batch call makes links for a time only")
    planned = plan(recordings)
    if len(planned) > MOST_RECORDINGS:
        raise ValueError(f"at most {MOST_RECORDINGS} recordings at once")
    results = {recording.pk: Result(recording, viewer, why=why) for recording, why in planned if why}
    to_ask = [recording for recording, why in planned if not why]
    asking = _Asking(user, terms)
    for start in range(0, len(to_ask), BATCH):
        rest = to_ask[start:]
        if asking.is_over():
            results |= {recording.pk: Result(recording, viewer, why=Why.NOT_ASKED) for recording in rest}
            break
        batch = rest[:BATCH]
        try:
            answered = asking.batch(batch, viewer)
        except VendorError as error:
            failed = rest if _why(error) in _FOR_ALL else batch
            answered = [_refused(recording, viewer, error) for recording in failed]
        results |= {result.recording.pk: result for result in answered}
        if len(answered) > len(batch):
            break
    return _entered(user, [results[recording.pk] for recording, _why_not in planned])


class _Asking:
    """One asking for tokens: for whom they are entered, on which terms, and since when."""

    def __init__(self, user: User | AnonymousUser, terms: Terms) -> None:
        self.user = user
        self.terms = terms
        self.started = time.monotonic()

    def is_over(self) -> bool:
        return time.monotonic() - self.started > ASKING

    def token(self, client: VendorClient, recording: Recording) -> tuple[Secret, datetime]:
        """A token, and the moment from which it is counted here: before the call, so that the ledger never promises
        more time than the vendor gives."""
        asked_at = timezone.now()
        key = (recording.room_id, recording.session_id)
        if self.terms.kind == PlayLink.Kind.ONE_TIME:
            return client.one_time_token(*key), asked_at
        return client.player_token(*key, expires_in=self.terms.seconds).token, asked_at

    def batch(self, recordings: Sequence[Recording], viewer: Viewer) -> list[Result]:
        asked_at = timezone.now()
        client = vendor_client(Lane.OPERATION, max_wait=_WAIT)
        keys = [(recording.room_id, recording.session_id) for recording in recordings]
        tokens = client.player_tokens(keys, expires_in=self.terms.seconds)
        return [
            self.made(recording, viewer, tokens[key], asked_at)
            if key in tokens
            else Result(recording, viewer, why=_left_out(recording, asked_at))
            for recording, key in zip(recordings, keys, strict=True)
        ]

    def made(self, recording: Recording, viewer: Viewer, token: Secret, asked_at: datetime) -> Result:
        label = f"{recording.name} ({recording.vendor_key})" if recording.name else recording.vendor_key
        row = PlayLink(
            recording=recording,
            label=label[:300],
            kind=self.terms.kind,
            made_by_id=self.user.pk,
            made_at=asked_at,
            expires_at=self.terms.until(asked_at),
            for_name=viewer.name,
            for_number=viewer.number,
            token_hash=ledger.hash_of(token),
        )
        # A one-time token stands where the other one does ("in the player's URL instead of token").
        return Result(recording, viewer, row, embed_url(recording, token, viewer))


def _left_out(recording: Recording, now: datetime) -> Why:
    expired = recording.expires_at is not None and recording.expires_at <= now
    return Why.EXPIRED if expired else Why.NO_TOKEN


def _why(error: VendorError) -> Why:
    return Why.LOST if isinstance(error, VendorOutcomeUnknown) else Why(obstacle_in(error).value)


def _refused(recording: Recording, viewer: Viewer, error: VendorError) -> Result:
    words = f"{error.code}: {error.vendor_message}" if error.code is not None and error.vendor_message else ""
    return Result(recording, viewer, why=_why(error), words=words)


def _entered(user: User | AnonymousUser, results: list[Result]) -> list[Result]:
    """The results, once those that were made stand in the ledger."""
    rows = [result.row for result in results if result.row is not None]
    ledger.enter(rows)
    log.info("play links: user=%s made=%d refused=%d", user.pk, len(rows), len(results) - len(rows))
    return results
