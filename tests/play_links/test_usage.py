"""The three token calls are made from here, and ``vendor_calls`` says so."""

from __future__ import annotations

from playback.call_usage import scan


def test_the_calls_for_tokens_are_used() -> None:
    usage = scan()
    for call in ("player_token", "player_tokens", "one_time_token"):
        assert any(place.startswith("playback.play_links.making.") for place in usage.places(call)), call
    assert usage.doubtful == []
