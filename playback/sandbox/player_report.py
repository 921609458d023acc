"""Watch records, made by the player's page: one a page that really played.

When the page is opened it gets a ticket: which recording, which viewer, since when, signed with the account's key. The
page reports how long it has played with that ticket, so it can neither name another viewer nor another recording, and a
one-time token, spent by then, is not needed again. The first report makes the record, the later ones lengthen it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import uuid
from typing import Any

from playback.vendor.codes import ClientType

from .player_access import Visit
from .state import State

Row = dict[str, Any]
TICKET_LIVES_SECONDS = 24 * 3600
_SLACK_SECONDS = 5  # a beacon may be late; the page's clock may be a little fast


def make_ticket(state: State, version: Row, visit: Visit) -> str:
    facts = {
        "guid": uuid.uuid4().hex.upper(),
        "playback_id": version["playback_id"],
        "version": version["version"],
        "video_id": version["video_id"],
        "user_name": visit.user_name,
        "user_number": visit.user_number,
        "opened_at": state.now(),
    }
    body = base64.urlsafe_b64encode(json.dumps(facts, separators=(",", ":")).encode()).decode()
    return f"{body}.{_sign(state, body)}"


def read_ticket(state: State, ticket: str) -> Row | None:
    """What the ticket says; None if it is not ours or older than a day."""
    body, _, sign = ticket.partition(".")
    if not hmac.compare_digest(_sign(state, body).encode(), sign.encode()):
        return None
    try:
        facts: Row = json.loads(base64.urlsafe_b64decode(body))
    except (binascii.Error, ValueError):
        return None
    return facts if state.now() - facts["opened_at"] <= TICKET_LIVES_SECONDS else None


def _sign(state: State, body: str) -> str:
    key = f"player:{state.account()['partner_key']}"
    return hmac.new(key.encode(), body.encode(), hashlib.sha256).hexdigest()


def save(state: State, facts: Row, play_length: int, *, user_agent: str, user_ip: str) -> None:
    """Store one report; ``play_length`` (seconds) can't be longer than the page has been open, and never shrinks."""
    now = state.now()
    played = max(0, min(play_length, now - facts["opened_at"] + _SLACK_SECONDS))
    with state.transaction():
        known = state.execute(
            "UPDATE watch_records SET play_length = max(play_length, ?), ends_at = max(ends_at, ?) WHERE guid = ?",
            (played, now, facts["guid"]),
        )
        if known or not state.row("SELECT 1 FROM versions WHERE video_id = ?", (facts["video_id"],)):
            return
        state.add_watch_record(
            facts["playback_id"],
            facts["video_id"],
            facts["opened_at"],
            guid=facts["guid"],
            version=facts["version"],
            user_name=facts["user_name"],
            user_number=facts["user_number"],
            ends_at=now,
            play_length=played,
            client_type=client_type(user_agent),
            user_ip=user_ip,
            area="本机" if user_ip in {"127.0.0.1", "::1"} else "局域网",
        )
        state.execute("UPDATE versions SET play_times = play_times + 1 WHERE video_id = ?", (facts["video_id"],))


def client_type(user_agent: str) -> ClientType:
    """The kind of device of a web page: 1–3, 6 and 7 are the vendor's own applications and can't occur here."""
    agent = user_agent.lower()
    if "miniprogram" in agent:
        return ClientType.ANDROID_MINI_PROGRAM if "android" in agent else ClientType.IOS_MINI_PROGRAM
    if any(word in agent for word in ("iphone", "ipad", "ipod", "android", "mobile")):
        return ClientType.MOBILE_WEB
    return ClientType.PC_WEB if "mozilla" in agent else ClientType.OTHER
