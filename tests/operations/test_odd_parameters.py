"""Whatever is given as a parameter, on the command line or by a form: a sentence, and no crash."""

from __future__ import annotations

from typing import Any

import pytest

from playback.operations import registry
from playback.operations.base import OperationInvalid

pytestmark = [pytest.mark.django_db, pytest.mark.portable]

TAKEN = {
    "add_recording_members": ["recording_id", "room_id", "session_id", "user_ids"],
    "add_room_members": ["room_id", "user_ids"],
    "add_version": ["source", "source_version", "session_id", "main"],
    "crop": ["parts"],
    "crop_to_class": ["late", "begins_at"],
    "delete_version": ["version"],
    "generate_video": ["again"],
    "hold": ["reason"],
    "remove_chat": ["version", "times", "began", "user_number", "start", "end", "spans", "lines"],
    "remove_person": ["user_id"],
    "remove_recording_members": ["recording_id", "room_id", "session_id", "user_ids"],
    "remove_room_members": ["room_id", "user_ids"],
    "rename": ["name", "pattern"],
    "render_merged": ["mixed_playback_id", "note"],
    "render_video": ["version", "record_template", "again"],
    "replace": ["source", "source_version", "target_version", "main"],
    "replace_by_video": ["video_id", "target_version", "main"],
    "restore_version": ["version", "versions"],
    "set_expiry": ["mode", "days", "date"],
    "set_main": ["version"],
    "set_marks": ["version", "content", "opened"],
    "split": ["seconds"],
    "trash": ["days"],
    "trash_version": ["version", "versions", "days"],
}
WITHOUT = {"block", "delete", "publish", "refresh", "release_hold", "restore"}
BESIDE: dict[str, dict[str, Any]] = {
    "add_version": {"source": "1-2"},
    "remove_chat": {"times": "offset", "start": "1:00"},
    "render_merged": {"mixed_playback_id": 1},
    "replace": {"source": "1-2"},
    "replace_by_video": {"video_id": 5},
    "trash_version": {"version": 1},
}
ODD: list[Any] = [
    None, "", " ", 0, -1, 1, 1.5, 10**30, True, False, [], {}, [1], [None], [[1]], [[1, 2]], [[None, None]], {"a": 1},
    [{"start": 1}], [{"start": None, "end": 5, "name": 7}], "x", "2028-13-01", "１２", "²", "\x00a", "9" * 5000,
    "🎬", [[0, "a"], [10**20, "b"]], "days", "date", "offset", float("nan"), float("inf"),
]  # fmt: skip


def test_every_kind_is_here() -> None:
    assert TAKEN.keys() | WITHOUT == registry.kinds().keys()


@pytest.mark.parametrize("kind", TAKEN)
def test_odd_parameters_are_taken_or_refused_in_words(kind: str) -> None:
    refused = 0
    for given in ({}, BESIDE.get(kind, {}), {"mode": "days"}, {"mode": "date"}):
        for name in TAKEN[kind]:
            for value in ODD:
                sentences = said_of(kind, {**given, name: value})
                assert all(sentences), (name, value)
                refused += bool(sentences)
    assert refused or kind == "generate_video"  # a switch: whatever is no yes is a no


def said_of(kind: str, parameters: dict[str, Any]) -> list[str]:
    """Empty where they are taken."""
    try:
        registry.get(kind).clean(parameters, None)
    except OperationInvalid as invalid:
        return list(invalid.errors.values()) or [""]
    return []
