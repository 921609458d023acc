"""How a delivery looks: its badges, and what it changed in words."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from playback import display
from playback.models import Delivery, Recording, Version

from . import column_words

_STATE_LOOKS = {
    Delivery.State.RECEIVED: ("info", "hourglass_top"),
    Delivery.State.APPLIED: ("success", "check_circle"),
    Delivery.State.IGNORED: ("neutral", "skip_next"),
    Delivery.State.FAILED: ("warning", "replay"),
    Delivery.State.DEAD: ("danger", "error"),
    Delivery.State.REJECTED: ("danger", "block"),
}
_VERDICT_LOOKS = {
    Delivery.Verdict.GOOD: ("success", "verified_user"),
    Delivery.Verdict.BAD_SIGNATURE: ("danger", "gpp_bad"),
    Delivery.Verdict.OUTSIDE_WINDOW: ("warning", "history_toggle_off"),
}
_KIND_ICONS = {
    Delivery.Kind.TRANSCODED: "sync",
    Delivery.Kind.RENDERED: "movie",
    Delivery.Kind.REBUILT: "build",
    Delivery.Kind.UNKNOWN: "help",
}
_ROWS = {"recording": _("Recording"), "version": _("Version")}
_MODELS: dict[str, type[Model]] = {"recording": Recording, "version": Version}


def state_badge(delivery: Delivery) -> Any:
    state = Delivery.State(delivery.state)
    return display.badge(state.label, *_STATE_LOOKS[state], title=delivery.error)


def verdict_badge(delivery: Delivery) -> Any:
    verdict = Delivery.Verdict(delivery.verdict)
    return display.badge(verdict.label, *_VERDICT_LOOKS[verdict])


def kind_badge(delivery: Delivery) -> Any:
    kind = Delivery.Kind(delivery.kind)
    return display.badge(kind.label, "neutral", _KIND_ICONS[kind])


def changes(delivery: Delivery, *, whole: bool = False) -> list[tuple[str, str, str]]:
    """What it changed: label, from, to. ``whole``: addresses too, where a page has room for them."""
    found: list[tuple[str, str, str]] = []
    stored: dict[str, Any] = delivery.changed
    for name in stored.get("created", []):
        found.append((str(_ROWS.get(name, name)), display.EMPTY, gettext("first seen")))
    for row, label in _ROWS.items():
        model = _MODELS[row]
        for fact, (old, new) in stored.get(row, {}).items():
            # Where both rows changed alike, the version's line says no more than the recording's.
            if row == "version" and stored.get("recording", {}).get(fact) == [old, new]:
                continue
            was, now = column_words.before_and_after(model, fact, old, new, whole=whole)
            if was != now:  # a length of 0 is as good as none
                found.append((f"{label} · {column_words.label(model, fact)}", was, now))
    if settled := stored.get("settled", []):
        words = ngettext("%(count)d operation ended", "%(count)d operations ended", len(settled))
        found.append((gettext("Operations"), display.EMPTY, words % {"count": len(settled)}))
    return found


def sign_of_life(newest: Delivery | None) -> str:
    """When the last genuine callback came."""
    return display.beijing(newest.received_at) if newest else ""
